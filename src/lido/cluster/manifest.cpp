// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/manifest.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace lido::cluster::manifest {

namespace {

constexpr int kMaxMerges = 8;  // An alias can make a map merge itself.

/// Returns the maps that a merge key names, those first that the later ones replace.
std::vector<YAML::Node> merged_maps(const YAML::Node& merged) {
  if (merged.IsMap()) return {merged};
  const std::vector<YAML::Node> items = items_of(merged);
  return {items.rbegin(), items.rend()};
}

}  // namespace

YAML::Node value_of(const YAML::Node& map, const char* key, int depth) {
  YAML::Node found(YAML::NodeType::Undefined);
  if (!map.IsDefined() || !map.IsMap() || depth > kMaxMerges) return found;
  for (const auto& entry : map) {
    const std::string own = scalar_of(entry.first);
    if (own == key) found.reset(entry.second);
    if (own != "<<") continue;
    for (const YAML::Node& merged : merged_maps(entry.second)) {
      const YAML::Node inherited = value_of(merged, key, depth + 1);
      if (inherited.IsDefined()) found.reset(inherited);
    }
  }
  return found;
}

bool is_set(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

std::string scalar_of(const YAML::Node& node) {
  return is_set(node) && node.IsScalar() ? node.Scalar() : std::string();
}

std::optional<double> quantity_of(const YAML::Node& node) {
  if (!is_set(node) || !node.IsScalar()) return std::nullopt;
  const auto value = parse_quantity(node.Scalar());
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<bool> boolean_of(const YAML::Node& node) {
  bool value = false;
  if (!is_set(node) || !node.IsScalar() || node.Tag() == "!" ||
      node.Tag() == "tag:yaml.org,2002:str" || !YAML::convert<bool>::decode(node, value))
    return std::nullopt;
  return value;
}

bool is_true(const YAML::Node& node) { return boolean_of(node) == true; }
bool is_false(const YAML::Node& node) { return boolean_of(node) == false; }

std::vector<YAML::Node> items_of(const YAML::Node& node) {
  std::vector<YAML::Node> items;
  if (is_set(node) && node.IsSequence()) {
    for (const auto& item : node) items.push_back(item);
  }
  return items;
}

std::vector<std::pair<std::string, YAML::Node>> entries_of(const YAML::Node& node, int depth) {
  std::vector<std::pair<std::string, YAML::Node>> entries;
  if (!is_set(node) || !node.IsMap() || depth > kMaxMerges) return entries;
  std::unordered_map<std::string, size_t> places;
  const auto set = [&](const std::string& key, const YAML::Node& value) {
    const auto [place, is_new] = places.emplace(key, entries.size());
    if (is_new)
      entries.emplace_back(key, value);
    else
      entries[place->second].second.reset(value);
  };
  for (const auto& entry : node) {
    const std::string key = scalar_of(entry.first);
    if (key != "<<") {
      set(key, entry.second);
      continue;
    }
    for (const YAML::Node& merged : merged_maps(entry.second)) {
      for (const auto& [name, value] : entries_of(merged, depth + 1)) set(name, value);
    }
  }
  return entries;
}

bool is_text(const YAML::Node& node) {
  if (!is_set(node) || !node.IsScalar()) return false;
  double number = 0;
  return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str" ||
         (!boolean_of(node) && !YAML::convert<double>::decode(node, number));
}

YAML::Node variable_of(const YAML::Node& container, std::string_view name) {
  YAML::Node found(YAML::NodeType::Undefined);
  for (const YAML::Node& variable : items_of(child(container, "env"))) {
    if (scalar_of(child(variable, "name")) == name) found.reset(variable);
  }
  return found;
}

std::vector<YAML::Node> containers_of(const YAML::Node& pod) {
  std::vector<YAML::Node> all;
  for (const char* key : {"containers", "initContainers", "ephemeralContainers"}) {
    for (const YAML::Node& container : items_of(child(pod, key))) all.push_back(container);
  }
  return all;
}

std::vector<YAML::Node> running_containers_of(const YAML::Node& pod) {
  std::vector<YAML::Node> all = items_of(child(pod, "containers"));
  for (const YAML::Node& container : items_of(child(pod, "initContainers"))) {
    if (scalar_of(child(container, "restartPolicy")) == "Always") all.push_back(container);
  }
  return all;
}

std::vector<std::pair<std::string, YAML::Node>> selected_labels(const YAML::Node& pod) {
  auto labels = entries_of(child(pod, "nodeSelector"));
  const auto terms =
      items_of(child(pod, "affinity", "nodeAffinity",
                     "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"));
  if (terms.size() != 1) return labels;
  for (const YAML::Node& expression : items_of(child(terms.front(), "matchExpressions"))) {
    const auto values = items_of(child(expression, "values"));
    if (scalar_of(child(expression, "operator")) == "In" && values.size() == 1)
      labels.emplace_back(scalar_of(child(expression, "key")), values.front());
  }
  return labels;
}

double sum_of_limits(const YAML::Node& pod, const char* resource) {
  double sum = 0;
  for (const YAML::Node& container : items_of(child(pod, "containers")))
    sum += quantity_of(child(container, "resources", "limits", resource)).value_or(0);
  return sum;
}

std::vector<std::string> offered_resources(const YAML::Node& group) {
  std::vector<std::string> names;
  for (const auto& [name, value] : entries_of(child(group, "resources"))) {
    if (quantity_of(value).value_or(0) > 0) names.push_back(name);
  }
  const auto text = without_shell_quotes(scalar_of(child(group, "rayStartParams", "resources")));
  const auto json = nlohmann::json::parse(text.value_or(""), nullptr, false);
  if (!json.is_object()) return names;
  for (const auto& [name, value] : json.items()) {
    if (value.is_number() && value.get<double>() > 0) names.push_back(name);
  }
  return names;
}

std::optional<std::string> without_shell_quotes(std::string_view text) {
  std::string plain;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const char next = text[++i];
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') plain += c;
      plain += next;
    } else {
      plain += c;
    }
  }
  return quote == 0 ? std::optional(plain) : std::nullopt;
}

void Report::add(const Rule& rule, const YAML::Node& node, std::string found) {
  const YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
  findings.push_back({&rule, file, mark.is_null() ? line : mark.line + 1, place, std::move(found)});
  file_indices.push_back(file_index);
}

std::optional<Version> parse_version(std::string_view text) {
  std::array<int, 3> numbers{};
  size_t count = 0;
  while (count < numbers.size() && !text.empty() &&
         std::isdigit(static_cast<unsigned char>(text.front())) != 0) {
    int& number = numbers[count++];
    size_t digits = 0;
    while (digits < text.size() && digits < 6 &&
           std::isdigit(static_cast<unsigned char>(text[digits])) != 0)
      number = number * 10 + (text[digits++] - '0');
    text.remove_prefix(digits);
    if (text.empty() || text.front() != '.') break;
    text.remove_prefix(1);
  }
  if (count < 2) return std::nullopt;
  return Version{numbers[0], numbers[1], numbers[2]};
}

}  // namespace lido::cluster::manifest
