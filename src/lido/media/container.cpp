// SPDX-License-Identifier: Apache-2.0
#include "lido/media/container.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "lido/media/mp4_boxes.h"

namespace lido::media {
namespace {

constexpr std::array kElementary = {"h264",  "hevc", "mpegvideo", "m4v",
                                    "mjpeg", "obu",  "av1",       "cavsvideo"};

bool is_mp4(std::string_view format) { return format.starts_with("mov,"); }

std::unexpected<Error> cut_off(uint64_t declared, int64_t size) {
  return fail(ErrorCode::kCorrupt, "the file is cut off: {} bytes, want {} by its header", size,
              declared);
}

Result<void> check_mp4(storage::Reader& reader) {
  const std::vector<Mp4Box> boxes = LIDO_TRY(read_boxes(reader));
  if (boxes.empty() || boxes.back().end <= reader.size()) return {};
  return fail(ErrorCode::kCorrupt, "the file is cut off in its {} box: {} bytes, want {} or more",
              boxes.back().kind, reader.size(), boxes.back().end);
}

Result<void> check_riff(storage::Reader& reader) {
  std::array<std::byte, 8> header{};
  const size_t read = LIDO_TRY(reader.read_at(0, header));
  if (read < 8 || std::memcmp(header.data(), "RIFF", 4) != 0) return {};
  std::reverse(header.begin() + 4, header.end());
  const uint64_t declared = big_endian(std::span(header).subspan(4)) + 8;
  const bool streamed = declared < 12 || declared >= 0xfffffff0;
  if (!streamed && declared > static_cast<uint64_t>(reader.size()))
    return cut_off(declared, reader.size());
  return {};
}

/// A variable-length EBML number at the front of some bytes.
struct EbmlNumber {
  uint64_t value = 0;
  size_t length = 0;     ///< Bytes; 0 when there is no number.
  bool unknown = false;  ///< All ones: unknown when the file was written.
};

EbmlNumber read_ebml(std::span<const std::byte> bytes, bool keep_marker) {
  if (bytes.empty()) return {};
  const auto first = std::to_integer<uint8_t>(bytes[0]);
  const auto length = static_cast<size_t>(std::countl_zero(first)) + 1;
  if (length > 8 || length > bytes.size()) return {};
  EbmlNumber number{big_endian(bytes.first(length)), length, false};
  const uint64_t marker = uint64_t{1} << (7 * length);
  number.unknown = (number.value & (marker - 1)) == marker - 1;
  if (!keep_marker) number.value &= marker - 1;
  return number;
}

Result<void> check_matroska(storage::Reader& reader) {
  constexpr uint64_t kSegment = 0x18538067;
  std::vector<std::byte> head(4096);
  head.resize(LIDO_TRY(reader.read_at(0, head)));
  size_t at = 0;
  while (at < head.size()) {
    const EbmlNumber id = read_ebml(std::span(head).subspan(at), true);
    if (id.length == 0) return {};
    const EbmlNumber length = read_ebml(std::span(head).subspan(at + id.length), false);
    if (length.length == 0 || length.unknown) return {};
    at += id.length + length.length;
    const uint64_t end = at + length.value;
    if (id.value == kSegment) {
      if (end > static_cast<uint64_t>(reader.size())) return cut_off(end, reader.size());
      return {};
    }
    if (end > head.size()) return {};
    at = static_cast<size_t>(end);
  }
  return {};
}

}  // namespace

bool lists_every_packet(std::string_view format) { return is_mp4(format); }

bool needs_stream_probe(std::string_view format) {
  return !is_mp4(format) && !format.starts_with("matroska");
}

bool seeks_by_byte(std::string_view format) {
  return format == "mpegts" || format == "mpeg" || !carries_timestamps(format);
}

bool carries_timestamps(std::string_view format) {
  return std::ranges::find(kElementary, format) == kElementary.end();
}

Result<void> check_not_cut_off(storage::Reader& reader, std::string_view format) {
  if (is_mp4(format)) return check_mp4(reader);
  if (format == "avi") return check_riff(reader);
  if (format.starts_with("matroska")) return check_matroska(reader);
  return {};
}

}  // namespace lido::media
