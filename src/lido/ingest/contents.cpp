// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/contents.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <expected>
#include <set>

#include "lido/base/counted.h"
#include "lido/base/parallel.h"
#include "lido/dataset/fingerprint.h"

namespace lido::ingest {
namespace {

using dataset::ClipRow;
using dataset::Fingerprint;

/// Clips that are compared or read at a time, so that memory stays bounded.
constexpr size_t kBatch = 1024;

/// A value, or why the file cannot be read.
template <typename T>
using Read = std::expected<T, Error>;

/// Calls `read` with a file's bytes.
/// @return An error for which part::ends_job() is true. Any other concerns one file, whose content
/// is then unknown.
template <typename T>
Result<Read<T>> read_file(const std::string& uri, Result<T> (*read)(storage::Reader&)) {
  const auto reader = storage::open_reader(uri);
  Read<T> value = reader ? read(**reader) : std::unexpected(reader.error());
  if (value || !part::ends_job(uri, value.error())) return value;
  return std::unexpected(value.error());
}

/// Computes a file's fingerprint.
Result<Read<Fingerprint>> read_fingerprint(const std::string& uri) {
  return read_file(uri, dataset::fingerprint_of);
}

bool has_print(const Fingerprint& print, const std::string& text) {
  return !text.empty() && (print.pieces == text || print.ends == text);
}

/// Checksums of all bytes of files, for files with equal fingerprints. Keeps those of the last
/// files. Not thread-safe.
class WholeFiles {
 public:
  Result<Read<std::string>> hash(const std::string& uri) {
    const auto known = hashes_.find(uri);
    if (known != hashes_.end()) return known->second;
    if (hashes_.size() >= kBatch) hashes_.clear();
    return hashes_.emplace(uri, LIDO_TRY(read_file(uri, dataset::hash_all))).first->second;
  }

 private:
  std::map<std::string, Read<std::string>> hashes_;
};

/// The description of a clip of the dataset, as a list gives it.
part::ClipInput description_of(const ClipRow& row) {
  // A clip without a group is its own group in the table.
  return {.uri = row.clip,
          .group = row.group == row.clip ? "" : row.group,
          .site = row.site,
          .camera = row.camera,
          .start_utc = row.start_utc};
}

/// Refuses a copy that is described otherwise than its clip.
Result<void> check_description(const part::ClipInput& copy, const part::ClipInput& clip) {
  if (!has_description(copy)) return {};
  const auto difference = find_difference(copy, clip);
  if (!difference) return {};
  return fail(ErrorCode::kInvalidArgument,
              "{}: a copy of {}, but its {} is \"{}\", want \"{}\". Correct the list, or leave the "
              "copy out.",
              copy.uri, clip.uri, difference->field, difference->first, difference->second);
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
    part::ClipInput described;  // as the dataset has it
    std::string fingerprint;    // as the dataset has it
    int64_t bytes = 0;          // as the dataset has it
    bool has_samples = false;   // or had, before they were forgotten
    bool is_copy = false;
    Read<Fingerprint> now;  // as the file has it
  };

  /// Finds the clips of the dataset that failed for a reason outside themselves: they are new to
  /// this job. Earlier versions did not store the kind of reason; their rejected clips are tried
  /// once more.
  Result<void> find_failed() {
    return dataset_->visit<dataset::RejectedRow>(generation_, [&](const auto& row) -> Result<void> {
      if (row.is_retried()) failed_.insert(row.clip);
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
          LIDO_TRY(drop_known(*input, description_of(row)));
        else
          batch.push_back({*input, description_of(row), row.fingerprint, row.bytes,
                           row.samples > 0 || was_forgotten(row.clip)});
      }
      for (const std::string& copy : row.copies) {
        if (const auto input = LIDO_TRY(clips_.find_input(copy)))
          batch.push_back({*input, description_of(row), row.fingerprint, row.bytes, false, true});
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
    if (one.now && has_print(*one.now, one.fingerprint))
      return drop_known(one.input, one.described);
    const bool is_known = one.is_copy || one.has_samples;
    // A clip that cannot be read now is known by its name and size.
    if (!one.now && is_known && one.input.bytes == one.bytes)
      return drop_known(one.input, one.described);
    if (one.is_copy || !one.has_samples) return {};  // new content, read as any other
    notes_.changed.add(one.input.uri);
    if (notes_.changed_clips.size() < kMaxListed) notes_.changed_clips.push_back(one.input.uri);
    return clips_.drop_clip(one.input.uri);
  }

  /// Drops a clip that the dataset has. Its description in the dataset stays: samples have it.
  Result<void> drop_known(const part::ClipInput& input, const part::ClipInput& described) {
    const bool forgotten = was_forgotten(input.uri) || was_forgotten(described.uri);
    if (forgotten)
      notes_.forgotten.add(input.uri);
    else
      ++notes_.known;
    if (has_description(input)) {
      if (const auto difference = find_difference(input, described))
        notes_.redescribed.add(fmt::format("{}: {} is \"{}\", and \"{}\" in the dataset", input.uri,
                                           difference->field, difference->first,
                                           difference->second));
    }
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

  /// Gives each clip of the job its fingerprint. A clip without one may be a copy or forgotten, so
  /// it is not used.
  Result<void> read_fingerprints() {
    std::string after;
    for (;;) {
      const auto batch = LIDO_TRY(clips_.next_inputs(after, kBatch));
      if (batch.empty()) return {};
      LIDO_TRY(parallel_for(batch.size(), workers_, stop_, [&](size_t i) -> Result<void> {
        if (!batch[i].unusable.empty()) return {};
        const auto print = LIDO_TRY(read_fingerprint(batch[i].uri));
        return print ? clips_.set_fingerprint(batch[i].uri, *print)
                     : clips_.set_unusable(batch[i].uri, print.error().message);
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

  enum class Answer { kEqual, kMoved, kDifferent, kUnknown };

  /// Compares a clip of the job with one of the dataset that has its fingerprint.
  /// @return kMoved when the other name has that content no more. For kUnknown, the clip has the
  /// reason and is not used.
  Result<Answer> compare(const part::ClipInput& input, const ClipRow& row) {
    const auto now = LIDO_TRY(read_fingerprint(row.clip));
    const bool is_gone = !now && now.error().code == ErrorCode::kNotFound;
    if (is_gone || (now && !has_print(*now, row.fingerprint))) return Answer::kMoved;
    if (dataset::is_whole(row.bytes) && input.fingerprint == row.fingerprint) return Answer::kEqual;
    const auto here = LIDO_TRY(whole_files_.hash(input.uri));
    if (!here) {
      LIDO_TRY(clips_.set_unusable(input.uri, here.error().message));
      return Answer::kUnknown;
    }
    const auto there = LIDO_TRY(whole_files_.hash(row.clip));
    if (there) return *here == *there ? Answer::kEqual : Answer::kDifferent;
    LIDO_TRY(clips_.set_unusable(
        input.uri, fmt::format("may be a copy of a clip of the dataset that cannot be read: {}",
                               there.error().message)));
    return Answer::kUnknown;
  }

  Result<void> settle_other_name(const part::ClipInput& input, const ClipRow& row) {
    const Answer answer = LIDO_TRY(compare(input, row));
    if (answer == Answer::kDifferent || answer == Answer::kUnknown) return {};
    LIDO_TRY(check_description(input, description_of(row)));
    if (answer == Answer::kMoved) {
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

  /// A clip, and the checksum of all its bytes.
  using HashedClip = std::pair<part::ClipInput, std::string>;

  /// Keeps one clip of those with equal content.
  Result<void> settle_copies() {
    for (const std::string& print : LIDO_TRY(clips_.shared_fingerprints())) {
      std::vector<HashedClip> kept;
      for (const FoundClip& found : LIDO_TRY(clips_.with_fingerprint(print)))
        LIDO_TRY(settle_copy(found.input, kept));
    }
    return {};
  }

  Result<void> settle_copy(const part::ClipInput& input, std::vector<HashedClip>& kept) {
    std::string hash;  // empty when the fingerprint is over all bytes
    if (!dataset::is_whole(input.bytes)) {
      auto whole = LIDO_TRY(whole_files_.hash(input.uri));
      if (!whole) return clips_.set_unusable(input.uri, whole.error().message);
      hash = *std::move(whole);
    }
    for (const auto& [one, its_hash] : kept) {
      if (hash != its_hash) continue;
      LIDO_TRY(check_description(input, one));
      add_copy(input.uri, one.uri);
      LIDO_TRY(clips_.record_copy(one.uri, input.uri));
      return clips_.drop_clip(input.uri);
    }
    kept.emplace_back(input, hash);
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
  const auto add = [&](const NamedItems& items, std::string_view one, std::string_view several,
                       std::string_view what) {
    if (items.count > 0)
      lines.push_back(
          fmt::format("{} {}: {}", counted(items.count, one, several), what, names_of(items)));
  };
  add(notes.changed, "clip", "clips",
      "left out, because of changes since the ingest. Published samples never change: give the new "
      "clip a new name");
  add(notes.copies, "file", "files", "left out, as copies of other clips");
  add(notes.redescribed, "clip of the dataset", "clips of the dataset",
      "described otherwise now, with the old description kept. To change it, ingest into a new "
      "dataset");
  add(notes.moved, "clip of the dataset has", "clips of the dataset have", "another name now");
  add(notes.forgotten, "clip", "clips", "with forgotten footage, which is left out");
  return lines;
}

}  // namespace lido::ingest
