// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>

#include "lido/storage/reader.h"

namespace lido::storage {

/// Reads bytes in memory, which must outlive the reader. Not thread-safe.
class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  int64_t size() const override { return std::ssize(bytes_); }
  size_t request_size() const override { return 4096; }
  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    if (offset < 0 || offset >= size()) return 0;
    const auto rest = bytes_.subspan(static_cast<size_t>(offset));
    const size_t count = std::min(rest.size(), into.size());
    std::memcpy(into.data(), rest.data(), count);
    return count;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace lido::storage
