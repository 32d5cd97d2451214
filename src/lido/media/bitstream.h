// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lido/media/h264.h"
#include "lido/media/hevc.h"
#include "lido/media/lost_bytes.h"
#include "lido/media/mpeg2.h"

namespace lido::media {

/// Properties of one packet that the planner needs, read from its headers without decoding.
/// Every field errs on the side of decoding more.
struct PacketFacts {
  /// Decoding may start here: every picture shown after it is exact.
  bool random_access = false;
  /// Pictures that follow in decoding order refer to none before it, except those with
  /// `needs_previous`.
  bool resets = false;
  /// Other pictures may refer to this one.
  bool referenced = true;
  /// A leading picture that refers to pictures before the random access point.
  bool needs_previous = false;
  /// The stream uses syntax here that the planner does not support: decode everything.
  bool unplannable = false;
  /// Temporal layer, 0 to 7. Only pictures of the same or a higher layer refer to this one.
  int temporal_id = 0;
  /// By the stream's own count, pictures are missing that this one may refer to: the number of
  /// packets before this one of which the first may already be wrong. Empty when none is missing.
  std::optional<int> missing_since;
  /// By the container's index, packets before this one could not be read.
  bool skips_packets = false;
  /// The container's reader met errors between the packet before and the end of this one.
  bool after_errors = false;
  /// Zeros stand in place of coded data, or may do so at the packet's end.
  Zeros zeros;
  /// The pictures that this one is predicted from; empty when unknown. HEVC only.
  std::optional<Prediction> prediction;
};

/// Syntax of a bitstream. kIntraOnly: every packet is a key picture; kMpeg2: only numbers of
/// pictures are read; kOther: headers are not read.
enum class Syntax { kH264, kHevc, kVp9, kIntraOnly, kMpeg2, kOther };
/// The last one, by which bitstream_fuzz.cpp counts them.
inline constexpr Syntax kLastSyntax = Syntax::kOther;

/// How a stream's packets are framed.
struct Framing {
  Syntax syntax = Syntax::kOther;
  /// Bytes of the length before each NAL unit, 1 to 4; 0 for start codes (Annex B).
  int nal_length_size = 0;
};

/// Finds the framing from the decoder configuration record (avcC, hvcC), or from its absence.
/// Any bytes are safe. Pure.
Framing framing_of(Syntax syntax, std::span<const std::byte> extradata);

/// Reads the facts of the packets of one stream. Any bytes are safe. Not thread-safe.
///
/// Sources: ITU-T H.264 (7.3.1, 7.4.1, D.1.8, G.7.3.1.1), ITU-T H.265 (7.3.1.2, 7.4.2.2), VP9
/// bitstream specification 6.2 and 7.2; for lost pictures FrameCounter, Headers, PictureCounter.
class FactReader {
 public:
  FactReader() = default;
  /// @param extradata  Parameter sets in force from the first packet on; may be empty.
  FactReader(Framing framing, std::span<const std::byte> extradata);

  /// Reads one packet; call once for each, in decoding order.
  /// @param container_keyframe  The container's keyframe flag: the random access points of
  ///                            Syntax::kOther and Syntax::kMpeg2. The caller checks them.
  PacketFacts read(std::span<const std::byte> packet, bool container_keyframe);
  /// The pictures of an MPEG-1 or MPEG-2 stream; without any for other syntax.
  const mpeg2::PictureCounter& counted_pictures() const { return mpeg2_; }
  /// The next packet does not follow the last one, as after a seek.
  void forget();

 private:
  Framing framing_;
  h264::FrameCounter h264_;
  mpeg2::PictureCounter mpeg2_;
  hevc::Headers hevc_;
  bool can_lack_last_vp9_ = false;  ///< The last packet was one that no other refers to.
};

}  // namespace lido::media
