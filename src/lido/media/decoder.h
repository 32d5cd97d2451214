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

/// Turns packets into pictures, on the calling thread. Not thread-safe.
class Decoder {
 public:
  /// @return kCorrupt when FFmpeg has no decoder for the codec or refuses its parameters.
  /// @param export_vectors  Pictures come with the motion vectors of their blocks, where the codec
  /// has such and FFmpeg hands them out (H.264, MPEG-4, MPEG-2).
  static Result<std::unique_ptr<Decoder>> open(const AVStream& stream, bool export_vectors = false);

  /// @param packet  Null drains: every picture still held comes out of receive().
  /// @return kCorrupt when the packet cannot be decoded.
  Result<void> send(const AVPacket* packet);
  /// The next picture in display order; empty when another packet is wanted.
  Result<UniqueFrame> receive();
  /// Forgets everything, as after a seek.
  void flush();
  /// Keeps back at least this many pictures for display order.
  void require_reorder(int depth);
  /// Decodes only keyframes.
  void skip_all_but_keyframes();

  /// Wraps a picture for the rest of Lido; formats that Frame does not hold are converted to 4:4:4.
  Result<Frame> to_frame(UniqueFrame picture);

 private:
  Decoder() = default;

  UniqueCodec context_;
  UniqueSws converter_;
  Orientation orientation_;
  AVRational container_aspect_{0, 1};
};

/// The picture's motion vectors that are not zero; empty where it has none (a key picture, a codec
/// of which FFmpeg hands out none).
std::optional<std::vector<BlockVector>> block_vectors(const AVFrame& picture);

/// The picture came out damaged: FFmpeg filled holes in it.
bool is_damaged(const AVFrame& picture);

}  // namespace lido::media
