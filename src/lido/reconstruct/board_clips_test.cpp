// SPDX-License-Identifier: Apache-2.0
// Clips of a board that OpenCV drew, at places that the test chooses.
#include "lido/reconstruct/board_clips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <opencv2/aruco/charuco.hpp>
#include <opencv2/imgproc.hpp>

#include "lido/base/test_folder.h"
#include "lido/media/encoder.h"
#include "lido/storage/store.h"

namespace lido::reconstruct {
namespace {

constexpr int kSquareSide_px = 80;

Board small_board() { return {.columns = 4, .rows = 3, .square_m = 0.05, .marker_m = 0.0375}; }

/// An image of 640 x 480 pixels with the board at (x, y), or without.
media::Image image_at(int x, int y, bool has_board) {
  cv::Mat grey(480, 640, CV_8UC1, cv::Scalar(200));
  if (has_board) {
    const Board board = small_board();
    const cv::Size size(board.columns * kSquareSide_px, board.rows * kSquareSide_px);
    cv::Mat drawn;
    cv::aruco::CharucoBoard::create(board.columns, board.rows, 1, 0.75F,
                                    cv::aruco::getPredefinedDictionary(cv::aruco::DICT_4X4_50))
        ->draw(size, drawn, 0, 1);
    drawn.copyTo(grey(cv::Rect(x, y, size.width, size.height)));
    cv::GaussianBlur(grey, grey, {0, 0}, 0.8);
  }
  cv::Mat rgb;
  cv::cvtColor(grey, rgb, cv::COLOR_GRAY2RGB);
  return {640, 480, {rgb.datastart, rgb.dataend}};
}

class FindBoard : public testing::Test {
 protected:
  FindBoard() : store_(*storage::open_store(folder_.string())) {}

  /// Writes a clip of 5 frames a second. Frame k has the board at (60 + 10 k, 100), except those
  /// in `without`.
  std::string write(const std::string& name, int frames, const std::vector<int>& without = {}) {
    const auto writer = *store_->create(name);
    auto encoder = *media::Encoder::open(*writer, 640, 480, {5, 1});
    for (int k = 0; k < frames; ++k) {
      const bool has_board = std::ranges::find(without, k) == without.end();
      EXPECT_TRUE(encoder->push(image_at(60 + 10 * k, 100, has_board)));
    }
    EXPECT_TRUE(encoder->finish());
    EXPECT_TRUE(writer->commit());
    return (folder_ / name).string();
  }
  Result<std::vector<CameraViews>> find(const std::vector<std::string>& uris, double fps = 5) {
    frames_ = 0;
    const auto on_frame = [&](int64_t frames) {
      int64_t most = frames_;
      while (most < frames && !frames_.compare_exchange_weak(most, frames)) {
      }
    };
    return find_board(small_board(), uris, fps, on_frame, stop_.get_token());
  }
  /// Checks that a view shows all corners of frame k.
  static void expect_frame(const BoardView& view, int k) {
    ASSERT_EQ(std::ssize(view), small_board().inner_corners()) << k;
    for (const BoardCorner& corner : view) {
      const int column = corner.id % 3, row = corner.id / 3;
      // Video compression moves corners a little; frames are 10 pixels apart.
      EXPECT_NEAR(corner.pixel.x(), 60 + 10 * k + kSquareSide_px * (column + 1), 0.5) << k;
      EXPECT_NEAR(corner.pixel.y(), 100 + kSquareSide_px * (row + 1), 0.5) << k;
    }
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  std::stop_source stop_;
  std::atomic<int64_t> frames_ = 0;
};

TEST_F(FindBoard, EachFrameOfEachClipIsAViewAtItsMoment) {
  const auto found = find({write("left.mp4", 6, {2}), write("right.1.mp4", 4)});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  const CameraViews& left = (*found)[0];
  EXPECT_EQ(left.name, "left");
  EXPECT_EQ((*found)[1].name, "right.1");
  EXPECT_EQ(left.width, 640);
  EXPECT_EQ(left.height, 480);
  ASSERT_EQ(left.views.size(), 6U);
  for (const int k : {0, 1, 3, 4, 5}) expect_frame(left.views[static_cast<size_t>(k)], k);
  EXPECT_TRUE(left.views[2].empty());
  const auto& right = (*found)[1].views;
  ASSERT_EQ(right.size(), 6U) << "moments of the longest clip";
  for (const int k : {0, 1, 2, 3}) expect_frame(right[static_cast<size_t>(k)], k);
  EXPECT_TRUE(right[4].empty() && right[5].empty());
  EXPECT_EQ(frames_, 10) << "frames of both clips";
}

TEST_F(FindBoard, AFrameOnShowAtSeveralMomentsCountsOnce) {
  const auto found = find({write("slow.mp4", 4)}, 10);
  ASSERT_TRUE(found) << found.error().message;
  const auto& views = (*found)[0].views;
  ASSERT_EQ(views.size(), 7U) << "the fourth frame begins at the seventh moment";
  for (int k = 0; k < 7; ++k) {
    if (k % 2 == 0)
      expect_frame(views[static_cast<size_t>(k)], k / 2);
    else
      EXPECT_TRUE(views[static_cast<size_t>(k)].empty()) << k;
  }
}

TEST_F(FindBoard, AClipWithoutTheBoardIsNamedWithItsFrames) {
  const std::string clip = write("empty.mp4", 3, {0, 1, 2});
  const auto found = find({clip});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kDegenerate);
  EXPECT_EQ(found.error().message, clip + ": none of 3 frames shows the board");
}

TEST_F(FindBoard, TwoClipsOfOneCameraAreRefused) {
  const auto found = find({"/a/cam_0.mp4", "/b/cam_0.mkv"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(found.error().message,
            "/b/cam_0.mkv: two clips of a camera cam_0, want one clip a camera, named like it");
}

TEST_F(FindBoard, ABrokenClipIsNamed) {
  ASSERT_TRUE(store_->write_text("noise.mp4", std::string(5000, 'x')));
  const auto broken = find({(folder_ / "noise.mp4").string()});
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with((folder_ / "noise.mp4").string() + ": "))
      << broken.error().message;
  const auto missing = find({(folder_ / "missing.mp4").string()});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST_F(FindBoard, AStopEndsTheSearch) {
  stop_.request_stop();
  const auto stopped = find({write("left.mp4", 6)});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace lido::reconstruct
