// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pool_calibration.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_marks.h"

namespace lido::reconstruct {
namespace {

constexpr double kDegree_rad = M_PI / 180;

geometry::Site roughly_placed(const geometry::Site& truth) {
  geometry::Site site = truth;
  for (geometry::Camera& one : site.cameras) one = displaced(one, 0.2, {1, -0.7, 0.4});
  return site;
}

TEST(PoolCalibration, FindsPosesToTwoCentimetresAndATenthOfADegree) {
  const geometry::Site truth = marked_site();
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    // 110 marks, of which a camera sees 50 to 80. With 25 the standard deviation is 15 mm.
    const PoolPoints points = clicked(truth.cameras, marks_of_pool(true, 1.25), seed, 1);
    const auto found = calibrate_from_points(roughly_placed(truth), points, {.lens = "fixed"});
    ASSERT_TRUE(found) << found.error().message;
    for (size_t i = 0; i < truth.cameras.size(); ++i) {
      const geometry::Camera& one = found->site.cameras[i];
      geometry::Vector3 error = one.position - truth.cameras[i].position;
      error.z() += found->level_m;
      EXPECT_LT(error.norm(), 0.020) << seed << " " << one.name;
      EXPECT_LT(angle_between(one, truth.cameras[i]), 0.1 * kDegree_rad) << seed << " " << one.name;
      EXPECT_LT(error.norm(), 5 * found->cameras[i].position_sigma_m);
      EXPECT_TRUE(found->cameras[i].has_moved);
    }
    EXPECT_NEAR(found->rms_px, std::sqrt(2.0), 0.3);
  }
}

TEST(PoolCalibration, FindsTheWatersLevelToFiveMillimetres) {
  const geometry::Site truth = marked_site();
  const PoolPoints points = clicked(truth.cameras, marks_of_pool(true), 4, 1, -0.05);
  const auto found = calibrate_from_points(truth, points, {.lens = "fixed"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(found->level_m, -0.05, 0.005);
  EXPECT_LT(std::abs(found->level_m + 0.05), 4 * found->level_sigma_m);
  // The site's heights are over the water as it was found.
  EXPECT_NEAR(found->site.pool.freeboard_m, truth.pool.freeboard_m + 0.05, 0.005);
  EXPECT_NEAR(found->site.cameras[2].position.z(), 4.05, 0.02);
  const auto kept = calibrate_from_points(truth, points, {.lens = "fixed", .fixed_level = true});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->level_m, 0);
  EXPECT_GT(kept->rms_px, found->rms_px);
}

TEST(PoolCalibration, MendsALensThatPointsContradict) {
  const geometry::Site truth = marked_site();
  geometry::Site wrong = roughly_placed(truth);
  wrong.cameras[0].fx *= 1.03, wrong.cameras[0].fy *= 1.03;
  wrong.cameras[1].cx += 12, wrong.cameras[1].k[0] += 0.02;
  const PoolPoints points = clicked(truth.cameras, marks_of_pool(true, 1.25), 5, 1);
  const auto found = calibrate_from_points(wrong, points);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->cameras[2].lens, LensFreedom::kFixed);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NE(found->cameras[i].lens, LensFreedom::kFixed);
    geometry::Vector3 error = found->site.cameras[i].position - truth.cameras[i].position;
    error.z() += found->level_m;
    EXPECT_LT(error.norm(), std::max(0.02, 5 * found->cameras[i].position_sigma_m));
    // Points that were not clicked are where the true camera has them.
    for (const PoolPoint& one : marks_of_pool(true, 1.75)) {
      const geometry::Vector3 lowered = one.at - geometry::Vector3(0, 0, found->level_m);
      const auto at = found->site.cameras[i].project_through_water(lowered);
      const auto wanted = truth.cameras[i].project_through_water(one.at);
      if (at && wanted && truth.cameras[i].contains(*wanted)) {
        EXPECT_LT((*at - *wanted).norm(), 3) << i << " " << one.name;
      }
    }
  }
  // It was 3% wrong, and is known to about 1%.
  EXPECT_NEAR(found->site.cameras[0].fx / truth.cameras[0].fx, 1, 0.015);
}

TEST(PoolCalibration, NamesAWrongClickAndTwoThatAreSwapped) {
  const geometry::Site truth = marked_site();
  PoolPoints points = clicked(truth.cameras, marks_of_pool(true), 6, 1);
  std::vector<Click*> of_first;
  for (Click& one : points.clicks) {
    if (one.camera == 0) of_first.push_back(&one);
  }
  const Eigen::Vector2d right = of_first[2]->pixel;
  of_first[2]->pixel += Eigen::Vector2d(60, 0);
  std::swap(of_first[5]->pixel, of_first[8]->pixel);
  const auto found = calibrate_from_points(roughly_placed(truth), points, {.lens = "fixed"});
  ASSERT_TRUE(found) << found.error().message;
  const auto& disagreements = found->cameras[0].disagreements;
  ASSERT_EQ(disagreements.size(), 3u);
  const std::string& name = points.points[of_first[2]->point].name;
  const auto wrong = std::ranges::find(disagreements, name, &Disagreement::point);
  ASSERT_NE(wrong, disagreements.end());
  EXPECT_LT((wrong->expected - right).norm(), 5);
  EXPECT_NEAR(wrong->error_px, 60, 5);
  std::string all;
  for (const std::string& one : found->warnings) all += one + "\n";
  EXPECT_NE(all.find("cam1: " + name + " was clicked at"), std::string::npos) << all;
  EXPECT_NE(all.find("were clicked for each other"), std::string::npos) << all;
  EXPECT_LT((found->site.cameras[0].position - truth.cameras[0].position).norm(), 0.04);
}

TEST(PoolCalibration, RefusesAMirroredOrder) {
  const geometry::Site truth = marked_site();
  PoolPoints points = clicked(truth.cameras, marks_of_pool(false), 7, 1);
  // y runs the other way.
  for (PoolPoint& one : points.points) one.at.y() = 12.5 - one.at.y();
  const auto found = calibrate_from_points(truth, points);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kDegenerate);
  EXPECT_EQ(found.error().message.find("cam1: its points are mirrored"), 0u)
      << found.error().message;
}

TEST(PoolCalibration, RefusesTooFewPointsAndALine) {
  const geometry::Site truth = marked_site();
  PoolPoints few = clicked(truth.cameras, marks_of_pool(true), 8, 1);
  std::erase_if(few.clicks,
                [n = 0](const Click& one) mutable { return one.camera != 0 || ++n > 3; });
  const auto refused = calibrate_from_points(truth, few);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "cam1: 3 points clicked, want 4 or more");
  PoolPoints line = clicked(truth.cameras, marks_of_pool(false), 8, 1);
  std::erase_if(line.clicks, [&](const Click& one) {
    return one.camera != 1 || line.points[one.point].at.y() != 12.5;
  });
  const auto on_line = calibrate_from_points(truth, line);
  ASSERT_FALSE(on_line);
  EXPECT_NE(on_line.error().message.find("points are on one line"), std::string::npos)
      << on_line.error().message;
}

TEST(PoolCalibration, RefusesClicksOfOtherPoints) {
  const geometry::Site truth = marked_site();
  PoolPoints points = clicked(truth.cameras, marks_of_pool(true), 9, 1);
  // Each click has the name of another point.
  for (Click& one : points.clicks) one.point = (7 * one.point + 3) % points.points.size();
  const auto found = calibrate_from_points(truth, points);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("fit no pose of the camera"), std::string::npos)
      << found.error().message;
}

TEST(PoolCalibration, ChecksWhichCameraHasMoved) {
  const geometry::Site site = marked_site();
  geometry::Site today = site;
  today.cameras[3] = displaced(site.cameras[3], 0.5 * kDegree_rad, {0.03, -0.02, 0.017});
  const PoolPoints points = clicked(today.cameras, marks_of_pool(true), 10, 1);
  const auto found = check_cameras(site, points, 1);
  ASSERT_TRUE(found) << found.error().message;
  for (const PointCalibratedCamera& one : found->cameras) {
    EXPECT_EQ(one.has_moved, one.camera == 3) << one.camera;
    if (one.camera != 3) continue;
    EXPECT_NEAR(one.moved_m, 0.040, 4 * one.position_sigma_m);
    EXPECT_NEAR(one.turned_rad, 0.5 * kDegree_rad, 4 * one.rotation_sigma_rad);
    EXPECT_GT(one.before_px, 4 * one.rms_px);
  }
}

}  // namespace
}  // namespace lido::reconstruct
