// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// Reads an unsigned number, most significant byte first. @param bytes  At most 8.
uint64_t big_endian(std::span<const std::byte> bytes);

/// An outermost box of an MP4 or MOV file.
struct Mp4Box {
  std::string kind;   ///< Four characters, such as "moov".
  int64_t begin = 0;  ///< First byte, that of the length.
  int64_t end = 0;  ///< Byte after the box by its own length; beyond the file where it is cut off.
};

/// Returns whether a kind is one of an outermost box of ISO/IEC 14496-12 or of QuickTime. Pure.
bool is_outermost_box(std::string_view kind);

/// Reads the outermost boxes, at most 100,000 of them. Ends at the first length that no box has, so
/// the result is empty for another format; and at bytes of no known kind that reach beyond the
/// file, such as a recorder leaves behind the last box. Any bytes are safe. Thread-safe.
///
/// @return kUnavailable from storage.
///
/// Source: ISO/IEC 14496-12, 4.2.
Result<std::vector<Mp4Box>> read_boxes(storage::Reader& reader);

}  // namespace lido::media
