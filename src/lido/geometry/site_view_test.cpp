// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site_view.h"

#include <gtest/gtest.h>

namespace lido::geometry {
namespace {

/// A pool of 10 x 4 m without cameras.
Site bare_pool() {
  Site site;
  site.pool.outline = {{0, 0}, {10, 0}, {10, 4}, {0, 4}};
  return site;
}

TEST(SiteView, HasTheAreaOfThePool) {
  const SiteView view = view_of(bare_pool());
  EXPECT_DOUBLE_EQ(view.water_m2, 40);
  EXPECT_TRUE(view.of_cameras.empty());
  EXPECT_EQ(view.by_one, 0);
}

TEST(SiteView, WarnsOfASiteWithoutCameras) {
  const SiteView view = view_of(bare_pool());
  ASSERT_EQ(view.warnings.size(), 1U);
  EXPECT_EQ(view.warnings[0].find("no cameras, so that none of the water is in view"), 0U);
}

TEST(SiteView, CountsTheHalfThatACameraSees) {
  // Straight down from 5 m over (2.5, 2), 640 x 640 pixels: refraction at the surface bends the
  // sight line of x = 5 at a depth of 0.3 m to x = 2.5 + 2.5 * 5 / (5 + 0.3 / 1.49) at z = 0, the
  // factor tan(air) / tan(water) at 26 degrees. A focal length of 660 px has it at the edge.
  Site site = bare_pool();
  Camera camera;
  camera.name = "mast";
  camera.width = camera.height = 640;
  camera.fx = camera.fy = 660, camera.cx = camera.cy = 320;
  camera.position = {2.5, 2, 5};
  camera.cam_from_world << 1, 0, 0, 0, -1, 0, 0, 0, -1;
  site.cameras = {camera};
  const SiteView half = view_of(site);
  EXPECT_NEAR(half.of_cameras[0], 0.5, 1e-9);
  EXPECT_NEAR(half.by_one, 0.5, 1e-9);
  EXPECT_EQ(half.by_two, 0);
  site.cameras.push_back(camera);
  const SiteView twice = view_of(site);
  EXPECT_NEAR(twice.by_two, 0.5, 1e-9);
  ASSERT_EQ(twice.warnings.size(), 2u);
  EXPECT_EQ(twice.warnings[0].find("two cameras see 50% of the water"), 0u);
  EXPECT_EQ(twice.warnings[1].find("mast and mast are in one place"), 0u);
}

TEST(SiteView, NamesACameraThatSeesNoWater) {
  Site site = bare_pool();
  site.cameras = {look_at({-2, 2, 4}, {-9, 2, 3.9}, 60, 640, 360)};
  site.cameras[0].name = "turned";
  const SiteView view = view_of(site);
  ASSERT_EQ(view.warnings.size(), 1u);
  EXPECT_EQ(view.warnings[0].find("turned: sees no water"), 0u);
}

}  // namespace
}  // namespace lido::geometry
