// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "lido/media/bitstream.h"
#include "lido/media/libav.h"

namespace lido::media {

/// Finds pictures that are missing near the end of a stream whose packets have no times, by the
/// numbers of its pictures in display order. Not thread-safe.
class NumberedPictures {
 public:
  /// Adds the next packet, in decoding order.
  void push(const PacketFacts& facts);
  /// Returns how many pictures are shown after one that is missing; 0 when none is.
  /// @param depth  Number of pictures that the decoder holds back for display order.
  size_t after_missing(int depth) const;
  /// Returns how many pictures are shown from the last packet's on; `depth` + 1 when unknown.
  size_t from_last(int depth) const;

 private:
  std::deque<int32_t> numbers_;  ///< Since the numbers began anew, the latest last.
  int64_t step_ = 0;             ///< Usual step between numbers; 0 before it is known.
};

/// Returns whether the picture of the last packet is all there: it stays the same when other bytes
/// follow the packet, and when its memory held something else before.
/// @param packets  From a random access point on, before which the last picture refers to none.
/// @return False too when the picture cannot be decoded.
bool is_last_whole(const AVStream& stream, std::span<const UniquePacket> packets);

}  // namespace lido::media
