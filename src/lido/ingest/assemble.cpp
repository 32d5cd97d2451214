// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/assemble.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "lido/base/hash.h"
#include "lido/base/parallel.h"
#include "lido/dataset/split.h"
#include "lido/dataset/tar.h"

namespace lido::ingest {
namespace {

using dataset::ClipRow;
using dataset::SampleRow;

/// A sample on its way from a part to a shard.
struct Piece {
  SampleRow row;
  std::string part;
  int64_t part_offset = 0;
};

std::optional<PartBreak> earliest_break(const ClipResult& clip) {
  if (clip.plan->broken) return PartBreak{0, clip.plan->broken->message};
  std::optional<PartBreak> earliest;
  for (const PartRecord& record : clip.records) {
    if (record.broke && (!earliest || record.broke->time_s < earliest->time_s))
      earliest = record.broke;
  }
  return earliest;
}

bool is_forgotten(const SampleRow& row, const std::vector<dataset::Forgotten>& forgotten) {
  return std::ranges::any_of(forgotten, [&](const dataset::Forgotten& record) {
    return record.clip == row.clip && row.start_s < record.end_s && row.end_s >= record.start_s;
  });
}

SampleRow row_of(const PartSample& sample, const ClipResult& clip, const SampleOptions& sampling) {
  const ClipInput& input = clip.plan->input;
  const double fps = sampling.fps.value();
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
    const double ticks = static_cast<double>(clip.records.back().last_pts - row.start_pts);
    row.duration_s =
        ticks * static_cast<double>(row.time_base_num) / static_cast<double>(row.time_base_den);
  }
  return row;
}

/// Adds one clip's rows; its samples go to `pieces`.
void add_clip(const ClipResult& clip, const SampleOptions& sampling, const JobOptions& job,
              const std::vector<dataset::Forgotten>& forgotten, dataset::Generation& generation,
              std::vector<Piece>& pieces) {
  ClipRow row = clip_row(clip);
  const std::optional<PartBreak> broke = earliest_break(clip);
  std::vector<dataset::Run> runs;
  std::vector<int64_t> starts;
  for (size_t i = 0; i < clip.records.size(); ++i) {
    const PartRecord& record = clip.records[i];
    const Span& span = clip.plan->spans[i];
    dataset::SpanRow span_row{.clip = row.clip,
                              .span = static_cast<int64_t>(i),
                              .first_k = span.first_k,
                              .end_k = span.end_k == INT64_MAX ? -1 : span.end_k,
                              .packets_read = record.packets_read,
                              .packets_decoded = record.packets_decoded,
                              .planned = record.planned};
    for (const dataset::Run& run : record.runs) row.frames += run.end - run.begin;
    // Runs that meet at a span's end are one run, unless the clip is cut just there; a window
    // tells.
    for (const dataset::Run& run : record.runs) runs.push_back(run);
    for (const PartSample& sample : record.samples) {
      SampleRow sample_row = row_of(sample, clip, sampling);
      const bool good = !broke || (job.keep_partial && sample_row.end_s <= broke->time_s);
      if (!good || is_forgotten(sample_row, forgotten)) continue;
      ++span_row.samples;
      starts.push_back(sample.first_k);
      pieces.push_back({std::move(sample_row), clip.parts[i], sample.offset});
    }
    row.samples += span_row.samples;
    generation.spans.push_back(std::move(span_row));
  }
  std::vector<dataset::Run> merged;
  for (const dataset::Run& run : runs) {
    if (!merged.empty() && merged.back().end == run.begin)
      merged.back().end = run.end;
    else
      merged.push_back(run);
  }
  row.left_over = dataset::count_left_over(merged, starts, sampling.windows.window);
  if (broke) generation.rejected.push_back({row.clip, broke->reason, broke->time_s, row.samples});
  generation.clips.push_back(std::move(row));
}

Result<void> write_shard(const dataset::Dataset& dataset, const std::string& name,
                         std::span<Piece> pieces) {
  const auto writer = LIDO_TRY(dataset.store().create(name));
  std::string open_part;
  std::unique_ptr<storage::Reader> reader;
  std::string bytes;
  int64_t offset = 0;
  for (Piece& piece : pieces) {
    if (piece.part != open_part) {
      reader = LIDO_TRY(dataset.store().open(piece.part));
      open_part = piece.part;
    }
    bytes.resize(static_cast<size_t>(piece.row.length));
    const size_t read =
        LIDO_TRY(reader->read_at(piece.part_offset, std::as_writable_bytes(std::span(bytes))));
    if (read != bytes.size() || sha256_hex(bytes) != piece.row.sha256) {
      return fail(ErrorCode::kCorrupt, "{}: sample {} changed on disk; remove .work and run again",
                  piece.part, piece.row.sample);
    }
    LIDO_TRY(writer->append(bytes));
    piece.row.shard = name;
    piece.row.offset = offset;
    offset += piece.row.length;
  }
  LIDO_TRY(writer->append(dataset::tar_end()));
  return writer->commit();
}

}  // namespace

Result<void> assemble(const dataset::Dataset& dataset, std::vector<ClipResult> clips,
                      const SampleOptions& sampling, const JobOptions& job,
                      dataset::Generation& generation) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  size_t samples = 0;
  for (const ClipResult& clip : clips) {
    for (const PartRecord& record : clip.records) samples += record.samples.size();
  }
  std::vector<Piece> pieces;
  pieces.reserve(samples);
  for (ClipResult& clip : clips) {
    add_clip(clip, sampling, job, forgotten, generation, pieces);
    clip = {};  // There may be millions of samples: hold each once.
  }
  std::ranges::stable_sort(pieces, {}, [](const Piece& piece) {
    return std::ranges::find(dataset::kSplits, piece.row.split) - dataset::kSplits.begin();
  });

  struct Shard {
    std::string name;
    std::span<Piece> pieces;
  };
  std::vector<Shard> shards;
  for (auto begin = pieces.begin(); begin != pieces.end();) {
    const auto end = std::find_if(begin, pieces.end(), [&](const Piece& piece) {
      return piece.row.split != begin->row.split;
    });
    double total = 0;
    for (auto piece = begin; piece != end; ++piece) total += static_cast<double>(piece->row.length);
    const auto by_size =
        static_cast<int64_t>(std::max(1.0, std::round(total / (job.shard_mb * 1e6))));
    const int64_t rounded = (by_size + job.readers - 1) / job.readers * job.readers;
    const int64_t count = std::min<int64_t>(rounded, end - begin);
    // A sample goes to the shard in which its middle byte falls when the total is divided evenly.
    double before = 0;
    auto shard_begin = begin;
    int64_t number = 0;
    for (auto piece = begin; piece != end; ++piece) {
      const double middle = before + static_cast<double>(piece->row.length) / 2;
      const auto wanted = static_cast<int64_t>(middle / total * static_cast<double>(count));
      if (wanted > number && piece != shard_begin) {
        shards.push_back(
            {dataset::shard_name(generation.number, begin->row.split, static_cast<int>(number)),
             {shard_begin, piece}});
        shard_begin = piece;
        ++number;
      }
      before += static_cast<double>(piece->row.length);
    }
    shards.push_back(
        {dataset::shard_name(generation.number, begin->row.split, static_cast<int>(number)),
         {shard_begin, end}});
    begin = end;
  }
  LIDO_TRY(parallel_for(shards.size(), job.workers, [&](size_t i) {
    return write_shard(dataset, shards[i].name, shards[i].pieces);
  }));
  generation.samples.reserve(generation.samples.size() + pieces.size());
  for (Piece& piece : pieces) generation.samples.push_back(std::move(piece.row));
  return {};
}

}  // namespace lido::ingest
