// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/estimate.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace lido::ingest {
namespace {

/// JPEG bytes per pixel of an image at quality 90.
constexpr double kJpegBytesPerPixel = 0.3;
/// Bytes of a sample's file besides its pixels: tar header, JPEG tables.
constexpr double kBytesPerFile = 1024;
/// Pixels that one core decodes per second when it skips packets that no frame needs.
constexpr double kPixelsPerSecond = 4e8;
/// Seconds of one pass of NanoDet over 416x416 pixels, on a core with AVX2.
constexpr double kSecondsPerDetection = 0.09;
/// Seconds of one pass of MoveNet Thunder over a person, on such a core.
constexpr double kSecondsPerPose = 0.03;
/// People assumed in a frame.
constexpr double kPeoplePerFrame = 2;
/// Frame rate assumed where a clip's header has none.
constexpr double kDefaultFps = 30;

/// Sums over the readable clips.
struct Footage {
  int64_t samples = 0;  ///< With samples of whole frames at a fixed rate.
  double pixels = 0;    ///< Pixels of all source frames.
};

void add_clip(const ClipPlan& plan, const part::SampleOptions& sampling, Estimate& total,
              Footage& footage) {
  ++total.clips;
  total.unreadable += plan.unreadable ? 1 : 0;
  total.spans += std::ssize(plan.spans);
  if (plan.unreadable) return;
  const double seconds = plan.info.duration_s;
  total.hours += seconds / 3600;
  total.bytes += plan.input.bytes;
  const auto frames = static_cast<int64_t>(seconds * sampling.fps.rate.value());
  total.frames += frames;
  const auto [window, stride] = sampling.windows;
  const int64_t windows = frames >= window ? (frames - window) / stride + 1 : 0;
  // The last window overlaps the one before it; a short clip repeats its last frame.
  const bool has_rest =
      stride <= window && frames > 0 && (frames < window || (frames - window) % stride != 0);
  footage.samples += windows + (has_rest ? 1 : 0);
  const double fps = plan.info.source_fps > 0 ? plan.info.source_fps : kDefaultFps;
  footage.pixels += seconds * fps * std::max(1, plan.info.width) * std::max(1, plan.info.height);
}

}  // namespace

Result<Estimate> estimate(ClipDb& clips, const part::SampleOptions& sampling,
                          const JobOptions& options, bool has_labels) {
  Estimate total{.samples = {}, .shard_bytes = {}, .shards = {}};
  Footage footage;
  const size_t count = LIDO_TRY(clips.totals()).clips;
  for (size_t i = 0; i < count; ++i)
    add_clip(LIDO_TRY(clips.clip(i)).plan, sampling, total, footage);
  const part::SampleKinds kinds = sampling.kinds();
  const bool is_known = kinds.frames == part::SampleKinds::Frames::kAll && !kinds.tracked_people &&
                        !has_labels && !sampling.fps.automatic;
  if (is_known) {
    const double side = sampling.transform.size;
    const double frame_bytes = side * side * kJpegBytesPerPixel + kBytesPerFile;
    const auto frames = static_cast<double>(footage.samples * sampling.windows.window);
    const double bytes = frames * frame_bytes;
    const auto by_size = static_cast<int64_t>(std::round(bytes / (options.shard_mb * 1e6)));
    const int64_t shards = std::max<int64_t>(1, by_size);
    total.samples = footage.samples;
    total.shard_bytes = bytes;
    total.shards = footage.samples > 0
                       ? (shards + options.readers - 1) / options.readers * options.readers
                       : 0;
  }
  total.seconds = footage.pixels / kPixelsPerSecond;
  if (sampling.scene == "on") {
    const int tiles = sampling.detector.tiles;
    const int passes = tiles > 1 ? tiles * tiles + 1 : 1;
    total.seconds += static_cast<double>(total.frames * passes) * kSecondsPerDetection;
    if (sampling.poses.poses != "off")
      total.seconds += static_cast<double>(total.frames) * kPeoplePerFrame * kSecondsPerPose;
  }
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  total.seconds /= options.workers > 0 ? std::min<double>(options.workers, cores) : cores;
  return total;
}

}  // namespace lido::ingest
