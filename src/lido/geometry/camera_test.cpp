// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/camera.h"

#include <gtest/gtest.h>

namespace lido::geometry {
namespace {

TEST(Camera, SeesItsTargetInTheMiddle) {
  const Camera camera = look_at({1, 2, 4}, {5, 7, 0}, 80, 640, 360);
  const auto pixel = camera.project({5, 7, 0});
  ASSERT_TRUE(pixel);
  EXPECT_NEAR(pixel->x(), 320, 1e-9);
  EXPECT_NEAR(pixel->y(), 180, 1e-9);
  EXPECT_LT(camera.project({5, 7, 1})->y(), 180);  // up is up
  EXPECT_FALSE(camera.project({1, 2, 10}));        // behind it
  // A point right of the line from camera to target is right in the image.
  EXPECT_GT(camera.project({6, 6, 0})->x(), 320);
  // As wide as asked: 40 degrees to the side is the image's edge.
  const Vector3 aside =
      camera.cam_from_world.transpose() * Vector3(std::tan(40 * M_PI / 180), 0, 1);
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

}  // namespace
}  // namespace lido::geometry
