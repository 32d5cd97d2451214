// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/attempts.h"

#include <unistd.h>

#include <chrono>

namespace lido::ingest {
namespace {

std::string_view name_of_part(std::string_view part) { return part.substr(part.rfind('/') + 1); }

/// A note's part, place and run; empty for a name that is not a note's.
struct NoteName {
  std::string_view part;
  std::string_view place;
  std::string_view run;
};

NoteName parse_note(std::string_view name) {
  const size_t at = name.find('@');
  const size_t dot = name.find('.', at);
  if (at == std::string_view::npos || dot == std::string_view::npos) return {};
  const std::string_view rest = name.substr(dot + 1);
  return {name.substr(0, at), name.substr(at + 1, dot - at - 1), rest.substr(0, rest.find('.'))};
}

}  // namespace

Result<Attempts> Attempts::open(storage::Store& store, std::string place, std::string run) {
  Attempts attempts(&store, std::move(place), std::move(run));
  const size_t prefix = store.uri().size() + kAttemptsFolder.size() + 2;
  LIDO_TRY(store.visit(kAttemptsFolder, [&](const storage::Entry& entry) -> Result<void> {
    if (entry.uri.size() <= prefix) return {};
    const NoteName note = parse_note(std::string_view(entry.uri).substr(prefix));
    if (note.part.empty() || note.run != attempts.run_) return {};
    attempts.failed_[std::string(note.part)].push_back(
        {std::string(note.place), entry.size > 0, false});
    return {};
  }));
  return attempts;
}

std::set<std::string> Attempts::places() const {
  std::set<std::string> places;
  for (const auto& [part, failed] : failed_) {
    for (const Failed& one : failed) places.insert(one.place);
  }
  return places;
}

void Attempts::keep_places(const std::set<std::string>& places) {
  for (auto& [part, failed] : failed_) {
    for (Failed& one : failed) one.with_node = !places.contains(one.place);
  }
}

Failures Attempts::failures(std::string_view part) const {
  Failures failures;
  const auto found = failed_.find(name_of_part(part));
  if (found == failed_.end()) return failures;
  for (const Failed& one : found->second)
    ++(one.crashed ? failures.crashes : one.with_node ? failures.node_deaths : failures.kills);
  return failures;
}

Result<std::string> Attempts::begin(std::string_view part) const {
  if (store_ == nullptr) return std::string();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string note =
      fmt::format("{}/{}@{}.{}.{}.{:x}", kAttemptsFolder, name_of_part(part), place_, run_,
                  ::getpid(), std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  LIDO_TRY(store_->write_text(note, "", storage::Durability::kProcess));
  return note;
}

Result<void> Attempts::end(const std::string& note) const {
  if (store_ == nullptr) return {};
  return store_->remove(note);
}

std::string Attempts::path_of(const std::string& note) const {
  if (store_ == nullptr || storage::is_remote(store_->uri())) return {};
  return store_->uri() + "/" + note;
}

}  // namespace lido::ingest
