// SPDX-License-Identifier: Apache-2.0
#include "lido/media/bitstream.h"

#include <optional>
#include <utility>
#include <vector>

#include "lido/media/nal.h"

namespace lido::media {
namespace {

/// Returns whether an SEI NAL unit has a recovery point from which on pictures are exact.
bool has_clean_recovery_point(Bytes nal) {
  constexpr size_t kMaxSeiBytes = 4096;
  constexpr uint32_t kRecoveryPoint = 6;
  const std::vector<std::byte> payload = unescape(nal.subspan(1), kMaxSeiBytes);
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

PacketFacts read_h264(Bytes packet, int length_size, h264::FrameCounter& counter) {
  PacketFacts facts;
  bool slice_seen = false;
  bool recovery = false;
  bool starts_with_idr = false;
  bool misses_pictures = false;
  facts.referenced = false;
  const bool whole = for_each_nal(packet, length_size, [&](Bytes nal) {
    const uint32_t header = byte_at(nal, 0);
    const uint32_t type = header & 31;
    counter.store_parameter_set(nal);
    if (type == 6) recovery = recovery || has_clean_recovery_point(nal);
    // SVC-T: a prefix NAL unit has the layer of the slice that follows.
    if (type == 14 && nal.size() >= 4 && byte_at(nal, 1) >> 7 == 1)
      facts.temporal_id = static_cast<int>(byte_at(nal, 3) >> 5);
    // Data partitions (2 to 4) are slices too. A coded slice extension (20) is another layer's.
    if (type >= 1 && type <= 5) {
      // The first field of a PAFF picture may be IDR, and the second a P field that refers to it.
      if (!slice_seen) {
        starts_with_idr = type == 5;
        if (type <= 2 || type == 5) misses_pictures = counter.misses_pictures(nal);
      }
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
  if (misses_pictures) facts.missing_since = 0;
  return facts;
}

PacketFacts read_hevc(Bytes packet, int length_size, hevc::Headers& headers) {
  PacketFacts facts;
  std::vector<Bytes> slices;
  const bool whole = for_each_nal(packet, length_size, [&](Bytes nal) {
    if (nal.size() < 3 || hevc::layer(nal) != 0) return true;
    headers.store_parameter_set(nal);
    if (hevc::nal_type(nal) < 32) slices.push_back(nal);
    return true;
  });
  if (!whole || slices.empty()) {
    facts.unplannable = !whole;
    return facts;
  }
  const Bytes first = slices[0];
  const uint32_t type = hevc::nal_type(first);
  const bool irap = hevc::is_random_access(type);
  facts.temporal_id = hevc::temporal_id(first);
  facts.random_access = irap;
  facts.resets = irap;
  facts.referenced = !hevc::is_sub_layer_non_reference(type);
  facts.needs_previous = hevc::is_skipped_leading(type);
  // no_output_of_prior_pics_flag follows first_slice_segment_in_pic_flag.
  if (irap && (byte_at(first, 2) >> 6 & 1) != 0) facts.unplannable = true;
  facts.prediction = headers.read_picture(slices);
  if (facts.prediction && facts.prediction->misses_source) facts.missing_since = 0;
  return facts;
}

/// @param can_lack_last  Whether the packet before may be left out; set to whether this one may be.
PacketFacts read_vp9(Bytes packet, bool& can_lack_last) {
  PacketFacts facts;
  const bool lacks_last = std::exchange(can_lack_last, false);
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
  if (intra_only || superframe) return facts;
  if (!error_resilient) {
    // Motion vectors, segments and probabilities continue those of the frame before, whether or not
    // it is a reference.
    facts.unplannable = lacks_last;
    return facts;
  }
  facts.referenced = reader.bits(8) != 0 || reader.overrun();
  can_lack_last = !facts.referenced;
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

FactReader::FactReader(Framing framing, std::span<const std::byte> extradata) : framing_(framing) {
  const bool h264 = framing.syntax == Syntax::kH264;
  if (!h264 && framing.syntax != Syntax::kHevc) return;
  if (framing.nal_length_size > 0) {
    h264 ? h264_.store_configuration(extradata) : hevc_.store_configuration(extradata);
  } else {
    for_each_nal(extradata, 0, [&](Bytes nal) {
      h264 ? h264_.store_parameter_set(nal) : hevc_.store_parameter_set(nal);
      return true;
    });
  }
}

void FactReader::forget() {
  h264_.forget();
  hevc_.forget_pictures();
  mpeg2_.forget();
  can_lack_last_vp9_ = false;
}

PacketFacts FactReader::read(std::span<const std::byte> packet, bool container_keyframe) {
  switch (framing_.syntax) {
    case Syntax::kH264:
      return read_h264(packet, framing_.nal_length_size, h264_);
    case Syntax::kHevc:
      return read_hevc(packet, framing_.nal_length_size, hevc_);
    case Syntax::kVp9:
      return read_vp9(packet, can_lack_last_vp9_);
    case Syntax::kIntraOnly:
      return {.random_access = true, .resets = true, .referenced = false};
    case Syntax::kMpeg2:
    case Syntax::kOther:
      break;
  }
  PacketFacts facts{.random_access = container_keyframe, .resets = container_keyframe};
  if (framing_.syntax == Syntax::kMpeg2) facts.missing_since = mpeg2_.missing_since(packet);
  return facts;
}

}  // namespace lido::media
