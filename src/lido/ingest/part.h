// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/dataset/rows.h"
#include "lido/dataset/window.h"
#include "lido/ingest/plan.h"
#include "lido/ingest/progress.h"
#include "lido/media/activity.h"
#include "lido/media/extract.h"
#include "lido/scene/detect.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// A sample as its span cut it; offset and length lie in the part.
struct PartSample {
  std::string key;
  int64_t first_k = 0;
  std::vector<int64_t> pts;
  int64_t offset = 0;
  int64_t length = 0;
  std::string sha256;
  int32_t source_width = 0;
  int32_t source_height = 0;
  media::Geometry geometry;     ///< Of the whole picture: the frames', or the context picture's.
  int64_t track = 0;            ///< Of a person's sample; the next two too.
  std::vector<double> cutouts;  ///< scale_x, scale_y, offset_x, offset_y of each frame.
  std::vector<double> boxes;    ///< x, y, width, height of each frame, sample pixels.
};

/// Where and why a span broke; good up to time_s.
struct PartBreak {
  double time_s = 0;
  std::string reason;
};

/// What came of one span. Kept beside its samples in the part.
struct PartRecord {
  std::vector<PartSample> samples;
  std::vector<dataset::Run> runs;  ///< Sampling times that have a frame, within the span.
  std::vector<media::SkippedRange> skipped;
  int64_t start_pts = 0;
  int64_t last_pts = 0;
  int64_t packets_read = 0;
  int64_t packets_decoded = 0;
  bool planned = true;
  std::string fingerprint;
  std::optional<PartBreak> broke;
};

/// The name of a span's part, drawn from all that shapes its bytes: equal names, equal parts.
std::string part_name(const nlohmann::ordered_json& identity, const ClipInput& clip,
                      const Span& span);

/// What to ask a clip for, to make a span's samples and scene.
media::ExtractRequest request_for(const Span& span, const SampleOptions& sampling,
                                  const JobOptions& job);

/// The record of a part that is done. @return No value when there is none, or only a broken one.
Result<std::optional<PartRecord>> read_part(storage::Store& store, const std::string& name);

/// Reads one span of a clip and publishes its part, and its scene file where there is a detector.
/// What is wrong with the clip goes into the record.
/// @return kUnavailable when storage fails, kCancelled.
Result<PartRecord> make_part(storage::Store& store, const std::string& name, const ClipPlan& clip,
                             const Span& span, const SampleOptions& sampling, const JobOptions& job,
                             const scene::Detector* detector, Progress& progress,
                             const std::stop_token& stop);

/// Writes samples one after another into a part. Not thread-safe.
class SampleWriter {
 public:
  SampleWriter(storage::Writer& writer, const ClipPlan& clip, const SampleOptions& sampling)
      : writer_(writer), clip_(clip), sampling_(sampling) {}

  /// Adds the sample's files: its frames, then `context` when it is not empty, then its JSON. Fills
  /// offset, length and checksum.
  Result<void> write(PartSample sample, const std::vector<std::string_view>& frames,
                     std::string_view context);
  std::vector<PartSample> take_samples() { return std::move(samples_); }

 private:
  storage::Writer& writer_;
  const ClipPlan& clip_;
  const SampleOptions& sampling_;
  std::string archive_;
  int64_t written_ = 0;
  std::vector<PartSample> samples_;
};

/// Ends a part with its record and publishes it.
Result<void> publish_part(storage::Writer& writer, const PartRecord& record);

/// A clip's part of every sample key.
std::string key_prefix(const ClipInput& input);

/// Publishes a part that says the whole clip is broken.
Result<PartRecord> make_broken_part(storage::Store& store, const std::string& name,
                                    const std::string& reason);

}  // namespace lido::ingest
