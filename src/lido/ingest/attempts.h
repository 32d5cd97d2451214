// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// Failed attempts at a span before it is read alone, beside no other span.
inline constexpr int kFailuresUntilAlone = 2;
/// Failed attempts at a span before its clip is rejected.
inline constexpr int kFailuresUntilRejected = 3;

/// Folder of notes about attempts, relative to the dataset.
inline constexpr std::string_view kAttemptsFolder = ".work/attempts";
/// The place of attempts by this program without Ray.
inline constexpr const char* kLocalPlace = "local";

/// The ledger of attempts at spans. Each attempt has a note beside the dataset, from its begin to
/// its end. A note that is left over is a failed attempt: the worker process died on the way.
///
/// Notes are files "PART@PLACE.ID". The place is a Ray node, or kLocalPlace. Not thread-safe while
/// it is made; thread-safe afterwards.
class Attempts {
 public:
  /// Reads the notes of earlier attempts.
  /// @param store  The dataset. Must outlive the ledger.
  /// @param place  Where this process runs; without '.', '@' and '/'.
  static Result<Attempts> open(storage::Store& store, std::string place);
  /// A ledger of a process that nothing supervises: knows of no failures, keeps no notes.
  static Attempts none() { return Attempts(nullptr, ""); }

  /// The places with notes of failed attempts.
  std::set<std::string> places() const;
  /// Drops the failures at all other places: there, the machine failed and not the span.
  void keep_places(const std::set<std::string>& places);
  /// The number of failed attempts at a span.
  int failures(std::string_view part) const;

  /// Notes that an attempt at a span begins on this thread. @return The name of the note.
  Result<std::string> begin(std::string_view part) const;
  /// Removes the note of an attempt that ended, well or not.
  Result<void> end(const std::string& note) const;

 private:
  Attempts(storage::Store* store, std::string place) : store_(store), place_(std::move(place)) {}
  storage::Store* store_;  // null for none()
  std::string place_;
  /// Places of the failed attempts at each part.
  std::map<std::string, std::vector<std::string>, std::less<>> failures_;
};

// Supervision of local attempts. A process that a signal takes down has one culprit among the spans
// it was reading. Its signal handler marks the note of the thread that crashed; other notes are
// cleared. When the process was killed from outside, every span it was reading may be the culprit.
// Folders are those of a dataset on disk.

/// Installs handlers for the signals of a crash. They mark the note of the crashing thread.
void mark_attempts_that_crash();
/// The number of marked local notes.
int64_t count_marked_attempts(const std::string& folder);
/// Marks all local notes.
void mark_all_attempts(const std::string& folder);
/// Removes the local notes without a mark.
void clear_unmarked_attempts(const std::string& folder);

}  // namespace lido::ingest
