// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
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
  /// Boxes of the track at moments, from a file of their own; between two of them the box is
  /// interpolated. Shared by the labels of the track; null for none, and next to `boxes`.
  std::shared_ptr<const std::vector<TimedBox>> track_boxes;
  std::string place;  ///< Where the file has the label: "line 3", "row 2", "track \"7\"".
};

/// Whether a label has boxes of the person.
inline bool has_boxes(const Label& label) { return !label.boxes.empty() || label.track_boxes; }

/// The labels of a file.
struct LabelsFile {
  std::vector<Label> labels;
  /// Lines about the file: it has no rows, rows are repeated, attributes are not read.
  std::vector<std::string> remarks;
};

/// Returns the name of a task or label as datasets have it: composed (NFC), without blanks around
/// it. Pure.
std::string class_name(std::string_view text);

/// Parses labels: CSV or Parquet with the columns clip, start_s, end_s, task, label and optionally
/// track, x, y, width, height; or CVAT for video 1.1 XML. Rows that repeat an earlier
/// one are dropped. Pure.
/// @return kInvalidArgument that names the line, the row or the CVAT track.
Result<LabelsFile> parse_labels(std::string_view bytes);

/// Reads and parses a labels file of up to 4 GiB.
/// @param boxes_uri  A file of boxes for the labels: read_label_boxes(). Empty for none.
/// @return Errors of storage::open_reader(), parse_labels() and read_label_boxes(), with the URI.
Result<LabelsFile> read_labels(const std::string& uri, const std::string& boxes_uri = "");

}  // namespace lido::dataset
