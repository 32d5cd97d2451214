// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/shards.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>

#include "lido/base/hash.h"
#include "lido/base/parallel.h"
#include "lido/base/reorder_buffer.h"
#include "lido/dataset/split.h"
#include "lido/dataset/tar.h"
#include "lido/ingest/part_samples.h"
#include "lido/part/record_file.h"

namespace lido::ingest {
namespace {

using dataset::SampleRow;

/// Calls visit for the clips of one split that have samples, in order of clips.
Result<void> visit_samples(ClipDb& clips, std::string_view split,
                           const std::function<Result<void>(const ClipSamples&)>& visit) {
  auto samples = LIDO_TRY(clips.next_samples(split, 0));
  for (; samples; samples = LIDO_TRY(clips.next_samples(split, samples->clip + 1)))
    LIDO_TRY(visit(*samples));
  return {};
}

/// Copies a sample's bytes and checks them.
Result<void> copy_sample(storage::Reader& part, std::string_view part_name,
                         const part::PartSample& sample, storage::Writer& writer) {
  std::string bytes(static_cast<size_t>(sample.length), '\0');
  const size_t read =
      LIDO_TRY(part.read_at(sample.offset, std::as_writable_bytes(std::span(bytes))));
  if (read != bytes.size() || sha256_hex(bytes) != sample.sha256) {
    return fail(ErrorCode::kCorrupt, "{}: sample {} {}", part_name, sample.key,
                part::kChangedOnDisk);
  }
  return writer.append(bytes);
}

/// Writes one shard, clip by clip.
class ShardWriter {
 public:
  /// @param rows  Receives the manifest rows of the shard's samples.
  ShardWriter(const JobContext& job, const Shard& shard, const dataset::Labeller& labeller,
              dataset::TableWriter<SampleRow>& rows)
      : job_(job), shard_(shard), labeller_(labeller), rows_(rows) {}

  /// @return Bytes of the shard's samples.
  Result<int64_t> write() {
    ClipDb& clips = job_.clips;
    writer_ = LIDO_TRY(job_.dataset.store().create(shard_.name));
    auto samples = LIDO_TRY(clips.next_samples(shard_.split, shard_.first.clip));
    for (; samples && samples->clip <= shard_.end.clip;
         samples = LIDO_TRY(clips.next_samples(shard_.split, samples->clip + 1))) {
      const size_t begin = samples->clip == shard_.first.clip ? shard_.first.number : 0;
      const size_t end =
          samples->clip == shard_.end.clip ? shard_.end.number : samples->lengths.size();
      LIDO_TRY(add_clip(*samples, begin, end));
    }
    LIDO_TRY(writer_->append(dataset::tar_end()));
    LIDO_TRY(writer_->commit());
    return offset_;
  }

 private:
  /// Adds the samples of a clip with begin <= position < end.
  Result<void> add_clip(const ClipSamples& samples, size_t begin, size_t end) {
    const ClipRecord clip = LIDO_TRY(job_.clips.clip(samples.clip));
    const std::vector<std::string> parts = clip.parts();
    size_t at = 0;  // position in the clip
    for (size_t i = 0; i < parts.size() && at < end; ++i) {
      const size_t after = at + samples.part_counts[i];
      if (after <= begin || after == at) {
        at = after;
        continue;
      }
      const auto reader = LIDO_TRY(job_.dataset.store().open(parts[i]));
      const auto add = [&](const part::PartSample& sample, SampleRow& row) -> Result<void> {
        const size_t here = at++;
        if (here < begin || here >= end) return {};
        LIDO_TRY(copy_sample(*reader, parts[i], sample, *writer_));
        return add_row(row);
      };
      const auto copied = visit_part(job_, clip, parts[i], add);
      if (copied) continue;
      // The next run makes the part again.
      if (copied.error().code == ErrorCode::kCorrupt)
        LIDO_TRY(job_.dataset.store().remove(parts[i]));
      return std::unexpected(copied.error());
    }
    return {};
  }

  Result<void> add_row(SampleRow& row) {
    row.shard = shard_.name;
    row.offset = offset_;
    offset_ += row.length;
    labeller_.apply(row);
    return rows_.append(std::move(row));
  }

  const JobContext& job_;
  const Shard& shard_;
  const dataset::Labeller& labeller_;
  dataset::TableWriter<SampleRow>& rows_;
  std::unique_ptr<storage::Writer> writer_;
  int64_t offset_ = 0;
};

}  // namespace

Result<std::vector<Shard>> divide(ClipDb& clips, std::string_view split, const JobOptions& options,
                                  int generation) {
  double total = 0;
  int64_t all = 0;
  LIDO_TRY(visit_samples(clips, split, [&](const ClipSamples& samples) -> Result<void> {
    for (const uint32_t length : samples.lengths) total += length;
    all += std::ssize(samples.lengths);
    return {};
  }));
  const auto by_size =
      static_cast<int64_t>(std::max(1.0, std::round(total / (options.shard_mb * 1e6))));
  const int64_t rounded = (by_size + options.readers - 1) / options.readers * options.readers;
  const int64_t count = std::min(rounded, all);
  std::vector<Shard> shards;
  double before = 0;
  LIDO_TRY(visit_samples(clips, split, [&](const ClipSamples& samples) -> Result<void> {
    for (size_t number = 0; number < samples.lengths.size(); ++number) {
      const double middle = before + samples.lengths[number] / 2.0;
      const auto wanted = static_cast<int64_t>(middle / total * static_cast<double>(count));
      const SamplePlace place{samples.clip, number};
      if (shards.empty() || wanted >= std::ssize(shards)) {
        const auto next = static_cast<int>(shards.size());
        shards.push_back({dataset::shard_name(generation, split, next), split, place, place});
      }
      shards.back().end = {samples.clip, number + 1};
      before += samples.lengths[number];
    }
    return {};
  }));
  return shards;
}

Result<ShardTotals> write_shards(const JobContext& job, int generation,
                                 const dataset::Labeller& labeller,
                                 dataset::TableWriter<SampleRow>& manifest) {
  std::vector<Shard> shards;
  for (const char* split : dataset::kSplits) {
    auto of_split = LIDO_TRY(divide(job.clips, split, job.options, generation));
    std::ranges::move(of_split, std::back_inserter(shards));
  }
  // Shards are written in parallel, and the manifest has their rows in order: rows wait in files.
  storage::Store& store = job.dataset.store();
  ReorderBuffer<std::string> in_order([&](const std::string& file) -> Result<void> {
    LIDO_TRY(dataset::visit_table<SampleRow>(
        store, file, [&](SampleRow& row) { return manifest.append(std::move(row)); }));
    return store.remove(file);
  });
  std::atomic<int64_t> bytes = 0;
  const auto write = [&](size_t number) -> Result<void> {
    const std::string file = fmt::format("{}/rows/{:06}.parquet", job.run_folder, number);
    auto rows = LIDO_TRY(dataset::TableWriter<SampleRow>::create(store, file));
    bytes += LIDO_TRY(ShardWriter(job, shards[number], labeller, rows).write());
    LIDO_TRY(rows.commit());
    return in_order.push(number, file);
  };
  LIDO_TRY(parallel_for(shards.size(), job.options.workers, job.stop, write));
  return ShardTotals{std::ssize(shards), bytes};
}

}  // namespace lido::ingest
