// SPDX-License-Identifier: Apache-2.0
#include "lido/media/bitstream.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace lido::media {
namespace {

using Bytes = std::span<const std::byte>;

uint32_t byte_at(Bytes bytes, size_t index) { return std::to_integer<uint32_t>(bytes[index]); }

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
std::vector<std::byte> unescape(Bytes nal, size_t limit) {
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

/// Whether an SEI NAL unit announces that pictures are exact from this one on.
bool has_clean_recovery_point(Bytes nal) {
  constexpr size_t kLongestSei = 4096;
  constexpr uint32_t kRecoveryPoint = 6;
  const std::vector<std::byte> payload = unescape(nal.subspan(1), kLongestSei);
  const Bytes bytes(payload);
  size_t at = 0;
  const auto read_number = [&]() -> std::optional<uint32_t> {
    uint32_t value = 0;
    while (at < bytes.size() && byte_at(bytes, at) == 255) value += byte_at(bytes, at++);
    if (at >= bytes.size()) return std::nullopt;
    return value + byte_at(bytes, at++);
  };
  while (at + 2 < bytes.size()) {
    const auto type = read_number();
    const auto size = read_number();
    if (!type || !size || *size > bytes.size() - at) return false;
    if (*type == kRecoveryPoint) {
      BitReader reader(bytes.subspan(at, *size));
      const uint32_t frames_to_wait = reader.golomb();
      const bool exact_match = reader.bits(1) == 1;
      const bool broken_link = reader.bits(1) == 1;
      return frames_to_wait == 0 && exact_match && !broken_link;
    }
    at += *size;
  }
  return false;
}

PacketFacts read_h264(Bytes packet, int length_size) {
  PacketFacts facts;
  bool slice_seen = false;
  bool recovery = false;
  bool starts_with_idr = false;
  facts.referenced = false;
  const bool whole = for_each_nal(packet, length_size, [&](Bytes nal) {
    const uint32_t header = byte_at(nal, 0);
    const uint32_t type = header & 31;
    if (type == 6) recovery = recovery || has_clean_recovery_point(nal);
    // SVC-T: a prefix NAL unit tells the layer of the slice that follows it.
    if (type == 14 && nal.size() >= 4 && byte_at(nal, 1) >> 7 == 1)
      facts.temporal_id = static_cast<int>(byte_at(nal, 3) >> 5);
    // Data partitions (2 to 4) are slices too. A coded slice extension (20) is another layer's.
    if (type >= 1 && type <= 5) {
      // A PAFF picture may open with an IDR field and close with a P field that refers to it.
      if (!slice_seen) starts_with_idr = type == 5;
      slice_seen = true;
      if ((header >> 5 & 3) != 0) facts.referenced = true;
    }
    return true;
  });
  if (!slice_seen || !whole) {
    facts.referenced = true;
    facts.unplannable = !whole;
    return facts;
  }
  facts.resets = starts_with_idr;
  facts.random_access = starts_with_idr || recovery;
  return facts;
}

PacketFacts read_hevc(Bytes packet, int length_size) {
  PacketFacts facts;
  std::optional<uint32_t> picture_type;
  const bool whole = for_each_nal(packet, length_size, [&](Bytes nal) {
    if (nal.size() < 3) return true;
    const uint32_t type = byte_at(nal, 0) >> 1 & 63;
    const uint32_t layer = (byte_at(nal, 0) & 1) << 5 | byte_at(nal, 1) >> 3;
    if (type >= 32 || layer != 0 || picture_type) return true;
    picture_type = type;
    facts.temporal_id = static_cast<int>(byte_at(nal, 1) & 7) - 1;
    const bool irap = type >= 16 && type <= 23;
    facts.random_access = irap;
    facts.resets = irap;
    // Sub-layer non-reference pictures have even types below 16.
    facts.referenced = type >= 16 || (type & 1) == 1;
    facts.needs_previous = type == 8 || type == 9;  // RASL_N, RASL_R
    // no_output_of_prior_pics_flag follows first_slice_segment_in_pic_flag.
    if (irap && (byte_at(nal, 2) >> 6 & 1) != 0) facts.unplannable = true;
    return true;
  });
  if (!whole || !picture_type) facts.unplannable = !whole;
  return facts;
}

PacketFacts read_vp9(Bytes packet) {
  PacketFacts facts;
  if (packet.empty()) return facts;
  const bool superframe = byte_at(packet, packet.size() - 1) >> 5 == 6;
  BitReader reader(packet);
  if (reader.bits(2) != 2) {
    facts.unplannable = true;
    return facts;
  }
  const uint32_t profile = reader.bits(1) | reader.bits(1) << 1;
  if (profile == 3) reader.bits(1);
  const bool show_existing = reader.bits(1) == 1;
  if (show_existing) {
    facts.referenced = superframe;
    return facts;
  }
  const bool key = reader.bits(1) == 0;
  const bool shown = reader.bits(1) == 1;
  const bool error_resilient = reader.bits(1) == 1;
  if (key) {
    facts.random_access = facts.resets = true;
    return facts;
  }
  const bool intra_only = !shown && reader.bits(1) == 1;
  if (!error_resilient) reader.bits(2);
  if (!intra_only && !superframe) facts.referenced = reader.bits(8) != 0 || reader.overrun();
  return facts;
}

}  // namespace

Framing framing_of(Syntax syntax, std::span<const std::byte> extradata) {
  Framing framing{syntax, 0};
  if (syntax == Syntax::kH264 && extradata.size() >= 7 && byte_at(extradata, 0) == 1) {
    framing.nal_length_size = static_cast<int>(byte_at(extradata, 4) & 3) + 1;
  }
  if (syntax == Syntax::kHevc && extradata.size() >= 23 &&
      (byte_at(extradata, 0) != 0 || byte_at(extradata, 1) != 0 || byte_at(extradata, 2) > 1)) {
    framing.nal_length_size = static_cast<int>(byte_at(extradata, 21) & 3) + 1;
  }
  return framing;
}

PacketFacts read_facts(const Framing& framing, std::span<const std::byte> packet,
                       bool container_keyframe) {
  switch (framing.syntax) {
    case Syntax::kH264:
      return read_h264(packet, framing.nal_length_size);
    case Syntax::kHevc:
      return read_hevc(packet, framing.nal_length_size);
    case Syntax::kVp9:
      return read_vp9(packet);
    case Syntax::kIntraOnly:
      return {.random_access = true, .resets = true, .referenced = false};
    case Syntax::kOther:
      break;
  }
  return {.random_access = container_keyframe, .resets = container_keyframe};
}

}  // namespace lido::media
