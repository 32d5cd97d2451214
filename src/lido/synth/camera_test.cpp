// SPDX-License-Identifier: Apache-2.0
// Where cameras see what, against closed forms.
#include "lido/synth/camera.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(Water, BendsLightAsSnellSays) {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const Vector3 eye(random.between(-20, 20), random.between(-20, 20), random.between(0.3, 8));
    const Vector3 below(random.between(-20, 20), random.between(-20, 20), -random.between(1e-3, 4));
    const Vector3 at = through_flat_water(eye, below);
    const Vector3 in_air = (at - eye).normalized(), in_water = (below - at).normalized();
    const double sine_air = std::hypot(in_air.x(), in_air.y()),
                 sine_water = std::hypot(in_water.x(), in_water.y());
    EXPECT_NEAR(sine_air, kRefraction * sine_water, 1e-9);
    EXPECT_NEAR(at.z(), 0, 1e-12);
    // In one plane with both.
    EXPECT_NEAR((at - eye).cross(below - eye).z(), 0, 1e-9 * (below - eye).squaredNorm());
  }
}

TEST(Water, IsStraightThroughFromRightAbove) {
  const Vector3 at = through_flat_water({2, 3, 4}, {2, 3, -1});
  EXPECT_NEAR((at - Vector3(2, 3, 0)).norm(), 0, 1e-12);
}

// The textbook's: seen from straight above, a thing looks as deep as its depth by the index.
TEST(Water, LooksShallowerFromAbove) {
  Camera camera = look_at({0, 0, 5}, {0.01, 0, 0}, 60, 640, 360);
  const Vector3 below(0.05, 0, -2), lifted(0.05, 0, -2 / kRefraction);
  EXPECT_NEAR((*camera.see(below) - *camera.project(lifted)).norm(), 0, 0.02);
}

TEST(Water, WavesTakeTheShortestWay) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const Water water(0.03, random.split(static_cast<uint64_t>(i)));
    const Vector3 eye(random.between(-6, 6), random.between(-6, 6), random.between(2, 5));
    const Vector3 below(random.between(-6, 6), random.between(-6, 6), -random.between(0.2, 2.5));
    const double time_s = random.between(0, 100);
    const Vector3 at = through_waves(eye, below, water, time_s);
    const auto path = [&](double x, double y) {
      const Vector3 on(x, y, water.height(x, y, time_s));
      return (on - eye).norm() + kRefraction * (below - on).norm();
    };
    const double length = path(at.x(), at.y());
    const Vector3 flat = through_flat_water(eye, below);
    EXPECT_LE(length, path(flat.x(), flat.y()) + 1e-12);
    for (int k = 0; k < 8; ++k) {
      const double angle = k * M_PI / 4;
      EXPECT_LE(length,
                path(at.x() + 1e-3 * std::cos(angle), at.y() + 1e-3 * std::sin(angle)) + 1e-10);
    }
  }
  // A mirror is flat water.
  const Vector3 at = through_waves({1, 2, 3}, {4, 1, -1.5}, Water(0, Random(3)), 5);
  EXPECT_NEAR((at - through_flat_water({1, 2, 3}, {4, 1, -1.5})).norm(), 0, 1e-7);
}

TEST(Camera, SeesItsTargetInTheMiddle) {
  const Camera camera = look_at({1, 2, 4}, {5, 7, 0}, 80, 640, 360);
  const auto pixel = camera.project({5, 7, 0});
  ASSERT_TRUE(pixel);
  EXPECT_NEAR(pixel->x(), 320, 1e-9);
  EXPECT_NEAR(pixel->y(), 180, 1e-9);
  EXPECT_LT(camera.project({5, 7, 1})->y(), 180);  // up is up
  EXPECT_FALSE(camera.project({1, 2, 10}));        // behind it
  // What is to the right of the way from camera to target is right in the picture.
  EXPECT_GT(camera.project({6, 6, 0})->x(), 320);
  // As wide as asked: 40 degrees to the side is the picture's edge.
  const Vector3 aside = camera.turn.transpose() * Vector3(std::tan(40 * M_PI / 180), 0, 1);
  EXPECT_NEAR(camera.project(camera.position + aside)->x(), 640, 1e-9);
}

// Against numbers from OpenCV 4.11's projectPoints and fisheye::projectPoints.
TEST(Camera, LensesAreOpenCvs) {
  Camera camera;
  camera.fx = 410, camera.fy = 405, camera.cx = 322, camera.cy = 178;
  camera.position = Vector3::Zero();
  camera.k = {-0.21, 0.06, 0.001, -0.002, -0.008};
  const auto brown = camera.project({0.6, -0.4, 1.5});
  EXPECT_NEAR(brown->x(), 478.01053746, 1e-4);
  EXPECT_NEAR(brown->y(), 75.23015338, 1e-4);
  camera.lens = Lens::kFisheye;
  camera.k = {-0.03, 0.01, -0.002, 0.0005, 0};
  const auto fisheye = camera.project({0.6, -0.4, 1.5});
  EXPECT_NEAR(fisheye->x(), 474.01073581, 1e-4);
  EXPECT_NEAR(fisheye->y(), 77.8953691, 1e-4);
}

TEST(Camera, AFoldingLensIsRefused) {
  const Pool pool{.outline = {{0, 0}, {8, 0}, {8, 4}, {0, 4}}};
  const auto read = [&](const std::string& lines) {
    return read_camera(*Yaml::parse("at: [-1, -1, 3]\nlooks_at: [4, 2, 0]\n" + lines, "c.yaml"),
                       pool, 1);
  };
  EXPECT_TRUE(read("k: [-0.1]\n"));
  const auto folds = read("k: [-0.6]\n");
  ASSERT_FALSE(folds);
  EXPECT_NE(folds.error().message.find("c.yaml:3"), std::string::npos) << folds.error().message;
  for (const char* bad : {"width: 641\n", "degrees: 170\n", "lens: square\n", "fps: 0\n",
                          "faults: [{kind: rain, at_s: 1, for_s: 1}]\n", "colour: red\n"})
    EXPECT_FALSE(read(bad)) << bad;
  const auto under =
      read_camera(*Yaml::parse("at: [4, 2, -1]\nlooks_at: [4, 3, 0]\n", "c.yaml"), pool, 1);
  ASSERT_FALSE(under);
  EXPECT_NE(under.error().message.find("c.yaml:1"), std::string::npos);
}

TEST(Camera, IsReadBackAsWritten) {
  Random random(9);
  const Pool pool = random_pool(random);
  for (const Camera& camera : random_cameras(random, pool, 4, 640, 360)) {
    const std::string text = to_yaml(camera);
    const auto again =
        read_camera((*Yaml::parse("cameras:\n" + text, "c"))["cameras"].list()->front(), pool, 1);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_NEAR((again->turn - camera.turn).norm(), 0, 1e-9);
    EXPECT_NEAR(again->fx, camera.fx, 1e-6);
    EXPECT_EQ(to_yaml(*again).substr(0, 20), text.substr(0, 20));
  }
}

}  // namespace
}  // namespace lido::synth
