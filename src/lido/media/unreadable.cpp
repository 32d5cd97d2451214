// SPDX-License-Identifier: Apache-2.0
#include "lido/media/unreadable.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "lido/media/mp4_boxes.h"

namespace lido::media {
namespace {

constexpr size_t kHeadBytes = 4096;

bool is_zero(std::byte value) { return value == std::byte{0}; }

/// Returns whether the file is zeros at its beginning, middle and end.
Result<bool> holds_zeros(storage::Reader& reader, std::span<const std::byte> head) {
  if (!std::ranges::all_of(head, is_zero)) return false;
  std::vector<std::byte> bytes(kHeadBytes);
  for (const int64_t at : {reader.size() / 2, reader.size() - std::ssize(bytes)}) {
    const size_t read = LIDO_TRY(reader.read_at(std::max<int64_t>(at, 0), bytes));
    if (!std::ranges::all_of(std::span(bytes).first(read), is_zero)) return false;
  }
  return true;
}

/// Returns the first bytes in lower case, from the first that is no blank and no byte order mark.
std::string first_text(std::span<const std::byte> head) {
  std::string text;
  for (const std::byte value : head) {
    const auto letter = static_cast<char>(std::tolower(std::to_integer<int>(value)));
    const bool skipped = text.empty() && (std::isspace(std::to_integer<int>(value)) != 0 ||
                                          std::string_view("\xef\xbb\xbf").contains(letter));
    if (!skipped) text += letter;
  }
  return text;
}

bool is_text(std::span<const std::byte> head) {
  const auto prints = [](std::byte value) {
    const int letter = std::to_integer<int>(value);
    return letter >= 32 || letter == '\n' || letter == '\r' || letter == '\t' || letter == '\f';
  };
  return head.size() >= 8 && std::ranges::all_of(head, prints);
}

/// Explains an MP4 file by its boxes; empty when they are all there.
Result<std::string> explain_mp4(storage::Reader& reader) {
  const std::vector<Mp4Box> boxes = LIDO_TRY(read_boxes(reader));
  constexpr std::array kKnown = {"ftyp", "moov", "mdat", "moof", "styp", "free", "skip", "wide"};
  if (boxes.empty() || std::ranges::find(kKnown, boxes[0].kind) == kKnown.end()) return "";
  const auto index = std::ranges::find(boxes, "moov", &Mp4Box::kind);
  if (index == boxes.end()) {
    return fmt::format(
        "no index (moov box) in {} bytes: the recording was not finished, or the "
        "end of the file is missing. Repair it with a tool such as untrunc",
        reader.size());
  }
  if (index->end > reader.size()) {
    return fmt::format(
        "the file is cut off inside its index (moov box): {} bytes, want {} or "
        "more. Copy it again",
        reader.size(), index->end);
  }
  const auto fragment = std::ranges::find(boxes, "moof", &Mp4Box::kind);
  if (fragment != boxes.end() && boxes.back().end > reader.size()) {
    return fmt::format("the file is cut off inside its first fragment: {} bytes, want {} or more",
                       reader.size(), boxes.back().end);
  }
  return "";
}

Result<std::string> explain(storage::Reader& reader) {
  std::vector<std::byte> head(kHeadBytes);
  head.resize(LIDO_TRY(reader.read_at(0, head)));
  if (LIDO_TRY(holds_zeros(reader, head)))
    return fmt::format("{} bytes of zeros: the recorder or the copy wrote nothing", reader.size());
  const std::string text = first_text(head);
  if (text.starts_with("<!doctype html") || text.starts_with("<html"))
    return "a web page. Download the video itself";
  if (is_text(head)) return "a text file";
  return explain_mp4(reader);
}

}  // namespace

Error explain_unreadable(storage::Reader& reader, std::string_view libavs_text) {
  const auto reason = explain(reader);
  if (!reason) return reason.error();
  return {ErrorCode::kCorrupt,
          fmt::format("not readable as video: {}",
                      reason->empty() ? libavs_text : std::string_view(*reason))};
}

Result<int64_t> start_of_cut_fragment(storage::Reader& reader) {
  const std::vector<Mp4Box> boxes = LIDO_TRY(read_boxes(reader));
  if (boxes.empty() || boxes.back().end <= reader.size()) return -1;
  const auto index = std::ranges::find(boxes, "moov", &Mp4Box::kind);
  const auto fragments = std::ranges::count(boxes, "moof", &Mp4Box::kind);
  const bool cut_in_header = boxes.back().kind == "moof";
  if (index == boxes.end() || !cut_in_header || fragments < 2) return -1;
  return boxes.back().begin;
}

}  // namespace lido::media
