// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/randomisation.h"

#include <gtest/gtest.h>

#include "lido/synth/film/light.h"
#include "lido/synth/film/sources.h"

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

TEST(Light, HasASunAboveTheHorizon) {
  for (const std::string& name : light_names()) {
    for (uint64_t seed = 0; seed < 40; ++seed) {
      Random random(seed);
      const Light light = light_named(name, random);
      EXPECT_EQ(light.name, name);
      EXPECT_NEAR(light.sun.norm(), 1, 1e-12);
      EXPECT_GT(light.sun.z(), 0);
      EXPECT_EQ(light.infrared, name == "infrared");
      EXPECT_EQ(light.sunlight.sum() > 0, name != "infrared" && name != "night_lamps");
    }
  }
}

TEST(Light, DimsTheSunWhileCloudsPass) {
  Random random(1);
  const Light light = light_named("passing_clouds", random);
  float dimmest = 1, brightest = 0;
  for (double time_s = 0; time_s < 600; time_s += 1) {
    const Light now = light_at(light, time_s);
    const float share = now.sunlight.x() / light.sunlight.x();
    dimmest = std::min(dimmest, share), brightest = std::max(brightest, share);
    EXPECT_GE(now.skylight.x(), light.skylight.x());
  }
  EXPECT_NEAR(dimmest, 0.15, 0.01);  // clouds take 0.85
  EXPECT_EQ(brightest, 1);
  const Light clear = light_named("clear", random);
  EXPECT_EQ(light_at(clear, 33).sunlight, clear.sunlight);
}

TEST(Sources, NameEachLightAndFault) {
  const auto sources = film_sources();
  const auto count = [&](std::string_view kind) {
    return std::ranges::count(sources, kind, &FilmSource::kind);
  };
  EXPECT_EQ(count("light"), std::ssize(light_names()));
  EXPECT_EQ(count("fault"), 5);
  EXPECT_EQ(count("lens"), 2);
  for (const FilmSource& one : sources) EXPECT_FALSE(one.source.empty()) << one.name;
}

}  // namespace
}  // namespace lido::synth
