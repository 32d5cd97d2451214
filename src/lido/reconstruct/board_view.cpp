// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/board_view.h"

#include <algorithm>
#include <limits>
#include <opencv2/calib3d.hpp>
#include <set>

#include "lido/base/counted.h"
#include "lido/geometry/projection.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

// Enough for a start; OpenCV takes time that grows with the cube of views.
constexpr size_t kMaxViews = 16, kMinViews = 4;

/// Place and size of a view, in shares of the image.
using Appearance = Eigen::Vector3d;

Appearance appearance_of(const BoardView& view, int width, int height) {
  const Eigen::Vector2d size(width, height);
  Eigen::Vector2d mean = Eigen::Vector2d::Zero(), low = size, high = Eigen::Vector2d::Zero();
  for (const BoardCorner& one : view) {
    mean += one.pixel.cwiseQuotient(size) / static_cast<double>(view.size());
    low = low.cwiseMin(one.pixel), high = high.cwiseMax(one.pixel);
  }
  return {mean.x(), mean.y(), (high - low).cwiseQuotient(size).norm()};
}

/// Chooses views that differ most: each next one is the farthest from those chosen.
std::vector<const BoardView*> differing(const std::vector<const BoardView*>& views, int width,
                                        int height) {
  std::vector<Appearance> appearances;
  for (const BoardView* view : views) appearances.push_back(appearance_of(*view, width, height));
  std::vector<double> distances(views.size(), std::numeric_limits<double>::infinity());
  std::vector<const BoardView*> chosen;
  // Starts with the view of most corners.
  size_t next = static_cast<size_t>(
      std::ranges::max_element(views, {}, [](const BoardView* v) { return v->size(); }) -
      views.begin());
  while (chosen.size() < std::min(kMaxViews, views.size())) {
    chosen.push_back(views[next]);
    for (size_t i = 0; i < views.size(); ++i)
      distances[i] = std::min(distances[i], (appearances[i] - appearances[next]).norm());
    next = static_cast<size_t>(std::ranges::max_element(distances) - distances.begin());
  }
  return chosen;
}

/// A view's corners as OpenCV wants them, which counts pixels from the middle of the first one.
struct CvView {
  std::vector<cv::Point3f> on_board;
  std::vector<cv::Point2f> in_image;
};

CvView cv_view(const std::vector<Vector3>& corners, const BoardView& view) {
  CvView out;
  for (const BoardCorner& one : view) {
    const Vector3& at = corners[static_cast<size_t>(one.id)];
    out.on_board.emplace_back(static_cast<float>(at.x()), static_cast<float>(at.y()), 0.0F);
    out.in_image.emplace_back(static_cast<float>(one.pixel.x() - 0.5),
                              static_cast<float>(one.pixel.y() - 0.5));
  }
  return out;
}

Camera camera_of(const cv::Mat& matrix, const cv::Mat& distortion, int width, int height) {
  Camera camera{.width = width, .height = height};
  camera.position = Vector3::Zero();
  camera.fx = matrix.at<double>(0, 0), camera.fy = matrix.at<double>(1, 1);
  camera.cx = matrix.at<double>(0, 2) + 0.5, camera.cy = matrix.at<double>(1, 2) + 0.5;
  for (int i = 0; i < 5; ++i) camera.k[static_cast<size_t>(i)] = distortion.at<double>(i);
  return camera;
}

}  // namespace

bool shows_whole_image(const Camera& camera) {
  for (const double x : {0.0, 0.5, 1.0}) {
    for (const double y : {0.0, 0.5, 1.0}) {
      if (!geometry::unproject(camera, {x * camera.width, y * camera.height})) return false;
    }
  }
  return true;
}

bool fixes_pose(const Board& board, const BoardView& view) {
  std::set<int> rows, columns;
  for (const BoardCorner& one : view) {
    rows.insert(one.id / board.inner_columns());
    columns.insert(one.id % board.inner_columns());
  }
  return view.size() >= 6 && rows.size() >= 2 && columns.size() >= 2;
}

Result<Camera> estimate_lens(const Board& board, std::span<const BoardView> views, int width,
                             int height) {
  std::vector<const BoardView*> useful;
  for (const BoardView& view : views) {
    if (fixes_pose(board, view)) useful.push_back(&view);
  }
  if (useful.size() < kMinViews)
    return fail(ErrorCode::kDegenerate,
                "the board is in view {}, want {} or more with at least six corners",
                counted(std::ssize(useful), "time"), kMinViews);
  std::vector<std::vector<cv::Point3f>> on_board;
  std::vector<std::vector<cv::Point2f>> in_image;
  const std::vector<Vector3> corners = board.corner_positions();
  for (const BoardView* view : differing(useful, width, height)) {
    CvView one = cv_view(corners, *view);
    on_board.push_back(std::move(one.on_board));
    in_image.push_back(std::move(one.in_image));
  }
  // Where no view is near the edges, more coefficients fit a lens that folds back there.
  constexpr int kAlways = cv::CALIB_USE_LU | cv::CALIB_ZERO_TANGENT_DIST | cv::CALIB_FIX_K3;
  for (const int fixed : {0, int{cv::CALIB_FIX_K2}, cv::CALIB_FIX_K1 | cv::CALIB_FIX_K2}) {
    cv::Mat matrix, distortion;
    try {
      cv::calibrateCamera(on_board, in_image, {width, height}, matrix, distortion, cv::noArray(),
                          cv::noArray(), kAlways | fixed);
    } catch (const cv::Exception& error) {
      return fail(ErrorCode::kDegenerate, "OpenCV finds no lens that fits: {}", error.err);
    }
    Camera camera = camera_of(matrix, distortion, width, height);
    if (shows_whole_image(camera)) return camera;
  }
  return fail(ErrorCode::kDegenerate, "no lens fits the {} views of the board", on_board.size());
}

std::optional<BoardPose> pose_in_camera(const Board& board, const Camera& camera,
                                        const BoardView& view) {
  if (!fixes_pose(board, view)) return std::nullopt;
  // Pixels of a camera without distortion and with focal length 1.
  std::vector<cv::Point3d> on_board;
  std::vector<cv::Point2d> in_image;
  const std::vector<Vector3> corners = board.corner_positions();
  for (const BoardCorner& one : view) {
    const auto ray = geometry::unproject(camera, one.pixel);
    if (!ray) continue;
    const Vector3& at = corners[static_cast<size_t>(one.id)];
    on_board.emplace_back(at.x(), at.y(), at.z());
    in_image.emplace_back(ray->x() / ray->z(), ray->y() / ray->z());
  }
  if (on_board.size() < 6) return std::nullopt;
  cv::Mat rotation_vector, translation, rotation;
  try {
    const cv::Mat plain = cv::Mat::eye(3, 3, CV_64F);
    if (!cv::solvePnP(on_board, in_image, plain, cv::noArray(), rotation_vector, translation, false,
                      cv::SOLVEPNP_IPPE))
      return std::nullopt;
    cv::solvePnPRefineLM(on_board, in_image, plain, cv::noArray(), rotation_vector, translation);
    cv::Rodrigues(rotation_vector, rotation);
  } catch (const cv::Exception&) {
    return std::nullopt;
  }
  BoardPose pose;
  for (int i = 0; i < 3; ++i) {
    pose.position[i] = translation.at<double>(i);
    for (int j = 0; j < 3; ++j) pose.rotation(i, j) = rotation.at<double>(i, j);
  }
  if (!pose.position.allFinite() || pose.position.z() <= 0) return std::nullopt;
  return pose;
}

}  // namespace lido::reconstruct
