// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lido/storage/store.h"

namespace lido::part {

// A record file is a working file in .work: any bytes, then a record about them, then the record's
// length (8 bytes, little endian). The record is written last, so a file with a record is complete.

/// Error text, after the name of the file, for a working file that changed after it was written.
inline constexpr const char* kChangedOnDisk =
    "changed on disk. Run the same command again: it makes the file again.";

/// Appends the record and its length to the bytes written so far, and publishes the file.
Result<void> commit_with_record(storage::Writer& writer, std::string_view record);

/// The record of a file, and the size of the bytes before it.
struct FileRecord {
  std::string record;
  int64_t offset = 0;  ///< First byte of the record in the file.
};
/// Reads the record of a file.
/// @return No value when the file is truncated or is not a record file.
Result<std::optional<FileRecord>> read_record(storage::Reader& reader);

}  // namespace lido::part
