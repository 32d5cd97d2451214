// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

// What is true of a container, by FFmpeg's name of its demuxer ("mov,mp4,m4a,3gp,3g2,mj2").

/// Every packet's time and place stands in the header.
bool lists_every_packet(std::string_view format);
/// The header alone does not tell the codec's parameters: some packets must be looked at.
bool needs_stream_probe(std::string_view format);
/// One can only go back to a place in the file, not to a time.
bool seeks_by_byte(std::string_view format);
/// Packets have presentation times; an elementary stream has none.
bool carries_timestamps(std::string_view format);

/// Where the file should end by its own outermost structure (MP4 boxes, Matroska segment, RIFF
/// chunk).
///
/// @return kCorrupt when that is past the end of the file, which therefore was cut off.
Result<void> check_not_cut_off(storage::Reader& reader, std::string_view format);

}  // namespace lido::media
