// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/training_runs.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "lido/base/hash.h"
#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"
#include "lido/dataset/time.h"

namespace lido::dataset {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRunFormat = 1;
constexpr std::string_view kSuffix = ".json";
/// Longest part of a folder's name in an id, and hexadecimal digits of the checksum.
constexpr size_t kMaxStem = 40, kIdDigits = 12;
/// Maximum size of a run's file, bytes: room for 200,000 models.
constexpr int64_t kMaxRunBytes = 16 << 20;

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string file_of(std::string_view id) {
  return fmt::format("{}/{}{}", kRunsFolder, id, kSuffix);
}

std::unexpected<Error> bad(std::string_view key, std::string_view want) {
  return fail(ErrorCode::kCorrupt, "{}: want {}", key, want);
}

Result<std::string> text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return bad(key, "a text");
  return found->get<std::string>();
}

Result<std::vector<std::string>> texts_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return bad(key, "a list of texts");
  std::vector<std::string> texts;
  for (const Json& text : *found) {
    if (!text.is_string()) return bad(key, "a list of texts");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::string text_of(const TrainingRun& run) {
  const Json json = {{"format", kRunFormat},       {"folder", run.folder},
                     {"begun_utc", run.begun_utc}, {"revision", run.revision},
                     {"network", run.network},     {"generation", run.generation},
                     {"samples", run.samples},     {"splits", run.splits},
                     {"tasks", run.tasks},         {"models", run.models}};
  return json_text(json, 2) + "\n";
}

Result<TrainingRun> read_run(storage::Store& store, std::string_view id) {
  const std::string file = file_of(id);
  const std::string text = LIDO_TRY(store.read_text(file, kMaxRunBytes));
  auto run = parse_training_run(std::string(id), text);
  if (!run) return with_context(store.uri() + "/" + file, run.error());
  return run;
}

/// Returns the generation that wrote a shard first: "shards/g000001-train-000000-f000002.tar" is
/// of 1. 0 for another name.
int written_by(std::string_view shard) {
  constexpr std::string_view kBegin = "shards/g";
  if (!shard.starts_with(kBegin)) return 0;
  shard.remove_prefix(kBegin.size());
  int generation = 0;
  const auto end = std::from_chars(shard.data(), shard.data() + shard.size(), generation);
  return end.ec == std::errc() && generation > 0 ? generation : 0;
}

/// Whether a file is damaged, or belongs to an account that does not let others read it.
bool is_fault(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kInvalidArgument ||
         error.code == ErrorCode::kNotFound;
}

bool reads_kind(const TrainingRun& run, std::string_view split, bool has_track, bool is_motion) {
  if (std::ranges::find(run.splits, split) == run.splits.end()) return false;
  if (run.samples == "frame") return !has_track;
  if (run.samples == "person") return has_track && !is_motion;
  return true;
}

}  // namespace

bool TrainingRun::reads(const SampleRow& row) const {
  return reads_kind(*this, row.split, row.track != 0, row.source == "motion");
}

std::string training_run_id(std::string_view folder, std::string_view seed) {
  std::string id(folder.substr(folder.rfind('/') + 1).substr(0, kMaxStem));
  std::ranges::replace_if(id, [](char c) { return !is_id_character(c); }, '_');
  return fmt::format("{}-{}", id, sha256_hex(seed).substr(0, kIdDigits));
}

bool is_training_run_id(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, is_id_character);
}

bool is_training_run_file(std::string_view name) {
  const std::string folder = fmt::format("{}/", kRunsFolder);
  if (!name.starts_with(folder) || !name.ends_with(kSuffix)) return false;
  name.remove_prefix(folder.size());
  name.remove_suffix(kSuffix.size());
  return is_training_run_id(name);
}

Result<TrainingRun> parse_training_run(std::string id, std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("the file", "a JSON object");
  const int format = json_integer<int>(json.value("format", Json())).value_or(0);
  if (format != kRunFormat) return bad("format", fmt::format("{}", kRunFormat));
  TrainingRun run{.id = std::move(id)};
  run.folder = LIDO_TRY(text_of(json, "folder"));
  run.begun_utc = LIDO_TRY(text_of(json, "begun_utc"));
  if (!parse_utc(run.begun_utc)) return bad("begun_utc", "a time of RFC 3339");
  run.revision = LIDO_TRY(text_of(json, "revision"));
  run.network = LIDO_TRY(text_of(json, "network"));
  const auto generation = json_integer<int>(json.value("generation", Json()));
  if (!generation || *generation < 1) return bad("generation", "a whole number from 1 on");
  run.generation = *generation;
  run.samples = LIDO_TRY(text_of(json, "samples"));
  run.splits = LIDO_TRY(texts_of(json, "splits"));
  run.tasks = LIDO_TRY(texts_of(json, "tasks"));
  run.models = LIDO_TRY(texts_of(json, "models"));
  return run;
}

Result<TrainingRuns> read_training_runs(storage::Store& store) {
  TrainingRuns found;
  const size_t prefix = store.uri().size() + 1;
  const auto files = store.list(kRunsFolder);
  if (!files) {
    if (!is_fault(files.error())) return std::unexpected(files.error());
    found.faults.push_back(files.error().message);
    return found;
  }
  for (const storage::Entry& entry : *files) {
    const std::string name = entry.uri.substr(prefix);
    if (!is_training_run_file(name)) continue;
    const size_t begin = name.find('/') + 1;
    auto run = read_run(store, name.substr(begin, name.size() - begin - kSuffix.size()));
    if (!run && !is_fault(run.error())) return std::unexpected(run.error());
    if (run)
      found.runs.push_back(std::move(*run));
    else
      found.faults.push_back(run.error().message);
  }
  std::ranges::sort(found.runs, {}, [](const TrainingRun& run) {
    const auto begun = parse_utc(run.begun_utc);
    return std::tuple(begun ? begun->us : 0, run.id);
  });
  return found;
}

Result<TrainingRun> enter_training_run(storage::Store& store, const TrainingRun& run) {
  constexpr int kAttempts = 3;
  auto created = store.create_new(file_of(run.id), text_of(run));
  // A removal of footage beside this takes the unfinished file for a leftover.
  for (int i = 1; i < kAttempts && !created && created.error().code == ErrorCode::kNotFound; ++i)
    created = store.create_new(file_of(run.id), text_of(run));
  if (!created) return std::unexpected(created.error());
  return *created == storage::Created::kNew ? Result<TrainingRun>(run) : read_run(store, run.id);
}

Result<void> replace_training_run(storage::Store& store, const TrainingRun& run) {
  return store.write_text(file_of(run.id), text_of(run));
}

void RunsThatSaw::add(size_t record, int generation, const SampleRow& row) {
  kinds_.insert({record, generation, written_by(row.shard), row.split, row.track != 0,
                 row.source == "motion"});
}

bool RunsThatSaw::enter(const std::vector<TrainingRun>& runs, int latest,
                        std::vector<Forgotten>& records) const {
  bool changed = false;
  for (const TrainingRun& run : runs) {
    for (const Kind& kind : kinds_) {
      const bool was_there = kind.generation == run.generation ||
                             (kind.generation == latest && kind.written_by <= run.generation);
      if (!was_there || !reads_kind(run, kind.split, kind.has_track, kind.is_motion)) continue;
      auto& seen_by = records.at(kind.record).seen_by;
      if (std::ranges::find(seen_by, run.id) != seen_by.end()) continue;
      seen_by.push_back(run.id);
      changed = true;
    }
  }
  return changed;
}

}  // namespace lido::dataset
