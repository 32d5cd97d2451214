// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/contents.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "lido/base/parallel.h"
#include "lido/dataset/fingerprint.h"

namespace lido::ingest {
namespace {

using dataset::ClipRow;
using dataset::Fingerprint;

/// Clips that are compared or read at a time, so that memory stays bounded.
constexpr size_t kBatch = 1024;

/// Computes a file's fingerprint. @return No value when the file cannot be read.
Result<std::optional<Fingerprint>> read_fingerprint(const std::string& uri) {
  const auto reader = storage::open_reader(uri);
  if (!reader) return std::nullopt;
  auto print = dataset::fingerprint_of(**reader);
  if (!print) return std::nullopt;
  return std::move(*print);
}

bool has_print(const Fingerprint& print, const std::string& text) {
  return !text.empty() && (print.pieces == text || print.ends == text);
}

/// Decides whether two files with one fingerprint are equal, by all their bytes. Keeps the
/// checksums of files that were read. Not thread-safe.
class WholeFiles {
 public:
  enum class Answer { kEqual, kDifferent, kUnknown };

  /// @return kUnknown when a file cannot be read.
  Result<Answer> compare(const std::string& a, const std::string& b) {
    const std::string first = LIDO_TRY(hash(a));
    const std::string second = LIDO_TRY(hash(b));
    if (first.empty() || second.empty()) return Answer::kUnknown;
    return first == second ? Answer::kEqual : Answer::kDifferent;
  }

 private:
  /// The file's checksum; empty when it cannot be read.
  Result<std::string> hash(const std::string& uri) {
    const auto known = hashes_.find(uri);
    if (known != hashes_.end()) return known->second;
    if (hashes_.size() >= kBatch) hashes_.clear();
    const auto reader = storage::open_reader(uri);
    std::string text;
    if (reader) text = LIDO_TRY(dataset::hash_all(**reader));
    return hashes_[uri] = text;
  }

  std::map<std::string, std::string> hashes_;
};

/// Refuses a copy that is described otherwise than its clip.
Result<void> check_description(const part::ClipInput& copy, std::string_view clip,
                               const std::string& group, const std::string& site,
                               const std::string& camera) {
  const bool is_described = !copy.group.empty() || !copy.site.empty() || !copy.camera.empty();
  if (!is_described) return {};
  const auto check = [&](const char* field, const std::string& here,
                         const std::string& there) -> Result<void> {
    if (here == there) return {};
    return fail(ErrorCode::kInvalidArgument,
                "{}: a copy of {}, but its {} is \"{}\", want \"{}\". Correct the list, or leave "
                "the copy out.",
                copy.uri, clip, field, here, there);
  };
  LIDO_TRY(check("group", copy.group, group));
  LIDO_TRY(check("site", copy.site, site));
  return check("camera", copy.camera, camera);
}

class Contents {
 public:
  Contents(ClipDb& clips, const dataset::Dataset* dataset, int generation, int workers,
           const std::stop_token& stop)
      : clips_(clips), dataset_(dataset), generation_(generation), workers_(workers), stop_(stop) {}

  Result<ContentNotes> run() {
    if (dataset_ != nullptr) {
      notes_.records = LIDO_TRY(dataset_->forgotten());
      LIDO_TRY(find_failed());
      LIDO_TRY(settle_known_names());
    }
    LIDO_TRY(read_fingerprints());
    if (dataset_ != nullptr) LIDO_TRY(settle_known_contents());
    LIDO_TRY(settle_copies());
    LIDO_TRY(settle_forgotten());
    for (const std::string& clip : failed_)
      notes_.retried += LIDO_TRY(clips_.find_input(clip)).has_value() ? 1 : 0;
    return std::move(notes_);
  }

 private:
  /// A clip of the job that the dataset knows by its name.
  struct Candidate {
    part::ClipInput input;
    std::string fingerprint;   // as the dataset has it
    int64_t bytes = 0;         // as the dataset has it
    bool has_samples = false;  // or had, before they were forgotten
    bool is_copy = false;
    std::optional<Fingerprint> now;
  };

  /// Finds the clips of the dataset that failed for a reason outside themselves: they are new to
  /// this job. Earlier versions did not store the kind of reason; their rejected clips are tried
  /// once more.
  Result<void> find_failed() {
    const std::string_view content = part::name_of(part::FailureKind::kContent);
    return dataset_->visit<dataset::RejectedRow>(generation_, [&](const auto& row) -> Result<void> {
      if (row.kind != content && row.samples_kept == 0) failed_.insert(row.clip);
      return {};
    });
  }

  // ── Clips whose names the dataset has ──

  Result<void> settle_known_names() {
    std::vector<Candidate> batch;
    LIDO_TRY(visit_rows([&](const ClipRow& row) -> Result<void> {
      if (const auto input = LIDO_TRY(clips_.find_input(row.clip))) {
        const bool equal_time = row.modified_ns != 0 && row.modified_ns == input->modified_ns;
        const bool unknown = row.fingerprint.empty() && row.modified_ns == 0;
        if (input->bytes == row.bytes && (equal_time || unknown))
          LIDO_TRY(drop_known(*input));
        else
          batch.push_back(
              {*input, row.fingerprint, row.bytes, row.samples > 0 || was_forgotten(row.clip)});
      }
      for (const std::string& copy : row.copies) {
        if (const auto input = LIDO_TRY(clips_.find_input(copy)))
          batch.push_back({*input, row.fingerprint, row.bytes, false, true});
      }
      return batch.size() < kBatch ? Result<void>() : settle_batch(batch);
    }));
    return settle_batch(batch);
  }

  /// Reads the clips of a batch, and empties it.
  Result<void> settle_batch(std::vector<Candidate>& batch) {
    LIDO_TRY(parallel_for(batch.size(), workers_, stop_, [&](size_t i) -> Result<void> {
      batch[i].now = LIDO_TRY(read_fingerprint(batch[i].input.uri));
      return {};
    }));
    for (const Candidate& one : batch) LIDO_TRY(settle_candidate(one));
    batch.clear();
    return {};
  }

  Result<void> settle_candidate(const Candidate& one) {
    if (one.now && has_print(*one.now, one.fingerprint)) return drop_known(one.input);
    if (one.is_copy || !one.has_samples) return {};  // new content, read as any other
    // A clip that cannot be read now is known by its name and size.
    if (!one.now && one.input.bytes == one.bytes) return drop_known(one.input);
    notes_.changed.add(one.input.uri);
    if (notes_.changed_clips.size() < kMaxListed) notes_.changed_clips.push_back(one.input.uri);
    return clips_.drop_clip(one.input.uri);
  }

  Result<void> drop_known(const part::ClipInput& input) {
    ++notes_.known;
    if (was_forgotten(input.uri)) notes_.forgotten.add(input.uri);
    return clips_.drop_clip(input.uri);
  }

  bool has_record(const std::string& clip) const {
    return std::ranges::any_of(
        notes_.records, [&](const dataset::Forgotten& record) { return record.clip == clip; });
  }

  bool was_forgotten(const std::string& clip) const {
    return std::ranges::any_of(notes_.records, [&](const dataset::Forgotten& record) {
      return record.clip == clip && record.is_whole_clip();
    });
  }

  /// Calls `visit` for each clip of the dataset, except those that failed from outside.
  Result<void> visit_rows(const std::function<Result<void>(const ClipRow&)>& visit) {
    return dataset_->visit<ClipRow>(generation_, [&](const ClipRow& row) {
      return failed_.contains(row.clip) ? Result<void>() : visit(row);
    });
  }

  // ── Clips with other names ──

  /// Gives each clip of the job its fingerprint. A clip that cannot be read has none.
  Result<void> read_fingerprints() {
    std::string after;
    for (;;) {
      const auto batch = LIDO_TRY(clips_.next_inputs(after, kBatch));
      if (batch.empty()) return {};
      LIDO_TRY(parallel_for(batch.size(), workers_, stop_, [&](size_t i) -> Result<void> {
        if (!batch[i].unusable.empty()) return {};
        const auto print = LIDO_TRY(read_fingerprint(batch[i].uri));
        return print ? clips_.set_fingerprint(batch[i].uri, *print) : Result<void>();
      }));
      after = batch.back().uri;
    }
  }

  /// Drops clips that the dataset has under another name.
  Result<void> settle_known_contents() {
    return visit_rows([&](const ClipRow& row) -> Result<void> {
      if (row.fingerprint.empty()) return {};
      if (has_record(row.clip)) compared_.insert(row.clip);
      for (const FoundClip& found : LIDO_TRY(clips_.with_fingerprint(row.fingerprint))) {
        if (found.input.uri == row.clip) continue;
        LIDO_TRY(settle_other_name(found.input, row));
      }
      return {};
    });
  }

  Result<void> settle_other_name(const part::ClipInput& input, const ClipRow& row) {
    using Answer = WholeFiles::Answer;
    const bool is_sure = dataset::is_whole(row.bytes) && input.fingerprint == row.fingerprint;
    const bool is_gone = !storage::open_reader(row.clip);
    const Answer answer =
        is_sure || is_gone ? Answer::kEqual : LIDO_TRY(whole_files_.compare(row.clip, input.uri));
    if (answer == Answer::kDifferent) return {};
    // A clip without a group is its own group in the table.
    const std::string group = row.group == row.clip ? "" : row.group;
    LIDO_TRY(check_description(input, row.clip, group, row.site, row.camera));
    if (is_gone) {
      ++notes_.known;
      notes_.moved.add(fmt::format("{} is {} of the dataset", input.uri, row.clip));
    } else {
      add_copy(input.uri, row.clip);
      notes_.new_copies[row.clip].push_back(input.uri);
    }
    return clips_.drop_clip(input.uri);
  }

  void add_copy(const std::string& copy, const std::string& clip) {
    notes_.copies.add(fmt::format("{} is a copy of {}", copy, clip));
    if (notes_.copy_of.size() < kMaxListed) notes_.copy_of.emplace_back(copy, clip);
  }

  /// Keeps one clip of those with equal content.
  Result<void> settle_copies() {
    for (const std::string& print : LIDO_TRY(clips_.shared_fingerprints())) {
      std::vector<part::ClipInput> kept;
      for (const FoundClip& found : LIDO_TRY(clips_.with_fingerprint(print)))
        LIDO_TRY(settle_copy(found.input, kept));
    }
    return {};
  }

  Result<void> settle_copy(const part::ClipInput& input, std::vector<part::ClipInput>& kept) {
    for (const part::ClipInput& one : kept) {
      if (!dataset::is_whole(input.bytes)) {
        const auto answer = LIDO_TRY(whole_files_.compare(one.uri, input.uri));
        if (answer != WholeFiles::Answer::kEqual) continue;
      }
      LIDO_TRY(check_description(input, one.uri, one.group, one.site, one.camera));
      add_copy(input.uri, one.uri);
      LIDO_TRY(clips_.record_copy(one.uri, input.uri));
      return clips_.drop_clip(input.uri);
    }
    kept.push_back(input);
    return {};
  }

  // ── Forgotten footage ──

  /// Finds clips of the job whose footage was forgotten under a name that is no clip any more.
  Result<void> settle_forgotten() {
    const std::vector<dataset::Forgotten> records = notes_.records;
    std::set<std::string> named, whole;
    for (const dataset::Forgotten& record : records) {
      std::vector<std::string> clips;
      if (LIDO_TRY(clips_.find_input(record.clip))) clips.push_back(record.clip);
      // A clip that the dataset has was compared already: what remains is other content.
      if (!record.fingerprint.empty() && !compared_.contains(record.clip)) {
        for (const FoundClip& found : LIDO_TRY(clips_.with_fingerprint(record.fingerprint))) {
          if (found.input.uri == record.clip) continue;
          clips.push_back(found.input.uri);
          dataset::Forgotten alias = record;
          alias.clip = found.input.uri;
          notes_.records.push_back(std::move(alias));
        }
      }
      for (const std::string& clip : clips) {
        if (named.insert(clip).second) notes_.forgotten.add(clip);
        if (record.is_whole_clip()) whole.insert(clip);
      }
    }
    for (const std::string& clip : whole) LIDO_TRY(clips_.drop_clip(clip));
    return {};
  }

  ClipDb& clips_;
  const dataset::Dataset* dataset_;
  int generation_;
  int workers_;
  std::stop_token stop_;
  WholeFiles whole_files_;
  std::set<std::string> failed_;    // clips of the dataset that failed from outside
  std::set<std::string> compared_;  // clips of the dataset with records in forgotten.json
  ContentNotes notes_;
};

}  // namespace

Result<ContentNotes> settle_contents(ClipDb& clips, const dataset::Dataset* dataset, int generation,
                                     int workers, const std::stop_token& stop) {
  return Contents(clips, dataset, generation, workers, stop).run();
}

std::vector<std::string> warnings(const ContentNotes& notes) {
  std::vector<std::string> lines;
  const auto add = [&](const NamedItems& items, std::string_view what) {
    if (items.count > 0)
      lines.push_back(fmt::format("{} {}: {}", items.count, what, names_of(items)));
  };
  add(notes.changed,
      "clip(s) left out, because they changed since they were ingested. Published samples never "
      "change: give the new clip a new name");
  add(notes.copies, "file(s) left out, because they are copies of other clips");
  add(notes.moved, "clip(s) of the dataset have another name now");
  add(notes.forgotten, "clip(s) with forgotten footage, which is left out");
  return lines;
}

}  // namespace lido::ingest
