// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/frames.h"

#include "lido/ingest/part.h"
#include "lido/media/convert.h"
#include "lido/media/extract.h"

namespace lido::ingest {
namespace {

/// Gathers pictures into batches.
class Gatherer {
 public:
  Gatherer(const ClipPlan& clip, const Span& span, const SampleOptions& sampling, size_t most,
           const std::function<Result<void>(FrameBatch)>& sink)
      : clip_(clip),
        end_k_(span.end_k),
        sampling_(sampling),
        most_(most),
        sink_(sink),
        next_k_(span.first_k) {
    start_pts_ = span.start_pts;
  }

  Result<void> take(const media::ExtractedFrame& extracted) {
    const media::Frame& frame = extracted.frame;
    if (!start_pts_) start_pts_ = frame.pts;
    if (extracted.end_k <= next_k_) return {};  // given before a restart
    const media::Image image =
        converter_.convert(frame, LIDO_TRY(media::fit_geometry(frame, sampling_.transform)));
    for (int64_t k = std::max(next_k_, extracted.first_k); k < std::min(extracted.end_k, end_k_);
         ++k) {
      batch_.size = image.width;
      batch_.k.push_back(k);
      batch_.time_s.push_back(static_cast<double>(frame.pts - *start_pts_) *
                              static_cast<double>(clip_.info.time_base.num) /
                              static_cast<double>(clip_.info.time_base.den));
      batch_.rgb.insert(batch_.rgb.end(), image.rgb.begin(), image.rgb.end());
      next_k_ = k + 1;
      if (batch_.k.size() >= most_) LIDO_TRY(flush());
    }
    return {};
  }

  Result<void> flush() {
    if (batch_.k.empty()) return {};
    return sink_(std::exchange(batch_, {}));
  }

 private:
  const ClipPlan& clip_;
  int64_t end_k_;
  const SampleOptions& sampling_;
  size_t most_;
  const std::function<Result<void>(FrameBatch)>& sink_;
  int64_t next_k_;
  std::optional<int64_t> start_pts_;
  media::Converter converter_;
  FrameBatch batch_;
};

}  // namespace

Result<std::string> decode_frames(const ClipPlan& clip, const Span& span,
                                  const SampleOptions& sampling, const JobOptions& job,
                                  size_t batch, const std::function<Result<void>(FrameBatch)>& sink,
                                  const std::stop_token& stop) {
  const auto reader = storage::open_reader(clip.input.uri);
  if (!reader) {
    if (reader.error().code == ErrorCode::kUnavailable) return std::unexpected(reader.error());
    return reader.error().message;
  }
  media::ExtractRequest request = request_for(span, sampling, job);
  request.end_k = span.end_k;
  Gatherer gatherer(clip, span, sampling, batch, sink);
  const auto report = LIDO_TRY(media::extract(
      **reader, request, [&](const media::ExtractedFrame& frame) { return gatherer.take(frame); },
      [] {}, stop));
  LIDO_TRY(gatherer.flush());
  return report.broke ? report.broke->error.message : std::string();
}

}  // namespace lido::ingest
