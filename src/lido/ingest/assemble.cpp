// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/assemble.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <iterator>
#include <optional>

#include "lido/base/hash.h"
#include "lido/base/in_order.h"
#include "lido/base/parallel.h"
#include "lido/dataset/split.h"
#include "lido/dataset/tar.h"

namespace lido::ingest {
namespace {

using dataset::ClipRow;
using dataset::SampleRow;

constexpr const char* kChanged = "changed on disk; remove .work and run again";

}  // namespace

std::optional<PartBreak> earliest_break(const ClipResult& clip) {
  if (clip.plan->broken) return PartBreak{0, clip.plan->broken->message};
  std::optional<PartBreak> earliest;
  for (const PartRecord& record : clip.records) {
    if (record.broke && (!earliest || record.broke->time_s < earliest->time_s))
      earliest = record.broke;
  }
  return earliest;
}

namespace {

SampleRow row_of(const PartSample& sample, const ClipResult& clip, const SampleOptions& sampling) {
  const ClipInput& input = clip.plan->input;
  const double fps = sampling.fps.rate.value();
  SampleRow row;
  row.sample = sample.key;
  row.split = clip.split;
  row.length = sample.length;
  row.clip = input.uri;
  row.group = input.group;
  row.site = input.site;
  row.camera = input.camera;
  row.first_k = sample.first_k;
  row.pts = sample.pts;
  row.start_s = static_cast<double>(sample.first_k) / fps;
  row.end_s = static_cast<double>(sample.first_k + sampling.windows.window - 1) / fps;
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
  row.sha256 = sample.sha256;
  return row;
}

ClipRow clip_row(const ClipResult& clip) {
  const ClipPlan& plan = *clip.plan;
  ClipRow row;
  row.clip = plan.input.uri;
  row.bytes = plan.input.bytes;
  row.container = plan.info.container;
  row.codec = plan.info.codec;
  row.width = plan.info.width;
  row.height = plan.info.height;
  row.source_fps = plan.info.source_fps;
  row.group = plan.input.group;
  row.site = plan.input.site;
  row.camera = plan.input.camera;
  row.start_utc = plan.input.start_utc;
  row.split = clip.split;
  row.spans = std::ssize(plan.spans);
  if (plan.info.time_base.num > 0) {
    row.time_base_num = plan.info.time_base.num;
    row.time_base_den = plan.info.time_base.den;
  }
  if (!clip.records.empty()) {
    row.fingerprint = clip.records.front().fingerprint;
    row.start_pts = clip.records.front().start_pts;
    const size_t last_span = plan.spans.size() - 1;
    const double ticks = static_cast<double>(clip.records[last_span].last_pts - row.start_pts);
    row.duration_s =
        ticks * static_cast<double>(row.time_base_num) / static_cast<double>(row.time_base_den);
  }
  return row;
}

Result<void> copy_sample(storage::Reader& part, std::string_view part_name,
                         const PartSample& sample, storage::Writer& writer) {
  std::string bytes(static_cast<size_t>(sample.length), '\0');
  const size_t read =
      LIDO_TRY(part.read_at(sample.offset, std::as_writable_bytes(std::span(bytes))));
  if (read != bytes.size() || sha256_hex(bytes) != sample.sha256)
    return fail(ErrorCode::kCorrupt, "{}: sample {} {}", part_name, sample.key, kChanged);
  return writer.append(bytes);
}

/// Calls visit(part sample, row) for the samples of one span that go into shards.
Result<void> visit_span(
    const dataset::Dataset& dataset, const ClipResult& clip, size_t span,
    const SampleOptions& sampling, const JobOptions& job,
    const std::vector<dataset::Forgotten>& forgotten,
    const std::function<Result<void>(const PartSample& sample, SampleRow& row)>& visit) {
  const auto record = LIDO_TRY(read_part(dataset.store(), clip.parts[span]));
  if (!record) return fail(ErrorCode::kCorrupt, "{}: {}", clip.parts[span], kChanged);
  const std::optional<PartBreak> broke = earliest_break(clip);
  for (const PartSample& sample : record->samples) {
    SampleRow row = row_of(sample, clip, sampling);
    const bool gone = std::ranges::any_of(forgotten, [&](const dataset::Forgotten& one) {
      return one.covers(row.clip, row.start_s, row.end_s);
    });
    const bool good = !broke || (job.keep_partial && row.end_s <= broke->time_s);
    if (good && !gone) LIDO_TRY(visit(sample, row));
  }
  return {};
}

/// The rows of one clip.
struct AddedClip {
  ClipRow row;
  std::vector<dataset::SpanRow> spans;
  std::vector<dataset::SkippedRow> skipped;
  ClipSamples samples;
};

Result<AddedClip> add_clip(const dataset::Dataset& dataset, const ClipResult& clip,
                           const SampleOptions& sampling, const JobOptions& job,
                           const std::vector<dataset::Forgotten>& forgotten) {
  AddedClip added{.row = clip_row(clip)};
  const double fps = sampling.fps.rate.value();
  std::vector<dataset::Run> runs;
  std::vector<int64_t> starts;
  for (size_t i = 0; i < clip.records.size(); ++i) {
    const PartRecord& record = clip.records[i];
    const size_t before = added.samples.lengths.size();
    LIDO_TRY(visit_span(dataset, clip, i, sampling, job, forgotten,
                        [&](const PartSample& sample, const SampleRow&) -> Result<void> {
                          if (sample.track == 0) starts.push_back(sample.first_k);
                          added.samples.lengths.push_back(static_cast<uint32_t>(sample.length));
                          return {};
                        }));
    const size_t count = added.samples.lengths.size() - before;
    added.samples.in_span.push_back(static_cast<uint32_t>(count));
    if (i >= clip.plan->spans.size()) continue;  // the people of all spans
    const Span& span = clip.plan->spans[i];
    added.spans.push_back({.clip = added.row.clip,
                           .span = static_cast<int64_t>(i),
                           .first_k = span.first_k,
                           .end_k = span.end_k == INT64_MAX ? -1 : span.end_k,
                           .samples = static_cast<int64_t>(count),
                           .packets_read = record.packets_read,
                           .packets_decoded = record.packets_decoded,
                           .planned = record.planned});
    for (const media::SkippedRange& range : record.skipped) {
      added.skipped.push_back({added.row.clip, range.first_k, range.end_k,
                               static_cast<double>(range.first_k) / fps,
                               static_cast<double>(range.end_k) / fps, range.decoded});
    }
    // Runs that meet at a span's end are one run, unless the clip is cut just there; a window
    // tells.
    for (const dataset::Run& run : record.runs) {
      added.row.frames += run.end - run.begin;
      if (!runs.empty() && runs.back().end == run.begin)
        runs.back().end = run.end;
      else
        runs.push_back(run);
    }
  }
  added.row.samples = std::ssize(added.samples.lengths);
  if (sampling.samples != "person")
    added.row.left_over = dataset::count_left_over(runs, starts, sampling.windows.window);
  return added;
}

/// Samples of one clip that follow each other in a shard: begin <= number in the clip < end.
struct Slice {
  size_t clip = 0;
  size_t begin = 0;
  size_t end = 0;
};

struct Shard {
  std::string name;
  std::vector<Slice> slices;
};

/// Divides the samples of one split, in order of clips. A sample goes to the shard in which its
/// middle byte falls when the total is divided evenly.
std::vector<Shard> divide(const std::vector<ClipResult>& clips,
                          const std::vector<ClipSamples>& samples, std::string_view split,
                          const JobOptions& job, int generation) {
  double total = 0;
  int64_t all = 0;
  for (size_t i = 0; i < clips.size(); ++i) {
    if (clips[i].split != split) continue;
    for (const uint32_t length : samples[i].lengths) total += length;
    all += std::ssize(samples[i].lengths);
  }
  const auto by_size =
      static_cast<int64_t>(std::max(1.0, std::round(total / (job.shard_mb * 1e6))));
  const int64_t rounded = (by_size + job.readers - 1) / job.readers * job.readers;
  const int64_t count = std::min(rounded, all);
  std::vector<Shard> shards;
  const auto begin_shard = [&] {
    const auto number = static_cast<int>(shards.size());
    shards.push_back({dataset::shard_name(generation, split, number), {}});
  };
  double before = 0;
  for (size_t i = 0; i < clips.size(); ++i) {
    if (clips[i].split != split || samples[i].lengths.empty()) continue;
    if (shards.empty()) begin_shard();
    Slice slice{.clip = i};
    for (const uint32_t length : samples[i].lengths) {
      const double middle = before + length / 2.0;
      const auto wanted = static_cast<int64_t>(middle / total * static_cast<double>(count));
      const bool holds_any = !shards.back().slices.empty() || slice.end > slice.begin;
      if (wanted >= std::ssize(shards) && holds_any) {
        if (slice.end > slice.begin) shards.back().slices.push_back(slice);
        slice.begin = slice.end;
        begin_shard();
      }
      ++slice.end;
      before += length;
    }
    shards.back().slices.push_back(slice);
  }
  return shards;
}

Result<std::vector<SampleRow>> write_shard(const dataset::Dataset& dataset, const Shard& shard,
                                           const std::vector<ClipResult>& clips,
                                           const std::vector<ClipSamples>& samples,
                                           const SampleOptions& sampling, const JobOptions& job,
                                           const std::vector<dataset::Forgotten>& forgotten,
                                           const dataset::Labeller& labeller) {
  const auto writer = LIDO_TRY(dataset.store().create(shard.name));
  std::vector<SampleRow> rows;
  size_t count = 0;
  for (const Slice& slice : shard.slices) count += slice.end - slice.begin;
  rows.reserve(count);
  int64_t offset = 0;
  for (const Slice& slice : shard.slices) {
    const ClipResult& clip = clips[slice.clip];
    size_t at = 0;  // number in the clip
    for (size_t span = 0; span < clip.parts.size() && at < slice.end; ++span) {
      const size_t end = at + samples[slice.clip].in_span[span];
      if (end <= slice.begin || end == at) {
        at = end;
        continue;
      }
      const auto part = LIDO_TRY(dataset.store().open(clip.parts[span]));
      LIDO_TRY(visit_span(dataset, clip, span, sampling, job, forgotten,
                          [&](const PartSample& sample, SampleRow& row) -> Result<void> {
                            const size_t here = at++;
                            if (here < slice.begin || here >= slice.end) return {};
                            LIDO_TRY(copy_sample(*part, clip.parts[span], sample, *writer));
                            row.shard = shard.name;
                            row.offset = offset;
                            offset += row.length;
                            labeller.apply(row);
                            rows.push_back(std::move(row));
                            return {};
                          }));
    }
  }
  LIDO_TRY(writer->append(dataset::tar_end()));
  LIDO_TRY(writer->commit());
  return rows;
}

}  // namespace

Result<std::vector<ClipSamples>> add_clips(const dataset::Dataset& dataset,
                                           const std::vector<ClipResult>& clips,
                                           const SampleOptions& sampling, const JobOptions& job,
                                           dataset::Generation& generation) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  constexpr size_t kAtOnce = 4096;
  generation.clips.reserve(generation.clips.size() + clips.size());
  std::vector<ClipSamples> samples;
  samples.reserve(clips.size());
  for (size_t from = 0; from < clips.size(); from += kAtOnce) {
    std::vector<AddedClip> added(std::min(kAtOnce, clips.size() - from));
    LIDO_TRY(parallel_for(added.size(), job.workers, [&](size_t i) -> Result<void> {
      added[i] = LIDO_TRY(add_clip(dataset, clips[from + i], sampling, job, forgotten));
      return {};
    }));
    for (size_t i = 0; i < added.size(); ++i) {
      ClipRow& row = added[i].row;
      if (const auto broke = earliest_break(clips[from + i]))
        generation.rejected.push_back({row.clip, broke->reason, broke->time_s, row.samples});
      std::ranges::move(added[i].spans, std::back_inserter(generation.spans));
      std::ranges::move(added[i].skipped, std::back_inserter(generation.skipped));
      generation.clips.push_back(std::move(row));
      samples.push_back(std::move(added[i].samples));
    }
  }
  return samples;
}

Result<Written> write_shards(const dataset::Dataset& dataset, const std::vector<ClipResult>& clips,
                             const std::vector<ClipSamples>& samples, const SampleOptions& sampling,
                             const JobOptions& job, int generation,
                             const dataset::Labeller& labeller,
                             dataset::TableWriter<SampleRow>& manifest) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  std::vector<Shard> shards;
  for (const char* split : dataset::kSplits) {
    auto of_split = divide(clips, samples, split, job, generation);
    std::ranges::move(of_split, std::back_inserter(shards));
  }
  InOrder<std::vector<SampleRow>> in_order([&](std::vector<SampleRow> rows) -> Result<void> {
    for (SampleRow& row : rows) LIDO_TRY(manifest.append(std::move(row)));
    return {};
  });
  std::atomic<int64_t> bytes = 0;
  LIDO_TRY(parallel_for(shards.size(), job.workers, [&](size_t number) -> Result<void> {
    auto rows = LIDO_TRY(
        write_shard(dataset, shards[number], clips, samples, sampling, job, forgotten, labeller));
    for (const SampleRow& row : rows) bytes += row.length;
    return in_order.take(number, std::move(rows));
  }));
  return Written{std::ssize(shards), bytes};
}

}  // namespace lido::ingest
