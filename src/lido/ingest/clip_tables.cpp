// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/clip_tables.h"

#include <algorithm>
#include <utility>

#include "lido/base/parallel.h"
#include "lido/base/reorder_buffer.h"
#include "lido/ingest/part_samples.h"

namespace lido::ingest {
namespace {

/// The clip's row, without what its parts show.
dataset::ClipRow clip_row(const ClipRecord& clip) {
  const ClipPlan& plan = clip.plan;
  dataset::ClipRow row;
  row.clip = plan.input.uri;
  row.bytes = plan.input.bytes;
  row.fingerprint = plan.input.fingerprint;
  row.modified_ns = plan.input.modified_ns;
  row.container = plan.info.container;
  row.codec = plan.info.codec;
  row.width = plan.info.width;
  row.height = plan.info.height;
  row.source_fps = plan.info.source_fps;
  row.other_video = plan.info.other_video;
  row.group = plan.input.group_name();
  row.site = plan.input.site;
  row.camera = plan.input.camera;
  row.start_utc = plan.input.start_utc;
  row.split = clip.split;
  row.spans = std::ssize(plan.spans);
  if (plan.info.time_base.num > 0) {
    row.time_base_num = plan.info.time_base.num;
    row.time_base_den = plan.info.time_base.den;
  }
  return row;
}

/// A clip's duration by the record of its last span, seconds.
double duration_of(const dataset::ClipRow& row, const part::PartRecord& last) {
  const auto ticks = static_cast<double>(last.last_pts - row.start_pts);
  return ticks * static_cast<double>(row.time_base_num) / static_cast<double>(row.time_base_den);
}

/// Appends runs. Runs that meet at the end of a span are joined: a cut just there would show in the
/// windows.
void join_runs(const std::vector<dataset::Run>& runs, std::vector<dataset::Run>& all) {
  for (const dataset::Run& run : runs) {
    if (!all.empty() && all.back().end == run.begin)
      all.back().end = run.end;
    else
      all.push_back(run);
  }
}

/// The rows of one clip.
struct ClipRows {
  std::string split;
  dataset::ClipRow clip;
  int64_t unused_frames = 0;  // in no sample of any kind
  std::vector<dataset::SpanRow> spans;
  std::vector<dataset::SkippedRow> skipped;
  std::vector<dataset::GapRow> gaps;
  std::optional<dataset::RejectedRow> rejected;
  ClipSamples samples;
};

/// Collects the rows of one clip, part by part.
class ClipCollector {
 public:
  ClipCollector(const JobContext& job, const ClipRecord& clip) : job_(job), clip_(clip) {
    rows_.split = clip.split;
    rows_.clip = clip_row(clip);
    rows_.samples.clip = clip.number;
  }

  Result<ClipRows> collect() {
    const size_t readable = clip_.failure ? 0 : clip_.span_parts.size();
    for (size_t i = 0; i < readable; ++i) {
      const part::PartRecord record = LIDO_TRY(add_samples(clip_.span_parts[i]));
      add_span(i, record);
    }
    if (clip_.people_part && !clip_.failure) LIDO_TRY(add_samples(*clip_.people_part));
    rows_.clip.copies = LIDO_TRY(job_.clips.copies_of(rows_.clip.clip));
    rows_.clip.samples = std::ssize(rows_.samples.lengths);
    if (job_.sampling.kinds().frames == part::SampleKinds::Frames::kAll)
      rows_.clip.left_over = dataset::count_left_over(runs_, whole_frames_);
    std::ranges::sort(in_samples_, {}, &dataset::Run::begin);
    rows_.unused_frames = dataset::count_left_over(runs_, in_samples_);
    add_faults();
    return std::move(rows_);
  }

 private:
  /// Rejects the clip, or adds its gaps. A clip without a frame before or behind its gaps is
  /// rejected too.
  void add_faults() {
    const std::string& clip = rows_.clip.clip;
    if (clip_.failure) {
      rows_.rejected = dataset::RejectedRow{clip, clip_.failure->reason, 0, 0,
                                            part::name_of(clip_.failure->kind)};
      return;
    }
    if (clip_.gaps.empty()) return;
    if (job_.is_rejected(clip_) || rows_.clip.frames == 0) {
      const part::Gap& first = clip_.gaps.front();
      rows_.rejected = dataset::RejectedRow{clip, first.reason, job_.seconds(first.first_k), 0,
                                            part::name_of(part::FailureKind::kContent)};
      return;
    }
    for (const part::Gap& gap : clip_.gaps) {
      const bool to_end = gap.end_k == INT64_MAX;
      const double start_s = job_.seconds(gap.first_k);
      const double end_s =
          to_end ? std::max(start_s, clip_.plan.info.duration_s) : job_.seconds(gap.end_k);
      rows_.gaps.push_back(
          {clip, gap.first_k, to_end ? -1 : gap.end_k, start_s, end_s, gap.reason});
    }
  }

  Result<part::PartRecord> add_samples(const std::string& part) {
    const size_t before = rows_.samples.lengths.size();
    const auto on_sample = [&](const part::PartSample& sample,
                               const dataset::SampleRow&) -> Result<void> {
      const dataset::Run frames{sample.first_k, sample.end_k()};
      in_samples_.push_back(frames);
      if (sample.track == 0) whole_frames_.push_back(frames);
      rows_.samples.lengths.push_back(static_cast<uint32_t>(sample.length));
      return {};
    };
    auto record = LIDO_TRY(visit_part(job_, clip_, part, on_sample));
    const size_t count = rows_.samples.lengths.size() - before;
    rows_.samples.part_counts.push_back(static_cast<uint32_t>(count));
    return record;
  }

  void add_span(size_t number, const part::PartRecord& record) {
    const part::Span& span = clip_.plan.spans[number];
    dataset::ClipRow& clip = rows_.clip;
    if (number == 0) {
      clip.start_pts = record.start_pts;
    }
    if (number + 1 == clip_.plan.spans.size()) clip.duration_s = duration_of(clip, record);
    rows_.spans.push_back({.clip = clip.clip,
                           .span = static_cast<int64_t>(number),
                           .first_k = span.first_k,
                           .end_k = span.end_k == INT64_MAX ? -1 : span.end_k,
                           .samples = rows_.samples.part_counts.back(),
                           .packets_read = record.packets_read,
                           .packets_decoded = record.packets_decoded,
                           .planned = record.planned});
    for (const media::SkippedRange& range : record.skipped) {
      rows_.skipped.push_back({clip.clip, range.first_k, range.end_k, job_.seconds(range.first_k),
                               job_.seconds(range.end_k), range.decoded});
    }
    for (const dataset::Run& run : record.runs) clip.frames += run.end - run.begin;
    join_runs(record.runs, runs_);
  }

  const JobContext& job_;
  const ClipRecord& clip_;
  ClipRows rows_;
  std::vector<dataset::Run> runs_;
  std::vector<dataset::Run> whole_frames_;  // stretches of the samples of whole frames, ascending
  std::vector<dataset::Run> in_samples_;    // stretches of all samples
};

Result<void> append_rows(ClipRows rows, dataset::Tables& tables, ClipTotals& totals) {
  totals.frames += rows.clip.frames;
  totals.samples += rows.clip.samples;
  totals.left_over += rows.clip.left_over;
  totals.unused_frames += rows.unused_frames;
  totals.spans += rows.clip.spans;
  totals.hours += rows.clip.duration_s / 3600;
  LIDO_TRY(tables.clips.append(std::move(rows.clip)));
  for (auto& row : rows.spans) LIDO_TRY(tables.spans.append(std::move(row)));
  for (auto& row : rows.skipped) {
    totals.skipped_hours += (row.end_s - row.start_s) / 3600;
    LIDO_TRY(tables.skipped.append(std::move(row)));
  }
  if (!rows.gaps.empty()) {
    ++totals.broken;
    const dataset::GapRow& first = rows.gaps.front();
    add_fault(totals.faults, {.clip = first.clip, .time_s = first.start_s, .reason = first.reason});
  }
  for (auto& row : rows.gaps) {
    totals.gap_hours += (row.end_s - row.start_s) / 3600;
    LIDO_TRY(tables.gaps.append(std::move(row)));
  }
  if (!rows.rejected) return {};
  ++totals.rejected;
  const dataset::RejectedRow& row = *rows.rejected;
  add_fault(totals.faults, {.clip = row.clip,
                            .time_s = row.time_s,
                            .reason = row.reason,
                            .rejected = true,
                            .retried = row.is_retried()});
  return tables.rejected.append(std::move(*rows.rejected));
}

}  // namespace

void add_fault(std::vector<ClipFault>& faults, ClipFault fault) {
  const auto same_kind = std::ranges::count(faults, fault.rejected, &ClipFault::rejected);
  if (static_cast<size_t>(same_kind) < kMaxFaults) faults.push_back(std::move(fault));
}

Result<ClipTotals> append_clips(const JobContext& job, dataset::Tables& tables) {
  ClipTotals totals;
  ReorderBuffer<ClipRows> in_order([&](ClipRows rows) -> Result<void> {
    if (!rows.samples.lengths.empty()) LIDO_TRY(job.clips.record_samples(rows.split, rows.samples));
    return append_rows(std::move(rows), tables, totals);
  });
  const size_t clips = LIDO_TRY(job.clips.totals()).clips;
  LIDO_TRY(parallel_for(clips, job.options.workers, job.stop, [&](size_t number) -> Result<void> {
    const ClipRecord clip = LIDO_TRY(job.clips.clip(number));
    return in_order.push(number, LIDO_TRY(ClipCollector(job, clip).collect()));
  }));
  return totals;
}

}  // namespace lido::ingest
