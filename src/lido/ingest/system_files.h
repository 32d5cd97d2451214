// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lido::ingest {

/// Returns whether a file or folder of this name belongs to an operating system, a NAS or a camera:
/// trash, snapshots, indexes and thumbnails, and the "._" files of macOS. Videos in them are
/// deleted footage or copies. Pure.
/// @param name  One name without '/'; upper and lower case are equal.
bool is_system_file(std::string_view name);

}  // namespace lido::ingest
