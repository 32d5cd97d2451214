// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/labels.h"

namespace lido::dataset {

/// Longest time between two boxes of a track over which the box is interpolated, seconds.
inline constexpr double kMaxBoxGap_s = 2;
/// Time for which the first and the last box of a stretch stay, seconds.
inline constexpr double kMaxHold_s = 0.25;

/// Gives labels the boxes of their track. CSV or Parquet with the columns clip, track, time_s, x,
/// y, width, height: a row for each box of a person. Clip and track are written as in the labels.
/// Labels with boxes of their own keep those. Adds remarks about boxes of no label.
/// @return kInvalidArgument that names the line or the row.
Result<void> add_label_boxes(LabelsFile& file, std::string_view bytes);

/// Reads boxes from a file of up to 4 GiB, as add_label_boxes.
/// @return Errors of storage::open_reader() and add_label_boxes(), with the URI.
Result<void> read_label_boxes(LabelsFile& file, const std::string& uri);

/// Returns the box at a time, interpolated between two boxes at most kMaxBoxGap_s apart. Up to
/// kMaxHold_s before the first box and after the last one of a stretch, that box stays.
/// @param boxes  In order of time. Pure.
std::optional<Box> box_between(const std::vector<TimedBox>& boxes, double time_s);

}  // namespace lido::dataset
