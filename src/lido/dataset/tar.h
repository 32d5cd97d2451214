// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido::dataset {

/// Appends a file to a tar archive (POSIX ustar). Time, owner and group are 0, so that equal files
/// make equal archives. @param name  At most 100 bytes.
void append_tar_entry(std::string& archive, std::string_view name, std::string_view content);

/// Returns the end of an archive: 1024 zero bytes.
std::string_view tar_end();

/// A file in an archive in memory. Valid as long as the archive.
struct TarEntry {
  std::string name;
  std::span<const std::byte> content;
};

/// Lists the regular files of an archive, or of a part that starts at a file's header. Pure.
/// @return kCorrupt for a broken header or content that is cut off.
Result<std::vector<TarEntry>> read_tar(std::span<const std::byte> archive);

}  // namespace lido::dataset
