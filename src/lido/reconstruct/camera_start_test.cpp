// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/camera_start.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_marks.h"

namespace lido::reconstruct {
namespace {

/// Points as one camera sees them.
std::vector<SeenPoint> seen_by(const geometry::Camera& camera, bool with_floor) {
  std::vector<SeenPoint> out;
  const PoolPoints points = clicked({camera}, marks_of_pool(with_floor), 3, 1);
  for (const Click& one : points.clicks) out.push_back({points.points[one.point].at, one.pixel});
  return out;
}

TEST(CameraStart, FindsAPoseFromPointsOfThePlane) {
  const geometry::Camera truth = six_cameras()[0];
  // A start of no use: the camera is elsewhere and looks elsewhere.
  const geometry::Camera lost = displaced(truth, 2, {9, 9, 3});
  const auto starts = start_poses(lost, seen_by(truth, false), false);
  ASSERT_FALSE(starts.empty());
  EXPECT_LT((starts[0].position - truth.position).norm(), 0.3);
  EXPECT_LT(angle_between(starts[0], truth), 0.05);
}

TEST(CameraStart, IsNotMisledByWrongPoints) {
  const geometry::Camera truth = six_cameras()[0];
  auto seen = seen_by(truth, true);
  ASSERT_GT(seen.size(), 12u);
  for (size_t i = 0; i < 3; ++i) seen[4 * i].pixel += Eigen::Vector2d(150, -90);
  const auto starts = start_poses(displaced(truth, 2, {9, 9, 3}), seen, false);
  ASSERT_FALSE(starts.empty());
  EXPECT_LT((starts[0].position - truth.position).norm(), 0.5);
}

TEST(CameraStart, FindsAFocalLengthNearby) {
  const geometry::Camera truth = six_cameras()[0];
  geometry::Camera wide = displaced(truth, 2, {9, 9, 3});
  wide.fx *= 0.6, wide.fy *= 0.6;
  const auto starts = start_poses(wide, seen_by(truth, true), true);
  ASSERT_FALSE(starts.empty());
  EXPECT_NEAR(starts[0].fx / truth.fx, 1, 0.1);
}

TEST(CameraStart, HasNoneForACameraUnderWater) {
  geometry::Camera camera = six_cameras()[0];
  const auto seen = seen_by(camera, true);
  camera.position.z() = -1;
  EXPECT_TRUE(start_poses(camera, seen, false).empty());
}

}  // namespace
}  // namespace lido::reconstruct
