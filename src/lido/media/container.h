// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

// Properties of container formats, by the name of FFmpeg's demuxer ("mov,mp4,m4a,3gp,3g2,mj2",
// "matroska,webm", "mpegts"). Thread-safe.

/// Returns whether the header lists the time and position of every packet.
bool lists_every_packet(std::string_view format);
/// Returns whether packets must be read to find the codec's parameters, since the header has none.
bool needs_stream_probe(std::string_view format);
/// Returns whether seeking is to a byte of the file, not to a time.
bool seeks_by_byte(std::string_view format);
/// Returns whether packets have presentation times. An elementary stream has none.
bool carries_timestamps(std::string_view format);
/// Returns whether the times of a clip begin at 0, whatever part of it is lost (Matroska, ASF).
bool begins_at_zero(std::string_view format);
/// Returns whether each packet has a timestamp by the format's rules (Matroska).
bool times_blocks(std::string_view format);
/// Returns whether times only count packets (AVI): there are no presentation times.
bool counts_packets(std::string_view format);
/// Returns whether only the first packet of a page has a timestamp that was stored: those of the
/// others are counted from it (Ogg).
bool times_pages(std::string_view format);

/// Returns whether check_not_cut_off() knows the format's end.
bool declares_size(std::string_view format);
/// Returns whether the last packet of a program in a transport stream has no stuffing. Where a
/// picture ends, stuffing fills the packet in 183 of 184 cases; a stream that was cut off inside a
/// picture has none.
/// @return kUnavailable from storage.
Result<bool> ends_in_full_packet(storage::Reader& reader, int program_id);

/// Returns whether the elements of a Matroska file follow each other without other bytes, from the
/// end of one block to the data of a later one.
/// @param end   Byte behind the first block.
/// @param data  First byte of the later block's data, as FFmpeg gives a packet's position.
/// @return kUnavailable from storage.
Result<bool> elements_follow(storage::Reader& reader, int64_t end, int64_t data);

/// Compares the file's size with that declared by its outermost structure (MP4 boxes, Matroska
/// segment, RIFF chunk).
///
/// @return kCorrupt when the file is shorter; kUnavailable from storage. Other formats, and files
///         that declare no size, pass.
Result<void> check_not_cut_off(storage::Reader& reader, std::string_view format);

}  // namespace lido::media
