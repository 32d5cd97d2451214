// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/ingest/failures.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// Folder of notes about attempts, relative to the dataset.
inline constexpr std::string_view kAttemptsFolder = ".work/attempts";

/// The ledger of attempts at spans by processes that Ray starts. Each attempt has a note beside the
/// dataset, from its begin to its end. A note that is left over is a failed attempt: the worker
/// process died on the way.
///
/// Notes are files "PART@PLACE.RUN.ID". The place is a Ray node. Only notes of one run count: a
/// driver that died or was cancelled leaves notes of spans that did nothing wrong. A note with
/// content was marked by a crash; without, the process was killed. Not thread-safe while the ledger
/// is made; thread-safe afterwards.
class Attempts {
 public:
  /// Reads the notes of earlier attempts.
  /// @param store  The dataset. Must outlive the ledger.
  /// @param place  Where this process runs; without '.', '@' and '/'.
  /// @param run    Id of the run; without '.', '@' and '/'.
  static Result<Attempts> open(storage::Store& store, std::string place, std::string run);
  /// A ledger that knows of no failures and keeps no notes.
  static Attempts none() { return Attempts(nullptr, "", ""); }

  /// The places with notes of failed attempts.
  std::set<std::string> places() const;
  /// Counts failures at all other places as deaths of nodes: there, the machine may have failed and
  /// not the span.
  void keep_places(const std::set<std::string>& places);
  /// The failed attempts at a span.
  Failures failures(std::string_view part) const;

  /// Notes that an attempt at a span begins. @return The name of the note.
  Result<std::string> begin(std::string_view part) const;
  /// Removes the note of an attempt that ended, well or not.
  Result<void> end(const std::string& note) const;
  /// Path of a note that a signal handler can write to; empty in a bucket.
  std::string path_of(const std::string& note) const;

 private:
  /// A failed attempt.
  struct Failed {
    std::string place;
    bool crashed = false;
    bool with_node = false;
  };
  Attempts(storage::Store* store, std::string place, std::string run)
      : store_(store), place_(std::move(place)), run_(std::move(run)) {}
  storage::Store* store_;  // null for none()
  std::string place_;
  std::string run_;
  std::map<std::string, std::vector<Failed>, std::less<>> failed_;  // by part
};

}  // namespace lido::ingest
