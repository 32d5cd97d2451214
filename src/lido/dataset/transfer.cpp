// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/transfer.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>

#include "lido/base/hash.h"
#include "lido/base/json_field.h"
#include "lido/base/json_text.h"
#include "lido/base/parallel.h"
#include "lido/dataset/fingerprint.h"
#include "lido/dataset/stored_files.h"
#include "lido/dataset/training_runs.h"
#include "lido/storage/output_folder.h"

namespace lido::dataset {
namespace {

constexpr size_t kCopyBytes = 4 << 20;
constexpr const char* kRoot = "lido.json";
/// Marks a copy that is not complete. Names the dataset that is copied.
constexpr const char* kMarker = ".work/transfer.json";

/// For tests: ends the process after as many files as the environment variable LIDO_TEST_KILL_FILES
/// holds.
void kill_after(int64_t files) {
  static const char* const wanted = std::getenv("LIDO_TEST_KILL_FILES");
  if (wanted != nullptr && files == std::atoll(wanted)) std::raise(SIGKILL);
}

/// A file to copy.
struct SourceFile {
  std::string name;
  int64_t bytes = 0;
};

/// Returns whether a file belongs to a dataset, whatever its generation.
bool belongs_to_dataset(std::string_view name) {
  for (const char* folder : {"shards/", "scenes/", "generations/"}) {
    if (name.starts_with(folder)) return true;
  }
  return name == kRoot || name == "forgotten.json" || name == kReportFile ||
         name == kContactSheetFile || is_training_run_file(name);
}

/// Order of copying: tables after shards, generation.json after tables, lido.json last, so that no
/// reader finds half a dataset.
int rank_of(const std::string& name) {
  if (name == kRoot) return 3;
  if (name.ends_with("/generation.json")) return 2;
  return name.starts_with("generations/") ? 1 : 0;
}

/// Copies a file. @return The SHA-256 of the bytes read.
Result<std::string> copy_file(storage::Store& from, storage::Store& to, const std::string& name,
                              std::atomic<int64_t>& bytes) {
  const auto reader = LIDO_TRY(from.open(name));
  const auto writer = LIDO_TRY(to.create(name));
  Sha256 hash;
  std::vector<std::byte> block(kCopyBytes);
  for (int64_t at = 0; at < reader->size();) {
    const size_t read = LIDO_TRY(reader->read_at(at, block));
    if (read == 0)
      return fail(ErrorCode::kUnavailable, "{}/{}: {} bytes, want {}", from.uri(), name, at,
                  reader->size());
    const auto piece = std::span(block).first(read);
    hash.update(piece);
    LIDO_TRY(writer->append(piece));
    at += static_cast<int64_t>(read);
    bytes += static_cast<int64_t>(read);
  }
  LIDO_TRY(writer->commit());
  return hash.hex();
}

Result<std::string> checksum(storage::Store& store, const std::string& name) {
  const auto reader = LIDO_TRY(store.open(name));
  return hash_all(*reader);
}

/// Returns whether the marker of a destination names the dataset that is copied.
Result<bool> marks(storage::Store& to, std::string_view from) {
  const auto json = nlohmann::json::parse(LIDO_TRY(to.read_text(kMarker)), nullptr, false);
  return text_at(json, "from") == from;
}

class Transfer {
 public:
  Transfer(const Dataset& from, storage::Store& to, int workers, TransferProgress& progress,
           const std::stop_token& stop)
      : from_(from.store()), to_(to), workers_(workers), progress_(progress), stop_(stop) {}

  Result<void> copy() {
    LIDO_TRY(list());
    LIDO_TRY(begin());
    for (int rank = 0; rank <= 3; ++rank) {
      std::vector<SourceFile> files;
      std::ranges::copy_if(files_, std::back_inserter(files),
                           [&](const SourceFile& file) { return rank_of(file.name) == rank; });
      LIDO_TRY(parallel_for(files.size(), workers_, stop_,
                            [&](size_t i) { return transfer(files[i]); }));
    }
    return {};
  }

  /// Lists the files and checks the destination. Writes nothing.
  Result<void> preview() {
    LIDO_TRY(list());
    (void)LIDO_TRY(is_begun());
    return {};
  }

  Result<void> end() { return to_.remove_all(".work"); }

  /// Copies the files of training runs that were written since the dataset was listed.
  Result<void> copy_new_runs() {
    const size_t prefix = from_.uri().size() + 1;
    for (const storage::Entry& entry : LIDO_TRY(from_.list(kRunsFolder))) {
      SourceFile file{entry.uri.substr(prefix), entry.size};
      const auto copied = std::ranges::find(files_, file.name, &SourceFile::name);
      const bool is_known = copied != files_.end() && copied->bytes == file.bytes;
      if (is_known || !is_training_run_file(file.name)) continue;
      LIDO_TRY(copy_file(from_, to_, file.name, progress_.bytes));
      if (copied == files_.end()) files_.push_back(std::move(file));
    }
    return {};
  }

  /// Removes the files of the source: lido.json last of all, so that an interrupted removal is
  /// resumed.
  Result<void> remove_source() {
    LIDO_TRY(from_.remove_all(".work"));
    for (const SourceFile& file : files_) {
      if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
      if (file.name != kRoot) LIDO_TRY(from_.remove(file.name));
    }
    for (const char* folder : {"shards", "scenes", "generations"})
      LIDO_TRY(from_.remove_all(folder));
    // A file of the user's, or a run that has just entered itself, stays.
    if (LIDO_TRY(from_.list(kRunsFolder)).empty()) LIDO_TRY(from_.remove_all(kRunsFolder));
    return from_.remove(kRoot);
  }

  TransferSummary summary() const {
    return {std::ssize(files_), progress_.bytes_total, earlier_, foreign_};
  }

 private:
  Result<void> list() {
    LIDO_TRY(visit_stored(from_, [&](std::string name, const auto& entry) -> Result<void> {
      if (name.starts_with(".work/") || name == kLease || is_unfinished_write(name)) return {};
      if (!belongs_to_dataset(name)) {
        foreign_.push_back(std::move(name));
        return {};
      }
      progress_.bytes_total += entry.size;
      files_.push_back({std::move(name), entry.size});
      return {};
    }));
    progress_.files_total = std::ssize(files_);
    return {};
  }

  /// Marks the destination, if no earlier transfer did.
  Result<void> begin() {
    if (LIDO_TRY(is_begun())) return {};
    return to_.write_text(kMarker, json_text(nlohmann::ordered_json{{"from", from_.uri()}}) + "\n");
  }

  /// Checks that the destination is empty, or holds the same transfer.
  /// @return Whether it holds the same transfer.
  Result<bool> is_begun() {
    const size_t prefix = to_.uri().size() + 1;
    bool is_marked = false, is_empty = true;
    std::string first;
    const auto listed = to_.visit_raw([&](const storage::Entry& entry) -> Result<void> {
      const std::string name = entry.uri.substr(prefix);
      is_marked = is_marked || name == kMarker;
      if (is_empty) first = name;
      is_empty = false;
      there_[name] = entry.size;
      return {};
    });
    // A folder that does not exist yet is empty.
    if (!listed && listed.error().code != ErrorCode::kNotFound)
      return std::unexpected(listed.error());
    if (is_marked && LIDO_TRY(marks(to_, from_.uri()))) return true;
    if (!is_empty)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: holds {}, want an empty folder or prefix. Give another destination.",
                  to_.uri(), first);
    return false;
  }

  Result<void> transfer(const SourceFile& file) {
    const auto there = there_.find(file.name);
    if (there != there_.end() && there->second == file.bytes) {
      const std::string before = LIDO_TRY(checksum(from_, file.name));
      if (LIDO_TRY(checksum(to_, file.name)) == before) {
        ++earlier_;
        progress_.bytes += file.bytes;
        ++progress_.files;
        return {};
      }
    }
    const std::string read = LIDO_TRY(copy_file(from_, to_, file.name, progress_.bytes));
    const std::string written = LIDO_TRY(checksum(to_, file.name));
    if (read != written)
      return fail(ErrorCode::kCorrupt, "{}/{}: the checksum differs from that of {}/{}", to_.uri(),
                  file.name, from_.uri(), file.name);
    kill_after(++progress_.files);
    return {};
  }

  storage::Store& from_;
  storage::Store& to_;
  int workers_;
  TransferProgress& progress_;
  std::stop_token stop_;
  std::vector<SourceFile> files_;
  std::vector<std::string> foreign_;
  std::map<std::string, int64_t> there_;  // sizes of files at the destination
  std::atomic<int64_t> earlier_ = 0;
};

/// Refuses a destination inside of the source, or the other way round.
Result<void> check_apart(const storage::Store& from, const storage::Store& to) {
  LIDO_TRY(storage::check_outside_datasets(to.uri()));
  const std::string a = storage::resolved(from.uri()) + "/", b = storage::resolved(to.uri()) + "/";
  if (!a.starts_with(b) && !b.starts_with(a)) return {};
  return fail(ErrorCode::kInvalidArgument,
              "{}: the destination and {} contain each other. Give another destination.", to.uri(),
              from.uri());
}

}  // namespace

Result<TransferSummary> copy_dataset(const Dataset& from, storage::Store& to, int workers,
                                     TransferProgress& progress, const std::stop_token& stop) {
  LIDO_TRY(check_apart(from.store(), to));
  const auto lock = LIDO_TRY(from.store().lock(kRoot));
  Transfer transfer(from, to, workers, progress, stop);
  LIDO_TRY(transfer.copy());
  LIDO_TRY(transfer.end());
  return transfer.summary();
}

Result<TransferSummary> move_dataset(const Dataset& from, storage::Store& to, int workers,
                                     TransferProgress& progress, const std::stop_token& stop) {
  LIDO_TRY(check_apart(from.store(), to));
  const auto lock = LIDO_TRY(from.store().lock(kRoot));
  Transfer transfer(from, to, workers, progress, stop);
  LIDO_TRY(transfer.copy());
  LIDO_TRY(transfer.copy_new_runs());
  const auto removed = transfer.remove_source();
  if (!removed && removed.error().code == ErrorCode::kCancelled)
    return std::unexpected(removed.error());
  if (!removed) {
    return fail(
        removed.error().code,
        "{}. {} is whole, but files of {} are still there. Run the same command as a user who "
        "may delete them.",
        removed.error().message, to.uri(), from.store().uri());
  }
  LIDO_TRY(transfer.end());
  return transfer.summary();
}

Result<TransferSummary> preview_transfer(const Dataset& from, storage::Store& to) {
  LIDO_TRY(check_apart(from.store(), to));
  TransferProgress progress;
  Transfer transfer(from, to, 1, progress, {});
  LIDO_TRY(transfer.preview());
  return transfer.summary();
}

Result<std::optional<TransferSummary>> finish_move(std::string_view from, storage::Store& to) {
  // lido.json is copied last and removed last, so a copy with lido.json is whole.
  if (!LIDO_TRY(to.exists(kRoot)) || !LIDO_TRY(to.exists(kMarker)) ||
      !LIDO_TRY(marks(to, storage::absolute(from))))
    return std::nullopt;
  TransferSummary summary;
  const size_t prefix = to.uri().size() + 1;
  LIDO_TRY(to.visit("", [&](const storage::Entry& entry) -> Result<void> {
    if (!belongs_to_dataset(entry.uri.substr(prefix))) return {};
    ++summary.files;
    summary.bytes += entry.size;
    return {};
  }));
  summary.copied_earlier = summary.files;
  LIDO_TRY(to.remove_all(".work"));
  return summary;
}

}  // namespace lido::dataset
