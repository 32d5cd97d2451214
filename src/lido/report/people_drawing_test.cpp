// SPDX-License-Identifier: Apache-2.0
#include "lido/report/people_drawing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "lido/report/test_people.h"
#include "lido/scene/draw.h"

namespace lido::report {
namespace {

/// Looks along x from (1, 2, 3), through the second lens of geometry/make_lenses.py.
geometry::Camera side_camera() {
  geometry::Camera camera{.name = "a", .fx = 410, .fy = 405, .cx = 322, .cy = 178};
  camera.k = {-0.21, 0.06, 0.001, -0.002, -0.008};
  camera.position = {1, 2, 3};
  camera.cam_from_world << 0, -1, 0, 0, 0, -1, 1, 0, 0;
  return camera;
}

/// Looks straight down from 4 m over the water; x to the right, y up.
geometry::Camera top_camera() {
  geometry::Camera camera{.name = "a", .position = {0, 0, 4}};
  camera.cam_from_world << 1, 0, 0, 0, -1, 0, 0, 0, -1;
  return camera;
}

/// Where light from a point `depth_m` deep leaves the camera's axis by an angle: by Snell's law.
double reach_under_water(double angle_rad, double height_m, double depth_m) {
  return height_m * std::tan(angle_rad) +
         depth_m * std::tan(std::asin(std::sin(angle_rad) / geometry::kWaterRefractiveIndex));
}

media::Image people_drawn(const std::vector<PlacedPerson>& people, const geometry::Camera& camera,
                          const media::Geometry& geometry = {640, 360}) {
  media::Image image{geometry.width, geometry.height, {}};
  image.rgb.resize(static_cast<size_t>(3 * geometry.width * geometry.height));
  scene::Canvas canvas(image);
  draw_people(canvas, people, camera, geometry);
  return image;
}

int red_at(const media::Image& image, double x, double y) {
  return image.rgb[static_cast<size_t>(3 * (int(y) * image.width + int(x)))];
}

/// The strongest channel of person 3's colour.
int blue_at(const media::Image& image, double x, double y) {
  return image.rgb[static_cast<size_t>(3 * (int(y) * image.width + int(x)) + 2)];
}

bool shows_colour(const media::Image& image, double x, double y, const scene::Color& colour) {
  const auto* pixel = &image.rgb[static_cast<size_t>(3 * (int(y) * image.width + int(x)))];
  for (size_t i = 0; i < 3; ++i) {
    if (std::abs(pixel[i] - colour[i]) > 40) return false;
  }
  return true;
}

/// Number of bright pixels on a horizontal or a vertical line.
int bright_between(const media::Image& image, double x, double y, double to_x, double to_y) {
  int count = 0;
  const int steps = static_cast<int>(std::hypot(to_x - x, to_y - y));
  for (int i = 0; i < steps; ++i)
    count += blue_at(image, x + (to_x - x) * i / steps, y + (to_y - y) * i / steps) > 120 ? 1 : 0;
  return count;
}

// The pixels are those of cv2.projectPoints (OpenCV 5.0.0), with rvec and tvec of the camera.
TEST(DrawPeople, PutsJointsWhereOpenCvProjectsThem) {
  const auto image = people_drawn({{1, {joint_at("left_wrist", {6, 1, 2.2})}},
                                   {2, {joint_at("left_ankle", {5, 3.2, 1.5})}},
                                   {3, {joint_at("nose", {9, 2.5, 4})}}},
                                  side_camera());
  for (const auto& [x, y] : {std::pair(402.798, 241.919), {204.148, 323.379}, {296.464, 127.589}}) {
    const auto centre = bright_centre(image, x, y, 2);
    EXPECT_NEAR(centre.x(), x, 0.4);
    EXPECT_NEAR(centre.y(), y, 0.4);
  }
}

TEST(DrawPeople, PutsJointsWhereSnellsLawBendsThem) {
  const double angle_rad = 0.35;
  const double x_m = reach_under_water(angle_rad, 4, 1.5);
  const auto image = people_drawn({{1, {joint_at("nose", {x_m, 0, -1.5})}}}, top_camera());
  const double x = 320 + 500 * std::tan(angle_rad);
  // Without the water it would be 13 pixels away.
  ASSERT_GT(std::abs(x - (320 + 500 * x_m / 5.5)), 10);
  const auto centre = bright_centre(image, x, 180, 4);
  EXPECT_NEAR(centre.x(), x, 0.4);
  EXPECT_NEAR(centre.y(), 180, 0.4);
}

TEST(DrawPeople, JointsUnderWaterAreHollow) {
  const auto image = people_drawn(
      {{1, {joint_at("nose", {-1, 0, 0.5})}}, {2, {joint_at("nose", {1, 0, -0.5})}}}, top_camera());
  EXPECT_GT(red_at(image, 320 - 500 / 3.5, 180), 200);
  // 4 m of air and 0.5 m of water, seen at a small angle.
  double angle_rad = 0;
  while (reach_under_water(angle_rad, 4, 0.5) < 1) angle_rad += 1e-5;
  const double x = 320 + 500 * std::tan(angle_rad);
  EXPECT_LT(red_at(image, x, 180), 120);
}

TEST(DrawPeople, LimbsUnderWaterAreDashed) {
  // 3 m long, at a height of 0 and at a depth of a hair, so that both are 4 m away.
  const auto limb = [&](double z) {
    return people_drawn(
        {{3, {joint_at("left_hip", {-1.5, 1, z}), joint_at("left_knee", {1.5, 1, z})}}},
        top_camera());
  };
  const double y = 180 - 500 / 4.0;
  const int over = bright_between(limb(0), 150, y, 490, y);
  const int under = bright_between(limb(-1e-6), 150, y, 490, y);
  EXPECT_GT(over, 335);
  EXPECT_NEAR(under, 170, 60);
}

TEST(DrawPeople, ALimbThatEntersTheWaterIsBentAndDashedFromThere) {
  const auto image = people_drawn(
      {{3, {joint_at("left_knee", {-1.5, 0, 0.5}), joint_at("left_ankle", {1.5, 0, -0.5})}}},
      top_camera());
  // It crosses the surface at x = 0, in the middle of the image.
  const double left = 320 - 500 * 1.5 / 3.5;
  EXPECT_GT(bright_between(image, left, 180, 318, 180), 318 - left - 6);
  EXPECT_LT(bright_between(image, 322, 180, 470, 180), 115);
}

TEST(DrawPeople, JointsThatWereNotFoundHaveNoLimb) {
  const auto image = people_drawn(
      {{3, {joint_at("left_hip", {-1, 1, 0}), joint_at("left_ankle", {1, 1, 0})}}}, top_camera());
  const double y = 180 - 500 / 4.0;
  EXPECT_EQ(bright_between(image, 210, y, 430, y), 0);
}

TEST(DrawPeople, JointsThatOtherCamerasSawAreSmallAndInThePersonsColour) {
  const auto size = [&](const std::vector<std::string>& cameras) {
    const auto image =
        people_drawn({{1, {joint_at("nose", {0.01, 0.01, 0}, cameras)}}}, top_camera());
    int count = 0;
    for (int y = 177; y < 184; ++y)
      for (int x = 317; x < 325; ++x) count += red_at(image, x, y) > 128 ? 1 : 0;
    return count;
  };
  EXPECT_GT(size({"a", "b"}), size({"b", "c"}) + 4);
  EXPECT_GT(size({"b", "c"}), 0);
}

TEST(DrawPeople, AnUncertainJointHasItsDeviationAroundIt) {
  PlacedJoint joint = joint_at("left_wrist", {0, 0, 0});
  // 40 cm along x and 15 cm along y, 4 m below the camera: 50 and 18.75 pixels.
  joint.covariance.diagonal() << 0.16, 0.0225, 1e-4;
  const auto image = people_drawn({{1, {joint}}}, top_camera());
  EXPECT_GT(red_at(image, 370, 180) + red_at(image, 369, 180), 150);
  EXPECT_GT(red_at(image, 270, 180) + red_at(image, 269, 180), 150);
  EXPECT_GT(red_at(image, 320, 198.75) + red_at(image, 320, 197.75), 150);
  EXPECT_EQ(red_at(image, 345, 180), 0);
  joint.covariance.diagonal() << 0.0081, 0.0025, 1e-4;
  const auto sure = people_drawn({{1, {joint}}}, top_camera());
  for (int x = 330; x < 400; ++x) EXPECT_EQ(red_at(sure, x, 180), 0) << x;
}

TEST(DrawPeople, FollowTheImagesScaleAndTheirColour) {
  const PlacedPerson person{4,
                            {joint_at("left_hip", {-1, -1, 0}), joint_at("left_knee", {1, -1, 0})}};
  const auto image = people_drawn({person}, top_camera(), {320, 180, 0.5, 0.5});
  EXPECT_TRUE(shows_colour(image, 160, (180 + 500 / 4.0) / 2, scene::track_color(4)));
}

TEST(DrawPeople, NumbersThePersonAboveTheHead) {
  const PlacedPerson person{4,
                            {joint_at("left_hip", {0, 0, 0}), joint_at("left_knee", {0, -1, 0})}};
  const auto image = people_drawn({person}, top_camera());
  int labelled = 0;
  for (int y = 155; y < 176; ++y)
    for (int x = 312; x < 328; ++x)
      labelled += shows_colour(image, x, y, scene::track_color(4)) ? 1 : 0;
  EXPECT_GT(labelled, 60);
}

TEST(DrawCaption, IsInOneRowOrTwo) {
  const auto bar_top = [](int width, int height) {
    media::Image image{width, height, std::vector<uint8_t>(size_t(3 * width * height), 255)};
    scene::Canvas canvas(image);
    draw_caption(canvas, "12.40 s   deck_1   simulated footage, exact keypoints");
    int y = 0;
    while (red_at(image, 2, y) == 255) ++y;
    return height - y;
  };
  const double row = scene::Canvas::label_height(text_size_for(360)) + 2;
  EXPECT_NEAR(bar_top(640, 360), 2 * row, 1.5);
  EXPECT_NEAR(bar_top(1280, 720), scene::Canvas::label_height(text_size_for(720)) + 2, 1.5);
}

}  // namespace
}  // namespace lido::report
