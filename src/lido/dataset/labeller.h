// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/label_outcome.h"
#include "lido/dataset/label_shape.h"
#include "lido/dataset/labels.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/vocabulary.h"
#include "lido/media/frame_times.h"

namespace lido::dataset {

/// Receives a clip's full name.
using OnClipName = std::function<void(std::string_view clip)>;
/// Calls `on_clip` for every clip of a dataset.
using VisitClips = std::function<Result<void>(const OnClipName& on_clip)>;
/// Returns the time of each frame of a clip.
using ReadFrameTimes = std::function<Result<media::FrameTimes>(const std::string& clip)>;

/// Reads the frame times from the clip itself, by its full name.
/// @return Errors of storage::open_reader() and media::frame_times().
Result<media::FrameTimes> read_frame_times(const std::string& clip);

/// Replaces the labels of samples by those of a labels file. Thread-safe once made.
class Labeller {
 public:
  /// Matches labels with clips: by the full name, or by its last parts if that is unambiguous.
  ///
  /// @param visit_clips       Memory stays bounded by the labels, however many clips there are.
  /// @param fps               Frame rate of the samples.
  /// @param vocabulary        As in check_vocabulary.
  /// @param read_frame_times  Called once for each clip whose labels count frames. A clip that
  ///                          cannot be read gets no label, and outcome() has the reason.
  /// @return kInvalidArgument for an unknown label and for a clip name that matches several clips;
  ///         kUnavailable and kCancelled from `read_frame_times`.
  static Result<Labeller> make(const std::vector<Label>& labels, const VisitClips& visit_clips,
                               const Rational& fps, Vocabulary& vocabulary,
                               const ReadFrameTimes& read_frame_times = dataset::read_frame_times);

  /// Replaces the sample's labels if the labels file names its clip. A sample gets the labels
  /// whose interval holds at least one of its frames: by the frames' PTS for labels that count
  /// frames, by the sampling times otherwise. A label between two sampling times counts as one at
  /// the closest of them. A person's sample gets labels with boxes only if the
  /// boxes match the track. A sample that was cut along a labelled person gets only the labels of
  /// that person, as long as the labels name the person.
  /// @return Whether the sample's labels changed.
  bool apply(SampleRow& sample) const;

  /// Number of labels, with and without a clip.
  int64_t labels() const { return all_labels_; }
  /// Labels of clips that are not in the dataset.
  const UnmatchedLabels& unmatched() const { return unmatched_; }
  /// Returns whether the labels file names a clip. @param clip  Full name.
  bool has_clip(const std::string& clip) const { return by_clip_.contains(clip); }
  /// Clips whose frames could not be read although their labels count frames, with the reason.
  /// apply() leaves their samples alone.
  const std::map<std::string, std::string>& unreadable() const { return unreadable_; }

  /// Returns what the labels of a clip ask samples to show; empty for none. A label with boxes that
  /// are mere points counts as one without.
  /// @param end_k  Sampling times from here on are left out.
  LabelShape shape(const std::string& clip, int64_t end_k) const;
  /// Returns the labels of the dataset's clips as rows of a table, in order of clips.
  std::vector<LabelRow> rows() const;

  /// Returns what became of the labels, once apply() has had all samples of a generation.
  /// @param generation  Its table of clips gives the clips' durations.
  Result<LabelOutcome> outcome(const Dataset& dataset, int generation) const;

 private:
  /// A label of one clip of the dataset.
  struct PlacedLabel {
    Label label;            ///< Times are seconds, or ticks if `in_ticks`.
    std::string clip;       ///< Full name.
    bool in_ticks = false;  ///< Times are compared with the PTS of frames.
    int64_t first_pts = 0;  ///< PTS of the clip's first frame, if `in_ticks`.
    Rational time_base;     ///< Seconds in a PTS tick, if `in_ticks`.
    double start_s = 0;     ///< Seconds after the clip's first frame, for messages.
    double end_s = 0;       ///< As start_s.
    /// Sampling time that shows the label; only for a label that holds no sampling time.
    std::optional<int64_t> only_k;
  };
  explicit Labeller(const Rational& fps) : fps_(fps) {}
  /// The first sampling time at a time or after, in the label's unit.
  int64_t tick_at(const PlacedLabel& placed, double time) const;
  /// The sampling times that show a label.
  Run ticks_of(const PlacedLabel& placed) const;
  /// The boxes of a label at the sampling times before end_k that have one.
  std::vector<LabelledBox> boxes_on_grid(const PlacedLabel& placed, int64_t end_k) const;
  Result<void> match(const std::vector<Label>& labels, const VisitClips& visit_clips);
  Result<void> place(const ReadFrameTimes& read_frame_times);
  void place_in_ticks(PlacedLabel& placed, const media::FrameTimes& times);
  std::vector<SampleLabel> labels_on(const SampleRow& sample,
                                     const std::vector<size_t>& candidates) const;

  Rational fps_;
  std::vector<PlacedLabel> labels_;                       // labels of known clips, in file order
  std::map<std::string, std::vector<size_t>> by_clip_;    // positions in labels_
  std::map<std::string, std::string> unreadable_;         // reasons by clip
  std::shared_ptr<std::vector<std::atomic<bool>>> used_;  // a sample has the label
  int64_t all_labels_ = 0;
  UnmatchedLabels unmatched_;
};

}  // namespace lido::dataset
