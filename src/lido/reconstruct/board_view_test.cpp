// SPDX-License-Identifier: Apache-2.0
// Views are projected by OpenCV, through lenses and from poses that the test chooses.
#include "lido/reconstruct/board_view.h"

#include <gtest/gtest.h>

#include <opencv2/calib3d.hpp>
#include <random>

#include "lido/reconstruct/test_board.h"

namespace lido::reconstruct {
namespace {

/// A view of the board by OpenCV, with noise. Corners outside the image are left out.
BoardView projected(const geometry::Camera& camera, const BoardPose& pose, double sigma_px = 0,
                    unsigned seed = 1) {
  cv::Matx33d rotation;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) rotation(i, j) = pose.rotation(i, j);
  }
  cv::Vec3d turn;
  cv::Rodrigues(rotation, turn);
  const cv::Vec3d position(pose.position.x(), pose.position.y(), pose.position.z());
  std::vector<cv::Point3d> corners;
  for (const auto& at : test_board().corner_positions()) corners.emplace_back(at.x(), at.y(), 0);
  // OpenCV counts pixels from the middle of the first one.
  const cv::Matx33d matrix(camera.fx, 0, camera.cx - 0.5, 0, camera.fy, camera.cy - 0.5, 0, 0, 1);
  const std::vector<double> lens(camera.k.begin(), camera.k.end());
  std::vector<cv::Point2d> pixels;
  cv::projectPoints(corners, turn, position, matrix, lens, pixels);
  std::mt19937 engine(seed);
  std::normal_distribution<> noise(0, 1);
  BoardView view;
  for (size_t id = 0; id < pixels.size(); ++id) {
    const Eigen::Vector2d pixel(pixels[id].x + 0.5 + sigma_px * noise(engine),
                                pixels[id].y + 0.5 + sigma_px * noise(engine));
    if (camera.contains(pixel)) view.push_back({static_cast<int>(id), pixel});
  }
  return view;
}

/// Views at many moments.
std::vector<BoardView> projected_views(const geometry::Camera& camera, int moments) {
  std::vector<BoardView> views;
  for (int i = 0; i < moments; ++i) views.push_back(projected(camera, board_at(0.7 * i)));
  return views;
}

BoardView corners_of(const std::vector<int>& ids) {
  BoardView view;
  for (const int id : ids) view.push_back({.id = id});
  return view;
}

TEST(FixesPose, WantsSixCornersThatAreNotInOneLine) {
  const Board board = test_board();  // six inner corners in a row, in four rows
  EXPECT_FALSE(fixes_pose(board, {}));
  EXPECT_FALSE(fixes_pose(board, corners_of({0, 1, 2, 3, 4, 5}))) << "a row";
  EXPECT_FALSE(fixes_pose(board, corners_of({0, 1, 2, 6, 7})));
  EXPECT_TRUE(fixes_pose(board, corners_of({0, 1, 2, 6, 7, 8})));
  const Board tall{.columns = 4, .rows = 8, .square_m = 0.06, .marker_m = 0.045};
  EXPECT_FALSE(fixes_pose(tall, corners_of({0, 3, 6, 9, 12, 15}))) << "a column";
}

TEST(ShowsWholeImage, RefusesALensThatFoldsBackInsideTheImage) {
  geometry::Camera camera{.width = 1280, .height = 720};
  camera.fx = camera.fy = 500, camera.cx = 640, camera.cy = 360;
  EXPECT_TRUE(shows_whole_image(camera));
  // r (1 + k1 r^2) is largest where r^2 is 1 / (3 |k1|). The corner is at 734 / 500 = 1.47.
  camera.k[0] = -0.05;  // 2.58 x 2/3 = 1.72
  EXPECT_TRUE(shows_whole_image(camera));
  camera.k[0] = -0.08;  // 2.04 x 2/3 = 1.36
  EXPECT_FALSE(shows_whole_image(camera));
}

TEST(EstimateLens, FindsTheLensOfExactViews) {
  const geometry::Camera camera = test_cameras(1)[0];
  const auto views = projected_views(camera, 40);
  const auto lens = estimate_lens(test_board(), views, camera.width, camera.height);
  ASSERT_TRUE(lens) << lens.error().message;
  // Corners are given to OpenCV as floats, which have steps of 1e-4 pixels.
  EXPECT_NEAR(lens->fx, camera.fx, 0.05);
  EXPECT_NEAR(lens->fy, camera.fy, 0.05);
  EXPECT_NEAR(lens->cx, camera.cx, 0.05);
  EXPECT_NEAR(lens->cy, camera.cy, 0.05);
  EXPECT_NEAR(lens->k[0], camera.k[0], 1e-3);
  EXPECT_NEAR(lens->k[1], camera.k[1], 1e-2);
  for (const size_t unused : {2, 3, 4}) EXPECT_EQ(lens->k[unused], 0);
  EXPECT_EQ(lens->width, camera.width);
  EXPECT_EQ(lens->height, camera.height);
}

TEST(EstimateLens, CountsTheViewsThatFixAPose) {
  const geometry::Camera camera = test_cameras(1)[0];
  auto views = projected_views(camera, 3);
  views.push_back(corners_of({0, 1, 2, 3, 4, 5}));
  views.emplace_back();
  const auto lens = estimate_lens(test_board(), views, camera.width, camera.height);
  ASSERT_FALSE(lens);
  EXPECT_EQ(lens.error().code, ErrorCode::kDegenerate);
  EXPECT_EQ(lens.error().message,
            "the board is in view 3 times, want 4 or more with at least six corners");
}

TEST(EstimateLens, NeverFoldsBackWhereNoBoardWasSeen) {
  geometry::Camera camera = test_cameras(1)[0];
  camera.k = {-0.3, 0.05, 0, 0, 0};
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::vector<BoardView> views;
    for (int i = 0; i < 6; ++i) {
      BoardPose pose = board_at(0.7 * i);
      pose.position = geometry::Vector3(-0.15, -0.1, 2.5 + 0.1 * i);  // in the middle of the image
      views.push_back(projected(camera, pose, 1, 100 * seed + static_cast<unsigned>(i)));
    }
    const auto lens = estimate_lens(test_board(), views, camera.width, camera.height);
    if (lens) {
      EXPECT_TRUE(shows_whole_image(*lens)) << seed;
    } else {
      EXPECT_EQ(lens.error().code, ErrorCode::kDegenerate) << seed;
    }
  }
}

TEST(PoseInCamera, FindsThePoseOfAnExactView) {
  const geometry::Camera camera = test_cameras(1)[0];
  for (int i = 0; i < 10; ++i) {
    const BoardPose wanted = board_at(1.3 * i);
    const BoardView view = projected(camera, wanted);
    const auto found = pose_in_camera(test_board(), camera, view);
    ASSERT_TRUE(found) << i;
    EXPECT_LT((found->position - wanted.position).norm(), 1e-5) << i;
    EXPECT_LT((found->rotation - wanted.rotation).norm(), 1e-4) << i;
  }
}

TEST(PoseInCamera, IsEmptyForTooFewCorners) {
  const geometry::Camera camera = test_cameras(1)[0];
  BoardView view = projected(camera, board_at(0));
  ASSERT_TRUE(pose_in_camera(test_board(), camera, view));
  view.resize(5);
  EXPECT_FALSE(pose_in_camera(test_board(), camera, view));
  EXPECT_FALSE(pose_in_camera(test_board(), camera, {}));
}

}  // namespace
}  // namespace lido::reconstruct
