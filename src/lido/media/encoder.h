// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lido/base/rational.h"
#include "lido/media/convert.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// How an Encoder compresses.
struct EncoderOptions {
  bool hevc = false;        ///< HEVC in place of H.264.
  double bitrate_mbps = 0;  ///< Maximum and average, megabits per second; 0: constant quality.
  double keyframe_s = 0;    ///< Seconds between keyframes; 0: the encoder's default.
};

/// Encodes images as H.264 or HEVC in a fragmented MP4. The first image has PTS 0.
///
/// Equal images give equal bytes: one thread, and code paths that do not depend on the CPU. Not
/// thread-safe.
class Encoder {
 public:
  /// Starts a video of one size and frame rate.
  /// @param writer        Receives the file; must outlive the encoder.
  /// @param width,height  Pixels; even.
  /// @return kUnavailable when FFmpeg has no such encoder or refuses the options.
  static Result<std::unique_ptr<Encoder>> open(storage::Writer& writer, int width, int height,
                                               const Rational& fps,
                                               const EncoderOptions& options = {});
  ~Encoder();

  /// Adds one image, shown 1 / fps after the previous one.
  /// @param image  As large as given to open().
  /// @return The writer's error; kUnavailable when encoding fails.
  Result<void> push(const Image& image);
  /// Leaves one image out: the next one is shown 1 / fps later.
  void skip();
  /// PTS of the image that push() adds next, ticks of the file's time base.
  int64_t next_pts() const;
  /// Writes what the encoder still holds. The caller commits the writer.
  Result<void> finish();

 private:
  struct State;
  explicit Encoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::media
