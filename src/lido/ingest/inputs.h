// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/part/span_task.h"

namespace lido::ingest {

/// Receives a clip. An error stops the search and is returned.
using OnClip = std::function<Result<void>(const part::ClipInput&)>;

/// Finds the clips that arguments name: files, folders, globs, gs:// and s3:// prefixes, and lists.
///
/// A list is a CSV or Parquet file (by its ending) with the column clip and optionally group, site,
/// camera and start_utc; relative clips are relative to the list. In folders and prefixes only
/// files with a video extension are taken; a file that is an argument itself is always taken.
///
/// @param on_clip  Called for each clip, once for each time it is named. Clips of lists come last
///                 for each argument.
/// @return Number of files in folders that were skipped for their extension. kNotFound when no
/// argument names a clip; kInvalidArgument for a bad list, with its row.
Result<int64_t> find_inputs(const std::vector<std::string>& arguments, const OnClip& on_clip);

}  // namespace lido::ingest
