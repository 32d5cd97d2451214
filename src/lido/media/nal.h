// SPDX-License-Identifier: Apache-2.0
// Private to this room: NAL units and the bits in them, alike in H.264 and HEVC.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lido::media {

using Bytes = std::span<const std::byte>;

inline uint32_t byte_at(Bytes bytes, size_t index) {
  return std::to_integer<uint32_t>(bytes[index]);
}

/// Reads bits, most significant first; past the end it reads zeros and says so.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}
  uint32_t bits(int count) {
    uint32_t value = 0;
    for (; count > 0; --count, ++position_) {
      const size_t index = position_ / 8;
      const uint32_t bit =
          index < bytes_.size() ? byte_at(bytes_, index) >> (7 - position_ % 8) & 1 : 0;
      value = value << 1 | bit;
    }
    return value;
  }
  /// Exp-Golomb code, ue(v).
  uint32_t golomb() {
    int zeros = 0;
    while (zeros < 31 && !overrun() && bits(1) == 0) ++zeros;
    return (1U << zeros) - 1 + bits(zeros);
  }
  void skip(int count) { position_ += static_cast<size_t>(count); }
  bool flag() { return bits(1) == 1; }
  bool overrun() const { return position_ > bytes_.size() * 8; }

 private:
  Bytes bytes_;
  size_t position_ = 0;
};

/// Calls visit(nal) for each NAL unit, until it returns false. @return false for broken framing.
template <typename Visit>
bool for_each_nal(Bytes packet, int length_size, Visit visit) {
  size_t at = 0;
  if (length_size > 0) {
    const auto prefix = static_cast<size_t>(length_size);
    while (at + prefix <= packet.size()) {
      size_t length = 0;
      for (size_t i = 0; i < prefix; ++i) length = length << 8 | byte_at(packet, at + i);
      at += prefix;
      if (length > packet.size() - at) return false;
      if (length > 0 && !visit(packet.subspan(at, length))) return true;
      at += length;
    }
    return at == packet.size();
  }
  const auto next_start = [&](size_t from) {
    while (from + 3 <= packet.size()) {
      if (byte_at(packet, from + 2) > 1)
        from += 3;
      else if (byte_at(packet, from) == 0 && byte_at(packet, from + 1) == 0 &&
               byte_at(packet, from + 2) == 1)
        return from;
      else
        ++from;
    }
    return packet.size();
  };
  for (at = next_start(0); at < packet.size();) {
    const size_t begin = at + 3;
    at = next_start(begin);
    if (at > begin && !visit(packet.subspan(begin, at - begin))) return true;
  }
  return true;
}

/// Removes emulation prevention bytes (00 00 03) from at most `limit` bytes.
inline std::vector<std::byte> unescape(Bytes nal, size_t limit) {
  std::vector<std::byte> out;
  int zeros = 0;
  for (const std::byte value : nal.first(std::min(nal.size(), limit))) {
    if (zeros >= 2 && value == std::byte{3}) {
      zeros = 0;
      continue;
    }
    zeros = value == std::byte{0} ? zeros + 1 : 0;
    out.push_back(value);
  }
  return out;
}

}  // namespace lido::media
