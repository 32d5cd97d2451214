// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/board_finder.h"

#include <gtest/gtest.h>

#include <opencv2/aruco/charuco.hpp>
#include <opencv2/imgproc.hpp>

namespace lido::reconstruct {
namespace {

constexpr int kSquare_px = 100, kMargin_px = 50;

Board charuco() { return {.columns = 4, .rows = 5, .square_m = 0.05, .marker_m = 0.0375}; }

/// A board drawn flat, 100 pixels a square with a margin of 50, as OpenCV prints it.
cv::Mat drawn(const Board& board) {
  const cv::Size size(board.columns * kSquare_px + 2 * kMargin_px,
                      board.rows * kSquare_px + 2 * kMargin_px);
  cv::Mat image(size, CV_8UC1, cv::Scalar(255));
  if (board.charuco) {
    const auto dictionary = cv::aruco::getPredefinedDictionary(cv::aruco::DICT_4X4_50);
    cv::aruco::CharucoBoard::create(board.columns, board.rows, 1, 0.75F, dictionary)
        ->draw(size, image, kMargin_px, 1);
    return image;
  }
  for (int y = 0; y < board.rows; ++y) {
    for (int x = y % 2; x < board.columns; x += 2)
      cv::rectangle(
          image, {kMargin_px + x * kSquare_px, kMargin_px + y * kSquare_px, kSquare_px, kSquare_px},
          cv::Scalar(0), cv::FILLED);
  }
  return image;
}

/// A view of the drawn board by a tilted camera.
const cv::Matx33d kView(0.8, 0.12, 60, -0.05, 0.75, 80, 1e-4, 2e-4, 1);

media::GreyImage seen(const cv::Mat& board) {
  cv::Mat image;
  cv::warpPerspective(board, image, kView, {640, 560}, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                      cv::Scalar(255));
  cv::GaussianBlur(image, image, {0, 0}, 0.8);
  return {640, 560, {image.datastart, image.dataend}};
}

/// Where a corner of the drawn board is in the view, counted from the image's edge.
Eigen::Vector2d expected(int column, int row) {
  // Square borders are between pixels: in OpenCV's count half a pixel before.
  const cv::Vec3d at = kView * cv::Vec3d(kMargin_px + column * kSquare_px - 0.5,
                                         kMargin_px + row * kSquare_px - 0.5, 1);
  return {at[0] / at[2] + 0.5, at[1] / at[2] + 0.5};
}

TEST(BoardFinder, FindsEveryCornerOfACharucoBoard) {
  const Board board = charuco();
  auto finder = BoardFinder::make(board);
  ASSERT_TRUE(finder);
  const auto corners = finder->find(seen(drawn(board)));
  ASSERT_TRUE(corners);
  ASSERT_EQ(corners->size(), 12U);
  Eigen::Vector2d mean = Eigen::Vector2d::Zero();
  for (const BoardCorner& one : *corners) {
    const Eigen::Vector2d error = one.pixel - expected(one.id % 3 + 1, one.id / 3 + 1);
    // The edges of a marker beside a corner disturb its refinement.
    EXPECT_LT(error.norm(), 0.8) << one.id;
    mean += error / 12;
  }
  EXPECT_LT(mean.norm(), 0.15);  // a wrong count of half pixels would be 0.7
}

TEST(BoardFinder, FindsEveryCornerOfACheckerboard) {
  const Board board{.charuco = false, .columns = 6, .rows = 5, .square_m = 0.05};
  auto finder = BoardFinder::make(board);
  ASSERT_TRUE(finder);
  const auto corners = finder->find(seen(drawn(board)));
  ASSERT_TRUE(corners);
  ASSERT_EQ(corners->size(), 20U);
  for (const BoardCorner& one : *corners) {
    const Eigen::Vector2d there = expected(one.id % 5 + 1, one.id / 5 + 1);
    const Eigen::Vector2d turned = expected(5 - one.id % 5, 4 - one.id / 5);
    EXPECT_LT(std::min((one.pixel - there).norm(), (one.pixel - turned).norm()), 0.3) << one.id;
  }
}

TEST(BoardFinder, FindsAPartOfACharucoBoard) {
  const Board board = charuco();
  cv::Mat image = drawn(board);
  image.colRange(image.cols / 2 + 60, image.cols) = 255;
  const auto corners = BoardFinder::make(board)->find(seen(image));
  ASSERT_TRUE(corners);
  EXPECT_GE(corners->size(), 4U);
  EXPECT_LT(corners->size(), 12U);
}

TEST(BoardFinder, FindsABoardPrintedWhiteOnBlack) {
  Board board = charuco();
  cv::Mat inverted;
  cv::bitwise_not(drawn(board), inverted);
  auto finder = BoardFinder::make(board);
  EXPECT_TRUE(finder->find(seen(inverted))->empty());
  EXPECT_EQ(finder->explain(seen(inverted)),
            "the board is printed the other way round: set inverted = true");
  board.inverted = true;
  EXPECT_EQ(BoardFinder::make(board)->find(seen(inverted))->size(), 12U);
}

TEST(BoardFinder, ExplainsWhyNothingIsFound) {
  cv::Mat mirrored;
  cv::flip(drawn(charuco()), mirrored, 1);
  auto finder = BoardFinder::make(charuco());
  EXPECT_TRUE(finder->find(seen(mirrored))->empty());
  EXPECT_EQ(finder->explain(seen(mirrored)),
            "it shows the board mirrored: turn mirroring off in the camera");
  Board other = charuco();
  other.dictionary = "DICT_6X6_250";
  EXPECT_EQ(BoardFinder::make(other)->explain(seen(drawn(charuco()))),
            "it shows 10 markers of DICT_4X4_50, and the board has DICT_6X6_250");
  const cv::Mat grey(560, 640, CV_8UC1, cv::Scalar(128));
  EXPECT_EQ(finder->explain(seen(grey)), "");
}

TEST(BoardFinder, RefusesADictionaryThatCannotBe) {
  Board board = charuco();
  board.dictionary = "DICT_9X9";
  EXPECT_EQ(BoardFinder::make(board).error().message,
            "dictionary is DICT_9X9, want one of OpenCV's, like DICT_4X4_50 or DICT_6X6_250");
  board.dictionary = "DICT_4X4_50";
  board.columns = 12, board.rows = 12;
  EXPECT_EQ(BoardFinder::make(board).error().message,
            "DICT_4X4_50 has 50 markers, want the 72 of a 12 x 12 board");
}

}  // namespace
}  // namespace lido::reconstruct
