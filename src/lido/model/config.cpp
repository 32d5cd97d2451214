// SPDX-License-Identifier: Apache-2.0
#include "lido/model/config.h"

#include "lido/base/json_text.h"
#include "lido/base/yaml.h"
#include "lido/model/option_value.h"
#include "lido/storage/store.h"

namespace lido::model {
namespace {

/// Reads one option of the file; the file's line stands in the error.
template <typename T, typename Range>
Result<void> read_field(const Yaml& node, T& value, const Range& range) {
  if (node.has_value()) value = LIDO_TRY((read_option<T>(node, range)));
  return {};
}

}  // namespace

std::string to_yaml(const TrainConfig& config) {
  // A text in JSON is a text in YAML.
  std::string yaml = "# A training run of Lido; lido train --config takes this file.\n";
  yaml += fmt::format("network: {}\n", json_text(nlohmann::ordered_json(config.network)));
  yaml += fmt::format("data: {}\n", json_text(nlohmann::ordered_json(config.data)));
  if (!config.points.empty())
    yaml += fmt::format("points: {}\n", json_text(nlohmann::ordered_json(config.points)));
  const auto options = to_json(config.options);
  for (const auto& [name, value] : options.items())
    yaml += fmt::format("{}: {}\n", name, json_text(value));
  return yaml;
}

Result<TrainConfig> parse_config(std::string_view text, const std::string& file) {
  const Yaml root = LIDO_TRY(Yaml::parse(text, file));
  TrainConfig config;
  if (!root.is_map()) return root.refuse("a map of options");
  std::vector<std::string_view> known = {"network", "data", "points"};
  TrainOptions::fields(config.options, [&](std::string_view name, auto&, const auto&, auto) {
    known.push_back(name);
  });
  LIDO_TRY(root.check_keys(known));
  if (root["network"].has_value())
    config.network = LIDO_TRY(root["network"].choice({"people", "gesture"}));
  if (root["data"].has_value()) config.data = LIDO_TRY(root["data"].text());
  if (root["points"].has_value()) config.points = LIDO_TRY(root["points"].text());
  Result<void> read;
  TrainOptions::fields(config.options,
                       [&](std::string_view name, auto& value, const auto& range, auto) {
                         if (read) read = read_field(root[name], value, range);
                       });
  LIDO_TRY(read);
  return config;
}

Result<TrainConfig> read_config(const std::string& run) {
  const auto store = LIDO_TRY(storage::open_store(run));
  const auto text = store->read_text(kConfigFile, 1 << 20);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: no run to resume: it has no {}", run, kConfigFile);
  const std::string file = store->uri() + "/" + kConfigFile;
  auto config = LIDO_TRY(parse_config(LIDO_TRY(text), file));
  if (config.network.empty() || (config.data.empty() && config.points.empty()))
    return fail(ErrorCode::kInvalidArgument, "{}: network or data is missing, want both", file);
  // A run of an earlier version: such networks see frames alone.
  const bool is_old = config.network == "people" && config.options.streams == "auto";
  if (is_old) config.options.streams = kFramesStream;
  return config;
}

}  // namespace lido::model
