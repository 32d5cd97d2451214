// SPDX-License-Identifier: Apache-2.0
// Private to this room: NAL units and their bits, as H.264 and HEVC share them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lido::media {

/// Part of a bitstream.
using Bytes = std::span<const std::byte>;

/// Returns byte `index`, which exists.
inline uint32_t byte_at(Bytes bytes, size_t index) {
  return std::to_integer<uint32_t>(bytes[index]);
}

/// Reads bits, most significant first. Past the end it reads zeros, and overrun() is true.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}
  /// Reads an unsigned number, u(n). @param count  0 to 32.
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
  /// Reads an Exp-Golomb code, ue(v).
  uint32_t golomb() {
    int zeros = 0;
    while (zeros < 31 && !overrun() && bits(1) == 0) ++zeros;
    return (1U << zeros) - 1 + bits(zeros);
  }
  /// Skips bits. @param count  >= 0.
  void skip(int count) { position_ += static_cast<size_t>(count); }
  /// Reads one bit, u(1).
  bool flag() { return bits(1) == 1; }
  /// Returns whether more bits were read than there are.
  bool overrun() const { return position_ > bytes_.size() * 8; }

 private:
  Bytes bytes_;
  size_t position_ = 0;
};

/// Calls visit(nal) for each NAL unit of a packet, until it returns false.
/// @param length_size  Bytes of the length before each NAL unit; 0 for start codes (Annex B).
/// @return False when the lengths do not add up to the packet.
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

/// Returns the first `limit` bytes of a NAL unit at most, without emulation prevention bytes
/// (the 03 of 00 00 03).
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
