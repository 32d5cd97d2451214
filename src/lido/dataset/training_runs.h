// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Folder of a dataset with a file for each training run that read it.
inline constexpr const char* kRunsFolder = "training_runs";

/// A training run that read samples of a dataset: training_runs/ID.json.
struct TrainingRun {
  std::string id;                   ///< Name of the file without ".json".
  std::string folder;               ///< Path or URI of the run.
  std::string begun_utc;            ///< RFC 3339.
  std::string revision;             ///< Version and commit of the program.
  std::string network;              ///< "people" or "gesture".
  int generation = 0;               ///< Generation that it reads, from 1.
  std::string samples;              ///< Kind of its samples: person, frame or all.
  std::vector<std::string> splits;  ///< Splits that it reads: for training, for validation.
  std::vector<std::string> tasks;
  std::vector<std::string> models;  ///< SHA-256 of each model.onnx that it wrote, oldest first.

  /// Returns whether the run reads a sample of its generation. Pure.
  bool reads(const SampleRow& row) const;
};

/// Training runs of a dataset, oldest first.
struct TrainingRuns {
  std::vector<TrainingRun> runs;
  std::vector<std::string> faults;  ///< One line for each file that cannot be read.
};

/// Returns an id for a new run: the last part of its folder's name, and a checksum of `seed`. Pure.
std::string training_run_id(std::string_view folder, std::string_view seed);

/// Returns whether a text is an id: letters of ASCII, digits, '-' and '_'. Pure.
bool is_training_run_id(std::string_view id);

/// Returns whether a file of a dataset, by its relative path, is that of a training run. Pure.
bool is_training_run_file(std::string_view name);

/// Parses the text of a run's file. Pure.
/// @return kCorrupt that names the key and what was wanted.
Result<TrainingRun> parse_training_run(std::string id, std::string_view text);

/// Reads all runs of a dataset. Files that are damaged or closed to this account are reported, and
/// are no errors. @return kUnavailable.
Result<TrainingRuns> read_training_runs(storage::Store& store);

/// Enters a run in its dataset, unless there is one of its id: then that one is returned. Needs no
/// lock: any number of runs may begin at the same time.
/// @return kInvalidArgument when the dataset cannot be written to; kUnavailable.
Result<TrainingRun> enter_training_run(storage::Store& store, const TrainingRun& run);

/// Replaces the file of a run, which only its own process does.
Result<void> replace_training_run(storage::Store& store, const TrainingRun& run);

/// Finds the runs that read removed samples. A sample is in each generation from the one that wrote
/// its shard on, so that runs are found whose generation is gone. Not thread-safe.
class RunsThatSaw {
 public:
  /// Adds a sample that a record of forgotten.json removes.
  /// @param record      Position of the record.
  /// @param generation  Generation whose manifest has the row.
  void add(size_t record, int generation, const SampleRow& row);
  /// Enters the runs in the records that name footage which they read. @return Whether a record
  /// changed.
  /// @param latest  Generation whose rows were all added.
  bool enter(const std::vector<TrainingRun>& runs, int latest,
             std::vector<Forgotten>& records) const;

 private:
  /// All that decides which runs read a sample.
  struct Kind {
    size_t record;
    int generation;
    int written_by;  ///< Generation that wrote the shard first; 0 if its name does not show it.
    std::string split;
    bool has_track;
    bool is_motion;
    auto operator<=>(const Kind&) const = default;
  };
  std::set<Kind> kinds_;
};

}  // namespace lido::dataset
