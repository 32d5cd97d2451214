// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/dataset.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <type_traits>
#include <utility>

#include "lido/base/counted.h"
#include "lido/base/hash.h"
#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"
#include "lido/storage/output_folder.h"

namespace lido::dataset {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kRootFile = "lido.json";
constexpr const char* kForgottenFile = "forgotten.json";

std::string folder_of(int generation) { return fmt::format("generations/{:06}", generation); }

Result<OrderedJson> read_json(storage::Store& store, std::string_view name) {
  const std::string text = LIDO_TRY(store.read_text(name));
  OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (json.is_discarded())
    return fail(ErrorCode::kCorrupt, "{}/{}: the JSON does not parse", store.uri(), name);
  return json;
}

Result<void> check_format(std::string_view file, int format) {
  if (format >= 1 && format <= kFormat) return {};
  return fail(format > kFormat ? ErrorCode::kInvalidArgument : ErrorCode::kCorrupt,
              "{}: format {}, want 1 to {}.{}", file, format, kFormat,
              format > kFormat ? " Install a newer version of Lido." : "");
}

/// Options that format 1 had under another name, and their names today.
constexpr std::array<std::pair<std::string_view, const char*>, 2> kRenamedOptions = {
    {{"faint_score", "low_score"}, {"max_overlap", "nms_iou"}}};

/// An option that datasets had not from the first: the option before, its name, its default.
struct AddedOption {
  std::string_view after;
  const char* name;
  double standard;
};
constexpr std::array<AddedOption, 1> kAddedOptions = {{{"lost_s", "faint_s", 60.0}}};

/// Returns the options with today's names, in the same order, and with those added since.
OrderedJson present_names(const OrderedJson& options) {
  OrderedJson renamed = OrderedJson::object();
  for (const auto& [name, value] : options.items()) {
    const auto found =
        std::ranges::find(kRenamedOptions, name, [](const auto& p) { return p.first; });
    renamed[found == kRenamedOptions.end() ? name : std::string(found->second)] = value;
    for (const auto& [after, added, standard] : kAddedOptions) {
      if (name == after && !options.contains(added)) renamed[added] = standard;
    }
  }
  return renamed;
}

/// Reads the options of a dataset from lido.json.
Result<OrderedJson> read_root(storage::Store& store) {
  const OrderedJson root = LIDO_TRY(read_json(store, kRootFile));
  const std::string file = fmt::format("{}/{}", store.uri(), kRootFile);
  const OrderedJson options =
      root.is_object() ? root.value("options", OrderedJson()) : OrderedJson();
  if (!options.is_object())
    return fail(ErrorCode::kCorrupt, "{}: not the root file of a Lido dataset, want options", file);
  LIDO_TRY(check_format(file, json_integer<int>(root.value("format", OrderedJson())).value_or(0)));
  return present_names(options);
}

/// Whether a dataset has options as wanted. Options that are newer than the dataset may have any
/// value.
bool matches(const OrderedJson& have, const OrderedJson& want) {
  for (const auto& [name, value] : have.items()) {
    const auto found = want.find(name);
    if (found == want.end() || *found != value) return false;
  }
  return true;
}

std::unexpected<Error> differs(const std::string& uri, const OrderedJson& have,
                               const OrderedJson& want) {
  for (const auto& [name, value] : want.items()) {
    const OrderedJson before = have.value(name, value);
    if (before == value) continue;
    return fail(ErrorCode::kInvalidArgument,
                "{}: the dataset has --{} {}, got {}. Give the dataset's value or another --out.",
                uri, name, json_text(before), json_text(value));
  }
  for (const auto& [name, value] : have.items()) {
    if (want.contains(name)) continue;
    return fail(ErrorCode::kInvalidArgument,
                "{}: the dataset has --{} {}, got none. Give the dataset's value or another --out.",
                uri, name, json_text(value));
  }
  return fail(ErrorCode::kInvalidArgument,
              "{}: the dataset has options that this version of Lido does not know. Give another "
              "--out.",
              uri);
}

}  // namespace

std::string shard_name(int generation, std::string_view split, int number) {
  return fmt::format("shards/g{:06}-{}-{:06}.tar", generation, split, number);
}

std::string scene_folder(int generation) { return fmt::format("scenes/g{:06}", generation); }

Result<Dataset> Dataset::open(std::string_view uri) {
  auto store = LIDO_TRY(storage::open_store(uri));
  auto identity = read_root(*store);
  if (!identity && identity.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "{}: no Lido dataset, want a folder with {}", uri, kRootFile);
  }
  if (!identity) return std::unexpected(identity.error());
  return Dataset(std::move(store), std::move(*identity));
}

Result<std::optional<Dataset>> Dataset::open_matching(std::string_view uri,
                                                      const OrderedJson& identity) {
  auto store = LIDO_TRY(storage::open_store(uri));
  if (LIDO_TRY(store->exists(kRootFile))) {
    OrderedJson have = LIDO_TRY(read_root(*store));
    if (!matches(have, identity)) return differs(store->uri(), have, identity);
    return Dataset(std::move(store), std::move(have));
  }
  const auto entries = LIDO_TRY(store->list(""));
  // Another process may create the dataset between the two looks.
  if (!entries.empty() && LIDO_TRY(store->exists(kRootFile))) return open_matching(uri, identity);
  if (!entries.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: not a Lido dataset, but has {}. Give an empty folder.", uri,
                counted(entries.size(), "file"));
  }
  return std::nullopt;
}

Result<Dataset> Dataset::open_or_create(std::string_view uri, const OrderedJson& identity) {
  auto existing = LIDO_TRY(open_matching(uri, identity));
  if (existing) return std::move(*existing);
  LIDO_TRY(storage::check_outside_datasets(uri));
  auto store = LIDO_TRY(storage::open_store(uri));
  const OrderedJson root = {{"lido", "dataset"}, {"format", kFormat}, {"options", identity}};
  if (LIDO_TRY(store->create_new(kRootFile, json_text(root, 2) + "\n")) == storage::Created::kNew)
    return Dataset(std::move(store), identity);
  existing = LIDO_TRY(open_matching(uri, identity));  // another process was faster
  if (existing) return std::move(*existing);
  return fail(ErrorCode::kUnavailable, "{}/{}: created and removed by another process", uri,
              kRootFile);
}

Result<Rational> Dataset::frame_rate() const {
  return LIDO_TRY(parse_sample_rate(identity_.value("fps", std::string("4")))).rate;
}

Result<std::vector<int>> Dataset::generations() const {
  std::vector<int> numbers;
  for (const storage::Entry& entry : LIDO_TRY(store_->list("generations"))) {
    if (!entry.uri.ends_with("/generation.json")) continue;
    const std::string name =
        entry.uri.substr(entry.uri.size() - std::string("000001/generation.json").size(), 6);
    numbers.push_back(std::atoi(name.c_str()));
  }
  std::ranges::sort(numbers);
  return numbers;
}

Result<int> Dataset::latest() const {
  const auto numbers = LIDO_TRY(generations());
  return numbers.empty() ? 0 : numbers.back();
}

Result<Generation> Dataset::read(int number) const {
  Generation generation{.number = number};
  if (number == 0) return generation;
  const std::string folder = folder_of(number);
  const auto read = read_json(*store_, folder + "/generation.json");
  if (!read && read.error().code == ErrorCode::kNotFound) {
    const auto all = LIDO_TRY(generations());
    if (all.empty())
      return fail(ErrorCode::kNotFound, "{}: no generation is finished. Run the ingest again.",
                  store_->uri());
    return fail(ErrorCode::kNotFound, "{}: no generation {}, want one of: {}", store_->uri(),
                number, fmt::join(all, ", "));
  }
  const OrderedJson json = LIDO_TRY(read);
  try {
    generation.format = json.value("format", 1);  // format 1 did not store it
    json.at("samples").get_to(generation.samples);
    json.at("clips").get_to(generation.clips);
    json.at("rejected").get_to(generation.rejected);
    generation.scenes = json.value("scenes", std::vector<std::string>());
    json.at("labels").get_to(generation.vocabulary);
    generation.keypoints = json.value("keypoints", std::vector<std::string>());
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "{}/generation.json: {}", folder, error.what());
  }
  LIDO_TRY(check_format(folder + "/generation.json", generation.format));
  return generation;
}

Result<Generation> Dataset::read_latest() const {
  const int number = LIDO_TRY(latest());
  return read(number);
}

std::string Dataset::table_name(int number, std::string_view table) {
  return fmt::format("{}/{}.parquet", folder_of(number), table);
}

Result<Tables> Dataset::begin_tables(int number) const {
  const auto begin = [&]<typename Row>(std::type_identity<Row>) {
    return TableWriter<Row>::create(*store_, table_name(number, Row::kTable));
  };
  return Tables{LIDO_TRY(begin(std::type_identity<SampleRow>())),
                LIDO_TRY(begin(std::type_identity<ClipRow>())),
                LIDO_TRY(begin(std::type_identity<SpanRow>())),
                LIDO_TRY(begin(std::type_identity<SkippedRow>())),
                LIDO_TRY(begin(std::type_identity<GapRow>())),
                LIDO_TRY(begin(std::type_identity<RejectedRow>())),
                LIDO_TRY(begin(std::type_identity<LabelRow>()))};
}

Result<Generation> Dataset::publish(Generation generation, Tables& tables) const {
  LIDO_TRY(tables.samples.commit());
  LIDO_TRY(tables.clips.commit());
  LIDO_TRY(tables.spans.commit());
  LIDO_TRY(tables.skipped.commit());
  LIDO_TRY(tables.gaps.commit());
  LIDO_TRY(tables.rejected.commit());
  LIDO_TRY(tables.labels.commit());
  generation.samples = tables.samples.rows();
  generation.clips = tables.clips.rows();
  generation.rejected = tables.rejected.rows();
  generation.format = kFormat;
  OrderedJson json = {{"generation", generation.number}, {"format", generation.format},
                      {"samples", generation.samples},   {"scenes", generation.scenes},
                      {"clips", generation.clips},       {"rejected", generation.rejected},
                      {"labels", generation.vocabulary}};
  if (!generation.keypoints.empty()) json["keypoints"] = generation.keypoints;
  const std::string name = folder_of(generation.number) + "/generation.json";
  if (LIDO_TRY(store_->create_new(name, json_text(json, 2) + "\n")) == storage::Created::kNew)
    return generation;
  return fail(ErrorCode::kUnavailable,
              "{}/{}: another process published this generation meanwhile. Run the command again.",
              store_->uri(), name);
}

Result<std::vector<Forgotten>> Dataset::forgotten() const {
  std::vector<Forgotten> records;
  if (!LIDO_TRY(store_->exists(kForgottenFile))) return records;
  const OrderedJson json = LIDO_TRY(read_json(*store_, kForgottenFile));
  try {
    for (const OrderedJson& entry : json) {
      Forgotten record;
      entry.at("clip").get_to(record.clip);
      entry.at("start_s").get_to(record.start_s);
      record.end_s = entry.at("end_s").is_null() ? INFINITY : entry.at("end_s").get<double>();
      entry.at("samples").get_to(record.samples);
      entry.at("shards_before").get_to(record.shards_before);
      entry.at("shards_after").get_to(record.shards_after);
      record.fingerprint = entry.value("fingerprint", "");  // from here on: absent in format 2
      record.rows = entry.value("rows", int64_t{0});
      record.views = entry.value("views", int64_t{0});
      record.plates = entry.value("plates", int64_t{0});
      record.seen_by = entry.value("seen_by", std::vector<std::string>());
      record.done = entry.value("done", true);
      records.push_back(std::move(record));
    }
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "{}: {}", kForgottenFile, error.what());
  }
  return records;
}

Result<void> Dataset::write_forgotten(const std::vector<Forgotten>& records) const {
  OrderedJson json = OrderedJson::array();
  for (const Forgotten& record : records) {
    json.push_back({{"clip", record.clip},
                    {"fingerprint", record.fingerprint},
                    {"start_s", record.start_s},
                    {"end_s", std::isinf(record.end_s) ? OrderedJson() : OrderedJson(record.end_s)},
                    {"samples", record.samples},
                    {"rows", record.rows},
                    {"views", record.views},
                    {"plates", record.plates},
                    {"shards_before", record.shards_before},
                    {"shards_after", record.shards_after},
                    {"seen_by", record.seen_by},
                    {"done", record.done}});
  }
  return store_->write_text(kForgottenFile, json_text(json, 2) + "\n");
}

Result<std::string> Dataset::read_sample(const SampleRow& row) const {
  const auto reader = LIDO_TRY(store_->open(row.shard));
  if (row.offset < 0 || row.length < 0 || row.offset > reader->size() ||
      row.length > reader->size() - row.offset) {
    return fail(
        ErrorCode::kCorrupt,
        "{}: sample {}: the manifest's range {} + {} is outside the shard, which has {} bytes",
        row.shard, row.sample, row.offset, row.length, reader->size());
  }
  std::string bytes(static_cast<size_t>(row.length), '\0');
  bytes.resize(LIDO_TRY(reader->read_at(row.offset, std::as_writable_bytes(std::span(bytes)))));
  if (sha256_hex(bytes) != row.sha256) {
    return fail(ErrorCode::kCorrupt, "{}: sample {}: the checksum differs from the manifest",
                row.shard, row.sample);
  }
  return bytes;
}

Result<std::vector<media::Image>> Dataset::read_frames(const SampleRow& row) const {
  const std::string bytes = LIDO_TRY(read_sample(row));
  std::vector<media::Image> frames;
  for (const TarEntry& entry : LIDO_TRY(read_tar(std::as_bytes(std::span(bytes))))) {
    const bool frame = entry.name.ends_with(".jpg") && !entry.name.ends_with(kContextPicture);
    if (frame) frames.push_back(LIDO_TRY(decode_jpeg(entry.content)));
  }
  return frames;
}

Result<std::optional<media::Image>> Dataset::read_context_image(const SampleRow& row) const {
  if (row.track == 0) return std::nullopt;
  const std::string bytes = LIDO_TRY(read_sample(row));
  for (const TarEntry& entry : LIDO_TRY(read_tar(std::as_bytes(std::span(bytes))))) {
    if (entry.name.ends_with(kContextPicture)) return LIDO_TRY(decode_jpeg(entry.content));
  }
  return std::nullopt;
}

}  // namespace lido::dataset
