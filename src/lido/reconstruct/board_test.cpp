// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/board.h"

#include <gtest/gtest.h>

namespace lido::reconstruct {
namespace {

std::string message(const Result<Board>& result) {
  return result ? "read" : result.error().message;
}

// The file of caliscope's session with four cameras.
constexpr const char* kCaliscope =
    "columns = 4\nrows = 5\nboard_height = 11.0\nboard_width = 8.5\n"
    "dictionary = \"DICT_4X4_1000\"\nunits = \"inch\"\naruco_scale = 0.75\n"
    "square_size_override_cm = 5.4\ninverted = true\n";

TEST(Board, IsReadAsCaliscopeWritesIt) {
  const auto board = read_board(kCaliscope, "charuco.toml");
  ASSERT_TRUE(board) << message(board);
  EXPECT_TRUE(board->charuco);
  EXPECT_EQ(board->inner_corners(), 12);
  EXPECT_NEAR(board->square_m, 0.054, 1e-12);
  EXPECT_NEAR(board->marker_m, 0.0405, 1e-12);
  EXPECT_TRUE(board->inverted);
  EXPECT_EQ(board->dictionary, "DICT_4X4_1000");
}

TEST(Board, FitsSquaresIntoASheet) {
  const auto board = read_board(
      "columns = 4\nrows = 5 # comment\nboard_height = 11.0\nboard_width = 8.5\nunits = \"inch\"\n"
      "aruco_scale = 0.75\n",
      "b");
  ASSERT_TRUE(board) << message(board);
  // The smaller of 8.5 / 4 and 11 / 5 inches.
  EXPECT_NEAR(board->square_m, 8.5 / 4 * 0.0254, 1e-12);
}

TEST(Board, NumbersCornersAlongColumnsFirst) {
  const auto board =
      read_board("kind = \"checkerboard\"\ncolumns = 4\nrows = 3\nsquare_mm = 50\n", "b");
  ASSERT_TRUE(board) << message(board);
  const auto corners = board->corner_positions();
  ASSERT_EQ(corners.size(), 6U);
  EXPECT_LT((corners[0] - geometry::Vector3(0.05, 0.05, 0)).norm(), 1e-12);
  EXPECT_LT((corners[2] - geometry::Vector3(0.15, 0.05, 0)).norm(), 1e-12);
  EXPECT_LT((corners[3] - geometry::Vector3(0.05, 0.10, 0)).norm(), 1e-12);
}

TEST(Board, NamesWhatIsWrongInItsFile) {
  const auto refused = [](const std::string& text) { return message(read_board(text, "b.toml")); };
  const std::string sides = "columns = 4\nrows = 5\n";
  EXPECT_EQ(refused(sides),
            "b.toml: no square_mm, want the side of a square as measured on the "
            "printed board");
  EXPECT_EQ(refused(sides + "board_height = 11\nboard_width = 8.5\nunits = \"feet\"\n"),
            "b.toml:5: units is feet, want mm, cm, m or inch");
  EXPECT_EQ(refused(sides + "board_height = 11\nboard_width = 8.5\n"),
            "b.toml: no units, want mm, cm, m or inch");
  EXPECT_EQ(refused("columns = many\n"), "b.toml:1: columns is many, want a number of 3 to 50");
  EXPECT_EQ(refused("columns = 4.5\n"), "b.toml:1: columns is 4.5, want a whole number");
  EXPECT_EQ(refused("colour = 1\n").find("b.toml:1: colour is no key of a board, want one of"), 0U);
  EXPECT_EQ(refused("[board]\n"), "b.toml:1: [board] is no setting, want a line key = value");
  EXPECT_EQ(refused("rows = 5\nrows = 5\n"), "b.toml:2: rows is there twice");
  EXPECT_EQ(refused("units = \"inch\n"), "b.toml:1: units is text without an end, want \"text\"");
  EXPECT_EQ(refused(sides + "square_mm = 50\nmarker_mm = 50\n"),
            "b.toml:4: marker_mm is 50, want less than the squares' 50 mm");
  EXPECT_EQ(refused("kind = \"checkerboard\"\ncolumns = 9\nrows = 7\nsquare_mm = 30\n")
                .find("b.toml:3: rows is 7, want an odd number of columns and an even one of rows"),
            0U);
  EXPECT_EQ(refused(sides + "square_mm = 50\ninverted = 1\naruco_scale = 0.7\n"),
            "b.toml:4: inverted is 1, want true or false");
  EXPECT_FALSE(read_board("columns = 4\nrows = 5\nsquare_mm = nan\naruco_scale = 0.7\n", "b"));
}

}  // namespace
}  // namespace lido::reconstruct
