// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/attempts.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>

namespace lido::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::array kCrashSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

/// Path of the note of this thread's attempt, where a signal handler can read it; empty for none.
thread_local std::array<char, 4096> note_of_thread{};

void set_note_of_thread(std::string_view path) {
  note_of_thread[0] = '\0';
  if (path.size() >= note_of_thread.size()) return;
  path.copy(note_of_thread.data(), path.size());
  note_of_thread[path.size()] = '\0';
}

void mark(const char* path) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(file, "x", 1);
  ::close(file);
}

void on_crash(int signal) {
  if (note_of_thread[0] != '\0') mark(note_of_thread.data());
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

std::string_view name_of_part(std::string_view part) { return part.substr(part.rfind('/') + 1); }

/// A note's part and place; empty for a name that is not a note's.
struct NoteName {
  std::string_view part;
  std::string_view place;
};

NoteName parse_note(std::string_view name) {
  const size_t at = name.find('@');
  if (at == std::string_view::npos) return {};
  const std::string_view place = name.substr(at + 1);
  return {name.substr(0, at), place.substr(0, place.find('.'))};
}

/// Calls visit(entry) for each local note.
void visit_local_notes(const std::string& folder,
                       const std::function<void(const fs::directory_entry&)>& visit) {
  std::error_code error;
  const fs::path notes = fs::path(folder) / kAttemptsFolder;
  for (fs::directory_iterator entry(notes, error), end; !error && entry != end;
       entry.increment(error)) {
    if (parse_note(entry->path().filename().native()).place == kLocalPlace) visit(*entry);
  }
}

bool is_marked(const fs::directory_entry& note) {
  std::error_code error;
  const uintmax_t size = note.file_size(error);
  return !error && size > 0;
}

}  // namespace

Result<Attempts> Attempts::open(storage::Store& store, std::string place) {
  Attempts attempts(&store, std::move(place));
  const size_t prefix = store.uri().size() + kAttemptsFolder.size() + 2;
  LIDO_TRY(store.visit(kAttemptsFolder, [&](const storage::Entry& entry) -> Result<void> {
    if (entry.uri.size() <= prefix) return {};
    const NoteName note = parse_note(std::string_view(entry.uri).substr(prefix));
    if (!note.part.empty()) attempts.failures_[std::string(note.part)].emplace_back(note.place);
    return {};
  }));
  return attempts;
}

std::set<std::string> Attempts::places() const {
  std::set<std::string> places;
  for (const auto& [part, failed_at] : failures_) places.insert(failed_at.begin(), failed_at.end());
  return places;
}

void Attempts::keep_places(const std::set<std::string>& places) {
  for (auto& [part, failed_at] : failures_)
    std::erase_if(failed_at, [&](const std::string& place) { return !places.contains(place); });
}

int Attempts::failures(std::string_view part) const {
  const auto found = failures_.find(name_of_part(part));
  return found == failures_.end() ? 0 : static_cast<int>(found->second.size());
}

Result<std::string> Attempts::begin(std::string_view part) const {
  if (store_ == nullptr) return std::string();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string note =
      fmt::format("{}/{}@{}.{}.{:x}", kAttemptsFolder, name_of_part(part), place_, ::getpid(),
                  std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  LIDO_TRY(store_->write_text(note, "", storage::Durability::kProcess));
  if (!storage::is_remote(store_->uri())) set_note_of_thread(store_->uri() + "/" + note);
  return note;
}

Result<void> Attempts::end(const std::string& note) const {
  set_note_of_thread("");
  if (store_ == nullptr) return {};
  return store_->remove(note);
}

void mark_attempts_that_crash() {
  for (const int signal : kCrashSignals) ::signal(signal, on_crash);
}

int64_t count_marked_attempts(const std::string& folder) {
  int64_t count = 0;
  visit_local_notes(folder, [&](const fs::directory_entry& note) { count += is_marked(note); });
  return count;
}

void mark_all_attempts(const std::string& folder) {
  visit_local_notes(folder, [](const fs::directory_entry& note) { mark(note.path().c_str()); });
}

void clear_unmarked_attempts(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> unmarked;
  visit_local_notes(folder, [&](const fs::directory_entry& note) {
    if (!is_marked(note)) unmarked.push_back(note.path());
  });
  for (const fs::path& note : unmarked) fs::remove(note, error);
}

}  // namespace lido::ingest
