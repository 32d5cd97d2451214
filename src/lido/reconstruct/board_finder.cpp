// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/board_finder.h"

#include <algorithm>
#include <array>
#include <opencv2/aruco/charuco.hpp>
#include <opencv2/calib3d.hpp>
#include <opencv2/imgproc.hpp>

namespace lido::reconstruct {
namespace {

struct NamedDictionary {
  std::string_view name;
  cv::aruco::PREDEFINED_DICTIONARY_NAME id;
};

#define LIDO_DICTIONARY(name) \
  NamedDictionary { #name, cv::aruco::name }
constexpr std::array kDictionaries = {
    LIDO_DICTIONARY(DICT_4X4_50),        LIDO_DICTIONARY(DICT_4X4_100),
    LIDO_DICTIONARY(DICT_4X4_250),       LIDO_DICTIONARY(DICT_4X4_1000),
    LIDO_DICTIONARY(DICT_5X5_50),        LIDO_DICTIONARY(DICT_5X5_100),
    LIDO_DICTIONARY(DICT_5X5_250),       LIDO_DICTIONARY(DICT_5X5_1000),
    LIDO_DICTIONARY(DICT_6X6_50),        LIDO_DICTIONARY(DICT_6X6_100),
    LIDO_DICTIONARY(DICT_6X6_250),       LIDO_DICTIONARY(DICT_6X6_1000),
    LIDO_DICTIONARY(DICT_7X7_50),        LIDO_DICTIONARY(DICT_7X7_100),
    LIDO_DICTIONARY(DICT_7X7_250),       LIDO_DICTIONARY(DICT_7X7_1000),
    LIDO_DICTIONARY(DICT_ARUCO_ORIGINAL)};
#undef LIDO_DICTIONARY

/// Markers found in an image.
struct Markers {
  std::vector<int> ids;
  std::vector<std::vector<cv::Point2f>> corners;
};

Markers find_markers(const cv::Mat& image, const cv::Ptr<cv::aruco::Dictionary>& dictionary) {
  Markers markers;
  cv::aruco::detectMarkers(image, dictionary, markers.corners, markers.ids);
  return markers;
}

cv::Mat matrix_of(const media::GreyImage& image, bool inverted) {
  // OpenCV takes constant pixels only through a cast; they are not written.
  const cv::Mat view(image.height, image.width, CV_8UC1, const_cast<uint8_t*>(image.grey.data()));
  cv::Mat out;
  if (inverted)
    cv::bitwise_not(view, out);
  else
    out = view;
  return out;
}

/// OpenCV counts pixels from the middle of the first one, except those of ChArUco corners, which
/// OpenCV 4.6 counts from its edge as Lido does.
Eigen::Vector2d from_edge(const cv::Point2f& point) { return {point.x + 0.5, point.y + 0.5}; }

std::vector<BoardCorner> sorted(std::vector<BoardCorner> corners) {
  std::ranges::sort(corners, {}, &BoardCorner::id);
  return corners;
}

}  // namespace

struct BoardFinder::State {
  Board board;
  cv::Ptr<cv::aruco::Dictionary> dictionary;
  cv::Ptr<cv::aruco::CharucoBoard> charuco;

  std::vector<BoardCorner> find_charuco(const cv::Mat& image) const {
    const Markers markers = find_markers(image, dictionary);
    std::vector<BoardCorner> corners;
    if (markers.ids.empty()) return corners;
    std::vector<cv::Point2f> points;
    std::vector<int> ids;
    cv::aruco::interpolateCornersCharuco(markers.corners, markers.ids, image, charuco, points, ids);
    for (size_t i = 0; i < ids.size(); ++i)
      corners.push_back({ids[i], Eigen::Vector2d(points[i].x, points[i].y)});
    return sorted(std::move(corners));
  }

  std::vector<BoardCorner> find_checkerboard(const cv::Mat& image) const {
    std::vector<cv::Point2f> points;
    std::vector<BoardCorner> corners;
    if (!cv::findChessboardCornersSB(image, {board.inner_columns(), board.inner_rows()}, points))
      return corners;
    for (size_t i = 0; i < points.size(); ++i)
      corners.push_back({static_cast<int>(i), from_edge(points[i])});
    return corners;
  }

  std::vector<BoardCorner> find(const cv::Mat& image) const {
    return board.charuco ? find_charuco(image) : find_checkerboard(image);
  }

  /// Number of markers that the board has.
  int markers() const { return board.columns * board.rows / 2; }

  std::string explain_markers(const cv::Mat& image) const {
    const Markers markers_here = find_markers(image, dictionary);
    if (!markers_here.ids.empty()) {
      const int highest = *std::ranges::max_element(markers_here.ids);
      if (highest >= markers())
        return fmt::format(
            "it shows marker {}, and a board of {} x {} squares has markers 0 to {}: columns and "
            "rows may be wrong",
            highest, board.columns, board.rows, markers() - 1);
      return fmt::format("it shows {} of the board's {} markers, too few side by side",
                         markers_here.ids.size(), markers());
    }
    for (const NamedDictionary& other : kDictionaries) {
      const auto found = find_markers(image, cv::aruco::getPredefinedDictionary(other.id));
      // A few false markers are found in many images.
      if (found.ids.size() >= 3)
        return fmt::format("it shows {} markers of {}, and the board has {}", found.ids.size(),
                           other.name, board.dictionary);
    }
    return {};
  }
};

BoardFinder::BoardFinder(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoardFinder::BoardFinder(BoardFinder&&) noexcept = default;
BoardFinder& BoardFinder::operator=(BoardFinder&&) noexcept = default;
BoardFinder::~BoardFinder() = default;

Result<BoardFinder> BoardFinder::make(const Board& board) {
  auto state = std::make_unique<State>();
  state->board = board;
  if (!board.charuco) return BoardFinder(std::move(state));
  const auto* found = std::ranges::find(kDictionaries, board.dictionary, &NamedDictionary::name);
  if (found == kDictionaries.end())
    return fail(ErrorCode::kInvalidArgument,
                "dictionary is {}, want one of OpenCV's, like DICT_4X4_50 or DICT_6X6_250",
                board.dictionary);
  state->dictionary = cv::aruco::getPredefinedDictionary(found->id);
  if (state->dictionary->bytesList.rows < state->markers())
    return fail(ErrorCode::kInvalidArgument, "{} has {} markers, want the {} of a {} x {} board",
                board.dictionary, state->dictionary->bytesList.rows, state->markers(),
                board.columns, board.rows);
  state->charuco =
      cv::aruco::CharucoBoard::create(board.columns, board.rows, static_cast<float>(board.square_m),
                                      static_cast<float>(board.marker_m), state->dictionary);
  return BoardFinder(std::move(state));
}

Result<std::vector<BoardCorner>> BoardFinder::find(const media::GreyImage& image) {
  try {
    return state_->find(matrix_of(image, state_->board.inverted));
  } catch (const cv::Exception& error) {
    return fail(ErrorCode::kCorrupt, "OpenCV cannot look for the board: {}", error.err);
  }
}

std::string BoardFinder::explain(const media::GreyImage& image) {
  try {
    cv::Mat mirrored;
    const cv::Mat plain = matrix_of(image, state_->board.inverted);
    cv::flip(plain, mirrored, 1);
    if (state_->board.charuco && !state_->find(mirrored).empty())
      return "it shows the board mirrored: turn mirroring off in the camera";
    if (!state_->find(matrix_of(image, !state_->board.inverted)).empty())
      return fmt::format("the board is printed the other way round: set inverted = {}",
                         state_->board.inverted ? "false" : "true");
    return state_->board.charuco ? state_->explain_markers(plain) : std::string();
  } catch (const cv::Exception&) {
    return {};
  }
}

}  // namespace lido::reconstruct
