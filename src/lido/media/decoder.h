// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/activity.h"
#include "lido/media/frame.h"
#include "lido/media/libav.h"

namespace lido::media {

/// Decodes packets to frames, on the calling thread. Not thread-safe.
class Decoder {
 public:
  /// Opens a decoder for a stream.
  /// @param export_vectors  Frames carry the motion vectors of their blocks, where FFmpeg exports
  ///                        them (H.264, MPEG-4, MPEG-2).
  /// @return kCorrupt when FFmpeg has no decoder for the codec or refuses its parameters.
  static Result<std::unique_ptr<Decoder>> open(const AVStream& stream, bool export_vectors = false);

  /// Adds a packet. Call receive() until it returns null before the next one.
  /// @param packet  Null at the end: receive() then returns every frame still held.
  /// @return kCorrupt when the packet cannot be decoded.
  Result<void> send(const AVPacket* packet);
  /// Returns the next frame in display order; null when another packet is needed.
  /// @return kCorrupt when the frame cannot be decoded.
  Result<UniqueFrame> receive();
  /// Drops all state. Call before a random access point that does not follow, as after a seek.
  void flush();
  /// Holds back at least this many frames for display order, at most 16.
  void require_reorder(int depth);
  /// Decodes only keyframes from now on.
  void skip_all_but_keyframes();
  /// Returns the number of frames that the decoder holds back for display order, by the headers
  /// decoded so far.
  int reorder_depth() const { return context_->has_b_frames; }

  /// Wraps a decoded frame. Pixel formats that Frame cannot hold are converted to 4:4:4.
  /// @return kCorrupt for an unknown pixel format; kUnavailable when memory runs out.
  Result<Frame> to_frame(UniqueFrame decoded);

 private:
  Decoder() = default;
  Result<UniqueFrame> convert_pixels(const AVFrame& decoded, const AVPixFmtDescriptor& format);

  UniqueCodec context_;
  UniqueSws converter_;
  Orientation orientation_;
  AVRational container_aspect_{0, 1};
};

/// Returns the frame's motion vectors that are not zero; nullopt when FFmpeg exported none (a key
/// frame, another codec).
std::optional<std::vector<BlockVector>> block_vectors(const AVFrame& decoded);

/// Returns whether a decoder without any other frame decodes a packet to an intra frame. False for
/// decoders that do not report the type of a frame.
bool shows_intra_frame(Decoder& decoder, const AVPacket& packet);

/// Returns whether FFmpeg concealed errors in the frame.
bool is_damaged(const AVFrame& decoded);

}  // namespace lido::media
