// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/import_cameras.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_board.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// A pool, 5 cm of water less than its file's z = 0.
geometry::Site pool() {
  return {.pool = {.outline = {{0, 0}, {9, 0}, {9, 5}, {0, 5}}}, .level_z = -0.05};
}

std::vector<FileCamera> files_of(const std::vector<Camera>& cameras, double unit_m = 1) {
  std::vector<FileCamera> files;
  for (const Camera& one : cameras) {
    files.push_back({.camera = one});
    files.back().camera.position /= unit_m;
  }
  return files;
}

/// Cameras in the axes of a pool, upright and over it.
std::vector<Camera> over_the_pool() {
  Eigen::Matrix3d rotation;  // x stays, z ahead becomes y, y down becomes -z
  rotation << 1, 0, 0, 0, 0, 1, 0, -1, 0;
  auto cameras = test_cameras(3);
  for (Camera& camera : cameras) {
    camera.position = rotation * camera.position + Vector3(4, -1, 2);
    camera.cam_from_world = camera.cam_from_world * rotation.transpose();
  }
  return cameras;
}

TEST(ImportCameras, InTheSitesAxesHeightsCountFromTheWater) {
  geometry::Site site = pool();
  site.cameras = {over_the_pool()[1]};
  site.cameras[0].source = "day/*.mp4", site.cameras[0].fps = 12;
  site.cameras[0].position.z() += 0.15;
  const auto imported = import_cameras(files_of(over_the_pool()), site, ImportAxes::kSite, 1);
  ASSERT_TRUE(imported) << imported.error().message;
  ASSERT_EQ(imported->site.cameras.size(), 3U);
  const Camera& known = imported->site.cameras[0];
  EXPECT_EQ(known.source, "day/*.mp4") << "stays";
  EXPECT_EQ(known.fps, 12) << "stays";
  EXPECT_NEAR(known.position.z(), over_the_pool()[1].position.z() + 0.05, 1e-12);
  ASSERT_EQ(imported->moves.size(), 1U);
  EXPECT_NEAR(imported->moves[0].moved_m, 0.10, 1e-9);
  EXPECT_EQ(imported->warnings[0], "cam_0: new in the site, with 25 frames a second: set its fps");
}

TEST(ImportCameras, ALayoutOfItsOwnIsPutWhereTheSiteHasItsCameras) {
  geometry::Site site = pool();
  site.cameras = over_the_pool();
  const auto imported = import_cameras(files_of(test_cameras(4), 1e-3), site, ImportAxes::kOwn,
                                       1e-3);  // a file in millimetres
  ASSERT_TRUE(imported) << imported.error().message;
  ASSERT_EQ(imported->site.cameras.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_LT((imported->site.cameras[i].position - over_the_pool()[i].position).norm(), 1e-9);
    EXPECT_LT(imported->moves[i].turned_rad, 1e-6);
  }
  ASSERT_EQ(imported->warnings.size(), 1U);
  EXPECT_EQ(imported->warnings[0], "cam_3: the site has no camera of this name: left out");
}

TEST(ImportCameras, AnotherUnitIsRefused) {
  geometry::Site site = pool();
  site.cameras = over_the_pool();
  const auto imported = import_cameras(files_of(test_cameras(3), 1e-3), site, ImportAxes::kOwn, 1);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kDegenerate);
}

TEST(ImportCameras, ALensAloneKeepsThePose) {
  geometry::Site site = pool();
  site.cameras = over_the_pool();
  std::vector<FileCamera> lens{{.camera = test_cameras(3)[2], .has_pose = false}};
  lens[0].camera.fx = 777;
  const auto imported = import_cameras(lens, site, ImportAxes::kOwn, 1);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->site.cameras[2].fx, 777);
  EXPECT_EQ(imported->site.cameras[2].position, site.cameras[2].position);
  lens[0].camera.name = "other";
  EXPECT_EQ(import_cameras(lens, site, ImportAxes::kOwn, 1).error().message,
            "other: its file has a lens and no pose, and the site has no camera of this name");
}

TEST(ImportCameras, NamesDecide) {
  auto cameras = files_of(test_cameras(2));
  const auto nowhere = import_cameras(cameras, pool(), ImportAxes::kOwn, 1);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message.substr(0, 43), "the site has no camera named cam_0, cam_1: ");
  cameras[1].camera.name = "cam_0";
  const auto twice = import_cameras(cameras, pool(), ImportAxes::kSite, 1);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message.substr(0, 27), "two cameras are named cam_0");
}

}  // namespace
}  // namespace lido::reconstruct
