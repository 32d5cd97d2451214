// SPDX-License-Identifier: Apache-2.0
#include "lido/part/decode_frames.h"

#include <algorithm>
#include <utility>

#include "lido/media/convert.h"
#include "lido/part/part_file.h"
#include "lido/part/read_span.h"
#include "lido/part/watched_storage.h"

namespace lido::part {
namespace {

/// Collects frames into batches.
class Batcher {
 public:
  Batcher(const SpanTask& task, const SampleOptions& sampling, size_t batch_size,
          const OnBatch& on_batch)
      : time_base_(task.info.time_base),
        end_k_(task.span.end_k),
        transform_(sampling.transform),
        batch_size_(batch_size),
        on_batch_(on_batch),
        next_k_(task.span.first_k),
        start_pts_(task.span.start_pts) {}

  Result<void> add(const media::ExtractedFrame& extracted) {
    const media::Frame& frame = extracted.frame;
    if (!start_pts_) start_pts_ = frame.pts;
    if (extracted.end_k <= next_k_) return {};  // delivered before a restart
    const media::Image image =
        converter_.convert(frame, LIDO_TRY(media::fit_geometry(frame, transform_)));
    const double time_s = static_cast<double>(frame.pts - *start_pts_) *
                          static_cast<double>(time_base_.num) / static_cast<double>(time_base_.den);
    const int64_t end_k = std::min(extracted.end_k, end_k_);
    for (int64_t k = std::max(next_k_, extracted.first_k); k < end_k; ++k) {
      batch_.size = image.width;
      batch_.k.push_back(k);
      batch_.time_s.push_back(time_s);
      batch_.rgb.insert(batch_.rgb.end(), image.rgb.begin(), image.rgb.end());
      next_k_ = k + 1;
      if (batch_.k.size() >= batch_size_) LIDO_TRY(flush());
    }
    return {};
  }

  Result<void> flush() {
    if (batch_.k.empty()) return {};
    return on_batch_(std::exchange(batch_, {}));
  }

 private:
  Rational time_base_;
  int64_t end_k_;
  const media::TransformOptions& transform_;
  size_t batch_size_;
  const OnBatch& on_batch_;
  int64_t next_k_;
  std::optional<int64_t> start_pts_;
  media::Converter converter_;
  FrameBatch batch_;
};

}  // namespace

Result<std::string> decode_frames(const SpanTask& task, const PartContext& context,
                                  size_t batch_size, const OnBatch& on_batch) {
  const auto reader = open_watched(task.clip.uri, context.heartbeat);
  if (!reader) {
    if (ends_job(task.clip.uri, reader.error())) return std::unexpected(reader.error());
    return reader.error().message;
  }
  SpanReach reach = reach_of(task.span, context.sampling);
  reach.window_end_k = reach.scene_end_k = reach.own_end_k;  // no window, no block
  Batcher batcher(task, context.sampling, batch_size, on_batch);
  const SpanRead read = LIDO_TRY(read_span(
      **reader, task, reach, context,
      [&](const media::ExtractedFrame& frame) { return batcher.add(frame); }, [] {}));
  LIDO_TRY(batcher.flush());
  return read.gaps.empty() ? std::string() : read.gaps.front().reason;
}

}  // namespace lido::part
