// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/dataset/sample_tables.h"

namespace lido::dataset {

/// A box at one moment of a label.
struct TimedBox {
  double time_s = 0;
  Box box;
};

/// A labelled interval of one clip.
struct Label {
  std::string clip;  ///< As the file names it: a whole path or URI, or its last parts.
  double start_s = 0;
  double end_s = 0;  ///< Exclusive.
  std::string task;
  std::string label;
  std::string track;
  std::vector<TimedBox> boxes;  ///< By time; one alone holds for the whole interval.
  /// CVAT counts frames: the times above are frame numbers until the clip's rate is known.
  bool in_frames = false;
};

/// Reads labels: CSV or Parquet (columns clip, start_s, end_s, task, label, optionally track, x, y,
/// width, height), or CVAT for video 1.1 XML.
/// @return kInvalidArgument that names the line or track and what was wanted.
Result<std::vector<Label>> parse_labels(std::string_view bytes);

/// The labels a dataset knows, by task.
using Vocabulary = std::map<std::string, std::set<std::string>>;

/// Reads "behaviour=drowning,swimming;age=child,adult".
Result<Vocabulary> parse_vocabulary(std::string_view text);

/// What labels need to know of a clip.
using TakeClip = std::function<void(std::string_view clip, double source_fps)>;
using VisitClips = std::function<Result<void>(const TakeClip& take)>;

/// Puts labels on the samples of the clips they name, in place of what these had. Thread-safe.
class Labeller {
 public:
  /// Clips are found by their whole name or by its last parts when that is unambiguous.
  ///
  /// @param visit_clips Calls what it is given for every clip; how many does not matter.
  /// @param fps         Of the samples.
  /// @param vocabulary  When not empty, other labels are refused; when empty it is filled.
  /// @return kInvalidArgument when a label names no clip, more than one, or an unknown label.
  static Result<Labeller> make(const std::vector<Label>& labels, const VisitClips& visit_clips,
                               const Rational& fps, Vocabulary& vocabulary);

  /// A label stands on a sample when at least one frame is inside the interval.
  /// @return Whether the sample's labels changed.
  bool apply(SampleRow& sample) const;

 private:
  explicit Labeller(const Rational& fps) : fps_(fps) {}

  Rational fps_;
  std::map<std::string, std::vector<Label>> by_clip_;
};

}  // namespace lido::dataset
