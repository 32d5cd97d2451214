// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/result.h"
#include "lido/dataset/labels.h"
#include "lido/dataset/sample_tables.h"

namespace lido::model {

/// A person of one clip, from a table of keypoints.
struct KeypointPerson {
  int64_t track = 0;                     ///< Id of the person in the table.
  std::vector<dataset::TimedBox> boxes;  ///< In order of time, each time once. Never empty.
  /// x, y, score of each keypoint at the times of the boxes; source pixels.
  std::map<double, std::vector<double>> poses;
};

/// Sets the keypoints of a sample of a person: in each frame the pose that is closest in time, at
/// most half a sampling interval away, in the pixels of the cutout; NaN without one. Pure.
/// @param keypoints  Number of keypoints; a pose with another number does not count.
/// @param fps        Frames of the sample a second.
void set_keypoints(dataset::SampleRow& row, const KeypointPerson& person, size_t keypoints,
                   double fps);

/// Share of the keypoints' width and height by which a box reaches beyond them on each side: a head
/// is above the eyes, feet are below the ankles.
inline constexpr double kKeypointMargin = 0.15;
/// Keypoints below this score are no part of the box.
inline constexpr double kMinKeypointScore = 0.2;

/// Returns the box around keypoints (x, y, score of each). Empty where those with a score of
/// kMinKeypointScore or more do not span a pixel each way. Pure.
std::optional<Box> box_of_keypoints(std::span<const double> keypoints);

/// Reads the people of one clip from a Parquet table of keypoints (dataset::KeypointRow), such as
/// the poses.parquet of `lido scene --poses` or of a dataset. The box of a row is the one that the
/// table has, or else the one around its keypoints; a row without a box is left out.
/// @param clip  Full path or URI; rows of other clips are left out. The table may name the clip by
///              its last parts.
/// @return People in order of track, one or more. kInvalidArgument for a bad row, named by its
///         number, and for a table without people of the clip; kNotFound and kCorrupt as
///         dataset::visit_table().
Result<std::vector<KeypointPerson>> read_keypoint_people(const std::string& uri,
                                                         const std::string& clip);

}  // namespace lido::model
