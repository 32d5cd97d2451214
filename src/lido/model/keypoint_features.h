// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "lido/dataset/sample_tables.h"
#include "lido/loader/batch.h"

namespace lido::model {

/// Input of a network that sees keypoints.
struct KeypointInput {
  std::vector<std::string> names;  ///< Names of the keypoints, in their order.
  bool operator==(const KeypointInput&) const = default;

  /// Numbers that the network gets for each frame.
  int features() const;
};

/// x_out = m[0] x + m[1] y + m[2], y_out = m[3] x + m[4] y + m[5], as in dataset::Augmentation.
using FrameMap = std::array<double, 6>;

/// Returns what the network gets of a sample: frames x features. All 0 for a sample without a pose
/// in any frame: the stream is missing then. Pure.
///
/// For each keypoint: its place relative to the middle of the cutout over half its side, times its
/// score, and its score; 0 in a frame without a pose. The cutout is the person's box with a margin,
/// so that neither place nor size in the frame count. Then 1 or 0, whether the frame has a pose;
/// width and height of the box over the cutout's side; the steps of the box since the frame before
/// and since the first frame, over its side, and how much it grew since the first: ln of the ratio.
/// The box moves with the camera, too. No number is beyond -8 to 8.
///
/// @param row        A sample of a person; its keypoints and boxes may be augmented.
/// @param shape      Frames, and the size of the cutouts.
/// @param keypoints  Number of keypoints.
/// @param map        Map of the augmentation, which turns and mirrors the steps of the box.
std::vector<float> keypoint_features(const dataset::SampleRow& row, const loader::Shape& shape,
                                     size_t keypoints, const FrameMap& map = {1, 0, 0, 0, 1, 0});

}  // namespace lido::model
