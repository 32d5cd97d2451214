// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/fingerprint.h"
#include "lido/ingest/inputs.h"
#include "lido/ingest/plan.h"
#include "lido/ingest/temp_db.h"
#include "lido/part/part_file.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// Result of ClipDb::add_clip().
struct AddedClip {
  enum class Outcome {
    kNew,
    kDescribed,  ///< Known, and only one of the two records has a group, site, camera or time.
    kRepeated,   ///< Known, and the two records are equal.
  };
  Outcome outcome = Outcome::kNew;
  std::string other;  ///< Another name of the same file; empty if the names are equal.
};

/// A clip of a job with everything found out about it so far.
struct ClipRecord {
  size_t number = 0;  ///< Position among the job's clips, ordered by URI.
  ClipPlan plan;
  std::string split;                       ///< train, val or test.
  std::vector<std::string> span_parts;     ///< Part of each span.
  std::vector<std::string> span_labels;    ///< SpanTask::labels of each; only for store_plan().
  std::optional<std::string> people_part;  ///< Part with samples of people; empty for none.
  std::vector<part::Gap> gaps;             ///< Where the clip is broken, by time.
  std::optional<part::Failure> failure;    ///< Why the clip cannot be used; empty if it can.

  /// Whether sampling times with first_k <= k < end_k touch a gap.
  bool touches_gap(int64_t first_k, int64_t end_k) const;
  /// All parts that may hold samples: those of the spans, then the people's.
  std::vector<std::string> parts() const;
};

/// A span of a job.
struct SpanRecord {
  size_t clip = 0;    ///< Number of the clip.
  size_t span = 0;    ///< Position in the clip.
  int64_t bytes = 0;  ///< Estimate of the bytes to read.
  bool done = false;  ///< A part with its name exists.
  part::SpanTask task;
};

/// In place of a span: the step that tracks people through a whole clip.
inline constexpr size_t kTracking = (size_t{1} << 24) - 1;

/// The samples of one clip that go into shards.
struct ClipSamples {
  size_t clip = 0;
  std::vector<uint32_t> lengths;      ///< Bytes of each sample, in order of ClipRecord::parts().
  std::vector<uint32_t> part_counts;  ///< Number of samples in each part.
};

/// Thumbnails that become one background plate: those of one camera at one part of the day.
struct PlateKey {
  std::string camera;
  std::string day_part;
};

/// A thumbnail in a scene file.
struct ThumbnailPlace {
  std::string clip;    ///< URI of the clip.
  std::string part;    ///< Part that the scene file belongs to.
  int64_t offset = 0;  ///< First byte in the scene file.
  int64_t length = 0;  ///< Bytes.
};

/// The clips and spans of a job. Backed by a temporary SQLite database, so memory stays bounded for
/// millions of clips. Thread-safe, but a callback must not call the database (deadlock). Every
/// function returns kUnavailable when the disk is full.
class ClipDb {
 public:
  static Result<std::unique_ptr<ClipDb>> open();

  // First, clips are found.

  /// Adds a clip, unless its file has been added. Between two records of one file, the one with a
  /// group, site, camera or time stays; then the one that is no link; then the first by URI.
  /// @return kInvalidArgument for two records of one file that differ in those fields.
  Result<AddedClip> add_clip(const FoundClip& clip);
  /// The size of a clip that was added; no value for an unknown one.
  Result<std::optional<int64_t>> bytes_of(std::string_view uri);
  /// A clip that was added; no value for an unknown one.
  Result<std::optional<part::ClipInput>> find_input(std::string_view uri);
  /// The first clips by URI after another URI, max_count at most. Empty at the end.
  Result<std::vector<part::ClipInput>> next_inputs(std::string_view after, size_t max_count);
  /// Gives a clip its fingerprint.
  Result<void> set_fingerprint(std::string_view uri, const dataset::Fingerprint& print);
  /// Records that a clip cannot be used, for a reason outside its content.
  Result<void> set_unusable(std::string_view uri, std::string_view reason);
  /// The clips with a fingerprint of this or earlier versions, the preferred one first: with a
  /// group, site, camera or time; no link; the first by URI.
  Result<std::vector<FoundClip>> with_fingerprint(std::string_view print);
  /// Fingerprints that several clips have.
  Result<std::vector<std::string>> shared_fingerprints();
  /// Records a further file with a clip's content.
  Result<void> record_copy(std::string_view clip, std::string_view copy);
  /// The further files with a clip's content, by URI.
  Result<std::vector<std::string>> copies_of(std::string_view clip);
  /// Removes a clip. Does nothing for an unknown one.
  Result<void> drop_clip(std::string_view uri);
  /// Calls `visit` for each clip, by URI.
  Result<void> visit_inputs(const std::function<Result<void>(const part::ClipInput&)>& visit);
  /// Numbers the clips by URI. No clip may be added later. @return Their number.
  Result<size_t> number_clips();

  // Then they are planned.

  Result<part::ClipInput> input(size_t clip);
  /// Stores a clip's plan, split and span parts. In any order of clips.
  Result<void> store_plan(const ClipRecord& clip);

  // Then their spans are read.

  struct Totals {
    size_t clips = 0;
    size_t spans = 0;
    int64_t unreadable = 0;  ///< Clips without a readable header.
    int64_t bytes = 0;       ///< Size of all clips.
  };
  Result<Totals> totals();
  Result<ClipRecord> clip(size_t number);
  /// Marks the spans whose parts exist in the store.
  Result<void> record_parts(storage::Store& store);
  /// Marks the span with that part as done. Ignores a part of no span.
  Result<void> record_part(std::string_view name);
  /// The span after another one, by clip and span; the first span for no value. No value at the
  /// end.
  Result<std::optional<SpanRecord>> next_span(const std::optional<SpanRecord>& after);

  struct OpenTotals {
    int64_t spans = 0;
    int64_t cost = 0;  ///< Bytes to read, each span counted with at least min_cost.
  };
  /// Totals over the spans that are not done.
  Result<OpenTotals> open_totals(int64_t min_cost);
  /// Calls `visit` for each span that is not done, the largest first.
  Result<void> visit_open_spans(const std::function<Result<void>(const SpanRecord&)>& visit);

  Result<void> record_gaps(size_t clip, size_t span, const std::vector<part::Gap>& gaps);
  /// Records that a span, or the tracking of a clip (span kTracking), made the clip unusable.
  Result<void> record_failure(size_t clip, size_t span, const part::Failure& failure);
  /// Whether every clip of the job failed from outside.
  Result<bool> all_failed_from_outside();
  Result<void> record_people_part(size_t clip, std::string_view part);

  // Then the generation is written.

  /// Records a thumbnail of one span of a clip for a plate.
  Result<void> record_thumbnail(const PlateKey& key, size_t clip, size_t span, int64_t offset,
                                int64_t length);
  /// The plates with thumbnails, by camera and part of the day.
  Result<std::vector<PlateKey>> plates();
  /// Up to max_count thumbnails of a plate, sampled evenly, in the order of recording.
  Result<std::vector<ThumbnailPlace>> thumbnails(const PlateKey& key, int64_t max_count);
  Result<void> record_samples(std::string_view split, const ClipSamples& samples);
  /// The first clip of a split with samples whose number is `from` or more; no value for none.
  Result<std::optional<ClipSamples>> next_samples(std::string_view split, size_t from);

 private:
  explicit ClipDb(std::unique_ptr<TempDb> db) : db_(std::move(db)) {}
  Result<void> insert(const FoundClip& clip);
  Result<std::string> free_uri(const std::string& uri);
  Result<std::optional<FoundClip>> find_file(const FoundClip& clip);

  std::unique_ptr<TempDb> db_;
};

}  // namespace lido::ingest
