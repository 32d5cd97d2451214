// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "lido/media/libav.h"

namespace lido::media {

/// Finds pictures that are missing near the end of a stream whose packets have no times, by the
/// numbers that its pictures have in display order. Not thread-safe.
class NumberedPictures {
 public:
  /// Adds the next picture, in decoding order.
  /// @param restarts  Numbers begin anew with this picture.
  void push(int32_t number, bool restarts);
  /// Returns how many pictures are shown after one that is missing; 0 when none is.
  /// @param depth  Number of pictures that the decoder holds back for display order.
  size_t after_missing(int depth) const;
  /// Returns how many pictures are shown from the last one added on.
  size_t from_last() const;

 private:
  std::deque<int32_t> numbers_;  ///< Since they began anew, the latest last.
  int64_t step_ = 0;             ///< Usual step between numbers; 0 before it is known.
};

/// Reads the numbers of pictures in display order (picture order counts) of H.264 and HEVC.
/// Not thread-safe.
class PictureNumberReader {
 public:
  explicit PictureNumberReader(const AVStream& stream);
  /// @return No value for other codecs, and for a packet without a picture.
  std::optional<int32_t> read(const AVPacket& packet);

 private:
  UniqueCodec context_;
  UniqueParser parser_;  ///< Null for other codecs.
};

/// Returns whether the picture of the last packet is all there: it stays the same when other bytes
/// follow the packet, and when its memory held something else before.
/// @param packets  From a random access point on, before which the last picture refers to none.
/// @return False too when the picture cannot be decoded.
bool is_last_whole(const AVStream& stream, std::span<const UniquePacket> packets);

}  // namespace lido::media
