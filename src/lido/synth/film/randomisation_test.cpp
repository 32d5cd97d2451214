// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/randomisation.h"

#include <gtest/gtest.h>

#include "lido/synth/film/light.h"

namespace lido::synth {
namespace {

std::string error_of(const std::string& text) {
  const auto read = Randomisation::read(*Yaml::parse(text, "r.yaml"), light_names());
  return read ? std::string("read") : read.error().message;
}

TEST(Randomisation, KeepsWhatAFileLeavesOut) {
  const auto read = Randomisation::read(*Yaml::parse("noise: [0.1, 0.2]\nlight: {dusk: 2}\n", "r"),
                                        light_names());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->noise.min, 0.1);
  EXPECT_EQ(read->noise.max, 0.2);
  EXPECT_EQ(read->wave_m.max, Randomisation{}.wave_m.max);
  ASSERT_EQ(read->light.size(), 1u);
  EXPECT_EQ(read->light[0].first, "dusk");
}

TEST(Randomisation, RefusesWhatNoCameraCanHave) {
  EXPECT_EQ(error_of("noise: [0.1]\n"), "r.yaml:1: noise is a list, want two numbers: [min, max]");
  EXPECT_EQ(error_of("noise: [0.2, 0.1]\n"),
            "r.yaml:1: noise is a list, want the smaller number first");
  EXPECT_EQ(error_of("noise: [0.2, 0.9]\n"), "r.yaml:1: noise.1 is 0.9, want a number, 0 to 0.5");
  EXPECT_EQ(error_of("light: {clear: 0}\n"),
            "r.yaml:1: light is a map, want a weight above 0 for one light");
  EXPECT_NE(error_of("light: {moon: 1}\n").find("want a light of clear, passing_clouds"),
            std::string::npos);
  EXPECT_NE(error_of("nois: [0, 1]\n").find("nois is not known here"), std::string::npos);
}

TEST(Randomisation, HasDefaultsThatAFileMayAskFor) {
  const Randomisation defaults;
  Randomisation::ranges(defaults, [](const char* name, const Range& range, double min, double max) {
    EXPECT_LE(min, range.min) << name;
    EXPECT_LE(range.min, range.max) << name;
    EXPECT_LE(range.max, max) << name;
  });
  const auto names = light_names();
  for (const auto& [name, weight] : defaults.light)
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
}

}  // namespace
}  // namespace lido::synth
