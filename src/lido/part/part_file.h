// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/window.h"
#include "lido/media/activity.h"
#include "lido/media/convert.h"
#include "lido/part/read_span.h"
#include "lido/part/span_task.h"
#include "lido/storage/store.h"

namespace lido::part {

/// A sample in a part file.
struct PartSample {
  std::string key;           ///< Name of the sample's files, without ending.
  int64_t first_k = 0;       ///< Sampling time of the first frame.
  std::vector<int64_t> pts;  ///< PTS of each frame, ticks of the clip's time base.
  int64_t offset = 0;        ///< First byte in the part file.
  int64_t length = 0;        ///< Bytes in the part file.
  std::string sha256;        ///< Checksum of those bytes, hexadecimal.
  int32_t source_width = 0;  ///< Upright source frame, pixels.
  int32_t source_height = 0;
  media::Geometry geometry;     ///< How the source became a frame; of a person, the context image.
  int64_t track = 0;            ///< Track of the person shown; 0 for a sample of whole frames.
  std::vector<double> cutouts;  ///< scale_x, scale_y, offset_x, offset_y per frame; or empty.
  std::vector<double> boxes;    ///< x, y, width, height per frame, sample pixels; or empty.
  /// x, y (sample pixels) and score of each keypoint per frame, NaN where unknown; or empty.
  std::vector<double> keypoints;
  std::vector<bool> seen;  ///< Whether a frame is no filler, per frame.
  int64_t repeated = 0;    ///< Frames at the end that repeat the last one.
  std::string source;      ///< "detector", "label", "motion" or "frame", as in the manifest.
  std::string person;      ///< Id of the labelled person; empty unless the source is "label".

  /// Sampling time after the last frame, without repeated ones.
  int64_t end_k() const { return first_k + std::ssize(pts) - repeated; }
};

/// Cause of a clip that cannot be used at all.
enum class FailureKind {
  kContent,  ///< The clip's bytes: another attempt gives the same.
  kOutside,  ///< Access, storage, memory or a killed process: a later ingest tries again.
};

/// Returns "content" or "outside", as the tables have it.
const char* name_of(FailureKind kind);

/// Why a clip cannot be used at all.
struct Failure {
  FailureKind kind = FailureKind::kContent;
  std::string reason;
  std::string run;  ///< Id of the run that failed; empty when every run would.
  bool operator==(const Failure&) const = default;
};

/// Returns the failure of a clip that could not be opened: only kCorrupt is the content's.
Failure failure_of(const Error& error);

/// Returns whether an error in reading a clip ends the whole job: a stop, or a bucket that fails,
/// since it fails for all clips alike. Any other error concerns this clip alone.
/// @param uri  The clip.
bool ends_job(std::string_view uri, const Error& error);

/// The result of reading one span: a part file's record, beside the samples.
struct PartRecord {
  std::vector<PartSample> samples;           ///< By time.
  std::vector<dataset::Run> runs;            ///< Sampling times of the span that have a frame.
  std::vector<media::SkippedRange> skipped;  ///< Sampling times skipped by --fps auto.
  int64_t start_pts = 0;                     ///< PTS of sampling time 0.
  int64_t last_pts = 0;                      ///< PTS of the last frame read.
  int64_t packets_read = 0;
  int64_t packets_decoded = 0;
  bool planned = true;             ///< False when every packet had to be decoded.
  std::vector<Gap> gaps;           ///< Sampling times of the span that are broken, by time.
  std::optional<Failure> failure;  ///< The clip cannot be used; empty for a span that was read.
};

/// The name of a span's part, a hash of all inputs that shape its bytes: equal names, equal parts.
/// @param identity  Options and models that shape samples.
/// @param labels    SpanTask::labels.
std::string part_name(const nlohmann::ordered_json& identity, const ClipInput& clip,
                      const Span& span, std::string_view labels = {});

/// The clip's prefix of every sample key: 12 hexadecimal digits.
std::string key_prefix(const ClipInput& clip);

/// The record of a complete part.
/// @return No value when there is no such part, or it is damaged or of another version.
Result<std::optional<PartRecord>> read_part(storage::Store& store, const std::string& name);

/// Reads all samples of a part, and compares their checksums with the record. Finds blocks that
/// were lost in a power cut.
/// @return False when a sample differs; kUnavailable when storage fails.
Result<bool> is_intact(storage::Store& store, const std::string& name, const PartRecord& record);

/// Ends a part with its record, after its samples, and publishes it.
Result<void> commit_part(storage::Writer& writer, const PartRecord& record);

/// Publishes a part without samples for a clip that cannot be used.
Result<PartRecord> write_failed_part(storage::Store& store, const std::string& name,
                                     const Failure& failure);

}  // namespace lido::part
