// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

// These functions read the bytes between two packets of one stream, where a long step in time
// shows that some may be lost. Any bytes are safe. @return kUnavailable from storage.

/// Returns whether the packs and PES packets of a program stream follow each other without other
/// bytes, from one to a later one.
///
/// Source: ISO/IEC 13818-1, 2.5.3; ISO/IEC 11172-1, 2.4.3.
Result<bool> packs_follow(storage::Reader& reader, int64_t from, int64_t to);

/// Returns whether each data packet of ASF from one to a later one begins as the first of them,
/// with data for error correction. True where that one has none.
/// @param size  Bytes of each data packet.
///
/// Source: Advanced Systems Format specification, 5.2.1.
Result<bool> data_packets_follow(storage::Reader& reader, int64_t size, int64_t from, int64_t to);

/// Returns whether another recording begins at a packet of a transport stream, as in files that
/// were joined: the tables and continuity counters before the packet are those of the file's own
/// beginning.
/// @param stream_id  PID of the stream.
/// @param position   First byte of the packet.
///
/// Source: ISO/IEC 13818-1, 2.4.3.
Result<bool> begins_recording(storage::Reader& reader, int stream_id, int64_t position);

}  // namespace lido::media
