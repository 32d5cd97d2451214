// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/label_coverage.h"
#include "lido/ingest/options.h"
#include "lido/part/options.h"

namespace lido::ingest {

/// An ingest that a user asks for.
struct Request {
  std::vector<std::string> inputs;  ///< Files, folders, globs, prefixes and lists: find_inputs().
  std::string out;                  ///< The dataset: a folder, gs:// or s3://.
  std::string labels;               ///< A labels file; empty for none.
  std::string label_boxes;          ///< A file of boxes for the labels; empty for none.
  std::string classes;  ///< "behaviour=drowning,swimming;age=child": labels that the dataset has;
                        ///< empty for those in the labels file.
  part::SampleOptions sampling;
  JobOptions job;
};

/// A clip that was rejected, or the first gap of a clip that broke.
struct ClipFault {
  std::string clip;
  double time_s = 0;  ///< Start of what could not be read, seconds after the clip's first frame.
  std::string reason;
  bool rejected = false;  ///< Nothing of the clip is used.
  bool retried = false;   ///< The next ingest tries again.
  bool operator==(const ClipFault&) const = default;
};

/// Largest number of rejected clips, and of broken ones, that a summary names.
inline constexpr size_t kMaxFaults = 3;

/// The result of an ingest.
struct Summary {
  int generation = 0;             ///< Number of the new generation; 0 when there was nothing new.
  int64_t clips = 0;              ///< New clips.
  int64_t known = 0;              ///< Clips that the dataset had already.
  int64_t ignored = 0;            ///< Files skipped for their extension.
  int64_t unreadable_inputs = 0;  ///< Folders and files that could not be listed.
  int64_t system_files = 0;       ///< Trash, snapshots and indexes that were skipped.
  int64_t repeated_inputs = 0;    ///< Further names of clips and folders that were read once.
  int64_t copies = 0;             ///< Files left out as copies of other clips.
  int64_t changed = 0;            ///< Clips left out, since they changed after they were ingested.
  int64_t forgotten = 0;          ///< Clips with forgotten footage, which is left out.
  int64_t rejected = 0;           ///< New clips of which nothing is used.
  int64_t broken = 0;             ///< New clips that are used except for their gaps.
  int64_t samples = 0;
  int64_t frames = 0;
  int64_t left_over = 0;      ///< Sum of ClipRow::left_over.
  int64_t unused_frames = 0;  ///< Frames in no sample of any kind.
  int64_t shards = 0;
  int64_t shard_bytes = 0;
  int64_t source_bytes = 0;  ///< Size of the new clips.
  double source_hours = 0;   ///< Footage of the new clips.
  double skipped_hours = 0;  ///< Footage skipped by --fps auto, because nothing moved.
  double gap_hours = 0;      ///< Footage left out in gaps.
  int64_t spans = 0;
  int64_t spans_resumed = 0;     ///< Spans that an earlier run had read.
  int64_t labels_unmatched = 0;  ///< Labels of clips that are not in the dataset.
  int64_t labels_read = 0;
  int64_t labels_on_no_sample = 0;  ///< Labels of clips of the dataset that no sample has.
  int64_t labels_beyond_end = 0;    ///< Labels that end over one second after their clip.
  /// The first labels on no sample: dataset::lost_json().
  nlohmann::ordered_json labels_lost = nlohmann::ordered_json::array();
  /// Labelled seconds and those in samples, of the labels file's clips.
  std::vector<dataset::LabelCoverage> coverage;
  /// Whether there are labels, and the clips of all of them are missing: a wrong name, perhaps.
  bool has_no_label_matched() const { return labels_read > 0 && labels_unmatched == labels_read; }
  /// Files and the clips that they are copies of; the first thousand.
  std::vector<std::pair<std::string, std::string>> copy_of;
  std::vector<std::string> changed_clips;  ///< Names of changed clips; the first thousand.
  std::vector<std::string> warnings;       ///< Lines about what was left out, for a terminal.
  std::vector<ClipFault> faults;  ///< The first kMaxFaults rejected and broken clips, by URI.
};

/// A request as JSON text, for another process.
std::string to_text(const Request& request);
/// Reads what to_text wrote. @return kInvalidArgument.
Result<Request> parse_request(const std::string& text);

/// A summary as JSON, as --json prints it.
nlohmann::ordered_json summary_json(const Summary& summary);
/// Reads what summary_json wrote. A missing number is 0, a missing list empty.
Summary parse_summary(const nlohmann::ordered_json& json);

}  // namespace lido::ingest
