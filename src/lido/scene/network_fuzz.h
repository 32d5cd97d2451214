// SPDX-License-Identifier: Apache-2.0
#pragma once

// Data that the fuzz targets of this room share.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "lido/infer/bundle.h"

namespace lido::scene {

/// A fuzzer's bytes as a network's outputs: a line of JSON, the bundle's decoding, then 32-bit
/// floats, repeated until all outputs are full. Not thread-safe.
class NetworkFuzz {
 public:
  /// Width and height of the network's input, pixels.
  static constexpr int kWidth = 64, kHeight = 48;

  /// @param data  Must outlive the object.
  explicit NetworkFuzz(std::span<const uint8_t> data)
      : all_(reinterpret_cast<const char*>(data.data()), data.size()) {}

  /// Reads the decoding into a bundle.
  /// @return False when the bytes are no line of JSON with a number or more after it.
  bool read(infer::Bundle& bundle) {
    const size_t end = all_.find('\n');
    if (end == std::string_view::npos || all_.size() - end < 8) return false;
    numbers_ = all_.substr(end + 1);
    bundle.decoding = nlohmann::json::parse(all_.substr(0, end), nullptr, false);
    return !bundle.decoding.is_discarded();
  }

  /// Fills outputs of these sizes.
  /// @return Spans that are valid until the next call.
  std::vector<std::span<const float>> outputs(std::span<const int64_t> sizes) {
    values_.clear();
    size_t at = 0;
    for (const int64_t size : sizes) {
      values_.emplace_back(static_cast<size_t>(size));
      for (float& value : values_.back()) {
        if (at + sizeof value > numbers_.size()) at = 0;
        std::memcpy(&value, numbers_.data() + at, sizeof value);
        at += sizeof value;
      }
    }
    return {values_.begin(), values_.end()};
  }

 private:
  std::string_view all_, numbers_;
  std::vector<std::vector<float>> values_;
};

}  // namespace lido::scene
