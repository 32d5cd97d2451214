// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/storage/store.h"

namespace lido::storage {

/// Opens a folder of this machine. Objects are written as ".NAME.partial" and renamed on commit.
/// @param folder  Absolute path; need not exist.
Result<std::unique_ptr<Store>> open_disk(std::string folder);

/// Removes files of unfinished writes below a folder, as killed processes leave them. Keeps those
/// that a process is writing. A missing folder is no error.
Result<void> remove_unfinished(const std::string& folder);

}  // namespace lido::storage
