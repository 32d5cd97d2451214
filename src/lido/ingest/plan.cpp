// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/plan.h"

#include <cmath>

#include "lido/media/activity.h"
#include "lido/part/part_file.h"
#include "lido/part/watched_storage.h"
#include "lido/storage/store.h"

namespace lido::ingest {
namespace {

/// Divides a clip at random access points. A clip of span_s or less stays one span.
Result<std::vector<part::Span>> divide(storage::Reader& reader, const media::ClipInfo& info,
                                       const part::SampleOptions& sampling, double span_s) {
  std::vector<part::Span> spans = {part::Span{}};
  // With an automatic rate, reading may begin only where that does not change the samples.
  const int64_t step = sampling.fps.automatic ? media::kSegmentSamples : 1;
  const double step_s = static_cast<double>(step) / sampling.fps.rate.value();
  if (sampling.fps.automatic) span_s = std::ceil(span_s / step_s) * step_s;
  if (info.duration_s <= span_s) return spans;
  const media::ClipIndex index = LIDO_TRY(media::index_clip(reader, span_s));
  if (index.points.size() < 2) return spans;
  const SampleGrid grid(index.start_pts, info.time_base, sampling.fps.rate);
  spans.clear();
  for (size_t i = 0; i < index.points.size(); ++i) {
    part::Span span{.start_pts = index.start_pts};
    if (i > 0) {
      span.from = index.points[i];
      span.first_k = (grid.first_at_or_after(index.points[i].pts) + step - 1) / step * step;
      spans.back().end_k = span.first_k;
      // With no sampling time between two points, the earlier span continues.
      if (span.first_k == spans.back().first_k) {
        spans.back().end_k = INT64_MAX;
        continue;
      }
    }
    spans.push_back(span);
  }
  return spans;
}

}  // namespace

Result<ClipPlan> plan_clip(part::ClipInput input, const part::SampleOptions& sampling,
                           double span_s, std::atomic<int64_t>* heartbeat) {
  ClipPlan plan{std::move(input), {}, {}, {}};
  const auto give_up = [&](const Error& error) -> Result<ClipPlan> {
    if (part::ends_job(plan.input.uri, error)) return with_context(plan.input.uri, error);
    return ClipPlan{std::move(plan.input), {}, {}, part::failure_of(error)};
  };
  if (!plan.input.unusable.empty())
    return give_up({ErrorCode::kInvalidArgument, plan.input.unusable});
  const auto reader = part::open_watched(plan.input.uri, heartbeat);
  if (!reader) return give_up(reader.error());
  auto info = media::probe(**reader);
  if (!info) return give_up(info.error());
  plan.info = std::move(*info);
  auto spans = divide(**reader, plan.info, sampling, span_s);
  if (!spans) return give_up(spans.error());
  plan.spans = std::move(*spans);
  return plan;
}

}  // namespace lido::ingest
