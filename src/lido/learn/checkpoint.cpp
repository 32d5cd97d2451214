// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/checkpoint.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "lido/base/hash.h"
#include "lido/base/json_text.h"

namespace lido::learn {
namespace {

constexpr std::string_view kMagic = "lido checkpoint 1 ";
constexpr const char* kFolder = "checkpoints/";
constexpr size_t kKept = 2;

using Json = nlohmann::ordered_json;

/// NaN and infinity have no JSON.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json json_of(const std::vector<dataset::MetricRow>& rows) {
  Json all = Json::array();
  for (const auto& row : rows) {
    all.push_back({row.step, row.epoch, row.split, row.task, row.name, number(row.value)});
  }
  return all;
}

std::vector<dataset::MetricRow> metrics_of(const Json& json) {
  std::vector<dataset::MetricRow> rows;
  for (const Json& row : json) {
    const double value =
        row.at(5).is_null() ? std::numeric_limits<double>::quiet_NaN() : row.at(5).get<double>();
    rows.push_back({row.at(0).get<int64_t>(), row.at(1).get<int64_t>(),
                    row.at(2).get<std::string>(), row.at(3).get<std::string>(),
                    row.at(4).get<std::string>(), value});
  }
  return rows;
}

/// Infinite before the first validation, and in checkpoints of earlier versions.
double best_loss_of(const Json& json) {
  const auto found = json.find("best_loss");
  return found != json.end() && found->is_number() ? found->get<double>()
                                                   : std::numeric_limits<double>::infinity();
}

Result<std::vector<storage::Entry>> entries(storage::Store& store) {
  auto found = LIDO_TRY(store.list("checkpoints"));
  std::erase_if(found, [](const auto& entry) { return !entry.uri.ends_with(".ckpt"); });
  return found;
}

std::string name_of(const storage::Entry& entry) {
  return kFolder + entry.uri.substr(entry.uri.rfind('/') + 1);
}

}  // namespace

std::string to_bytes(const Checkpoint& checkpoint) {
  const Json header = {{"step", checkpoint.step},
                       {"network", checkpoint.network},
                       {"position", checkpoint.position},
                       {"best_score", checkpoint.best_score},
                       {"best_loss", number(checkpoint.best_loss)},
                       {"best_epoch", checkpoint.best_epoch},
                       {"epochs_since", checkpoint.epochs_since},
                       {"loss_sum", checkpoint.loss_sum},
                       {"loss_count", checkpoint.loss_count},
                       {"metrics", json_of(checkpoint.metrics)}};
  const std::string rest = json_text(header) + "\n" + checkpoint.module;
  return std::string(kMagic) + sha256_hex(rest) + "\n" + rest;
}

Result<Checkpoint> parse_checkpoint(std::string_view bytes) {
  const size_t line = bytes.find('\n');
  if (!bytes.starts_with(kMagic) || line == std::string_view::npos)
    return fail(ErrorCode::kCorrupt, "not a checkpoint of lido train");
  const std::string_view sum = bytes.substr(kMagic.size(), line - kMagic.size());
  const std::string_view rest = bytes.substr(line + 1);
  if (const std::string got = sha256_hex(rest); got != sum)
    return fail(ErrorCode::kCorrupt, "its checksum is {}, want {}", got, sum);
  const size_t end = rest.find('\n');
  // The checksum fits: these bytes are from this program.
  const Json json = Json::parse(rest.substr(0, end), nullptr, false);
  if (end == std::string_view::npos || !json.is_object())
    return fail(ErrorCode::kCorrupt, "a checkpoint without its header");
  try {
    return Checkpoint{.step = json.at("step").get<int64_t>(),
                      .network = json.at("network").get<std::string>(),
                      .position = json.at("position").get<std::string>(),
                      .best_score = json.at("best_score").get<double>(),
                      .best_loss = best_loss_of(json),
                      .best_epoch = json.at("best_epoch").get<int64_t>(),
                      .epochs_since = json.at("epochs_since").get<int64_t>(),
                      .loss_sum = json.at("loss_sum").get<double>(),
                      .loss_count = json.at("loss_count").get<int64_t>(),
                      .metrics = metrics_of(json.at("metrics")),
                      .module = std::string(rest.substr(end + 1))};
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "a checkpoint of another version: {}", error.what());
  }
}

Result<std::string> save(storage::Store& store, const Checkpoint& checkpoint) {
  std::string name = fmt::format("{}{:010}.ckpt", kFolder, checkpoint.step);
  LIDO_TRY(store.write_text(name, to_bytes(checkpoint)));
  const auto all = LIDO_TRY(entries(store));
  for (size_t i = 0; i + kKept < all.size(); ++i) LIDO_TRY(store.remove(name_of(all[i])));
  return name;
}

Result<std::optional<Checkpoint>> load_latest(storage::Store& store) {
  const auto all = LIDO_TRY(entries(store));
  if (all.empty()) return std::nullopt;
  const std::string bytes = LIDO_TRY(store.read_text(name_of(all.back()), int64_t{8} << 30));
  auto checkpoint = parse_checkpoint(bytes);
  if (!checkpoint) return with_context(all.back().uri, checkpoint.error());
  return std::move(*checkpoint);
}

}  // namespace lido::learn
