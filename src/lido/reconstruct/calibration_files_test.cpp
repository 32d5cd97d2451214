// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/calibration_files.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_board.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// A calibration as if it were exact, in the axes of the first camera.
Calibration exact(const std::vector<Camera>& cameras) {
  Calibration calibration;
  for (const Camera& one : cameras) calibration.cameras.push_back({.camera = one});
  return calibration;
}

/// The cameras at a pool: turned upright, 2 m over the water, with the poses of a site.
geometry::Site site_of(const std::vector<Camera>& cameras, double scale = 1) {
  Eigen::Matrix3d rotation;  // x stays, z ahead becomes y, y down becomes -z
  rotation << 1, 0, 0, 0, 0, 1, 0, -1, 0;
  geometry::Site site{.pool = {.outline = {{0, 0}, {9, 0}, {9, 5}, {0, 5}}}};
  for (Camera camera : cameras) {
    camera.position = rotation * camera.position * scale + Vector3(4, -1, 2);
    camera.cam_from_world = camera.cam_from_world * rotation.transpose();
    site.cameras.push_back(camera);
  }
  return site;
}

TEST(CalibrationFiles, PlacesCamerasWhereTheSiteHasThem) {
  const auto cameras = test_cameras();
  const geometry::Site site = site_of(cameras);
  const auto placed = place_in_site(exact(cameras), site);
  ASSERT_TRUE(placed) << placed.error().message;
  for (size_t i = 0; i < 4; ++i) {
    const Camera &found = placed->site.cameras[i], &wanted = site.cameras[i];
    EXPECT_LT((found.position - wanted.position).norm(), 1e-9);
    EXPECT_LT((found.cam_from_world - wanted.cam_from_world).norm(), 1e-9);
    EXPECT_LT(placed->moves[i].moved_m, 1e-9);
  }
  EXPECT_NEAR(placed->scale, 1, 1e-9);
  EXPECT_TRUE(placed->warnings.empty());
}

TEST(CalibrationFiles, SaysWhichCameraHasMoved) {
  const auto cameras = test_cameras();
  geometry::Site site = site_of(cameras);
  site.cameras[2].position.x() += 0.08;
  const auto placed = place_in_site(exact(cameras), site);
  ASSERT_TRUE(placed) << placed.error().message;
  // The others share what the mean takes.
  EXPECT_NEAR(placed->moves[2].moved_m, 0.06, 0.015);
  EXPECT_LT(placed->moves[0].moved_m, 0.035);
}

TEST(CalibrationFiles, WarnsOfSquaresOfAnotherSize) {
  const auto cameras = test_cameras();
  const auto placed = place_in_site(exact(cameras), site_of(cameras, 1.05));
  ASSERT_TRUE(placed) << placed.error().message;
  EXPECT_NEAR(placed->scale, 1 / 1.05, 1e-6);
  ASSERT_EQ(placed->warnings.size(), 1U);
  EXPECT_EQ(placed->warnings[0],
            "the cameras are 4.8% closer together than the site has them: the board's squares may "
            "be larger than in its file. Measure ten of them with a ruler");
}

TEST(CalibrationFiles, RefusesASiteThatContradicts) {
  const auto cameras = test_cameras();
  geometry::Site site = site_of(cameras);
  std::swap(site.cameras[0].name, site.cameras[3].name);
  const auto placed = place_in_site(exact(cameras), site);
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, ErrorCode::kDegenerate);
  for (Camera& one : site.cameras) one.name = "other";
  EXPECT_EQ(place_in_site(exact(cameras), site).error().message,
            "the clips are named cam_0, cam_1, cam_2, cam_3, want the names of the site's cameras: "
            "other, other, other, other");
}

TEST(CalibrationFiles, WritesOpenCvsCameras) {
  const auto cameras = test_cameras(2);
  const std::string text = to_toml(exact(cameras));
  // OpenCV's principal point is half a pixel less; a rotation of 0.5 about y, by construction.
  EXPECT_EQ(text.find("[cam_0]\nname = \"cam_0\"\nsize = [1280, 720]\n"
                      "matrix = [[900.0, 0.0, 644.5], [0.0, 905.0, 351.5], [0.0, 0.0, 1.0]]\n"
                      "distortions = [-0.15, 0.03, 0.0, 0.0, 0.0]\n"),
            0U)
      << text;
  EXPECT_NE(text.find("[metadata]\n"), std::string::npos);
}

}  // namespace
}  // namespace lido::reconstruct
