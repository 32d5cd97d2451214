// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lido/base/result.h"

namespace lido::storage {

/// The bytes of one object, read by range. Not thread-safe; open one for each thread.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Bytes.
  virtual int64_t size() const = 0;
  /// Fills `into` from `offset` on. A short count means the end of the object, 0 that the offset is
  /// past it.
  /// @return kUnavailable once retries are used up.
  virtual Result<size_t> read_at(int64_t offset, std::span<std::byte> into) = 0;
  /// Bytes that one request should ask for at least: small on a disk, large over a network.
  virtual size_t request_size() const = 0;
};

/// Bytes that appear under their name whole, or not at all. Not thread-safe.
class Writer {
 public:
  virtual ~Writer() = default;  ///< Without commit(), nothing is published.
  virtual Result<void> append(std::span<const std::byte> bytes) = 0;
  Result<void> append(std::string_view text) {
    return append(std::as_bytes(std::span(text.data(), text.size())));
  }
  /// Publishes in one atomic step: a rename on a disk, the final request in a bucket.
  virtual Result<void> commit() = 0;
};

/// Reads the whole object, of `limit` bytes at most.
Result<std::string> read_all(Reader& reader, int64_t limit);

}  // namespace lido::storage
