// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/edit.h"

#include <algorithm>
#include <map>
#include <set>

#include "lido/base/hash.h"
#include "lido/dataset/clip_names.h"
#include "lido/dataset/scenes.h"
#include "lido/dataset/tar.h"

namespace lido::dataset {
namespace {

constexpr size_t kBlock = 8 << 20;

Result<std::string> hash_object(storage::Store& store, const std::string& name) {
  const auto reader = LIDO_TRY(store.open(name));
  Sha256 hash;
  std::vector<std::byte> block(kBlock);
  for (int64_t at = 0; at < reader->size();) {
    const size_t read = LIDO_TRY(reader->read_at(at, block));
    if (read == 0) break;
    hash.update(std::span(block).first(read));
    at += static_cast<int64_t>(read);
  }
  return hash.hex();
}

std::string rewritten_name(const std::string& shard, int generation) {
  const std::string stem = shard.substr(0, shard.rfind('.'));
  return fmt::format("{}-f{:06}.tar", stem.substr(0, stem.find("-f")), generation);
}

/// Position of a sample.
struct Place {
  std::string shard;
  int64_t offset = 0;
};

/// Copies the kept samples of a shard into a new one. @return Their positions, by sample key.
Result<std::map<std::string, Place>> rewrite_shard(const Dataset& dataset, const std::string& name,
                                                   const std::vector<SampleRow>& kept) {
  const auto writer = LIDO_TRY(dataset.store().create(name));
  std::map<std::string, Place> places;
  int64_t offset = 0;
  for (const SampleRow& row : kept) {
    const std::string bytes = LIDO_TRY(dataset.read_sample(row));
    LIDO_TRY(writer->append(bytes));
    places[row.sample] = {name, offset};
    offset += row.length;
  }
  LIDO_TRY(writer->append(tar_end()));
  LIDO_TRY(writer->commit());
  return places;
}

/// Writes the affected shards again without the removed samples, for the generation after `before`,
/// and adds their checksums to the record. @return Positions of the kept samples, by sample key.
Result<std::map<std::string, Place>> rewrite_shards(const Dataset& dataset, int before,
                                                    const std::set<std::string>& affected,
                                                    const auto& is_removed, Forgotten& record) {
  std::map<std::string, std::vector<SampleRow>> kept;  // by shard
  LIDO_TRY(dataset.visit<SampleRow>(before, [&](SampleRow& row) -> Result<void> {
    if (affected.contains(row.shard) && !is_removed(row)) kept[row.shard].push_back(std::move(row));
    return {};
  }));
  std::map<std::string, Place> places;
  for (const auto& [shard, rows] : kept) {
    const std::string name = rewritten_name(shard, before + 1);
    places.merge(LIDO_TRY(rewrite_shard(dataset, name, rows)));
    record.shards_after.push_back(name + " " + LIDO_TRY(hash_object(dataset.store(), name)));
  }
  return places;
}

/// Removes all files that the latest generation does not use.
Result<void> sweep(const Dataset& dataset, const Generation& generation) {
  const int latest = generation.number;
  storage::Store& store = dataset.store();
  std::set<std::string> kept;
  LIDO_TRY(dataset.visit<SampleRow>(latest, [&](const SampleRow& row) -> Result<void> {
    kept.insert(row.shard);
    return {};
  }));
  const size_t prefix = store.uri().size() + 1;
  for (const storage::Entry& entry : LIDO_TRY(store.list("shards"))) {
    const std::string name = entry.uri.substr(prefix);
    if (!kept.contains(name)) LIDO_TRY(store.remove(name));
  }
  std::set<std::string> folders;
  for (const storage::Entry& entry : LIDO_TRY(store.list("scenes"))) {
    const std::string name = entry.uri.substr(prefix);
    folders.insert(name.substr(0, name.find('/', std::string_view("scenes/").size())));
  }
  for (const std::string& folder : folders) {
    if (std::ranges::find(generation.scenes, folder) == generation.scenes.end())
      LIDO_TRY(store.remove_all(folder));
  }
  for (int number = 1; number < latest; ++number) {
    LIDO_TRY(store.remove_all(fmt::format("generations/{:06}", number)));
  }
  LIDO_TRY(store.remove("contact_sheet.html"));
  return store.remove_all(".work");
}

/// Reads every shard and checks that it holds exactly the samples of the manifest.
/// @return Number of shards.
Result<int64_t> prove(const Dataset& dataset, int latest) {
  std::map<std::string, int64_t> sample_bytes;
  LIDO_TRY(dataset.visit<SampleRow>(latest, [&](const SampleRow& row) -> Result<void> {
    LIDO_TRY(dataset.read_sample(row));
    sample_bytes[row.shard] += row.length;
    return {};
  }));
  const size_t prefix = dataset.store().uri().size() + 1;
  int64_t checked = 0;
  for (const storage::Entry& entry : LIDO_TRY(dataset.store().list("shards"))) {
    const std::string name = entry.uri.substr(prefix);
    const int64_t unknown = entry.size - sample_bytes[name] - std::ssize(tar_end());
    if (unknown != 0)
      return fail(ErrorCode::kCorrupt, "{}: {} byte(s) belong to no sample of the manifest, want 0",
                  name, unknown);
    ++checked;
  }
  return checked;
}

/// Returns the full name of a clip.
Result<std::string> full_name(const Dataset& dataset, int generation, std::string_view name) {
  ClipNames names;
  names.request(name);
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    names.add_clip(row.clip);
    return {};
  }));
  return LIDO_TRY(names.find(name)).name;
}

/// Copies the rows of a table into a later generation.
template <typename Row>
Result<void> copy_table(const Dataset& dataset, int from, TableWriter<Row>& to) {
  return dataset.visit<Row>(from, [&](Row& row) { return to.append(std::move(row)); });
}

/// Copies the tables that no edit changes.
Result<void> copy_spans(const Dataset& dataset, int from, Tables& to) {
  LIDO_TRY(copy_table(dataset, from, to.spans));
  LIDO_TRY(copy_table(dataset, from, to.skipped));
  return copy_table(dataset, from, to.rejected);
}

}  // namespace

Result<EditSummary> forget(const Dataset& dataset, std::string_view clip_name, double start_s,
                           double end_s) {
  if (!(start_s >= 0) || !(end_s > start_s)) {
    return fail(ErrorCode::kInvalidArgument, "from {} s to {} s, want 0 <= start < end", start_s,
                end_s);
  }
  const auto lock = LIDO_TRY(dataset.store().lock("lido.json"));
  Generation generation = LIDO_TRY(dataset.read_latest());
  const std::string clip = LIDO_TRY(full_name(dataset, generation.number, clip_name));
  Forgotten record{.clip = clip, .start_s = start_s, .end_s = end_s};
  const auto is_removed = [&](const SampleRow& row) {
    return record.covers(row.clip, row.start_s, row.end_s);
  };
  const int before = generation.number;
  std::set<std::string> affected;
  LIDO_TRY(dataset.visit<SampleRow>(before, [&](const SampleRow& row) -> Result<void> {
    if (!is_removed(row)) return {};
    affected.insert(row.shard);
    ++record.samples;
    return {};
  }));
  EditSummary summary{
      .generation = before, .samples = record.samples, .shards = std::ssize(affected)};
  for (const std::string& shard : affected)
    record.shards_before.push_back(shard + " " + LIDO_TRY(hash_object(dataset.store(), shard)));
  const auto places = LIDO_TRY(rewrite_shards(dataset, before, affected, is_removed, record));
  auto records = LIDO_TRY(dataset.forgotten());
  const auto covers = [&](const Forgotten& other) {
    return other.clip == clip && other.start_s <= start_s && other.end_s >= end_s;
  };
  if (record.samples > 0 || std::ranges::none_of(records, covers)) {
    records.push_back(record);
    LIDO_TRY(dataset.write_forgotten(records));
  }
  const bool scenes_changed = LIDO_TRY(forget_scenes(dataset, generation, before + 1, record));
  if (record.samples > 0 || scenes_changed) {
    ++generation.number;
    auto tables = LIDO_TRY(dataset.begin_tables(generation.number));
    LIDO_TRY(dataset.visit<ClipRow>(before, [&](ClipRow& row) -> Result<void> {
      if (row.clip == clip) row.samples -= record.samples;
      return tables.clips.append(std::move(row));
    }));
    LIDO_TRY(copy_spans(dataset, before, tables));
    LIDO_TRY(dataset.visit<SampleRow>(before, [&](SampleRow& row) -> Result<void> {
      if (is_removed(row)) return {};
      if (const auto moved = places.find(row.sample); moved != places.end()) {
        row.shard = moved->second.shard;
        row.offset = moved->second.offset;
      }
      return tables.samples.append(std::move(row));
    }));
    generation = LIDO_TRY(dataset.publish(generation, tables));
    summary.generation = generation.number;
  }
  LIDO_TRY(sweep(dataset, generation));
  summary.shards_checked = LIDO_TRY(prove(dataset, generation.number));
  return summary;
}

}  // namespace lido::dataset
