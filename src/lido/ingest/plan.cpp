// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/plan.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "lido/ingest/book.h"
#include "lido/media/activity.h"
#include "lido/storage/store.h"

namespace lido::ingest {
namespace {

/// For estimates only. Pictures at quality 90 take about this much for each pixel.
constexpr double kJpegBytesPerPixel = 0.3;
/// One core decodes about this many pixels in a second when it leaves out what is not needed.
constexpr double kPixelsPerSecond = 4e8;
/// NanoDet at 416 pixels on a core with AVX2.
constexpr double kSecondsPerLook = 0.09;

Result<void> divide(storage::Reader& reader, const SampleOptions& sampling, double span_s,
                    ClipPlan& plan) {
  plan.spans = {Span{}};
  // Where the rate is automatic, reading may begin only where that changes nothing.
  const int64_t step = sampling.fps.automatic ? media::kChapter : 1;
  const double step_s = static_cast<double>(step) / sampling.fps.rate.value();
  if (sampling.fps.automatic) span_s = std::ceil(span_s / step_s) * step_s;
  if (plan.info.duration_s <= span_s) return {};
  const media::ClipIndex index = LIDO_TRY(media::index_clip(reader, span_s));
  if (index.points.size() < 2) return {};
  const SampleGrid grid(index.start_pts, plan.info.time_base, sampling.fps.rate);
  plan.spans.clear();
  for (size_t i = 0; i < index.points.size(); ++i) {
    Span span{.start_pts = index.start_pts};
    if (i > 0) {
      span.from = index.points[i];
      span.first_k = (grid.first_at_or_after(index.points[i].pts) + step - 1) / step * step;
      plan.spans.back().end_k = span.first_k;
      // No sampling time falls between two points: the earlier span reads on.
      if (span.first_k == plan.spans.back().first_k) {
        plan.spans.back().end_k = INT64_MAX;
        continue;
      }
    }
    plan.spans.push_back(span);
  }
  return {};
}

}  // namespace

Result<ClipPlan> plan_clip(ClipInput input, const SampleOptions& sampling, double span_s) {
  ClipPlan plan{std::move(input), {}, {}, {}};
  const auto mark = [&](const Error& error) -> Result<ClipPlan> {
    if (error.code == ErrorCode::kUnavailable) return within(plan.input.uri, error);
    plan.broken = error;
    plan.spans.clear();
    return plan;
  };
  const auto reader = storage::open_reader(plan.input.uri);
  if (!reader) return mark(reader.error());
  auto info = media::probe(**reader);
  if (!info) return mark(info.error());
  plan.info = std::move(*info);
  const auto divided = divide(**reader, sampling, span_s, plan);
  if (!divided) return mark(divided.error());
  return plan;
}

Result<Estimate> estimate(Book& book, const SampleOptions& sampling, const JobOptions& job) {
  Estimate total;
  double pixels = 0;
  int64_t samples = 0;
  const size_t clips = LIDO_TRY(book.totals()).clips;
  for (size_t i = 0; i < clips; ++i) {
    const ClipPlan plan = LIDO_TRY(book.clip(i)).plan;
    ++total.clips;
    total.broken += plan.broken ? 1 : 0;
    total.spans += std::ssize(plan.spans);
    if (plan.broken) continue;
    const double seconds = plan.info.duration_s;
    total.hours += seconds / 3600;
    total.bytes += plan.input.bytes;
    const auto frames = static_cast<int64_t>(seconds * sampling.fps.rate.value());
    total.frames += frames;
    const int64_t windows = (frames - sampling.windows.window) / sampling.windows.stride + 1;
    samples += frames >= sampling.windows.window ? windows : 0;
    const double rate = plan.info.source_fps > 0 ? plan.info.source_fps : 30;
    pixels += seconds * rate * std::max(1, plan.info.width) * std::max(1, plan.info.height);
  }
  if (sampling.samples == "frame" && !sampling.fps.automatic) {
    const double side = sampling.transform.size;
    const double frame_bytes = side * side * kJpegBytesPerPixel + 1024;
    const double bytes = static_cast<double>(samples * sampling.windows.window) * frame_bytes;
    const auto by_size = static_cast<int64_t>(std::round(bytes / (job.shard_mb * 1e6)));
    const int64_t shards = std::max<int64_t>(1, by_size);
    total.samples = samples;
    total.shard_bytes = bytes;
    total.shards = samples > 0 ? (shards + job.readers - 1) / job.readers * job.readers : 0;
  } else {
    total.samples.reset();
    total.shard_bytes.reset();
    total.shards.reset();
  }
  total.seconds = pixels / kPixelsPerSecond;
  if (sampling.scene == "on") {
    const int tiles = sampling.detector.tiles;
    const int looks = tiles > 1 ? tiles * tiles + 1 : 1;
    total.seconds += static_cast<double>(total.frames * looks) * kSecondsPerLook;
  }
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  total.seconds /= job.workers > 0 ? std::min<double>(job.workers, cores) : cores;
  return total;
}

}  // namespace lido::ingest
