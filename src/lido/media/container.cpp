// SPDX-License-Identifier: Apache-2.0
#include "lido/media/container.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "lido/media/mp4_boxes.h"

namespace lido::media {
namespace {

constexpr std::array kElementary = {"h264", "hevc", "mpegvideo", "m4v",   "mjpeg",
                                    "obu",  "av1",  "cavsvideo", "mpjpeg"};

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

Result<bool> elements_follow(storage::Reader& reader, int64_t end, int64_t data) {
  // Those that hold blocks: segment, cluster, block group.
  constexpr std::array<uint64_t, 3> kParents = {0x18538067, 0x1f43b675, 0xa0};
  constexpr std::array<uint64_t, 2> kBlocks = {0xa3, 0xa1};
  constexpr std::array<uint64_t, 20> kOthers = {
      // Elements of a cluster: time, position, size before, and silent tracks.
      0xe7, 0xa7, 0xab, 0x5854,
      // Elements of a block group: duration, references, state, additions, padding, priority,
      // slices.
      0x9b, 0xfb, 0xa4, 0x75a1, 0x75a2, 0xfa, 0x8e, 0xfd,
      // Elements of all, or of the segment: void, checksum, cues, tags, attachments, chapters,
      // tracks, seeking.
      0xec, 0xbf, 0x1c53bb6b, 0x1254c367, 0x1941a469, 0x1043a770, 0x1654ae6b, 0x114d9b74};
  constexpr int kMaxElements = 10'000;
  int64_t at = end;
  for (int i = 0; i < kMaxElements && at < data; ++i) {
    std::array<std::byte, 12> header{};
    const size_t count = LIDO_TRY(reader.read_at(at, header));
    const EbmlNumber id = read_ebml(std::span(header).first(count), true);
    if (id.length == 0 || id.length > 4) return false;
    const EbmlNumber length = read_ebml(std::span(header).first(count).subspan(id.length), false);
    if (length.length == 0) return false;
    at += static_cast<int64_t>(id.length + length.length);
    const bool is_block = std::ranges::find(kBlocks, id.value) != kBlocks.end();
    if (is_block && at == data) return true;
    if (std::ranges::find(kParents, id.value) != kParents.end()) continue;
    if (!is_block && std::ranges::find(kOthers, id.value) == kOthers.end()) return false;
    if (length.unknown || length.value > static_cast<uint64_t>(data)) return false;
    at += static_cast<int64_t>(length.value);
  }
  return at == data;
}

bool lists_every_packet(std::string_view format) { return is_mp4(format); }

bool needs_stream_probe(std::string_view format) {
  return !is_mp4(format) && !format.starts_with("matroska");
}

bool seeks_by_byte(std::string_view format) {
  return format == "mpegts" || format == "mpeg" || !carries_timestamps(format);
}

bool carries_timestamps(std::string_view format) {
  // FFmpeg recognises raw MJPEG as images in a pipe ("jpeg_pipe").
  return std::ranges::find(kElementary, format) == kElementary.end() && !format.ends_with("_pipe");
}

bool begins_at_zero(std::string_view format) {
  return format.starts_with("matroska") || format.starts_with("asf");
}

bool times_blocks(std::string_view format) { return format.starts_with("matroska"); }

bool counts_packets(std::string_view format) { return format == "avi"; }

bool times_pages(std::string_view format) { return format == "ogg"; }

bool declares_size(std::string_view format) {
  return is_mp4(format) || format == "avi" || format.starts_with("matroska");
}

namespace {

/// Returns whether the payload of a packet of a transport stream is as long as it can be: what
/// precedes it holds no stuffing.
/// @param packet  188 bytes.
bool has_no_stuffing(std::span<const std::byte> packet) {
  const auto byte = [&](size_t at) { return std::to_integer<size_t>(packet[at]); };
  const size_t control = byte(3) >> 4 & 3;
  if (control != 3) return control == 1;
  const size_t length = byte(4);
  if (length == 0 || length > 183) return false;
  const size_t flags = byte(5);
  size_t used = 1;
  for (const size_t clock : {0x10, 0x08}) used += (flags & clock) != 0 ? 6 : 0;
  used += (flags & 0x04) != 0 ? 1 : 0;
  for (const size_t part : {0x02, 0x01}) {
    if ((flags & part) != 0 && 5 + used < packet.size()) used += 1 + byte(4 + 1 + used);
  }
  return used >= length;
}

}  // namespace

Result<bool> ends_in_full_packet(storage::Reader& reader, int program_id) {
  constexpr int64_t kTailBytes = 1 << 20;
  std::vector<std::byte> tail(static_cast<size_t>(std::min(kTailBytes, reader.size())));
  tail.resize(LIDO_TRY(reader.read_at(reader.size() - std::ssize(tail), tail)));
  const auto byte = [&](size_t at) { return std::to_integer<int>(tail[at]); };
  for (const size_t size : {size_t{188}, size_t{192}, size_t{204}}) {
    constexpr size_t kMinPackets = 5;
    if (tail.size() < kMinPackets * size) return false;
    for (size_t first = 0; first < size; ++first) {
      bool fits = true;
      for (size_t i = 0; i < kMinPackets && fits; ++i) fits = byte(first + i * size) == 0x47;
      if (!fits) continue;
      std::optional<bool> full;
      for (size_t at = first; at + 188 <= tail.size(); at += size) {
        const int id = (byte(at + 1) & 31) << 8 | byte(at + 2);
        if (byte(at) == 0x47 && id == program_id)
          full = has_no_stuffing(std::span(tail).subspan(at, 188));
      }
      return full.value_or(false);
    }
  }
  return false;
}

Result<void> check_not_cut_off(storage::Reader& reader, std::string_view format) {
  if (is_mp4(format)) return check_mp4(reader);
  if (format == "avi") return check_riff(reader);
  if (format.starts_with("matroska")) return check_matroska(reader);
  return {};
}

}  // namespace lido::media
