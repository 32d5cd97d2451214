// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lido/part/part_context.h"
#include "lido/part/span_task.h"

namespace lido::part {

/// Consecutive frames of one clip as images of one size.
struct FrameBatch {
  int size = 0;                ///< Side of an image, pixels.
  std::vector<int64_t> k;      ///< Sampling time of each frame.
  std::vector<double> time_s;  ///< Seconds after the clip's first frame, of each frame.
  std::vector<uint8_t> rgb;    ///< NHWC uint8, three channels.
};
/// Receives a batch. An error stops the decoding and is returned.
using OnBatch = std::function<Result<void>(FrameBatch)>;

/// Decodes a span's own frames as samples hold them, before compression. Writes nothing.
/// @param batch_size  Maximum number of frames in a batch.
/// Frames behind a break are delivered too, as in a part.
/// @return Why the clip broke or could not be opened, empty when neither; an error that ends the
/// job (ends_job()), or the error of on_batch.
Result<std::string> decode_frames(const SpanTask& task, const PartContext& context,
                                  size_t batch_size, const OnBatch& on_batch);

}  // namespace lido::part
