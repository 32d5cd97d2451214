// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/ingest/clip_db.h"
#include "lido/ingest/inputs.h"

namespace lido::ingest {

/// The clips of a job as their content shows them, beside those that remain in it.
struct ContentNotes {
  int64_t known = 0;       ///< Clips that the dataset has, under their name or another.
  int64_t retried = 0;     ///< Clips of the job that failed from outside before.
  NamedItems moved;        ///< Clips that the dataset has under a name that is gone.
  NamedItems copies;       ///< Further files with the content of a clip. They are left out.
  NamedItems changed;      ///< Clips that changed since they were ingested. They are left out.
  NamedItems redescribed;  ///< Clips that the dataset has with another description, which stays.
  NamedItems forgotten;    ///< Clips of which footage was forgotten and is left out.
  /// A file and the clip that it is a copy of. At most kMaxListed of them.
  std::vector<std::pair<std::string, std::string>> copy_of;
  std::vector<std::string> changed_clips;  ///< Names, at most kMaxListed.
  /// Copies found now of clips that the dataset has, by the clip's name.
  std::map<std::string, std::vector<std::string>> new_copies;
  /// Records of forgotten.json, also under the further names of their clips.
  std::vector<dataset::Forgotten> records;
};

/// Maximum number of names in the lists of ContentNotes.
inline constexpr size_t kMaxListed = 1000;

/// Drops clips from a job that are no new content: clips that the dataset has, copies, changed
/// clips, and wholly forgotten ones. Gives the others their fingerprint. A clip whose content
/// cannot be compared now becomes unusable, and a later ingest tries again.
///
/// Reads a few pieces of each clip whose name, size or time the dataset does not have, and a whole
/// clip only where another one has the same pieces.
///
/// @param dataset  Null when there is none yet.
/// @param workers  Files to read at a time; 0 is one per core.
/// @return kInvalidArgument when a copy has another group, site, camera or time; kUnavailable when
/// a bucket fails; kCancelled.
Result<ContentNotes> settle_contents(ClipDb& clips, const dataset::Dataset* dataset, int generation,
                                     int workers, const std::stop_token& stop);

/// Returns a line for each kind of clip that was left out.
std::vector<std::string> warnings(const ContentNotes& notes);

}  // namespace lido::ingest
