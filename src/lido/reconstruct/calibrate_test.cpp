// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/calibrate.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_board.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;

template <typename T>
std::string message(const Result<T>& result) {
  return result ? "done" : result.error().message;
}

double turned_rad(const Camera& a, const Camera& b) {
  return Eigen::AngleAxisd(a.cam_from_world * b.cam_from_world.transpose()).angle();
}

// Truth is the cameras that made the views; deviations of the result are those that it states.
TEST(Calibrate, FindsLensesPosesAndClocks) {
  const auto cameras = test_cameras();
  const std::vector<double> delays_s = {0, 0.012, -0.02, 0.005};
  const auto views = test_views(cameras, delays_s, 80, 10, 0.3);
  const auto found = calibrate(test_board(), views, {.fps = 10});
  ASSERT_TRUE(found) << message(found);
  // Noise of 0.3 px in both coordinates, and the curves of motion between moments.
  EXPECT_NEAR(found->rms_px, 0.3 * std::sqrt(2), 0.06);
  for (size_t i = 0; i < cameras.size(); ++i) {
    const CalibratedCamera& one = found->cameras[i];
    EXPECT_EQ(one.camera.name, cameras[i].name);
    EXPECT_NEAR(one.camera.fx, cameras[i].fx, 4 * one.focal_sigma_px);
    EXPECT_NEAR(one.camera.fy, cameras[i].fy, 4 * one.focal_sigma_px);
    EXPECT_NEAR(one.camera.cx, cameras[i].cx, 4 * one.principal_sigma_px);
    EXPECT_LT(one.focal_sigma_px, 3);
    EXPECT_LT((one.camera.position - cameras[i].position).norm(), 4 * one.position_sigma_m + 1e-12);
    EXPECT_LT(turned_rad(one.camera, cameras[i]), 4 * one.rotation_sigma_rad + 1e-6);
    EXPECT_LT(one.position_sigma_m, 0.01);
    // Corners move along arcs, and between moments along their chords: to 1 ms.
    EXPECT_NEAR(one.delay_s, delays_s[i], 4 * one.delay_sigma_s + 0.001);
  }
  EXPECT_LT(found->distance_rms_m, 0.001);
  EXPECT_GT(found->distances, 1000);
  EXPECT_TRUE(found->warnings.empty()) << found->warnings.front();
}

TEST(Calibrate, IsDisturbedByClocksThatItDoesNotEstimate) {
  const auto views = test_views(test_cameras(), {0, 0.03, -0.03, 0.02}, 80, 10, 0.1);
  const auto with = calibrate(test_board(), views, {.fps = 10});
  const auto without = calibrate(test_board(), views, {.fps = 10, .same_clock = true});
  ASSERT_TRUE(with) << message(with);
  ASSERT_TRUE(without) << message(without);
  EXPECT_GT(without->rms_px, 3 * with->rms_px);
}

TEST(Calibrate, LeavesOutCornersThatAreMistaken) {
  auto views = test_views(test_cameras(), {0, 0, 0, 0}, 60, 10, 0.2);
  for (size_t i = 3; i < 60; i += 7) views[1].views[i][2].pixel += Eigen::Vector2d(60, -35);
  const auto found = calibrate(test_board(), views, {.fps = 10});
  ASSERT_TRUE(found) << message(found);
  EXPECT_LT(found->rms_px, 0.4);
  EXPECT_LT((found->cameras[1].camera.position - test_cameras()[1].position).norm(), 0.01);
}

TEST(Calibrate, CalibratesOneCameraAlone) {
  const auto views = test_views(test_cameras(1), {0}, 60, 10, 0.2);
  const auto found = calibrate(test_board(), views, {.fps = 10});
  ASSERT_TRUE(found) << message(found);
  EXPECT_NEAR(found->cameras[0].camera.fx, 900, 4 * found->cameras[0].focal_sigma_px);
  EXPECT_EQ(found->distances, 0);
}

TEST(Calibrate, NamesTheCameraThatSharesNothing) {
  auto views = test_views(test_cameras(), {0, 0, 0, 0}, 60, 10, 0.2);
  // Camera 2 sees the board only in the second half, the others only in the first.
  for (size_t moment = 0; moment < 60; ++moment) {
    for (size_t i = 0; i < 4; ++i) {
      if ((i == 2) == (moment < 30)) views[i].views[moment].clear();
    }
  }
  const auto found = calibrate(test_board(), views);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kDegenerate);
  EXPECT_EQ(message(found),
            "cam_2: shares 0 moments of the board with the other cameras, want 3 or more. Move "
            "the board where both see it, and check that the clips begin together");
}

TEST(Calibrate, NamesTheCameraThatSeesTooLittle) {
  auto views = test_views(test_cameras(), {0, 0, 0, 0}, 60, 10, 0.2);
  for (size_t i = 2; i < 60; ++i) views[3].views[i].clear();
  EXPECT_EQ(message(calibrate(test_board(), views)),
            "cam_3: the board is in view 2 times, want 4 or more with at least six corners");
}

TEST(Calibrate, WarnsOfCamerasOnOneLine) {
  auto cameras = test_cameras(3);
  for (size_t i = 0; i < 3; ++i) {
    cameras[i].position = {0.3 * static_cast<double>(i), 0, 0};
    cameras[i].cam_from_world.setIdentity();
  }
  const auto found =
      calibrate(test_board(), test_views(cameras, {0, 0, 0}, 80, 10, 0.2), {.fps = 10});
  ASSERT_TRUE(found) << message(found);
  ASSERT_FALSE(found->warnings.empty());
  EXPECT_EQ(found->warnings.back(),
            "the cameras stand on one line: distances across it are uncertain. Move one of them");
}

TEST(Calibrate, WarnsOfWhatTheBoardDidNotCover) {
  auto views = test_views(test_cameras(2), {0, 0}, 80, 10, 0.2);
  for (BoardView& view : views[1].views)
    std::erase_if(view, [](const BoardCorner& one) { return one.pixel.x() > 600; });
  const auto found = calibrate(test_board(), views, {.fps = 10});
  ASSERT_TRUE(found) << message(found);
  ASSERT_EQ(found->warnings.size(), 1U);
  EXPECT_EQ(found->warnings[0].find("cam_1: the board covered "), 0U) << found->warnings[0];
}

TEST(Calibrate, RefusesCamerasWithDifferentMoments) {
  auto views = test_views(test_cameras(2), {0, 0}, 20, 10, 0.2);
  views[1].views.pop_back();
  EXPECT_EQ(message(calibrate(test_board(), views)), "cam_1: 19 moments, want the 20 of cam_0");
  EXPECT_EQ(message(calibrate(test_board(), views, {.fps = 0})), "fps is 0, want 0.1 to 60");
}

}  // namespace
}  // namespace lido::reconstruct
