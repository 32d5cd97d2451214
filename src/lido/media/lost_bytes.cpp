// SPDX-License-Identifier: Apache-2.0
#include "lido/media/lost_bytes.h"

#include <algorithm>

#include "lido/media/nal.h"

namespace lido::media {
namespace {

/// Zeros that end a packet, at least, where its last bytes may be lost.
constexpr size_t kMinAtEnd = 16;
/// Zeros in a row that no entropy coder writes: 512 decisions in a row of which each is the first.
constexpr size_t kMinDense = 64;
/// Zero bytes that no header of a packet begins with.
constexpr size_t kMinAtStart = 16;
constexpr size_t kMinInUnit = 3;

/// Calls visit(begin, end) for each run of at least `length` zeros, until it returns false.
template <typename Visit>
void for_each_run(Bytes bytes, size_t length, Visit visit) {
  // Only each `length`-th byte is looked at, until one is 0.
  for (size_t at = length - 1; at < bytes.size();) {
    if (byte_at(bytes, at) != 0) {
      at += length;
      continue;
    }
    size_t begin = at;
    while (begin > 0 && byte_at(bytes, begin - 1) == 0) --begin;
    size_t end = at + 1;
    while (end < bytes.size() && byte_at(bytes, end) == 0) ++end;
    if (end - begin >= length && !visit(begin, end)) return;
    at = end + length;
  }
}

/// Returns whether zeros stand before a byte that ends no start code.
bool breaks_start_codes(Bytes bytes) {
  bool breaks = false;
  for_each_run(bytes, kMinInUnit, [&](size_t, size_t end) {
    breaks = end < bytes.size() && byte_at(bytes, end) != 1;
    return !breaks;
  });
  return breaks;
}

/// Returns whether a NAL unit is a slice. Others may hold data of a camera's maker, as it is.
bool is_slice(ZeroRules rules, Bytes nal) {
  const uint32_t header = byte_at(nal, 0);
  if (rules == ZeroRules::kHevc) return (header >> 1 & 63) < 32;
  return (header & 31) >= 1 && (header & 31) <= 5;
}

}  // namespace

Zeros find_zeros(ZeroRules rules, Bytes packet, int length_size) {
  Zeros zeros;
  if (rules == ZeroRules::kUnknown || packet.empty()) return zeros;
  const auto is_data = [](std::byte one) { return one != std::byte{0}; };
  const auto first = static_cast<size_t>(std::ranges::find_if(packet, is_data) - packet.begin());
  const auto last = std::ranges::find_if(packet.rbegin(), packet.rend(), is_data);
  zeros.at_end = static_cast<size_t>(last - packet.rbegin()) >= kMinAtEnd;
  if (first == packet.size()) {
    zeros.in_data = first >= kMinAtStart;
    return zeros;
  }
  switch (rules) {
    case ZeroRules::kUnknown:
      break;
    case ZeroRules::kH264:
    case ZeroRules::kHevc:
      for_each_nal(packet, length_size, [&](Bytes nal) {
        zeros.in_data = is_slice(rules, nal) && breaks_start_codes(nal);
        return !zeros.in_data;
      });
      break;
    case ZeroRules::kStartCodes:
      zeros.in_data = breaks_start_codes(packet);
      break;
    case ZeroRules::kDense:
      zeros.in_data = first >= kMinAtStart;
      for_each_run(packet, kMinDense, [&](size_t, size_t end) {
        zeros.in_data = zeros.in_data || end < packet.size();
        return !zeros.in_data;
      });
      break;
  }
  return zeros;
}

}  // namespace lido::media
