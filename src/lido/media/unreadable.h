// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// Explains why FFmpeg cannot open a file: the recording was not finished, its index is cut off,
/// the file is a web page, text or zeros. Reads a few kB. Thread-safe.
///
/// @param reader     Any bytes are safe.
/// @param libavs_text  FFmpeg's own reason, for a file that shows no other.
/// @return kCorrupt with the reason; kUnavailable from storage.
Error explain_unreadable(storage::Reader& reader, std::string_view libavs_text);

/// Returns the first byte of the fragment with which a fragmented MP4 file breaks off.
/// @return -1 when the file is no fragmented MP4 file, or has no whole fragment before that one;
///         kUnavailable from storage.
Result<int64_t> start_of_cut_fragment(storage::Reader& reader);

}  // namespace lido::media
