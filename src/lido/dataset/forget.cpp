// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/forget.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

#include "lido/base/counted.h"
#include "lido/dataset/footage_search.h"
#include "lido/dataset/forget_request.h"
#include "lido/dataset/label_coverage.h"
#include "lido/dataset/removal.h"
#include "lido/dataset/scene_removal.h"
#include "lido/dataset/shard_rewriter.h"
#include "lido/dataset/stored_files.h"
#include "lido/dataset/training_runs.h"

namespace lido::dataset {
namespace {

/// For tests: ends the process at the step that the environment variable LIDO_TEST_KILL names.
void kill_if_asked(std::string_view step) {
  static const char* const wanted = std::getenv("LIDO_TEST_KILL");
  if (wanted != nullptr && step == wanted) std::raise(SIGKILL);
}

bool is_same_stretch(const Forgotten& a, const Forgotten& b) {
  return a.clip == b.clip && a.start_s == b.start_s && a.end_s == b.end_s;
}

/// Adds records to those of a dataset. A stretch that was removed before is removed again.
std::vector<Forgotten> merge(std::vector<Forgotten> records, const std::vector<Forgotten>& asked) {
  for (const Forgotten& one : asked) {
    const auto same = std::ranges::find_if(
        records, [&](const Forgotten& record) { return is_same_stretch(record, one); });
    if (same == records.end())
      records.push_back(one);
    else if (same->fingerprint.empty())
      same->fingerprint = one.fingerprint;
  }
  return records;
}

/// Samples, rows and files of a generation that a removal takes out.
struct Found {
  std::vector<Forgotten> counts;  ///< Counts of each record.
  std::map<std::string, int64_t> samples_of_clip;
  std::set<std::string> shards;     ///< Shards to write again.
  std::set<std::string> scenes;     ///< Scene folders to write again.
  std::vector<std::string> faults;  ///< Broken scene folders.
  RunsThatSaw seen;

  bool any() const { return !shards.empty() || !scenes.empty(); }
};

Result<Found> count(const Dataset& dataset, const Generation& generation, const Removal& removal) {
  Found found{.counts = std::vector<Forgotten>(removal.records().size())};
  LIDO_TRY(dataset.visit<SampleRow>(generation.number, [&](const SampleRow& row) -> Result<void> {
    const auto records = removal.find(row);
    if (records.empty()) return {};
    ++found.counts[records.front()].samples;
    for (const size_t record : records) found.seen.add(record, generation.number, row);
    ++found.samples_of_clip[row.clip];
    found.shards.insert(row.shard);
    return {};
  }));
  for (const std::string& folder : generation.scenes) {
    const auto any = count_in_scene(dataset.store(), folder, removal, found.counts);
    if (any) {
      if (*any) found.scenes.insert(folder);
      continue;
    }
    const bool broken =
        any.error().code == ErrorCode::kCorrupt || any.error().code == ErrorCode::kNotFound;
    if (!broken) return std::unexpected(any.error());
    found.faults.push_back(any.error().message);
  }
  return found;
}

/// Adds samples that only older generations hold, of those that training runs read: a removal that
/// was killed may have left them.
Result<void> search_older(const Dataset& dataset, const std::vector<TrainingRun>& runs, int latest,
                          const Removal& removal, Found& found) {
  for (const int number : LIDO_TRY(dataset.generations())) {
    const bool is_read =
        std::ranges::any_of(runs, [&](const TrainingRun& run) { return run.generation == number; });
    if (number == latest || !is_read) continue;
    const auto visited =
        dataset.visit<SampleRow>(number, [&](const SampleRow& row) -> Result<void> {
          for (const size_t record : removal.find(row)) found.seen.add(record, number, row);
          return {};
        });
    // A table that is broken or gone must not keep the footage.
    const bool is_broken = !visited && (visited.error().code == ErrorCode::kCorrupt ||
                                        visited.error().code == ErrorCode::kNotFound);
    if (!visited && !is_broken) return std::unexpected(visited.error());
  }
  return {};
}

/// Adds the counts found to the records. Counts that an earlier run did not carry out are replaced.
void add_counts(const Found& found, std::vector<Forgotten>& records) {
  for (size_t i = 0; i < records.size(); ++i) {
    const Forgotten& more = found.counts[i];
    Forgotten& record = records[i];
    if (more.samples + more.rows + more.views + more.plates == 0) continue;
    if (!record.done) {
      record.samples = record.rows = record.views = record.plates = 0;
      record.shards_before.clear();
      record.shards_after.clear();
    }
    record.samples += more.samples;
    record.rows += more.rows;
    record.views += more.views;
    record.plates += more.plates;
  }
}

/// Adds the runs that the records of the stretches asked for name.
void add_seen_by(const std::vector<TrainingRun>& runs, ForgetSummary& summary) {
  std::set<std::string> ids;
  for (const Forgotten& one : summary.stretches) ids.insert(one.seen_by.begin(), one.seen_by.end());
  for (const TrainingRun& run : runs) {
    if (ids.erase(run.id) > 0) summary.seen_by.push_back(run);
  }
  for (const std::string& id : ids) summary.seen_by.push_back({.id = id});  // its file is gone
}

/// Notes the files of runs that cannot be read.
void add_notes(const std::vector<std::string>& faults, ForgetSummary& summary) {
  for (const std::string& fault : faults)
    summary.notes.push_back(fault + ". The run may have seen the footage.");
}

/// Adds the counts of a call to its summary.
void summarise(const Found& found, const std::vector<Forgotten>& records,
               const std::vector<Forgotten>& asked, ForgetSummary& summary) {
  for (const Forgotten& count : found.counts) {
    summary.samples += count.samples;
    summary.rows += count.rows;
    summary.views += count.views;
    summary.plates += count.plates;
  }
  summary.shards = std::ssize(found.shards);
  summary.faults = found.faults;
  summary.stretches.clear();
  for (const Forgotten& one : asked) {
    const auto same = std::ranges::find_if(
        records, [&](const Forgotten& record) { return is_same_stretch(record, one); });
    if (same != records.end()) summary.stretches.push_back(*same);
  }
}

/// Copies the rows of a table into a later generation.
template <typename Row>
Result<void> copy_rows_of(const Dataset& dataset, int from, TableWriter<Row>& to) {
  return dataset.visit<Row>(from, [&](Row& row) { return to.append(std::move(row)); });
}

/// Writes the shards and scene folders concerned again, and publishes the next generation.
Result<Generation> write_without(const Dataset& dataset, Generation generation,
                                 const Removal& removal, const Found& found,
                                 std::vector<Forgotten>& records) {
  const int before = generation.number++;
  for (std::string& folder : generation.scenes) {
    if (!found.scenes.contains(folder)) continue;
    const std::string next = rewritten_scene(folder, generation.number);
    LIDO_TRY(rewrite_scene(dataset.store(), folder, next, removal));
    folder = next;
  }
  kill_if_asked("scenes");
  auto tables = LIDO_TRY(dataset.begin_tables(generation.number));
  LIDO_TRY(dataset.visit<ClipRow>(before, [&](ClipRow& row) -> Result<void> {
    const auto gone = found.samples_of_clip.find(row.clip);
    if (gone != found.samples_of_clip.end()) row.samples -= gone->second;
    return tables.clips.append(std::move(row));
  }));
  LIDO_TRY(copy_rows_of(dataset, before, tables.spans));
  LIDO_TRY(copy_rows_of(dataset, before, tables.skipped));
  LIDO_TRY(copy_rows_of(dataset, before, tables.gaps));
  LIDO_TRY(copy_rows_of(dataset, before, tables.rejected));
  LIDO_TRY(dataset.visit<LabelRow>(before, [&](const LabelRow& row) -> Result<void> {
    for (LabelRow& piece : cut_forgotten(row, records))
      LIDO_TRY(tables.labels.append(std::move(piece)));
    return {};
  }));
  ShardRewriter shards(
      dataset, generation.number, [&](const SampleRow& row) { return removal.find(row); },
      tables.samples, records);
  LIDO_TRY(
      dataset.visit<SampleRow>(before, [&](SampleRow& row) { return shards.add(std::move(row)); }));
  LIDO_TRY(shards.finish());
  kill_if_asked("shards");
  LIDO_TRY(dataset.write_forgotten(records));
  return dataset.publish(std::move(generation), tables);
}

}  // namespace

Result<ForgetRun> ForgetRun::open(const Dataset& dataset, const ForgetRequest& request) {
  LIDO_TRY(check_no_links(dataset.store()));
  ForgetRun run(dataset, LIDO_TRY(dataset.store().lock("lido.json")));
  const int latest = LIDO_TRY(dataset.latest());
  auto resolved = LIDO_TRY(resolve_request(dataset, latest, request));
  run.asked_ = std::move(resolved.records);
  run.summary_.notes = std::move(resolved.notes);
  return run;
}

Result<ForgetSummary> ForgetRun::remove() {
  for (const char* page : {kReportFile, kContactSheetFile}) LIDO_TRY(dataset_.store().remove(page));
  kill_if_asked("pages");
  Generation generation = LIDO_TRY(dataset_.read_latest());
  std::vector<Forgotten> records = merge(LIDO_TRY(dataset_.forgotten()), asked_);
  LIDO_TRY(dataset_.write_forgotten(records));
  kill_if_asked("recorded");
  const Removal removal = LIDO_TRY(Removal::make(dataset_, generation.number, records));
  Found found = LIDO_TRY(count(dataset_, generation, removal));
  const int latest = generation.number;
  TrainingRuns runs = LIDO_TRY(read_training_runs(dataset_.store()));
  LIDO_TRY(search_older(dataset_, runs.runs, latest, removal, found));
  bool is_written = !found.seen.enter(runs.runs, latest, records);
  add_counts(found, records);
  if (found.any()) {
    for (size_t i = 0; i < records.size(); ++i) {
      const Forgotten& more = found.counts[i];
      if (more.samples + more.rows + more.views + more.plates > 0) records[i].done = false;
    }
    generation = LIDO_TRY(write_without(dataset_, generation, removal, found, records));
    is_written = true;
  }
  if (!is_written) LIDO_TRY(dataset_.write_forgotten(records));
  kill_if_asked("published");
  summary_.generation = generation.number;
  const Swept swept = LIDO_TRY(sweep(dataset_, generation));
  summary_.leftovers = swept.unfinished;
  if (swept.shared > 0)
    summary_.notes.push_back(fmt::format(
        "{} with further names on this disk (hard links), which keep the bytes; the "
        "first was {}",
        counted(swept.shared, "file was removed", "files were removed"), swept.first_shared));
  kill_if_asked("swept");
  // A run enters itself before it looks whether its generation is still there.
  runs = LIDO_TRY(read_training_runs(dataset_.store()));
  if (found.seen.enter(runs.runs, latest, records)) LIDO_TRY(dataset_.write_forgotten(records));
  summarise(found, records, asked_, summary_);
  add_seen_by(runs.runs, summary_);
  add_notes(runs.faults, summary_);
  return summary_;
}

Result<ForgetProof> ForgetRun::prove() {
  auto records = LIDO_TRY(dataset_.forgotten());
  auto proof = LIDO_TRY(search_footage(dataset_, records));
  const bool all_done = std::ranges::all_of(records, &Forgotten::done);
  for (Forgotten& record : records) record.done = true;
  if (!all_done) LIDO_TRY(dataset_.write_forgotten(records));
  return proof;
}

Result<ForgetSummary> preview_forget(const Dataset& dataset, const ForgetRequest& request) {
  LIDO_TRY(check_no_links(dataset.store()));
  const Generation generation = LIDO_TRY(dataset.read_latest());
  auto resolved = LIDO_TRY(resolve_request(dataset, generation.number, request));
  std::vector<Forgotten> records = merge(LIDO_TRY(dataset.forgotten()), resolved.records);
  const Removal removal = LIDO_TRY(Removal::make(dataset, generation.number, records));
  Found found = LIDO_TRY(count(dataset, generation, removal));
  const auto runs = LIDO_TRY(read_training_runs(dataset.store()));
  LIDO_TRY(search_older(dataset, runs.runs, generation.number, removal, found));
  found.seen.enter(runs.runs, generation.number, records);
  add_counts(found, records);
  ForgetSummary summary{.generation = generation.number,
                        .notes = std::move(resolved.notes),
                        .leftovers = LIDO_TRY(count_unfinished(dataset.store()))};
  summarise(found, records, resolved.records, summary);
  add_seen_by(runs.runs, summary);
  add_notes(runs.faults, summary);
  return summary;
}

}  // namespace lido::dataset
