// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lido::media::mpeg2 {

/// Counts the pictures of an MPEG-1 or MPEG-2 stream by temporal_reference, and so finds lost ones.
///
/// temporal_reference numbers the pictures of a group in display order, without gaps. B pictures
/// follow, in the stream, the I or P picture that is displayed after them. Any bytes are safe. Not
/// thread-safe.
///
/// Source: ISO/IEC 13818-2 (2013), 6.1.1.11, 6.2.2.6, 6.3.8, 6.3.9.
class PictureCounter {
 public:
  /// Counts the picture of one packet; call in decoding order.
  /// @return Empty when no picture is missing; otherwise the number of packets before this one of
  ///         which the first may already refer to a missing picture.
  std::optional<int> missing_since(std::span<const std::byte> packet);
  /// Returns how many B pictures must still come before the next I or P picture; 0 where that is
  /// unknown.
  int pictures_due() const { return between_ > 0 ? between_ : 0; }
  /// Returns the number of packets since the last I or P picture, with its own.
  int since_reference() const { return packets_; }
  /// Starts counting anew with the next group, as after a seek.
  void forget() { *this = {}; }

 private:
  std::optional<int> push_reference(int number, bool starts_group, bool link_is_broken, bool intra);
  std::optional<int> push_between(int number);

  int reference_ = -1;  ///< Number of the last I or P picture; -1: none is known.
  int between_ = -1;    ///< B pictures still to come before the next one; -1: unknown.
  int last_between_ = -1;
  int packets_ = 0;  ///< Packets since the last I or P picture, with its own.
};

}  // namespace lido::media::mpeg2
