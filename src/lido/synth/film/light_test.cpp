// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/light.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lido::synth {
namespace {

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

TEST(IsNight, IsWhenExposureTimesAreLong) {
  Random random(1);
  for (const char* dark : {"dusk", "night_lamps", "infrared"})
    EXPECT_TRUE(is_night(light_named(dark, random))) << dark;
  for (const char* bright : {"clear", "passing_clouds", "cloudy", "low_sun"})
    EXPECT_FALSE(is_night(light_named(bright, random))) << bright;
}

}  // namespace
}  // namespace lido::synth
