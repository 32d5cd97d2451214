// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/dataset/training_runs.h"

namespace lido::dataset {

/// A stretch of a clip to remove.
struct Stretch {
  /// Full name of the clip or of a copy of it, or the last parts of a name. For a clip that no
  /// generation has yet: its path or URI.
  std::string clip;
  double start_s = 0;  ///< Seconds after the clip's first frame, 0 or more.
  double end_s = 0;    ///< Exclusive; infinity for the rest of the clip.
};

/// Meaning of a stretch for other clips of the dataset with the same content.
enum class CopyChoice {
  kAsk,       ///< Refuse, and name them.
  kAll,       ///< Remove the stretch from all of them.
  kOnlyThis,  ///< Remove it from the named clip only.
};

/// A removal that a person asks for.
struct ForgetRequest {
  std::vector<Stretch> stretches;  ///< None: only files of unfinished work go.
  CopyChoice copies = CopyChoice::kAsk;
};

/// Result of a removal, or of its preview.
struct ForgetSummary {
  int generation = 0;                ///< New latest generation; the old one if nothing was in it.
  std::vector<Forgotten> stretches;  ///< Records of the stretches asked for, with their counts.
  std::vector<TrainingRun> seen_by;  ///< Training runs that read samples of the stretches.
  std::vector<std::string> notes;    ///< One line each: what a person may not expect.
  std::vector<std::string> faults;   ///< One line each: broken files that may hold the footage.
  int64_t samples = 0;               ///< Samples removed by this call.
  int64_t rows = 0;                  ///< Rows removed from scene tables by this call.
  int64_t views = 0;                 ///< Images of views removed by this call.
  int64_t plates = 0;                ///< Plates removed by this call.
  int64_t shards = 0;                ///< Shards with samples that go.
  int64_t leftovers = 0;             ///< Files of unfinished work removed, or to remove.
};

/// Result of the search for removed footage in all that a dataset stores.
struct ForgetProof {
  int64_t files = 0;                 ///< Files or objects stored.
  int64_t shards = 0;                ///< Shards read to their end.
  int64_t images = 0;                ///< Images in pages, each found in a sample, view or plate.
  std::vector<std::string> damaged;  ///< Samples and images that cannot be read: lost before.
  std::vector<std::string> foreign;  ///< Files that Lido did not write, which nothing looked into.
};

/// Removes footage for good, in steps of which each leaves less of it.
///
/// remove() first records the stretches in forgotten.json, so that no ingest brings the footage
/// back, and removes the pages (report.html, contact_sheet.html). Then it writes the shards and
/// tables concerned again, publishes a generation, and removes everything that no generation
/// names. Kept samples keep their bytes, damaged ones too. The records name the training runs that
/// read removed samples, also those that began meanwhile. When the process ends halfway, the next
/// removal resumes: it carries out all records that are not done.
class ForgetRun {
 public:
  /// Finds the clips and locks the dataset.
  /// @return kNotFound when a name is neither that of a clip nor that of a file; kInvalidArgument
  /// for an ambiguous name, a bad stretch, one outside its clip, or copies without a choice.
  static Result<ForgetRun> open(const Dataset& dataset, const ForgetRequest& request);

  /// Removes the footage. @return kCorrupt, kUnavailable.
  Result<ForgetSummary> remove();
  /// Searches all that is stored for removed footage, and marks the records as done. The pages may
  /// have been written again before.
  /// @return kCorrupt that names the file in which footage is left, or may be.
  Result<ForgetProof> prove();

 private:
  ForgetRun(const Dataset& dataset, std::unique_ptr<storage::Lock> lock)
      : dataset_(dataset), lock_(std::move(lock)) {}

  const Dataset& dataset_;
  std::unique_ptr<storage::Lock> lock_;
  std::vector<Forgotten> asked_;
  ForgetSummary summary_;
};

/// Counts what ForgetRun::remove() would remove. Writes nothing.
/// @return As ForgetRun::open().
Result<ForgetSummary> preview_forget(const Dataset& dataset, const ForgetRequest& request);

}  // namespace lido::dataset
