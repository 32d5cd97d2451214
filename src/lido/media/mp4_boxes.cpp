// SPDX-License-Identifier: Apache-2.0
#include "lido/media/mp4_boxes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lido::media {
namespace {

constexpr size_t kMaxBoxes = 100'000;
/// Ends of boxes with an impossible length.
constexpr uint64_t kMaxBoxEnd = uint64_t{1} << 62;

/// Kinds of outermost boxes of ISO/IEC 14496-12 and of QuickTime.
constexpr std::array<std::string_view, 20> kKinds = {
    "ftyp", "moov", "mdat", "moof", "styp", "sidx", "ssix", "mfra", "free", "skip",
    "wide", "uuid", "meta", "pdin", "prft", "emsg", "udta", "pnot", "PICT", "junk"};

}  // namespace

uint64_t big_endian(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<uint64_t>(byte);
  return value;
}

bool is_outermost_box(std::string_view kind) {
  return std::ranges::find(kKinds, kind) != kKinds.end();
}

Result<std::vector<Mp4Box>> read_boxes(storage::Reader& reader) {
  std::vector<Mp4Box> boxes;
  std::array<std::byte, 16> header{};
  int64_t at = 0;
  while (boxes.size() < kMaxBoxes && at + 8 <= reader.size()) {
    const size_t read = LIDO_TRY(reader.read_at(at, header));
    if (read < 8) break;
    uint64_t length = big_endian(std::span(header).first(4));
    if (length == 1 && read == 16) length = big_endian(std::span(header).subspan(8, 8));
    const bool to_the_end = length == 0;
    if (!to_the_end && length < 8) break;
    const char* kind = reinterpret_cast<const char*>(header.data()) + 4;
    const uint64_t end = static_cast<uint64_t>(at) + std::min(length, kMaxBoxEnd);
    const bool is_known = is_outermost_box(std::string_view(kind, 4));
    if (end > static_cast<uint64_t>(reader.size()) && !is_known) break;
    boxes.push_back({std::string(kind, 4), at,
                     to_the_end ? reader.size() : static_cast<int64_t>(std::min(end, kMaxBoxEnd))});
    at = boxes.back().end;
  }
  return boxes;
}

}  // namespace lido::media
