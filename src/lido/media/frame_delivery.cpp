// SPDX-License-Identifier: Apache-2.0
#include "lido/media/frame_delivery.h"

#include <utility>

namespace lido::media {

FrameDelivery::FrameDelivery(Decoder& decoder, const FrameSink& sink, ExtractReport& report,
                             const std::optional<int64_t>& linger)
    : decoder_(decoder), sink_(sink), report_(report) {
  if (linger) gate_.emplace(*linger);
}

void FrameDelivery::watch(const AVFrame& decoded) {
  if (!gate_ || moved_ || !watches_) return;
  const auto vectors = block_vectors(decoded);
  if (vectors) moved_ = blocks_.push(decoded.width, decoded.height, *vectors);
}

Result<void> FrameDelivery::deliver(UniqueFrame decoded, const SampleRange& times, bool after_cut) {
  const Frame frame = LIDO_TRY(decoder_.to_frame(std::move(decoded)));
  if (!gate_) return send(times, after_cut, frame);
  CellMeans cells = cell_means(frame);
  const int64_t segment = (times.end - 1) / kSegmentSamples;
  if (std::exchange(segment_, segment) != segment) first_cells_ = cells;
  const bool always = std::exchange(always_, false);
  // The comparison with the interval's first frame finds slow motion.
  const bool moved = moved_ || (!cells_.means.empty() &&
                                (cells_differ(cells_, cells) || cells_differ(first_cells_, cells)));
  if (always) first_cells_ = cells;
  cells_ = std::move(cells);
  moved_ = false;
  // Motion vectors before a segment must not count in it, since reading may start there.
  watches_ = times.end >= segment * kSegmentSamples + kLingerSamples;
  if (!watches_) blocks_.reset();
  return push(times, after_cut, moved, always, frame);
}

Result<void> FrameDelivery::deliver_skipped_interval(const Frame& frame, const SampleRange& times,
                                                     bool after_cut) {
  return push(times, after_cut, false, true, frame);
}

void FrameDelivery::begin_interval(bool fresh) {
  always_ = true;
  blocks_.reset();
  if (!fresh) return;
  cells_ = {};
  moved_ = false;
}

void FrameDelivery::finish() {
  if (!gate_) return;
  gate_->drop();
  report_.skipped = gate_->skipped();
}

Result<void> FrameDelivery::push(const SampleRange& times, bool after_cut, bool moved, bool always,
                                 const Frame& frame) {
  return gate_->push(times, after_cut, moved, always, frame,
                     [this](const SampleRange& passed, bool cut, const Frame& held) {
                       return send(passed, cut, held);
                     });
}

Result<void> FrameDelivery::send(const SampleRange& times, bool after_cut, const Frame& frame) {
  const bool resized = width_ != 0 && (frame.width != width_ || frame.height != height_);
  width_ = frame.width;
  height_ = frame.height;
  ++report_.frames_delivered;
  return sink_({times.first, times.end, after_cut || resized, frame});
}

}  // namespace lido::media
