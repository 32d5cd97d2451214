// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lido/base/result.h"

namespace lido::storage {

/// Reads the bytes of one object by range. Not thread-safe; open one per thread.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Returns the object's size in bytes, as of the time it was opened.
  virtual int64_t size() const = 0;
  /// Reads the bytes from `offset` on into `into`, and returns their number. Fewer than asked for
  /// mean the end of the object; 0 means that `offset` is at or past the end.
  /// @return kUnavailable once all attempts have failed.
  virtual Result<size_t> read_at(int64_t offset, std::span<std::byte> into) = 0;
  /// Returns the smallest sensible size of a request, in bytes: larger over a network than in
  /// memory.
  virtual size_t request_size() const = 0;
};

/// Writes an object that appears under its name complete, or not at all. Not thread-safe.
class Writer {
 public:
  /// Discards everything appended unless commit() has returned without error.
  virtual ~Writer() = default;
  /// Appends bytes to the object.
  /// @return kUnavailable when the disk is full or the network fails.
  virtual Result<void> append(std::span<const std::byte> bytes) = 0;
  Result<void> append(std::string_view text) {
    return append(std::as_bytes(std::span(text.data(), text.size())));
  }
  /// Publishes the object in one atomic step: a rename on a disk, the last request of an upload in
  /// a bucket. Call once, after the last append().
  virtual Result<void> commit() = 0;
};

/// Reads a whole object into memory.
/// @param limit  Maximum size in bytes.
/// @return kCorrupt when the object is larger; kUnavailable as for read_at().
Result<std::string> read_all(Reader& reader, int64_t limit);

}  // namespace lido::storage
