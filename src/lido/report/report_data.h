// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/dataset/label_coverage.h"
#include "lido/report/intervals.h"

namespace lido::report {

/// A frame of a clip's samples.
struct SampleFrame {
  int64_t sample = 0;  ///< Number among the clip's samples, from 0.
  size_t frame = 0;    ///< Number within the sample, from 0.
};

/// Returns up to `max_frames` frames, spread evenly over a clip's samples of `window` frames each.
std::vector<SampleFrame> spread_frames(int64_t samples, size_t window, size_t max_frames);

/// Clips that the report shows, and sums over all clips.
struct ShownClips {
  std::vector<dataset::ClipRow> strips;     ///< Clips with frames in the report, by name.
  std::vector<dataset::ClipRow> timelines;  ///< Clips with a timeline in the report, by name.
  int64_t with_samples = 0;                 ///< Clips that have samples.
  double duration_s = 0;                    ///< Sum over all clips.
  double max_duration_s = 0;
  double skipped_s = 0;  ///< Time without motion, which was not decoded.
  int64_t frames = 0;
  int64_t left_over = 0;  ///< Frames in no sample, since too few remained for a window.
};

/// Samples of one clip that the report shows.
struct ShownSamples {
  int64_t total = 0;                                      ///< Number of samples of the clip.
  int64_t seen = 0;                                       ///< Samples read so far.
  std::map<int64_t, dataset::SampleRow> by_number;        ///< Samples whose frames are shown.
  std::vector<Interval> covered;                          ///< Time in samples.
  std::map<std::string, std::vector<Interval>> labelled;  ///< Time in samples, by label.
};

/// Counts of one label, or of samples without a label.
struct LabelCounts {
  std::map<std::string, int64_t> samples;  ///< By split. A sample counts once.
  double covered_s = 0;                    ///< Time in samples with the label, over all clips.
};

/// Sums over all samples.
struct SampleTotals {
  int64_t bytes = 0;
  std::set<std::string> shards;
  std::map<std::string, int64_t> samples;               // By split.
  std::map<std::string, std::set<std::string>> groups;  // By split.
  std::map<std::string, LabelCounts> labels;            // By full name of the label.
  std::map<std::string, ShownSamples> clips;            // Clips that the report shows.
};

/// Clips that were rejected, and stretches that were left out of broken clips.
struct RejectedClips {
  std::vector<dataset::RejectedRow> first;    ///< The first 200.
  std::map<std::string, double> broken_at_s;  ///< Time of the fault, for clips with a timeline.
  std::vector<dataset::GapRow> first_gaps;    ///< The first 200.
  int64_t gaps = 0;                           ///< Number of all gaps.
  double gap_s = 0;                           ///< Sum over all gaps, seconds.
  int64_t broken = 0;                         ///< Clips with gaps.
  /// Gaps of clips with a timeline, by clip.
  std::map<std::string, std::vector<Interval>> gaps_of;
};

/// Everything that the report shows of the tables of a generation.
struct ReportData {
  ShownClips clips;
  SampleTotals samples;
  RejectedClips rejected;
  std::vector<dataset::LabelCoverage> coverage;  ///< Labelled seconds and those in samples.
};

/// Largest number of frames per clip in the report.
inline constexpr size_t kMaxStripFrames = 8;
/// Largest number of rejected clips, and of gaps, in the report.
inline constexpr size_t kMaxRejected = 200;

/// Returns a label's name with its task: "behaviour: swimming".
std::string full_name(const dataset::SampleLabel& label);

/// Reads the tables of a generation, row by row, so that memory does not grow with the dataset.
Result<ReportData> read_report_data(const dataset::Dataset& dataset,
                                    const dataset::Generation& generation);

}  // namespace lido::report
