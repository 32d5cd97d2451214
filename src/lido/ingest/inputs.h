// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/rows.h"

namespace lido::ingest {

/// One clip to read, and what is known of where it comes from.
struct ClipInput {
  std::string uri;  ///< Absolute.
  int64_t bytes = 0;
  std::string group;  ///< Empty: the clip is a group of its own.
  std::string site;
  std::string camera;
  std::optional<dataset::UtcTime> start_utc;

  const std::string& group_name() const { return group.empty() ? uri : group; }
};

class Book;

/// Finds the clips that arguments name, and adds them to the book: files, folders, globs, gs:// and
/// s3:// prefixes, and list files.
///
/// A list file is CSV or Parquet (by its ending) with the column clip and optionally group, site,
/// camera and start_utc; relative clips are relative to the list. From folders and prefixes only
/// files that end like a video are taken; a file named outright is always taken.
///
/// @return How many files were ignored: those in folders whose names do not end like a video's.
/// kNotFound when an argument names nothing; kInvalidArgument for a bad list, named with its row.
Result<int64_t> find_inputs(const std::vector<std::string>& arguments, Book& book);

}  // namespace lido::ingest
