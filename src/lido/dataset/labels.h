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
  /// Pixels of the upright source frame. Width and height are 0 for a point.
  Box box;
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
  std::string place = {};  ///< Where the file has the label: "line 3", "row 2", "track \"7\"".
};

/// The labels of a file.
struct LabelsFile {
  std::vector<Label> labels;
  /// Lines about the file: it has no rows, rows are repeated, attributes are not read.
  std::vector<std::string> remarks;
};

/// Parses labels: CSV or Parquet with the columns clip, start_s, end_s, task, label and optionally
/// track, x, y, width, height; or CVAT for video 1.1 XML. Rows that repeat an earlier
/// one are dropped. Pure.
/// @return kInvalidArgument that names the line, the row or the CVAT track.
Result<LabelsFile> parse_labels(std::string_view bytes);

/// Reads and parses a labels file of up to 4 GiB.
/// @return Errors of storage::open_reader() and parse_labels(), with the URI.
Result<LabelsFile> read_labels(const std::string& uri);

}  // namespace lido::dataset
