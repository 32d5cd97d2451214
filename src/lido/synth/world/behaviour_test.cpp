// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/behaviour.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(Behaviours, RefusesWhatIsNone) {
  const auto error = [](const std::string& text) {
    const auto read = Behaviours::read(*Yaml::parse("behaviours:\n" + text, "b.yaml"));
    return read ? std::string("read") : read.error().message;
  };
  const std::string good =
      "  a:\n    place: deck\n    danger: none\n    duration: {median: 2, least: 1, most: 3}\n"
      "    path: stay\n    tilt: 0\n    next: {a: 1}\n    source: somebody\n";
  EXPECT_EQ(error(good), "read");
  EXPECT_EQ(
      error(good + "    colour: red\n"),
      "b.yaml:10: behaviours.a.colour is not known here, want one of place, danger, duration, "
      "speed, path, head, tilt, face, limbs, depth, minds, ages, next, source");
  std::string bad = good;
  bad.replace(bad.find("{a: 1}"), 6, "{b: 1}");
  EXPECT_EQ(error(bad),
            "b.yaml:8: behaviours.a.next.b is 1, want no b: there is no such behaviour");
  bad = good;
  bad.replace(bad.find("least: 1"), 8, "least: 9");
  EXPECT_EQ(error(bad), "b.yaml:5: behaviours.a.duration.least is 9, want a number, 0 to 2");
}

}  // namespace
}  // namespace lido::synth
