// SPDX-License-Identifier: Apache-2.0
#include "lido/part/part_file.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/part/geometry_json.h"
#include "lido/part/record_file.h"

namespace lido::part {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// Version of part files, an input of every part's name. Raise it when equal inputs would give
/// other bytes.
constexpr int kPartFormat = 7;

/// Numbers as a JSON array, with null for NaN.
OrderedJson or_nulls(const std::vector<double>& numbers) {
  OrderedJson array = OrderedJson::array();
  for (const double number : numbers)
    array.push_back(std::isnan(number) ? OrderedJson() : OrderedJson(number));
  return array;
}

std::vector<double> from_nulls(const OrderedJson& array) {
  std::vector<double> numbers;
  for (const OrderedJson& number : array)
    numbers.push_back(number.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                       : number.get<double>());
  return numbers;
}

OrderedJson to_json(const PartSample& sample) {
  OrderedJson geometry = OrderedJson::array();
  append_geometry(geometry, sample.geometry);
  OrderedJson json = {{"key", sample.key},
                      {"k", sample.first_k},
                      {"pts", sample.pts},
                      {"offset", sample.offset},
                      {"length", sample.length},
                      {"sha256", sample.sha256},
                      {"source_size", {sample.source_width, sample.source_height}},
                      {"geometry", std::move(geometry)},
                      {"seen", sample.seen},
                      {"repeated", sample.repeated},
                      {"source", sample.source},
                      {"labelled", sample.person}};
  if (sample.track != 0)
    json["person"] = {sample.track, sample.cutouts, sample.boxes, or_nulls(sample.keypoints)};
  return json;
}

PartSample sample_from(const OrderedJson& json) {
  PartSample sample{.key = json.at("key"),
                    .first_k = json.at("k"),
                    .pts = json.at("pts"),
                    .offset = json.at("offset"),
                    .length = json.at("length"),
                    .sha256 = json.at("sha256"),
                    .source_width = json.at("source_size").at(0),
                    .source_height = json.at("source_size").at(1),
                    .geometry = geometry_at(json.at("geometry"), 0)};
  json.at("seen").get_to(sample.seen);
  json.at("repeated").get_to(sample.repeated);
  json.at("source").get_to(sample.source);
  json.at("labelled").get_to(sample.person);
  if (const auto person = json.find("person"); person != json.end()) {
    person->at(0).get_to(sample.track);
    person->at(1).get_to(sample.cutouts);
    person->at(2).get_to(sample.boxes);
    sample.keypoints = from_nulls(person->at(3));
  }
  return sample;
}

OrderedJson to_json(const PartRecord& record) {
  OrderedJson samples = OrderedJson::array(), runs = OrderedJson::array(),
              skipped = OrderedJson::array();
  for (const PartSample& sample : record.samples) samples.push_back(to_json(sample));
  for (const dataset::Run& run : record.runs) runs.push_back({run.begin, run.end});
  for (const media::SkippedRange& range : record.skipped)
    skipped.push_back({range.first_k, range.end_k, range.decoded});
  OrderedJson json = {{"samples", std::move(samples)},
                      {"runs", std::move(runs)},
                      {"skipped", std::move(skipped)},
                      {"start_pts", record.start_pts},
                      {"last_pts", record.last_pts},
                      {"packets_read", record.packets_read},
                      {"packets_decoded", record.packets_decoded},
                      {"planned", record.planned}};
  for (const Gap& gap : record.gaps) json["gaps"].push_back({gap.first_k, gap.end_k, gap.reason});
  if (record.failure)
    json["failure"] = {name_of(record.failure->kind), record.failure->reason, record.failure->run};
  return json;
}

PartRecord record_from(const OrderedJson& json) {
  PartRecord record;
  for (const OrderedJson& sample : json.at("samples"))
    record.samples.push_back(sample_from(sample));
  for (const OrderedJson& run : json.at("runs")) record.runs.push_back({run.at(0), run.at(1)});
  for (const OrderedJson& range : json.at("skipped"))
    record.skipped.push_back({range.at(0), range.at(1), range.at(2)});
  json.at("start_pts").get_to(record.start_pts);
  json.at("last_pts").get_to(record.last_pts);
  json.at("packets_read").get_to(record.packets_read);
  json.at("packets_decoded").get_to(record.packets_decoded);
  json.at("planned").get_to(record.planned);
  if (const auto gaps = json.find("gaps"); gaps != json.end()) {
    for (const OrderedJson& gap : *gaps) record.gaps.push_back({gap.at(0), gap.at(1), gap.at(2)});
  }
  if (const auto failure = json.find("failure"); failure != json.end()) {
    const bool outside = failure->at(0) == name_of(FailureKind::kOutside);
    record.failure = Failure{outside ? FailureKind::kOutside : FailureKind::kContent,
                             failure->at(1), failure->at(2)};
  }
  return record;
}

}  // namespace

std::string part_name(const OrderedJson& identity, const ClipInput& clip, const Span& span,
                      std::string_view labels) {
  OrderedJson key = {kPartFormat,
                     identity,
                     clip.uri,
                     clip.bytes,
                     clip.fingerprint,
                     clip.group_name(),
                     clip.site,
                     clip.camera,
                     clip.start_utc ? dataset::to_string(*clip.start_utc) : "",
                     span.from ? span.from->pts : 0,
                     span.start_pts.value_or(-1),
                     span.first_k,
                     span.end_k};
  if (!labels.empty()) key.push_back(labels);
  return fmt::format("{}/{}", kPartsFolder, sha256_hex(json_text(key)).substr(0, 32));
}

std::string key_prefix(const ClipInput& clip) { return sha256_hex(clip.uri).substr(0, 12); }

Result<std::optional<PartRecord>> read_part(storage::Store& store, const std::string& name) {
  auto opened = store.open(name);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound) return std::nullopt;
    return std::unexpected(opened.error());
  }
  const auto found = LIDO_TRY(read_record(**opened));
  if (!found) return std::nullopt;
  const OrderedJson json = OrderedJson::parse(found->record, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  try {
    PartRecord record = record_from(json);
    const auto lies_outside = [&](const PartSample& sample) {
      return sample.offset < 0 || sample.length < 0 ||
             sample.length > found->offset - sample.offset;
    };
    if (std::ranges::any_of(record.samples, lies_outside)) return std::nullopt;
    return record;
  } catch (const OrderedJson::exception&) {
    return std::nullopt;  // another version's record: the span is read again
  }
}

Result<bool> is_intact(storage::Store& store, const std::string& name, const PartRecord& record) {
  const auto reader = LIDO_TRY(store.open(name));
  std::string bytes;
  for (const PartSample& sample : record.samples) {
    bytes.resize(static_cast<size_t>(sample.length));
    bytes.resize(
        LIDO_TRY(reader->read_at(sample.offset, std::as_writable_bytes(std::span(bytes)))));
    if (sha256_hex(bytes) != sample.sha256) return false;
  }
  return true;
}

Result<void> commit_part(storage::Writer& writer, const PartRecord& record) {
  return commit_with_record(writer, json_text(to_json(record)));
}

const char* name_of(FailureKind kind) {
  return kind == FailureKind::kOutside ? "outside" : "content";
}

Failure failure_of(const Error& error) {
  const bool content = error.code == ErrorCode::kCorrupt;
  return {content ? FailureKind::kContent : FailureKind::kOutside, error.message};
}

bool ends_job(std::string_view uri, const Error& error) {
  return error.code == ErrorCode::kCancelled ||
         (error.code == ErrorCode::kUnavailable && storage::is_remote(uri));
}

Result<PartRecord> write_failed_part(storage::Store& store, const std::string& name,
                                     const Failure& failure) {
  PartRecord record{.failure = failure};
  const auto writer = LIDO_TRY(store.create(name));
  LIDO_TRY(commit_part(*writer, record));
  return record;
}

}  // namespace lido::part
