// SPDX-License-Identifier: Apache-2.0
#include "lido/model/search_space.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "lido/model/option_value.h"
#include "lido/model/options.h"

namespace lido::model {
namespace {

/// Options that trials share: with other ones, their scores could not be compared, or Ray's
/// resources would not fit.
constexpr std::array kFixed = {
    "classes",    "samples", "epochs", "micro_batches", "checkpoint_seconds",
    "shuffle_mb", "threads", "footage"};

bool is_fixed(std::string_view name) { return std::ranges::find(kFixed, name) != kFixed.end(); }

template <typename T, typename Range>
Result<nlohmann::ordered_json> read_list(const Yaml& node, const Range& range) {
  nlohmann::ordered_json values = nlohmann::ordered_json::array();
  for (const Yaml& item : LIDO_TRY(node.list()))
    values.push_back(LIDO_TRY((read_option<T>(item, range))));
  if (values.size() < 2) return node.refuse("two values or more");
  return nlohmann::ordered_json{{"values", values}};
}

/// Reads {min, max, log}.
template <typename T>
Result<nlohmann::ordered_json> read_range(const Yaml& node, const Within& range) {
  LIDO_TRY(node.check_keys({"min", "max", "log"}));
  const T min = LIDO_TRY((read_option<T>(node["min"], range)));
  const T max = LIDO_TRY((read_option<T>(node["max"], range)));
  const bool log = node["log"].has_value() && LIDO_TRY(node["log"].boolean());
  if (max <= min) return node["max"].refuse(fmt::format("more than min, which is {}", min));
  if (log && min <= 0) return node["min"].refuse("a number above 0, since log is true");
  return nlohmann::ordered_json{
      {"min", min}, {"max", max}, {"log", log}, {"whole", std::is_integral_v<T>}};
}

template <typename T, typename Range>
Result<nlohmann::ordered_json> read_axis(const Yaml& node, const Range& range) {
  if constexpr (std::is_same_v<Range, Within>) {
    if (node.is_map()) return read_range<T>(node, range);
  }
  return read_list<T>(node, range);
}

}  // namespace

Result<nlohmann::ordered_json> parse_search_space(std::string_view text, const std::string& file) {
  const Yaml root = LIDO_TRY(Yaml::parse(text, file));
  if (!root.is_map()) return root.refuse("a map of options, each with its values");
  std::vector<std::string_view> known;
  const TrainOptions defaults;
  TrainOptions::fields(defaults, [&](std::string_view name, const auto&, const auto&, auto) {
    if (!is_fixed(name)) known.push_back(name);
  });
  LIDO_TRY(root.check_keys(known));
  nlohmann::ordered_json space = nlohmann::ordered_json::object();
  for (const auto& [key, node] : LIDO_TRY(root.map())) {
    Result<nlohmann::ordered_json> axis = nlohmann::ordered_json();
    TrainOptions::fields(defaults,
                         [&](std::string_view name, const auto& value, const auto& range, auto) {
                           if (name == key)
                             axis = read_axis<std::decay_t<decltype(value)>>(node, range);
                         });
    space[key] = LIDO_TRY(axis);
  }
  if (space.empty()) return root.refuse("an option with its values, or more");
  return space;
}

}  // namespace lido::model
