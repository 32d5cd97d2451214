// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lido/media/hevc.h"

namespace lido::media {

/// What the planner must know of one packet, read from its first bytes without decoding.
/// Every field errs on the side of decoding more.
struct PacketFacts {
  /// Decoding may start here: whatever is shown after it comes out exact.
  bool random_access = false;
  /// Nothing that follows in decoding order refers to anything before, except pictures with
  /// `needs_previous`.
  bool resets = false;
  /// Other pictures may refer to this one.
  bool referenced = true;
  /// A leading picture that refers to pictures before the random access point.
  bool needs_previous = false;
  /// The stream does something here that the planner does not follow; decode everything.
  bool unplannable = false;
  /// Referred to only by pictures of the same or a higher layer.
  int temporal_id = 0;
  /// Which pictures this one is predicted from, where that is known (HEVC).
  std::optional<Prediction> prediction;
};

enum class Syntax { kH264, kHevc, kVp9, kIntraOnly, kOther };

/// How a stream's packets are framed.
struct Framing {
  Syntax syntax = Syntax::kOther;
  /// Bytes of the length before each NAL unit; 0 for start codes (Annex B).
  int nal_length_size = 0;
};

/// Finds the framing from the decoder configuration record (avcC, hvcC) or its absence.
Framing framing_of(Syntax syntax, std::span<const std::byte> extradata);

/// Reads the facts of a stream's packets. Any bytes are safe. Not thread-safe.
///
/// Sources: ITU-T H.264 (7.3.1, 7.4.1, D.1.8, G.7.3.1.1), ITU-T H.265 (7.3.1.2, 7.4.2.2), VP9
/// bitstream specification 6.2.
class FactReader {
 public:
  FactReader() = default;
  /// @param extradata  Parameter sets that hold from the first packet on; may be empty.
  FactReader(Framing framing, std::span<const std::byte> extradata);

  /// Packets are read in decoding order; reading a random access point twice is no different from
  /// once.
  /// @param container_keyframe  What the container says of it; believed only for codecs whose
  ///                            bitstream is not read here.
  PacketFacts read(std::span<const std::byte> packet, bool container_keyframe);

 private:
  Framing framing_;
  hevc::Headers hevc_;
};

}  // namespace lido::media
