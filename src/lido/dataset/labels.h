// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/result.h"

namespace lido::dataset {

/// A box from one moment of a label on.
struct TimedBox {
  double time_s = 0;  ///< Seconds after the clip's first frame; a frame number if `in_frames`.
  Box box;            ///< Pixels of the upright source frame.
};

/// A labelled interval of one clip.
struct Label {
  std::string clip;  ///< Name in the labels file: a full path or URI, or its last parts.
  double start_s = 0;
  double end_s = 0;  ///< Exclusive.
  std::string task;
  std::string label;
  std::string track;            ///< Id of the labelled person; empty for the whole frame.
  std::vector<TimedBox> boxes;  ///< In order of time; each holds until the next. Empty: no box.
  /// True if all times are frame numbers, as in CVAT. Labeller converts them.
  bool in_frames = false;
};

/// Parses labels: CSV or Parquet with the columns clip, start_s, end_s, task, label and optionally
/// track, x, y, width, height; or CVAT for video 1.1 XML. Pure.
/// @return kInvalidArgument that names the line, the row or the CVAT track.
Result<std::vector<Label>> parse_labels(std::string_view bytes);

}  // namespace lido::dataset
