// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "lido/scene/motion.h"

namespace lido::scene {
namespace {

Registration at(int64_t reference_k, double x, double y, double scale = 1, double sd = 0.02) {
  Registration registration{reference_k, {{scale, 0, x, 0, scale, y, 0, 0, 1}}};
  for (size_t i = 0; i < 8; ++i) registration.covariance[9 * i] = sd * sd;
  registration.inliers = 100;
  return registration;
}

std::vector<std::string_view> classes(const std::vector<MotionStep>& steps) {
  std::vector<std::string_view> names;
  for (const ViewMotion& motion : follow_motion(steps, 4, 1920, 1080))
    names.push_back(name_of(motion.motion));
  return names;
}

TEST(ViewMotion, RestIsAMoveWithinItsUncertainty) {
  // 1920 wide: 2 source pixels a reduced pixel, so that half a pixel is always rest.
  EXPECT_TRUE(is_rest(at(0, 0.4, 0), 1920, 1080));
  EXPECT_FALSE(is_rest(at(0, 0.6, 0), 1920, 1080));
  // Four standard deviations, where these are larger.
  EXPECT_TRUE(is_rest(at(0, 1.1, 0, 1, 0.3), 1920, 1080));
  EXPECT_FALSE(is_rest(at(0, 1.3, 0, 1, 0.3), 1920, 1080));
  // Many points are never as uncertain as two pixels; all pixels together may be.
  Registration uncertain = at(0, 2.5, 0, 1, 5);
  EXPECT_FALSE(is_rest(uncertain, 1920, 1080));
  uncertain.inliers = 0;
  EXPECT_TRUE(is_rest(uncertain, 1920, 1080));
}

TEST(ViewMotion, AStillCameraStaysStillForAnHour) {
  std::mt19937 random(6);
  std::normal_distribution<double> noise(0, 0.05);
  std::vector<MotionStep> steps = {{.k = 0}};
  for (int64_t k = 1; k < 4 * 3600; ++k)
    steps.push_back({k, at((k - 1) / 16 * 16, noise(random), noise(random), 1, 0.05)});
  const auto motions = follow_motion(steps, 4, 1920, 1080);
  for (const ViewMotion& motion : motions) ASSERT_EQ(motion.motion, MotionClass::kStill);
  EXPECT_EQ(motions.back().view_from_frame, Homography{});
}

TEST(ViewMotion, MovesHaveTheNamesThatAPersonGivesThem) {
  std::vector<MotionStep> pan = {{.k = 0}}, zoom = pan, shake = pan, tilt = pan;
  for (int64_t k = 1; k < 6; ++k) {
    const double n = static_cast<double>(k);
    pan.push_back({k, at(0, 12 * n, n)});
    tilt.push_back({k, at(0, 0, -9 * n)});
    const double scale = 1 + 0.01 * n;
    zoom.push_back({k, at(0, 960 * (1 - scale), 540 * (1 - scale), scale)});
    shake.push_back({k, at(0, k % 2 == 0 ? 0 : 8, k % 2 == 0 ? 0 : 5)});
  }
  EXPECT_EQ(classes(pan)[3], "pan");
  EXPECT_EQ(classes(tilt)[3], "tilt");
  EXPECT_EQ(classes(zoom)[3], "zoom");
  EXPECT_EQ(classes(shake)[3], "shake");
}

TEST(ViewMotion, ACameraThatSwaysInAHandIsNotOneThatTurns) {
  // Two seconds to one side, two to the other; and one that turns for good at the same speed.
  std::vector<MotionStep> sway = {{.k = 0}}, patrol = sway;
  for (int64_t k = 1; k < 80; ++k) {
    const double t = static_cast<double>(k) / 4;
    sway.push_back({k, at(0, 30 * std::sin(std::numbers::pi * t / 2), 0)});
    patrol.push_back({k, at(0, 24 * t, 0)});
  }
  for (size_t k = 10; k < 70; ++k) {
    EXPECT_NE(classes(sway)[k], "pan") << k;
    EXPECT_EQ(classes(patrol)[k], "pan") << k;
  }
  EXPECT_EQ(classes(sway)[40], "shake");
}

TEST(ViewMotion, ACutBeginsANewView) {
  const std::vector<MotionStep> steps = {{.k = 0},
                                         {1, at(0, 0, 0)},
                                         {.k = 2},
                                         {3, at(2, 5, 0)},
                                         {.k = 4, .registration = at(3, 0, 0), .after_cut = true},
                                         {.k = 5, .featureless = true}};
  const auto motions = follow_motion(steps, 4, 1920, 1080);
  EXPECT_EQ(classes(steps),
            (std::vector<std::string_view>{"still", "still", "cut", "pan", "cut", "unknown"}));
  EXPECT_EQ(motions[1].view, 0);
  EXPECT_EQ(motions[3].view, 1);
  EXPECT_EQ(motions[4].view, 2);
  EXPECT_NEAR(motions[3].view_from_frame.m[2], 5, 1e-9);
}

}  // namespace
}  // namespace lido::scene
