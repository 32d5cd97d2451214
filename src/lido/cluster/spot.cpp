// SPDX-License-Identifier: Apache-2.0
// Spot nodes of four providers, as the labels, affinities and tolerations of a pod select them.
#include <algorithm>
#include <array>
#include <cctype>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr double kGkeGrace_s = 25, kAwsGrace_s = 120, kAzureGrace_s = 30;

/// A node label, and the value that marks spot nodes.
struct SpotLabel {
  std::string_view key;
  std::string_view value;  ///< In small letters.
  SpotNodes nodes;
  bool has_others = true;  ///< Whether any other value means nodes that are not spot.
};
constexpr std::array kSpotLabels = {
    SpotLabel{"cloud.google.com/gke-spot", "true", {"GKE", kGkeGrace_s}},
    SpotLabel{"cloud.google.com/gke-preemptible", "true", {"GKE", kGkeGrace_s}},
    SpotLabel{"cloud.google.com/gke-provisioning", "spot", {"GKE", kGkeGrace_s}},
    SpotLabel{"cloud.google.com/gke-provisioning", "preemptible", {"GKE", kGkeGrace_s}},
    // A custom class may have any nodes, whatever its name.
    SpotLabel{"cloud.google.com/compute-class", "autopilot-spot", {"GKE", kGkeGrace_s}, false},
    SpotLabel{"eks.amazonaws.com/capacityType", "spot", {"AWS", kAwsGrace_s}},
    SpotLabel{"karpenter.sh/capacity-type", "spot", {"", kAwsGrace_s}},
    SpotLabel{"kubernetes.azure.com/scalesetpriority", "spot", {"Azure", kAzureGrace_s}},
    SpotLabel{"node.kubernetes.io/lifecycle", "spot", {"", 0}},
    SpotLabel{"node.kubernetes.io/lifecycle", "ec2spot", {"", 0}},
    SpotLabel{"node.kubernetes.io/lifecycle", "preemptible", {"", 0}},
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Whether a key or value of a taint has the word spot or preemptible: not "hotspot", not
/// "no-spot".
bool names_spot(const std::string& text) {
  bool is_spot = false;
  std::string word;
  for (const char c : lower(text) + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    if (word == "no" || word == "non" || word == "not") return false;
    is_spot = is_spot || word == "spot" || word == "preemptible" || word == "spotinstance" ||
              word == "spotinstances" || word == "ec2spot";
    word.clear();
  }
  return is_spot;
}

/// Returns the spot nodes that a label with this value selects.
std::optional<SpotNodes> spot_of_label(const std::string& key, const std::string& value) {
  for (const SpotLabel& label : kSpotLabels) {
    if (label.key == key && label.value == lower(value)) return label.nodes;
  }
  return std::nullopt;
}

const SpotLabel* known_label(const std::string& key) {
  const auto known = std::ranges::find(kSpotLabels, key, &SpotLabel::key);
  return known == kSpotLabels.end() ? nullptr : &*known;
}

/// Which nodes an expression of an affinity, or an entry of a nodeSelector, permits.
struct Choice {
  std::optional<SpotNodes> spot;
  bool excludes_spot = false;
};

Choice choice_of(const YAML::Node& expression) {
  const std::string key = scalar_of(child(expression, "key"));
  const std::string op = scalar_of(child(expression, "operator"));
  const SpotLabel* known = known_label(key);
  Choice choice;
  if (known == nullptr) return choice;
  const bool is_flag = known->value == "true";
  if (op == "Exists" && is_flag) choice.spot = known->nodes;
  if (op == "DoesNotExist") choice.excludes_spot = known->has_others;
  bool names_only_others = false;
  for (const YAML::Node& value : items_of(child(expression, "values"))) {
    const auto spot = spot_of_label(key, scalar_of(value));
    if (op == "In" && spot) choice.spot = spot;
    if (op == "NotIn" && spot) choice.excludes_spot = true;
    names_only_others = op == "In" && known->has_others;
  }
  if (names_only_others && !choice.spot) choice.excludes_spot = true;
  return choice;
}

/// Adds the choices of a term of a node affinity.
void add_choices(const YAML::Node& term, Choice& all) {
  for (const YAML::Node& expression : items_of(child(term, "matchExpressions"))) {
    const Choice choice = choice_of(expression);
    if (choice.spot && !all.spot) all.spot = choice.spot;
    all.excludes_spot = all.excludes_spot || choice.excludes_spot;
  }
}

/// Returns the spot nodes that a pod tolerates.
std::optional<SpotNodes> tolerated_spot(const YAML::Node& pod) {
  for (const YAML::Node& toleration : items_of(child(pod, "tolerations"))) {
    const std::string key = scalar_of(child(toleration, "key"));
    const std::string value = scalar_of(child(toleration, "value"));
    const SpotLabel* known = known_label(key);
    if (known != nullptr) {
      if (value.empty() || spot_of_label(key, value)) return known->nodes;
      continue;
    }
    if (names_spot(key) || names_spot(value)) return SpotNodes{};
  }
  return std::nullopt;
}

}  // namespace

std::optional<SpotNodes> spot_nodes(const YAML::Node& pod) {
  Choice all;
  for (const auto& [key, value] : entries_of(child(pod, "nodeSelector"))) {
    const auto spot = spot_of_label(key, scalar_of(value));
    if (spot) all.spot = spot;
    const SpotLabel* known = known_label(key);
    all.excludes_spot = all.excludes_spot || (known != nullptr && known->has_others && !spot);
  }
  const YAML::Node affinity = child(pod, "affinity", "nodeAffinity");
  const auto terms = items_of(
      child(affinity, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"));
  Choice required;
  for (const YAML::Node& term : terms) add_choices(term, required);
  if (!all.spot) all.spot = required.spot;
  // A pod needs to fit one of several terms only, so that another may permit spot nodes.
  all.excludes_spot = all.excludes_spot || (terms.size() == 1 && required.excludes_spot);
  if (all.spot) return all.spot;
  if (all.excludes_spot) return std::nullopt;
  Choice preferred;
  for (const YAML::Node& each :
       items_of(child(affinity, "preferredDuringSchedulingIgnoredDuringExecution")))
    add_choices(child(each, "preference"), preferred);
  if (preferred.spot) return preferred.spot;
  return tolerated_spot(pod);
}

}  // namespace lido::cluster::manifest
