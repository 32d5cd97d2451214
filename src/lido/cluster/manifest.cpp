// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/manifest.h"

#include <algorithm>
#include <array>
#include <cctype>
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

YAML::Node variable_of(const YAML::Node& container, std::string_view name) {
  for (const YAML::Node& variable : items_of(child(container, "env"))) {
    if (scalar_of(child(variable, "name")) == name) return variable;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

std::vector<YAML::Node> containers_of(const YAML::Node& pod) {
  std::vector<YAML::Node> all = items_of(child(pod, "containers"));
  for (const YAML::Node& container : items_of(child(pod, "initContainers")))
    all.push_back(container);
  return all;
}

void Report::add(const Rule& rule, const YAML::Node& node, std::string found) {
  const YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
  findings.push_back({&rule, file, mark.is_null() ? line : mark.line + 1, place, std::move(found)});
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

namespace {

constexpr double kGkeGrace_s = 25, kAwsGrace_s = 120, kAzureGrace_s = 30;

/// A node label whose value marks spot nodes.
struct SpotLabel {
  std::string_view key;
  SpotNodes nodes;
};
constexpr std::array kSpotLabels = {
    SpotLabel{"cloud.google.com/gke-spot", {"GKE", kGkeGrace_s}},
    SpotLabel{"cloud.google.com/gke-preemptible", {"GKE", kGkeGrace_s}},
    SpotLabel{"cloud.google.com/gke-provisioning", {"GKE", kGkeGrace_s}},
    SpotLabel{"cloud.google.com/compute-class", {"GKE", kGkeGrace_s}},
    SpotLabel{"eks.amazonaws.com/capacityType", {"AWS", kAwsGrace_s}},
    SpotLabel{"karpenter.sh/capacity-type", {"", kAwsGrace_s}},
    SpotLabel{"kubernetes.azure.com/scalesetpriority", {"Azure", kAzureGrace_s}},
    SpotLabel{"node.kubernetes.io/lifecycle", {"", 0}},
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool names_spot(const std::string& text) {
  return lower(text).contains("spot") || lower(text).contains("preemptible");
}

/// Returns the spot nodes that a label with this value selects.
std::optional<SpotNodes> spot_of_label(const std::string& key, const std::string& value) {
  const auto known = std::ranges::find(kSpotLabels, key, &SpotLabel::key);
  if (known == kSpotLabels.end()) return std::nullopt;
  const bool is_flag = key == "cloud.google.com/gke-spot" || key.ends_with("gke-preemptible");
  // A class of the user's own can be named after spot nodes and have others: its name shows
  // nothing.
  const bool is_class = key == kClassLabel;
  const bool is_spot = is_flag    ? value == "true"
                       : is_class ? value == "autopilot-spot"
                                  : names_spot(value);
  if (is_spot) return known->nodes;
  return std::nullopt;
}

/// Returns the expressions of a pod's required node affinity.
std::vector<YAML::Node> required_expressions(const YAML::Node& pod) {
  std::vector<YAML::Node> all;
  const YAML::Node terms =
      child(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms");
  for (const YAML::Node& term : items_of(terms)) {
    for (const YAML::Node& expression : items_of(child(term, "matchExpressions")))
      all.push_back(expression);
  }
  return all;
}

}  // namespace

std::optional<SpotNodes> spot_nodes(const YAML::Node& pod) {
  std::optional<SpotNodes> found;
  for (const auto& [key, value] : entries_of(child(pod, "nodeSelector"))) {
    if (const auto spot = spot_of_label(key, scalar_of(value))) found = spot;
  }
  for (const YAML::Node& expression : required_expressions(pod)) {
    if (scalar_of(child(expression, "operator")) != "In") continue;
    for (const YAML::Node& value : items_of(child(expression, "values"))) {
      const auto spot = spot_of_label(scalar_of(child(expression, "key")), scalar_of(value));
      if (spot && !found) found = spot;
    }
  }
  if (found) return found;
  for (const YAML::Node& toleration : items_of(child(pod, "tolerations"))) {
    const std::string key = scalar_of(child(toleration, "key"));
    const std::string value = scalar_of(child(toleration, "value"));
    if (!names_spot(key) && !names_spot(value)) continue;
    const auto known = std::ranges::find(kSpotLabels, key, &SpotLabel::key);
    return known == kSpotLabels.end() ? SpotNodes{} : known->nodes;
  }
  return std::nullopt;
}

}  // namespace lido::cluster::manifest
