// SPDX-License-Identifier: Apache-2.0
#include "lido/model/keypoint_features.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace lido::model {
namespace {

/// Numbers of a frame after those of its keypoints.
constexpr size_t kBoxFeatures = 8;
/// Bound of each number: a wrong keypoint may be far outside of the cutout.
constexpr double kBound = 8;
/// A step between two frames, as a share of the cutout's side, that becomes 1.
constexpr double kUsualStep = 0.2;

/// A cutout's place in the source frame, pixels.
struct Place {
  double x = 0, y = 0;  ///< Middle.
  double side = 1;      ///< Longer side.
};

/// @param mapping  scale_x, scale_y, offset_x, offset_y from source to sample.
Place place_of(std::span<const double> mapping, const loader::Shape& shape) {
  return {(shape.width / 2.0 - mapping[2]) / mapping[0],
          (shape.height / 2.0 - mapping[3]) / mapping[1],
          std::max(shape.width / mapping[0], shape.height / mapping[1])};
}

/// Appends the numbers of one frame.
class FrameFeatures {
 public:
  FrameFeatures(const loader::Shape& shape, const FrameMap& map, std::vector<float>& features)
      : shape_(shape), map_(map), features_(features) {}

  /// @param points  x, y, score of each keypoint; NaN without a pose.
  void add_pose(std::span<const double> points) {
    bool known = false;
    for (size_t i = 0; i + 2 < points.size(); i += 3) {
      const double score = std::clamp(points[i + 2], 0.0, 1.0);
      const double x = 2 * points[i] / shape_.width - 1, y = 2 * points[i + 1] / shape_.height - 1;
      const bool found = std::isfinite(x) && std::isfinite(y) && std::isfinite(score);
      known |= found;
      add(found ? score * x : 0);
      add(found ? score * y : 0);
      add(found ? score : 0);
    }
    add(known ? 1 : 0);
  }
  void add_box(std::span<const double> box) {
    add(box.empty() ? 0 : box[2] / shape_.width);
    add(box.empty() ? 0 : box[3] / shape_.height);
  }
  void add_step(const Place& from, const Place& to, double usual) {
    const double x = (to.x - from.x) / from.side, y = (to.y - from.y) / from.side;
    add((map_[0] * x + map_[1] * y) / usual);
    add((map_[3] * x + map_[4] * y) / usual);
  }
  void add(double value) {
    features_.push_back(
        std::isfinite(value) ? static_cast<float>(std::clamp(value, -kBound, kBound)) : 0.0F);
  }

 private:
  const loader::Shape& shape_;
  const FrameMap& map_;
  std::vector<float>& features_;
};

}  // namespace

int KeypointInput::features() const { return static_cast<int>(3 * names.size() + kBoxFeatures); }

std::vector<float> keypoint_features(const dataset::SampleRow& row, const loader::Shape& shape,
                                     size_t keypoints, const FrameMap& map) {
  const auto frames = static_cast<size_t>(shape.frames);
  const size_t numbers = 3 * keypoints;
  const bool has_pose =
      row.keypoints.size() == frames * numbers &&
      std::ranges::any_of(row.keypoints, [](double value) { return std::isfinite(value); });
  if (!has_pose) return std::vector<float>(frames * (numbers + kBoxFeatures));
  std::vector<float> features;
  features.reserve(frames * (numbers + kBoxFeatures));
  FrameFeatures frame(shape, map, features);
  const bool has_boxes = row.boxes.size() == 4 * frames;
  const bool has_places = row.cutouts.size() == 4 * frames;
  Place first, before;
  for (size_t i = 0; i < frames; ++i) {
    Place now;
    if (has_places) now = place_of(std::span(row.cutouts).subspan(4 * i, 4), shape);
    if (i == 0) first = before = now;
    frame.add_pose(std::span(row.keypoints).subspan(i * numbers, numbers));
    frame.add_box(has_boxes ? std::span(row.boxes).subspan(4 * i, 4) : std::span<const double>());
    frame.add_step(before, now, kUsualStep);
    frame.add_step(first, now, 1);
    frame.add(std::log(now.side / first.side));
    before = now;
  }
  return features;
}

}  // namespace lido::model
