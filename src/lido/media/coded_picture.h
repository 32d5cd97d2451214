// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lido::media {

/// Codecs of which only the type of a packet's picture is read.
enum class PictureSyntax { kMpeg12, kMpeg4, kH263, kFlv1, kMsMpeg4, kWmv2, kVp8, kTheora, kAv1 };
/// The last one, by which bitstream_fuzz.cpp counts them.
inline constexpr PictureSyntax kLastPictureSyntax = PictureSyntax::kAv1;

/// Returns whether the first picture of a packet is predicted from none, by its own header.
/// Containers are not to be believed: some mark every packet as a key frame. False where there is
/// no header of a picture. Any bytes are safe. Pure.
///
/// Sources: ISO/IEC 13818-2, 6.3.9; ISO/IEC 14496-2, 6.2.5; ITU-T H.263, 5.1; RFC 6386, 9.1;
/// Theora specification, 7.1; AV1 bitstream specification, 5.3 and 5.9.2. Sorenson's H.263, MS
/// MPEG-4 2 and 3, WMV 7 and WMV 8 have no published one: FFmpeg's decoders are the reference.
bool is_intra(PictureSyntax syntax, std::span<const std::byte> packet);

}  // namespace lido::media
