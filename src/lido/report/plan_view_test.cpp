// SPDX-License-Identifier: Apache-2.0
#include "lido/report/plan_view.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "lido/report/test_people.h"
#include "lido/scene/draw.h"

namespace lido::report {
namespace {

/// A pool of 10 x 5 m with 2 m of deck, so that 14 x 9 m are shown.
geometry::Site small_site() {
  geometry::Site site;
  site.pool = {.outline = {{0, 0}, {10, 0}, {10, 5}, {0, 5}}, .shallow_m = 1, .deep_m = 2};
  site.pool.deck_m = 2;
  site.cameras.resize(1);
  site.cameras[0].name = "a";
  site.cameras[0].position = {-1, -1, 3};
  return site;
}

scene::Color color_at(const media::Image& image, scene::PixelPlace at) {
  const auto* pixel = &image.rgb[static_cast<size_t>(3 * (int(at.y) * image.width + int(at.x)))];
  return {pixel[0], pixel[1], pixel[2]};
}

bool is_near(const scene::Color& a, const scene::Color& b) {
  for (size_t i = 0; i < 3; ++i) {
    if (std::abs(a[i] - b[i]) > 12) return false;
  }
  return true;
}

// 720 rows less 34 of the caption and 24 at either side leave 638 for 9 m; 14 m are narrower than
// 1232 columns.
constexpr double kScale = 638.0 / 9;

TEST(PlanView, ShowsMetresToScaleWithYUp) {
  const PlanView plan(small_site(), "");
  // The middle of the pool is in the middle of what the caption leaves.
  EXPECT_NEAR(plan.at({5, 2.5}).x, 640, 1e-9);
  EXPECT_NEAR(plan.at({5, 2.5}).y, 343, 1e-9);
  EXPECT_NEAR(plan.at({10, 5}).x, 640 + 5 * kScale, 1e-9);
  EXPECT_NEAR(plan.at({10, 5}).y, 343 - 2.5 * kScale, 1e-9);
}

TEST(PlanView, DrawsAPersonWhereThePersonIs) {
  PlanView plan(small_site(), "simulated footage");
  const std::vector<PlacedPerson> people = {
      {1, {joint_at("left_hip", {2, 1, 0.5}), joint_at("nose", {2, 1, 1})}},
      {2, {joint_at("left_hip", {8, 4, -1}), joint_at("nose", {8, 4, -0.8})}}};
  const auto image = plan.draw(3, people);
  ASSERT_EQ(image.width, 1280);
  ASSERT_EQ(image.height, 720);
  const scene::PixelPlace first{640 - 3 * kScale, 343 + 1.5 * kScale};
  const scene::PixelPlace second{640 + 3 * kScale, 343 - 1.5 * kScale};
  EXPECT_TRUE(is_near(color_at(image, first), scene::track_color(1)));
  // Hollow: water in the middle, the person's colour around it.
  EXPECT_FALSE(is_near(color_at(image, second), scene::track_color(2)));
  EXPECT_TRUE(is_near(color_at(image, {second.x + 8, second.y}), scene::track_color(2)));
}

TEST(PlanView, PathsEndAfterFiveSeconds) {
  PlanView plan(small_site(), "");
  media::Image image;
  const auto on_path = [&] {
    // Where the person was at 0.5 s, apart from marks of whole seconds.
    const scene::PixelPlace at{640 - 2.5 * kScale, 343};
    scene::Color path = scene::track_color(1);
    path = {static_cast<uint8_t>(0.85 * path[0] + 7), static_cast<uint8_t>(0.85 * path[1] + 8),
            static_cast<uint8_t>(0.85 * path[2] + 9)};
    return is_near(color_at(image, at), path);
  };
  const auto step = [&](double time_s) {
    image =
        plan.draw(time_s, std::vector<PlacedPerson>{{1, {joint_at("nose", {2 + time_s, 2.5, 1})}}});
  };
  step(0);
  EXPECT_FALSE(on_path());
  for (double time_s = 0.5; time_s <= 5; time_s += 0.5) step(time_s);
  EXPECT_TRUE(on_path());
  for (double time_s = 5.5; time_s <= 6.5; time_s += 0.5) step(time_s);
  EXPECT_FALSE(on_path());
}

TEST(PlanView, APathIsNotDrawnAcrossAGap) {
  PlanView plan(small_site(), "");
  const auto person = [](double x) {
    return std::vector<PlacedPerson>{{1, {joint_at("nose", {x, 2.5, 1})}}};
  };
  const auto before = plan.draw(0, {});
  (void)plan.draw(0.1, person(2));
  const auto image = plan.draw(2, person(8));
  const scene::PixelPlace between{640, 343};
  EXPECT_EQ(color_at(image, between), color_at(before, between));
}

TEST(PlanView, DeepWaterIsDarker) {
  PlanView plan(small_site(), "");
  const auto image = plan.draw(0, {});
  const auto shallow = color_at(image, plan.at({1.5, 2.5})),
             deep = color_at(image, plan.at({8.5, 2.5}));
  const auto deck = color_at(image, plan.at({5, -1}));
  EXPECT_GT(shallow[0], deep[0] + 30);
  EXPECT_GT(deck[0], deck[2]) << "sand, not water";
}

TEST(PlanView, ACameraFarAwayDoesNotShrinkThePool) {
  geometry::Site site = small_site();
  site.cameras[0].position = {-500, 900, 3};
  const PlanView plan(site, "");
  // 3 m beside the pool at most: 3 of 15 m more to one side and 10 m of height.
  EXPECT_GT(plan.at({10, 0}).x - plan.at({0, 0}).x, 10 * 638.0 / 10 - 1);
}

}  // namespace
}  // namespace lido::report
