// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lido/storage/store.h"

namespace lido::ingest {

// A working file: any bytes, a record, the record's length (8 bytes, little endian). Written last,
// the record says that all before it is there.

/// What is said of a working file, behind its name, that is not what it was.
inline constexpr const char* kChanged = "changed on disk; remove .work and run again";

/// Ends the file with its record and publishes it.
Result<void> seal(storage::Writer& writer, std::string_view record);

/// The record, and where it begins.
struct Sealed {
  std::string record;
  int64_t begins = 0;
};
/// @return No value when the file is cut short or none of these.
Result<std::optional<Sealed>> read_sealed(storage::Reader& reader);

}  // namespace lido::ingest
