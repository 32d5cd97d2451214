// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/limbs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::synth {
namespace {

Result<Limbs> read(const std::string& text) { return Limbs::read(*Yaml::parse(text, "l.yaml")); }

TEST(Swing, IsASineAboutItsMean) {
  const Swing swing{.mean = 30, .amplitude = 20};
  EXPECT_NEAR(swing.at(0), 30, 1e-9);
  EXPECT_NEAR(swing.at(0.25), 50, 1e-9);
  EXPECT_NEAR(swing.at(0.75), 10, 1e-9);
  EXPECT_NEAR(swing.at(3.25), swing.at(0.25), 1e-9);
  // A phase of a quarter period is ahead by that much.
  EXPECT_NEAR((Swing{.amplitude = 20, .phase = 0.25}.at(0)), 20, 1e-9);
}

TEST(Swing, TurnsRoundAndRound) {
  const Swing mills{.mean = 180, .turns = -1};
  EXPECT_NEAR(mills.at(0.25), 90, 1e-9);
  EXPECT_NEAR(mills.at(1.25), 90, 1e-9);
}

TEST(Angles, BlendOnTheShorterArc) {
  Angles a, b;
  a.at(Angle::kShoulderFlex) = 170;
  b.at(Angle::kShoulderFlex) = -170;
  EXPECT_NEAR(interpolate(a, b, 0.5).at(Angle::kShoulderFlex), 180, 1e-9);
  EXPECT_NEAR(interpolate(a, b, 0).at(Angle::kShoulderFlex), 170, 1e-9);
  EXPECT_NEAR(interpolate(a, b, 1).at(Angle::kShoulderFlex), 190, 1e-9);  // -170, a turn on
}

TEST(Angles, KeepWhatASignalDoesNotName) {
  Angles swimming;
  swimming.at(Angle::kKneeFlex) = 40;
  swimming.at(Angle::kElbowFlex) = 10;
  const Limbs wave = *read("right: {elbow_flex: 90}\n");
  const Angles half = overlay(swimming, wave, wave.at({}), 0.5);
  EXPECT_NEAR(half.at(Angle::kElbowFlex, true), 45, 1e-9);  // from 0 on the right side
  EXPECT_NEAR(half.at(Angle::kElbowFlex), 10, 1e-9);
  EXPECT_NEAR(half.at(Angle::kKneeFlex), 40, 1e-9);
}

TEST(Limbs, AreReadAsNumbersOrSwings) {
  const auto limbs = read("period_s: 2\nhip_flex: {mean: 10, moves: 30}\nknee_flex: 15\n");
  ASSERT_TRUE(limbs) << limbs.error().message;
  EXPECT_EQ(limbs->period_s, 2);
  EXPECT_NEAR(limbs->at({.periods = 0.25}).at(Angle::kHipFlex), 40, 1e-9);
  EXPECT_NEAR(limbs->at({.periods = 0.25}).at(Angle::kHipFlex, true), 40, 1e-9);
  EXPECT_NEAR(limbs->at({.periods = 3.5}).at(Angle::kKneeFlex), 15, 1e-9);
  // Half of the amplitude, and the right side a quarter of a period behind.
  const Angles small = limbs->at({.periods = 0.25, .sides_offset = -0.25, .size = 0.5});
  EXPECT_NEAR(small.at(Angle::kHipFlex), 25, 1e-9);
  EXPECT_NEAR(small.at(Angle::kHipFlex, true), 10, 1e-9);
  EXPECT_TRUE(limbs->left_given[static_cast<size_t>(Angle::kKneeFlex)]);
  EXPECT_FALSE(limbs->left_given[static_cast<size_t>(Angle::kElbowFlex)]);
}

TEST(Limbs, MoveTheirSidesTogetherOrOpposite) {
  const auto limbs = read("sides: opposite\nhip_flex: {moves: 30}\nspine_twist: {moves: 5}\n");
  ASSERT_TRUE(limbs) << limbs.error().message;
  const Angles angles = limbs->at({.periods = 0.25});
  EXPECT_NEAR(angles.at(Angle::kHipFlex), 30, 1e-9);
  EXPECT_NEAR(angles.at(Angle::kHipFlex, true), -30, 1e-9);
}

TEST(Limbs, LetASideDiffer) {
  const auto limbs = read("elbow_flex: 20\nleft: {elbow_flex: 80}\n");
  ASSERT_TRUE(limbs) << limbs.error().message;
  EXPECT_NEAR(limbs->at({}).at(Angle::kElbowFlex), 80, 1e-9);
  EXPECT_NEAR(limbs->at({}).at(Angle::kElbowFlex, true), 20, 1e-9);
}

TEST(Limbs, DifferBetweenPeopleWithinTheLimitsOfJoints) {
  const Limbs limbs = *read("hip_flex: {mean: 30, moves: 10}\nknee_flex: 2\n");
  double sum = 0, squares = 0;
  int sides_differ = 0;
  constexpr int kPeople = 4000;
  for (uint64_t seed = 0; seed < kPeople; ++seed) {
    const Angles angles = limbs.at({}, {.seed = seed, .joint_deg = 10});
    const double hip = angles.at(Angle::kHipFlex) - 30;
    sum += hip, squares += hip * hip;
    EXPECT_GE(angles.at(Angle::kKneeFlex), 0);   // knees do not bend forward
    EXPECT_EQ(angles.at(Angle::kElbowFlex), 0);  // not in the data
    sides_differ += angles.at(Angle::kHipFlex) != angles.at(Angle::kHipFlex, true) ? 1 : 0;
  }
  EXPECT_GT(sides_differ, kPeople - 50);  // but where both are clamped
  // Four standard errors: 10 / sqrt(4000) = 0.16; clamping at 2.5 takes 2 % of the deviation.
  EXPECT_NEAR(sum / kPeople, 0, 0.7);
  EXPECT_NEAR(std::sqrt(squares / kPeople), 9.8, 0.5);
}

TEST(Limbs, RefuseUnknownJointsAndAngles) {
  for (const char* bad :
       {"tail_flex: 3\n", "hip_flex: 400\n", "period_s: 0\n", "sides: crossed\n",
        "hip_flex: {swing: 3}\n", "left: {spine_twist: 3}\n"}) {  // the spine has no sides
    const auto limbs = read(bad);
    ASSERT_FALSE(limbs) << bad;
    EXPECT_EQ(limbs.error().message.find("l.yaml:1: "), 0u) << limbs.error().message;
  }
}

}  // namespace
}  // namespace lido::synth
