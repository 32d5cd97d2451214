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
#include "lido/ingest/sealed.h"

namespace lido::ingest {
namespace {

using dataset::ClipRow;
using dataset::SampleRow;

SampleRow row_of(const PartSample& sample, const BookedClip& clip, const SampleOptions& sampling) {
  const ClipInput& input = clip.plan.input;
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

ClipRow clip_row(const BookedClip& clip) {
  const ClipPlan& plan = clip.plan;
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
  return row;
}

/// What the record of its last span says of a clip's length.
double duration_of(const ClipRow& row, const PartRecord& last) {
  const auto ticks = static_cast<double>(last.last_pts - row.start_pts);
  return ticks * static_cast<double>(row.time_base_num) / static_cast<double>(row.time_base_den);
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

/// Calls visit(part sample, row) for the samples of one part that go into shards.
/// @return Its record.
Result<PartRecord> visit_part(
    const dataset::Dataset& dataset, const BookedClip& clip, size_t part,
    const SampleOptions& sampling, const JobOptions& job,
    const std::vector<dataset::Forgotten>& forgotten,
    const std::function<Result<void>(const PartSample& sample, SampleRow& row)>& visit) {
  auto record = LIDO_TRY(read_part(dataset.store(), clip.parts[part]));
  if (!record) return fail(ErrorCode::kCorrupt, "{}: {}", clip.parts[part], kChanged);
  const std::optional<PartBreak>& broke = clip.broke;
  for (const PartSample& sample : record->samples) {
    SampleRow row = row_of(sample, clip, sampling);
    const bool gone = std::ranges::any_of(forgotten, [&](const dataset::Forgotten& one) {
      return one.covers(row.clip, row.start_s, row.end_s);
    });
    const bool good = !broke || (job.keep_partial && row.end_s <= broke->time_s);
    if (good && !gone) LIDO_TRY(visit(sample, row));
  }
  return std::move(*record);
}

/// The rows of one clip.
struct AddedClip {
  ClipRow row;
  std::vector<dataset::SpanRow> spans;
  std::vector<dataset::SkippedRow> skipped;
  std::optional<dataset::RejectedRow> rejected;
  ClipSamples samples;
};

Result<AddedClip> add_clip(const dataset::Dataset& dataset, const BookedClip& clip,
                           const SampleOptions& sampling, const JobOptions& job,
                           const std::vector<dataset::Forgotten>& forgotten) {
  AddedClip added{.row = clip_row(clip), .samples = {.clip = clip.number}};
  const double fps = sampling.fps.rate.value();
  std::vector<dataset::Run> runs;
  std::vector<int64_t> starts;
  for (size_t i = 0; i < clip.parts.size(); ++i) {
    const size_t before = added.samples.lengths.size();
    const PartRecord record =
        LIDO_TRY(visit_part(dataset, clip, i, sampling, job, forgotten,
                            [&](const PartSample& sample, const SampleRow&) -> Result<void> {
                              if (sample.track == 0) starts.push_back(sample.first_k);
                              added.samples.lengths.push_back(static_cast<uint32_t>(sample.length));
                              return {};
                            }));
    const size_t count = added.samples.lengths.size() - before;
    added.samples.in_span.push_back(static_cast<uint32_t>(count));
    if (i >= clip.plan.spans.size()) continue;  // the people of all spans
    if (i == 0) {
      added.row.fingerprint = record.fingerprint;
      added.row.start_pts = record.start_pts;
    }
    if (i + 1 == clip.plan.spans.size()) added.row.duration_s = duration_of(added.row, record);
    const Span& span = clip.plan.spans[i];
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
  if (clip.broke) {
    added.rejected = dataset::RejectedRow{added.row.clip, clip.broke->reason, clip.broke->time_s,
                                          added.row.samples};
  }
  return added;
}

/// Adds the rows of one clip to the tables and its numbers to the sums.
Result<void> put(AddedClip clip, dataset::Tables& tables, Added& sums) {
  sums.frames += clip.row.frames;
  sums.samples += clip.row.samples;
  sums.left_over += clip.row.left_over;
  sums.spans += clip.row.spans;
  sums.hours += clip.row.duration_s / 3600;
  LIDO_TRY(tables.clips.append(std::move(clip.row)));
  for (auto& row : clip.spans) LIDO_TRY(tables.spans.append(std::move(row)));
  for (auto& row : clip.skipped) {
    sums.skipped_hours += (row.end_s - row.start_s) / 3600;
    LIDO_TRY(tables.skipped.append(std::move(row)));
  }
  if (!clip.rejected) return {};
  ++sums.rejected;
  return tables.rejected.append(std::move(*clip.rejected));
}

/// A sample, by its number in a clip.
struct SamplePlace {
  size_t clip = 0;
  size_t number = 0;
};

/// The samples of one split from one to another; `last` is its clip's first that is not in it.
struct Shard {
  std::string name;
  std::string_view split;
  SamplePlace first, last;
};

/// Calls visit for the clips of one split that have samples, in order of clips.
Result<void> visit_samples(Book& book, std::string_view split,
                           const std::function<Result<void>(const ClipSamples&)>& visit) {
  auto samples = LIDO_TRY(book.next_samples(split, 0));
  for (; samples; samples = LIDO_TRY(book.next_samples(split, samples->clip + 1)))
    LIDO_TRY(visit(*samples));
  return {};
}

/// Divides the samples of one split, in order of clips. A sample goes to the shard in which its
/// middle byte falls when the total is divided evenly.
Result<std::vector<Shard>> divide(Book& book, std::string_view split, const JobOptions& job,
                                  int generation) {
  double total = 0;
  int64_t all = 0;
  LIDO_TRY(visit_samples(book, split, [&](const ClipSamples& samples) -> Result<void> {
    for (const uint32_t length : samples.lengths) total += length;
    all += std::ssize(samples.lengths);
    return {};
  }));
  const auto by_size =
      static_cast<int64_t>(std::max(1.0, std::round(total / (job.shard_mb * 1e6))));
  const int64_t rounded = (by_size + job.readers - 1) / job.readers * job.readers;
  const int64_t count = std::min(rounded, all);
  std::vector<Shard> shards;
  double before = 0;
  LIDO_TRY(visit_samples(book, split, [&](const ClipSamples& samples) -> Result<void> {
    for (size_t number = 0; number < samples.lengths.size(); ++number) {
      const double middle = before + samples.lengths[number] / 2.0;
      const auto wanted = static_cast<int64_t>(middle / total * static_cast<double>(count));
      const SamplePlace place{samples.clip, number};
      if (shards.empty() || wanted >= std::ssize(shards)) {
        const auto next = static_cast<int>(shards.size());
        shards.push_back({dataset::shard_name(generation, split, next), split, place, place});
      }
      shards.back().last = {samples.clip, number + 1};
      before += samples.lengths[number];
    }
    return {};
  }));
  return shards;
}

/// Writes one shard, clip by clip.
class ShardWriter {
 public:
  ShardWriter(const dataset::Dataset& dataset, Book& book, const SampleOptions& sampling,
              const JobOptions& job, const std::vector<dataset::Forgotten>& forgotten,
              const dataset::Labeller& labeller)
      : dataset_(dataset),
        book_(book),
        sampling_(sampling),
        job_(job),
        forgotten_(forgotten),
        labeller_(labeller) {}

  /// @param rows  Where the rows of its samples go.
  /// @return The bytes of its samples.
  Result<int64_t> write(const Shard& shard, dataset::TableWriter<SampleRow>& rows) {
    rows_ = &rows;
    writer_ = LIDO_TRY(dataset_.store().create(shard.name));
    auto samples = LIDO_TRY(book_.next_samples(shard.split, shard.first.clip));
    for (; samples && samples->clip <= shard.last.clip;
         samples = LIDO_TRY(book_.next_samples(shard.split, samples->clip + 1))) {
      const size_t begin = samples->clip == shard.first.clip ? shard.first.number : 0;
      const size_t end =
          samples->clip == shard.last.clip ? shard.last.number : samples->lengths.size();
      LIDO_TRY(add(shard, *samples, begin, end));
    }
    LIDO_TRY(writer_->append(dataset::tar_end()));
    LIDO_TRY(writer_->commit());
    return offset_;
  }

 private:
  /// Adds the samples of a clip with begin <= number < end.
  Result<void> add(const Shard& shard, const ClipSamples& samples, size_t begin, size_t end) {
    const BookedClip clip = LIDO_TRY(book_.clip(samples.clip));
    size_t at = 0;  // number in the clip
    for (size_t part = 0; part < clip.parts.size() && at < end; ++part) {
      const size_t after = at + samples.in_span[part];
      if (after <= begin || after == at) {
        at = after;
        continue;
      }
      const auto reader = LIDO_TRY(dataset_.store().open(clip.parts[part]));
      const auto copy = [&](const PartSample& sample, SampleRow& row) -> Result<void> {
        const size_t here = at++;
        if (here < begin || here >= end) return {};
        LIDO_TRY(copy_sample(*reader, clip.parts[part], sample, *writer_));
        row.shard = shard.name;
        row.offset = offset_;
        offset_ += row.length;
        labeller_.apply(row);
        return rows_->append(std::move(row));
      };
      LIDO_TRY(visit_part(dataset_, clip, part, sampling_, job_, forgotten_, copy));
    }
    return {};
  }

  const dataset::Dataset& dataset_;
  Book& book_;
  const SampleOptions& sampling_;
  const JobOptions& job_;
  const std::vector<dataset::Forgotten>& forgotten_;
  const dataset::Labeller& labeller_;
  std::unique_ptr<storage::Writer> writer_;
  dataset::TableWriter<SampleRow>* rows_ = nullptr;
  int64_t offset_ = 0;
};

}  // namespace

Result<Added> add_clips(const dataset::Dataset& dataset, Book& book, const SampleOptions& sampling,
                        const JobOptions& job, dataset::Tables& tables,
                        const std::stop_token& stop) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  Added sums;
  InOrder<std::pair<std::string, AddedClip>> in_order([&](auto clip) -> Result<void> {
    if (!clip.second.samples.lengths.empty())
      LIDO_TRY(book.note_samples(clip.first, clip.second.samples));
    return put(std::move(clip.second), tables, sums);
  });
  const size_t clips = LIDO_TRY(book.totals()).clips;
  LIDO_TRY(parallel_for(clips, job.workers, stop, [&](size_t number) -> Result<void> {
    BookedClip clip = LIDO_TRY(book.clip(number));
    auto added = LIDO_TRY(add_clip(dataset, clip, sampling, job, forgotten));
    return in_order.take(number, {std::move(clip.split), std::move(added)});
  }));
  return sums;
}

Result<Written> write_shards(const dataset::Dataset& dataset, Book& book,
                             const SampleOptions& sampling, const JobOptions& job, int generation,
                             const dataset::Labeller& labeller,
                             dataset::TableWriter<SampleRow>& manifest,
                             const std::stop_token& stop) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  std::vector<Shard> shards;
  for (const char* split : dataset::kSplits) {
    auto of_split = LIDO_TRY(divide(book, split, job, generation));
    std::ranges::move(of_split, std::back_inserter(shards));
  }
  // Shards are written side by side, and the manifest has their rows in order: they wait in files.
  storage::Store& store = dataset.store();
  InOrder<std::string> in_order([&](const std::string& waiting) -> Result<void> {
    LIDO_TRY(dataset::visit_table<SampleRow>(
        store, waiting, [&](SampleRow& row) { return manifest.append(std::move(row)); }));
    return store.remove(waiting);
  });
  std::atomic<int64_t> bytes = 0;
  LIDO_TRY(parallel_for(shards.size(), job.workers, stop, [&](size_t number) -> Result<void> {
    const std::string waiting = fmt::format(".work/rows/{:06}.parquet", number);
    auto rows = LIDO_TRY(dataset::TableWriter<SampleRow>::create(store, waiting));
    ShardWriter writer(dataset, book, sampling, job, forgotten, labeller);
    bytes += LIDO_TRY(writer.write(shards[number], rows));
    LIDO_TRY(rows.commit());
    return in_order.take(number, waiting);
  }));
  return Written{std::ssize(shards), bytes};
}

}  // namespace lido::ingest
