// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "lido/storage/store.h"

namespace lido::storage {

/// Returns the entry of a file. @param path  Absolute.
Entry entry_of(std::string path, const struct stat& status);

/// Lists the files under a folder. Files whose names end in `hidden_suffix` are left out.
///
/// Each folder is listed once, whatever links lead to it: real folders first, then symbolic links
/// in the order of their names. A file with several names is delivered under each.
///
/// @param root  Absolute path. A missing folder, or a file, holds no files.
/// @return kUnavailable when a folder is removed while it is listed, or the disk fails;
///         kInvalidArgument without permission.
Result<void> visit_folder(const std::string& root, std::string_view hidden_suffix,
                          const VisitEntry& visit, const VisitRules& rules);

/// Returns the regular file at an absolute path, without opening it.
/// @return kNotFound for none and for a folder; kInvalidArgument for a pipe, socket or device, and
///         without permission.
Result<Entry> find_file(const std::string& path);

}  // namespace lido::storage
