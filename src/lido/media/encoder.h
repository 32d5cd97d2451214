// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lido/base/rational.h"
#include "lido/media/convert.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// How a camera encodes.
struct EncoderOptions {
  bool hevc = false;
  double bitrate_mbps = 0;  ///< 0: by quality.
  double keyframe_s = 0;    ///< Between keyframes; 0: the encoder's choice.
};

/// Encodes pictures as H.264 or HEVC in a fragmented MP4. Equal pictures give equal bytes: one
/// thread, code that does not depend on the CPU. Not thread-safe.
class Encoder {
 public:
  /// @param width,height  Even numbers.
  /// @return kUnavailable when FFmpeg has no such encoder.
  static Result<std::unique_ptr<Encoder>> open(storage::Writer& writer, int width, int height,
                                               const Rational& fps,
                                               const EncoderOptions& options = {});
  ~Encoder();

  /// Adds one picture, 1 / fps after the one before.
  Result<void> push(const Image& image);
  /// Leaves one picture out: the next comes 1 / fps later still.
  void skip();
  /// Writes what is left; the caller commits the writer.
  Result<void> finish();

 private:
  struct State;
  explicit Encoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::media
