// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/part/span_task.h"

namespace lido::ingest {

/// A clip, as a search finds it.
struct FoundClip {
  part::ClipInput input;
  std::string file_id;   ///< Equal for names of one file; empty in a bucket. See storage::Entry.
  bool is_link = false;  ///< Reached through a symbolic link.
};

/// Returns whether a clip has a group, site, camera or time.
bool has_description(const part::ClipInput& clip);

/// A field that two descriptions of one content have with different values.
struct FieldDifference {
  const char* field;   ///< Column of a list: "group", "site", "camera" or "start_utc".
  std::string first;   ///< As in a list; empty for none.
  std::string second;  ///< As `first`.
};

/// Returns the first difference between two descriptions; no value for equal ones.
std::optional<FieldDifference> find_difference(const part::ClipInput& first,
                                               const part::ClipInput& second);

/// Receives a clip. An error stops the search and is returned.
using OnClip = std::function<Result<void>(const FoundClip&)>;

/// A count, with the first names by alphabet.
struct NamedItems {
  int64_t count = 0;
  std::vector<std::string> first;  ///< Up to three, printable.

  /// Adds an item. @param name  Any bytes.
  void add(std::string_view name);
  NamedItems& operator+=(const NamedItems& other);
};

/// Returns the names as a list, with "..." when there are more.
std::string names_of(const NamedItems& items);

/// Omissions of a search for clips, and files that it finds twice.
struct InputNotes {
  int64_t other_files = 0;  ///< Files in folders without a video extension.
  NamedItems unreadable;    ///< Folders and files that cannot be listed, each with the reason.
  NamedItems system_files;  ///< Trash, snapshots and indexes: is_system_file().
  NamedItems special;       ///< Pipes, sockets and devices with a video extension.
  NamedItems repeated;      ///< Clips and folders with several names, which are read once.
};

/// Returns a line for each kind of omission. Empty when nothing was left out. Other files are not
/// among them.
std::vector<std::string> warnings(const InputNotes& notes);

/// Finds the clips that arguments name: files, folders, globs, gs:// and s3:// prefixes, and lists.
///
/// A list is a CSV or Parquet file (by its ending) with the column clip and optionally group, site,
/// camera and start_utc; relative clips are relative to the list. In folders and prefixes only
/// files with a video extension are taken, and no system files; a file that is an argument itself
/// is always taken. System files among several arguments are left out, because a shell's `*` names
/// them. A clip whose name is not UTF-8 has the reason in
/// part::ClipInput::unusable, and an escaped name.
///
/// @param on_clip  Called for each clip, once for each time it is named. Clips of lists come last
///                 for each argument.
/// @return What was left out. kNotFound when no argument names a clip; kInvalidArgument for a bad
/// list, with its line.
Result<InputNotes> find_inputs(const std::vector<std::string>& arguments, const OnClip& on_clip);

}  // namespace lido::ingest
