// SPDX-License-Identifier: Apache-2.0
#include "lido/media/missing_bytes.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "lido/media/nal.h"

namespace lido::media {
namespace {

/// More are not looked at, so that a false position costs little.
constexpr int kMaxPacks = 100'000;
constexpr int64_t kTransportPacket_bytes = 188;

/// Returns the length of the pack header, PES packet or end code at the beginning of some bytes; 0
/// where there is none, or none with a length.
int64_t length_of_pack(Bytes bytes) {
  constexpr uint32_t kEnd = 0xb9, kPack = 0xba;
  if (bytes.size() < 4 || byte_at(bytes, 0) != 0 || byte_at(bytes, 1) != 0 ||
      byte_at(bytes, 2) != 1)
    return 0;
  const uint32_t code = byte_at(bytes, 3);
  if (code == kEnd) return 4;
  if (bytes.size() < 6 || code < kEnd) return 0;
  if (code != kPack) return 6 + int64_t{byte_at(bytes, 4) << 8 | byte_at(bytes, 5)};
  const bool is_mpeg2 = byte_at(bytes, 4) >> 6 == 1;
  if (!is_mpeg2) return 12;
  return bytes.size() < 14 ? 0 : 14 + int64_t{byte_at(bytes, 13) & 7};
}

/// PIDs and continuity counters of consecutive packets.
using Counters = std::vector<std::pair<int, int>>;

/// Returns those from a byte on up to the first packet of a stream; empty where none comes soon.
Result<Counters> read_counters(storage::Reader& reader, int stream_id, int64_t begin) {
  constexpr int kMaxPackets = 64;
  Counters counters;
  for (int i = 0; i < kMaxPackets; ++i) {
    std::array<std::byte, 4> header{};
    const int64_t at = begin + i * kTransportPacket_bytes;
    const Bytes bytes(header);
    if (LIDO_TRY(reader.read_at(at, header)) < header.size() || byte_at(bytes, 0) != 0x47) break;
    const auto id = static_cast<int>((byte_at(bytes, 1) & 31) << 8 | byte_at(bytes, 2));
    counters.emplace_back(id, static_cast<int>(byte_at(bytes, 3) & 15));
    if (id == stream_id) return counters;
  }
  return Counters();
}

}  // namespace

Result<bool> packs_follow(storage::Reader& reader, int64_t from, int64_t to) {
  int64_t at = from;
  for (int i = 0; i < kMaxPacks && at < to; ++i) {
    std::array<std::byte, 14> header{};
    const size_t count = LIDO_TRY(reader.read_at(at, header));
    const int64_t length = length_of_pack(Bytes(header).first(count));
    if (length == 0) return false;
    at += length;
  }
  return at == to;
}

Result<bool> data_packets_follow(storage::Reader& reader, int64_t size, int64_t from, int64_t to) {
  const auto read = [&](int64_t at) -> Result<std::array<std::byte, 3>> {
    std::array<std::byte, 3> bytes{};
    LIDO_TRY(reader.read_at(at, bytes));
    return bytes;
  };
  // Flags of the correction data (2 bytes, of no type), and these bytes, which are 0.
  constexpr std::array kCorrection = {std::byte{0x82}, std::byte{0}, std::byte{0}};
  if (size <= 0 || LIDO_TRY(read(from)) != kCorrection) return true;
  int64_t at = from + size;
  // FFmpeg gives the place at which it began to look for the later one: that is looked at too.
  for (int i = 0; i < kMaxPacks && at <= to; ++i, at += size) {
    if (LIDO_TRY(read(at)) != kCorrection) return false;
  }
  return true;
}

Result<bool> begins_recording(storage::Reader& reader, int stream_id, int64_t position) {
  // A stream alone has one counter, which is equal by chance too often.
  constexpr size_t kMinCounters = 3;
  const Counters first = LIDO_TRY(read_counters(reader, stream_id, 0));
  const int64_t before = (std::ssize(first) - 1) * kTransportPacket_bytes;
  if (first.size() < kMinCounters || position - before < kTransportPacket_bytes) return false;
  if (LIDO_TRY(read_counters(reader, stream_id, position - before)) != first) return false;
  // The recording before has its last packet.
  std::byte sync{};
  const int64_t last = position - before - kTransportPacket_bytes;
  return LIDO_TRY(reader.read_at(last, {&sync, 1})) == 1 && sync == std::byte{0x47};
}

}  // namespace lido::media
