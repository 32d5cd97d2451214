// SPDX-License-Identifier: Apache-2.0
#include "lido/media/coded_picture.h"

#include "lido/media/nal.h"

namespace lido::media {
namespace {

/// Returns what follows the first start code 00 00 01 `code`; empty where there is none.
Bytes after_start_code(Bytes packet, uint32_t code) {
  for (size_t i = 0; i + 4 <= packet.size(); ++i) {
    const bool found = byte_at(packet, i) == 0 && byte_at(packet, i + 1) == 0 &&
                       byte_at(packet, i + 2) == 1 && byte_at(packet, i + 3) == code;
    if (found) return packet.subspan(i + 4);
  }
  return {};
}

bool is_intra_mpeg12(Bytes packet) {
  BitReader reader(after_start_code(packet, 0));
  reader.skip(10);  // temporal_reference
  return reader.bits(3) == 1 && !reader.overrun();
}

bool is_intra_mpeg4(Bytes packet) {
  const Bytes picture = after_start_code(packet, 0xb6);
  return !picture.empty() && byte_at(picture, 0) >> 6 == 0;
}

bool is_intra_h263(Bytes packet) {
  constexpr uint32_t kStartCode = 32, kExtended = 7;
  BitReader reader(packet);
  if (reader.bits(22) != kStartCode) return false;
  reader.skip(8 + 5);  // temporal reference, first five bits of PTYPE
  const uint32_t format = reader.bits(3);
  if (format != kExtended) return !reader.flag() && !reader.overrun();
  if (reader.bits(3) == 1) reader.skip(18);  // OPPTYPE
  return reader.bits(3) == 0 && !reader.overrun();
}

bool is_intra_flv1(Bytes packet) {
  BitReader reader(packet);
  if (reader.bits(17) != 1) return false;
  reader.skip(5 + 8);  // version, number
  const uint32_t size = reader.bits(3);
  if (size < 2) reader.skip(size == 0 ? 16 : 32);
  return reader.bits(2) == 0 && !reader.overrun();
}

/// Reads an OBU's length, leb128. @return No value where it does not end.
std::optional<uint64_t> read_leb128(Bytes bytes, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0; shift < 56 && at < bytes.size(); shift += 7) {
    const uint32_t byte = byte_at(bytes, at++);
    value |= uint64_t{byte & 127} << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

/// A key frame that is not shown at once is none here: frames before it may be shown after it.
bool is_intra_av1(Bytes packet) {
  constexpr uint32_t kFrameHeader = 3, kFrame = 6;
  for (size_t at = 0; at < packet.size();) {
    const uint32_t header = byte_at(packet, at);
    const uint32_t type = header >> 3 & 15;
    at += (header & 4) != 0 ? 2 : 1;
    if (at > packet.size()) return false;
    uint64_t size = packet.size() - at;
    if ((header & 2) != 0) {
      const auto given = read_leb128(packet, at);
      if (!given || *given > packet.size() - at) return false;
      size = *given;
    }
    if (type == kFrameHeader || type == kFrame) {
      BitReader reader(packet.subspan(at, static_cast<size_t>(size)));
      // show_existing_frame 0, frame_type 00, show_frame 1
      return reader.bits(4) == 1 && !reader.overrun();
    }
    at += static_cast<size_t>(size);
  }
  return false;
}

}  // namespace

bool is_intra(PictureSyntax syntax, std::span<const std::byte> packet) {
  if (packet.empty()) return false;
  switch (syntax) {
    case PictureSyntax::kMpeg12:
      return is_intra_mpeg12(packet);
    case PictureSyntax::kMpeg4:
      return is_intra_mpeg4(packet);
    case PictureSyntax::kH263:
      return is_intra_h263(packet);
    case PictureSyntax::kFlv1:
      return is_intra_flv1(packet);
    case PictureSyntax::kMsMpeg4:
      return byte_at(packet, 0) >> 6 == 0;
    case PictureSyntax::kWmv2:
      return byte_at(packet, 0) >> 7 == 0;
    case PictureSyntax::kVp8:
      return (byte_at(packet, 0) & 1) == 0;
    case PictureSyntax::kTheora:
      return byte_at(packet, 0) >> 6 == 0;
    case PictureSyntax::kAv1:
      return is_intra_av1(packet);
  }
  return false;
}

}  // namespace lido::media
