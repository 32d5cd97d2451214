// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/part_samples.h"

#include <algorithm>
#include <cmath>

#include "lido/part/record_file.h"

namespace lido::ingest {
namespace {

/// Whether a frame of a sample is in a forgotten stretch.
bool was_forgotten(const JobContext& job, const ClipRecord& clip, const part::PartRecord& record,
                   const part::PartSample& sample) {
  const double tick_s = clip.plan.info.time_base.value();
  for (size_t i = 0; i < sample.pts.size(); ++i) {
    const double pts_s = static_cast<double>(sample.pts[i] - record.start_pts) * tick_s;
    const int64_t k = std::min(sample.first_k + static_cast<int64_t>(i), sample.end_k() - 1);
    if (job.was_forgotten(clip, k, pts_s, pts_s)) return true;
  }
  return false;
}

}  // namespace

dataset::SampleRow sample_row(const part::PartSample& sample, const ClipRecord& clip,
                              const part::SampleOptions& sampling) {
  const part::ClipInput& input = clip.plan.input;
  const double fps = sampling.fps.rate.value();
  dataset::SampleRow row;
  row.sample = sample.key;
  row.split = clip.split;
  row.length = sample.length;
  row.clip = input.uri;
  row.group = input.group_name();
  row.site = input.site;
  row.camera = input.camera;
  row.first_k = sample.first_k;
  row.pts = sample.pts;
  row.start_s = static_cast<double>(sample.first_k) / fps;
  row.end_s = static_cast<double>(sample.end_k() - 1) / fps;
  if (input.start_utc)
    row.start_utc = dataset::UtcTime{input.start_utc->us + std::llround(row.start_s * 1e6)};
  row.source_width = sample.source_width;
  row.source_height = sample.source_height;
  row.scale_x = sample.geometry.scale_x;
  row.scale_y = sample.geometry.scale_y;
  row.offset_x = sample.geometry.offset_x;
  row.offset_y = sample.geometry.offset_y;
  row.track = sample.track;
  row.cutouts = sample.cutouts;
  row.boxes = sample.boxes;
  row.seen = sample.seen;
  row.repeated = sample.repeated;
  row.source = sample.source;
  row.person = sample.person;
  row.keypoints = sample.keypoints;
  row.sha256 = sample.sha256;
  return row;
}

Result<part::PartRecord> visit_part(const JobContext& job, const ClipRecord& clip,
                                    const std::string& part, const OnSample& on_sample) {
  auto record = LIDO_TRY(part::read_part(job.dataset.store(), part));
  if (!record) return fail(ErrorCode::kCorrupt, "{}: {}", part, part::kChangedOnDisk);
  const bool rejected = job.is_rejected(clip);
  for (const part::PartSample& sample : record->samples) {
    dataset::SampleRow row = sample_row(sample, clip, job.sampling);
    // The span before may have read on into a gap and found no fault in so few frames.
    const bool good = !rejected && !clip.touches_gap(sample.first_k, sample.end_k());
    if (good && !was_forgotten(job, clip, *record, sample)) LIDO_TRY(on_sample(sample, row));
  }
  return std::move(*record);
}

}  // namespace lido::ingest
