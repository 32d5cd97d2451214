// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido::dataset {

/// Appends one file to a tar archive (POSIX ustar; time, owner and group zero, so that equal files
/// make equal archives). @param name  At most 100 bytes.
void append_tar_entry(std::string& archive, std::string_view name, std::string_view content);

/// What ends an archive.
std::string_view tar_end();

/// One file in an archive that is held in memory.
struct TarEntry {
  std::string name;
  std::span<const std::byte> content;
};

/// Lists the files of an archive, or of a part of one that begins at a file's header.
/// @return kCorrupt for a broken header or content that is cut off.
Result<std::vector<TarEntry>> read_tar(std::span<const std::byte> archive);

}  // namespace lido::dataset
