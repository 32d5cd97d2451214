// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::dataset {

/// Checksums by which files with equal content are known, whatever their names and times.
struct Fingerprint {
  /// Checksum of the size and of five pieces of 64 KiB: the first, the last and three between. For
  /// a smaller file it is over all bytes. Files of a recorder that preallocates may share it
  /// although their content differs; hash_all() decides.
  std::string pieces;
  /// Checksum of the size, the first and the last piece: ClipRow::fingerprint of earlier versions.
  std::string ends;
};

/// Computes the fingerprint of a file. Reads 320 KiB at most. @return kUnavailable.
Result<Fingerprint> fingerprint_of(storage::Reader& reader);

/// Returns whether Fingerprint::pieces of a file of this size is over all its bytes.
bool is_whole(int64_t bytes);

/// Computes the SHA-256 of a whole file, hexadecimal. @return kUnavailable.
Result<std::string> hash_all(storage::Reader& reader);

}  // namespace lido::dataset
