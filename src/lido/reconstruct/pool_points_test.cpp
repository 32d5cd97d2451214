// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pool_points.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_pool.h"

namespace lido::reconstruct {
namespace {

/// A pool of 25 x 12.5 m whose water is 0.1 m under z = 0, with two cameras.
geometry::Site two_camera_site() {
  geometry::Site site;
  site.pool.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}};
  site.pool.ways_in = {{0, 6}};
  site.cameras = six_cameras();
  site.cameras.resize(2);
  site.cameras[0].name = "near", site.cameras[1].name = "far";
  site.level_z = -0.1;
  return site;
}

std::string message_of(const std::string& text) {
  const auto points = read_pool_points(text, "points.yaml", two_camera_site());
  return points ? std::string("read") : points.error().message;
}

const std::string kPoints = "points:\n  a: [0, 0, 0.1]\n  b: [25, 0, 0.1]\n  c: [5, 5, -1.2]\n";

TEST(PoolPoints, AreOverTheWater) {
  const auto points = read_pool_points(
      kPoints + "clicks:\n  far:\n    b: [100, 200.5]\n    c: [1, 2]\n", "p", two_camera_site());
  ASSERT_TRUE(points) << points.error().message;
  ASSERT_EQ(points->points.size(), 3u);
  EXPECT_EQ(points->points[1].name, "b");
  EXPECT_NEAR(points->points[1].at.z(), 0.2, 1e-12);
  ASSERT_EQ(points->clicks.size(), 2u);
  EXPECT_EQ(points->clicks[0].camera, 1u);
  EXPECT_EQ(points->clicks[0].point, 1u);
  EXPECT_EQ(points->clicks[0].pixel, Eigen::Vector2d(100, 200.5));
}

TEST(PoolPoints, AreRefusedByLine) {
  const auto clicks = [](const std::string& text) { return message_of(kPoints + text); };
  EXPECT_EQ(clicks("clicks:\n  side:\n    b: [1, 2]\n"),
            "points.yaml:7: clicks.side is a map, want clicks of a camera of the site: near, far");
  EXPECT_EQ(clicks("clicks:\n  far:\n    d: [1, 2]\n"),
            "points.yaml:7: clicks.far.d is a list, want a click of a point that `points` has");
  EXPECT_EQ(clicks("clicks:\n  far:\n    b: [1281, 2]\n"),
            "points.yaml:7: clicks.far.b.0 is 1281, want a number, 0 to 1280");
  EXPECT_EQ(clicks("clicks: {}\n"),
            "points.yaml:5: clicks is a map, want clicks in one camera at least");
  EXPECT_EQ(clicks("click: {}\n"),
            "points.yaml:5: click is not known here, want one of points, clicks");
}

TEST(PoolPoints, OfAnotherUnitAreNamed) {
  // The corners in feet.
  EXPECT_EQ(message_of("points:\n  a: [0, 0, 0]\n  b: [82, 41, 0]\nclicks: {}\n"),
            "points.yaml:3: points.b is a list, want a point of the pool or around it, metres: its "
            "water reaches from [0, 0] to [25, 12.5]; in feet all points would be near it");
  EXPECT_EQ(message_of("points:\n  a: [0, 0, 0]\n  b: [2500, 1250, 0]\nclicks: {}\n"),
            "points.yaml:3: points.b is a list, want a point of the pool or around it, metres: its "
            "water reaches from [0, 0] to [25, 12.5]; in centimetres all points would be near it");
  EXPECT_EQ(message_of("points:\n  a: [0, 0, 0]\n  b: [0.025, 0.0125, 0]\nclicks: {}\n"),
            "points.yaml:2: points is a map, want points that span 1 m or more, in metres; they "
            "span 0.028 m");
}

TEST(PoolPoints, HaveATemplateThatIsRead) {
  const geometry::Site site = two_camera_site();
  const auto points = read_pool_points(points_template(site), "p", site);
  ASSERT_TRUE(points) << points.error().message;
  // Four corners of rim and floor, and a ladder.
  EXPECT_EQ(points->points.size(), 9u);
  ASSERT_GE(points->clicks.size(), 8u);
  for (const Click& one : points->clicks) {
    const auto pixel = site.cameras[one.camera].project_through_water(points->points[one.point].at);
    ASSERT_TRUE(pixel);
    EXPECT_LT((*pixel - one.pixel).norm(), 0.2);
  }
}

}  // namespace
}  // namespace lido::reconstruct
