// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/danger_times.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;

const Behaviour& named(const char* name) { return behaviours()[*behaviours().find(name)]; }

void observe(DangerTimes& times, const char* name, double mouth_m, double now_s) {
  times.observe(named(name).danger, named(name).postures[0].limbs, mouth_m, now_s);
}

TEST(DangerTimes, AreNotSetWhileNothingHappens) {
  DangerTimes times;
  for (int tick = 0; tick < 600; ++tick) observe(times, "distress", 0.05, 0.1 * tick);
  EXPECT_TRUE(std::isnan(times.instinct_s) && std::isnan(times.submerged_s) &&
              std::isnan(times.still_s));
}

TEST(DangerTimes, AreTheStartsOfTheirStretches) {
  DangerTimes times;
  // Distress to 10 s; drowning with dips of 2 s to 40 s; then a still body on the bottom.
  for (int tick = 0; tick < 1000; ++tick) {
    const double now_s = 0.1 * tick;
    if (now_s < 10)
      observe(times, "distress", 0.05, now_s);
    else if (now_s < 40)
      observe(times, "instinctive_drowning", tick % 40 < 20 ? -0.1 : 0.05, now_s);
    else
      observe(times, "motionless_on_bottom", -1, now_s);
  }
  EXPECT_NEAR(times.instinct_s, 10, 1e-9);
  EXPECT_NEAR(times.submerged_s, 40, 1e-9);
  EXPECT_NEAR(times.still_s, 40, 1e-9);
}

TEST(DangerTimes, AnInterruptedSubmersionStartsAgain) {
  DangerTimes times;
  for (int tick = 0; tick < 300; ++tick)
    observe(times, "instinctive_drowning", tick == 95 ? 0.01 : -0.2, 0.1 * tick);
  EXPECT_NEAR(times.submerged_s, 9.6, 1e-9);
}

TEST(AreStill, SeparatesMotionlessBehavioursFromTheOthers) {
  for (const char* still : {"motionless_on_bottom", "motionless_at_surface"})
    EXPECT_TRUE(are_still(named(still).postures[0].limbs)) << still;
  for (const char* moves : {"instinctive_drowning", "distress", "treading", "front_crawl"})
    EXPECT_FALSE(are_still(named(moves).postures[0].limbs)) << moves;
}

}  // namespace
}  // namespace lido::synth
