// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <algorithm>

#include "lido/base/yaml.h"
#include "lido/cluster/embedded.h"
#include "lido/cluster/schema.h"

namespace lido::cluster {
namespace {

constexpr double kMaxNumber = 1e9;

Result<PodShape> read_pod(const Yaml& node) {
  LIDO_TRY(node.map());
  PodShape pod;
  pod.cpu = LIDO_TRY(node["cpu"].number(0, kMaxNumber));
  pod.memory_gib = LIDO_TRY(node["memoryGiB"].number(0, kMaxNumber));
  pod.object_store_gib = LIDO_TRY(node["objectStoreGiB"].number(0, kMaxNumber));
  pod.spill_gib = LIDO_TRY(node["spillGiB"].number(0, kMaxNumber));
  if (const Yaml gpu = node["gpu"]; gpu.has_value()) {
    LIDO_TRY(gpu.map());
    pod.gpu_type = LIDO_TRY(gpu["type"].text());
    pod.gpus = static_cast<int>(LIDO_TRY(gpu["count"].integer(1, 16)));
  }
  if (node["spot"].has_value()) pod.spot = LIDO_TRY(node["spot"].boolean());
  return pod;
}

Result<WorkerGroup> read_group(const std::string& name, const Yaml& node) {
  constexpr int64_t kMaxPods = 1'000'000;
  WorkerGroup group{.name = name};
  group.pod = LIDO_TRY(read_pod(node));
  group.max = static_cast<int>(LIDO_TRY(node["max"].integer(0, kMaxPods)));
  group.min = static_cast<int>(LIDO_TRY(node["min"].integer(0, kMaxPods)));
  if (group.min > group.max) return node["min"].refuse(fmt::format("max ({}) or less", group.max));
  group.cpus = static_cast<int>(group.pod.cpu);
  if (node["cpus"].has_value())
    group.cpus = static_cast<int>(LIDO_TRY(node["cpus"].integer(0, 4096)));
  return group;
}

Result<RayClusterValues> read_cluster(const std::string& name, const Yaml& node) {
  LIDO_TRY(node.map());
  RayClusterValues cluster{.name = name};
  cluster.enabled = LIDO_TRY(node["enabled"].boolean());
  if (node["suspend"].has_value()) cluster.suspend = LIDO_TRY(node["suspend"].boolean());
  cluster.idle_timeout_s = LIDO_TRY(node["idleTimeoutSeconds"].number(0, kMaxNumber));
  cluster.head = LIDO_TRY(read_pod(node["head"]));
  for (const auto& [key, group] : LIDO_TRY(node["groups"].map()))
    cluster.groups.push_back(LIDO_TRY(read_group(key, group)));
  return cluster;
}

Result<Values> read_tree(const Yaml& tree) {
  Values values;
  values.name = LIDO_TRY(tree["name"].text());
  values.platform = LIDO_TRY(tree["platform"].text());
  values.image = LIDO_TRY(tree["image"]["repository"].text());
  values.install_operator = LIDO_TRY(tree["operator"]["install"].text());
  values.suspend_after_min = LIDO_TRY(tree["suspendAfterMinutes"].number(0, kMaxNumber));
  for (const auto& [key, cluster] : LIDO_TRY(tree["clusters"].map()))
    values.clusters.push_back(LIDO_TRY(read_cluster(key, cluster)));
  return values;
}

bool is_kubernetes_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 40 && name.front() >= 'a' && name.front() <= 'z' &&
         plain(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-'; });
}

}  // namespace

Result<const RayClusterValues*> Values::find(std::string_view cluster) const {
  std::vector<std::string_view> names;
  for (const RayClusterValues& candidate : clusters) {
    if (!candidate.enabled) continue;
    if (candidate.name == cluster) return &candidate;
    names.push_back(candidate.name);
  }
  return fail(ErrorCode::kInvalidArgument, "cluster is {}, want one of {}", cluster,
              fmt::join(names, ", "));
}

Result<Values> read_values(std::string_view text, const std::string& file,
                           const ChartFiles& chart) {
  const Yaml given = LIDO_TRY(Yaml::parse(text, file));
  if (!given.has_value())
    return fail(ErrorCode::kInvalidArgument,
                "{}: the file is empty, want values; lido cluster init writes such a file", file);
  const auto schema = nlohmann::json::parse(chart.schema, nullptr, false);
  if (schema.is_discarded())
    return fail(ErrorCode::kCorrupt, "the chart's values.schema.json is not JSON");
  LIDO_TRY(check_schema(text, file, schema));
  const Yaml defaults = LIDO_TRY(Yaml::parse(chart.defaults, file));
  Values values = LIDO_TRY(read_tree(Yaml::merged(defaults, given)));
  if (!is_kubernetes_name(values.name))
    return fail(ErrorCode::kInvalidArgument,
                "{}: name is \"{}\", want small letters, digits and dashes, 40 at most: the "
                "namespace",
                file, values.name);
  return values;
}

namespace {

/// An image reference in its two parts.
struct ImageTag {
  std::string_view repository;
  std::string_view tag;
};

/// Splits "repository:tag"; both parts are empty for an empty text.
Result<ImageTag> split_image(std::string_view image) {
  if (image.empty()) return ImageTag{};
  const size_t colon = image.rfind(':');
  const bool has_tag = colon != image.npos && image.find('/', colon) == image.npos;
  if (!has_tag || image.contains('@'))
    return fail(ErrorCode::kInvalidArgument, "image is {}, want repository:tag", image);
  return ImageTag{image.substr(0, colon), image.substr(colon + 1)};
}

/// Returns the part of the file that enables a cluster with GPUs.
std::string gpu_cluster(std::string_view name, std::string_view gpu) {
  return fmt::format(
      "  {}:\n    enabled: true\n    groups:\n      gpu: {{gpu: {{type: {}, count: 1}}, max: 4}}\n",
      name, gpu);
}

}  // namespace

Result<std::string> initial_values(const std::string& name, const InitOptions& options) {
  LIDO_TRY(validate(options));
  if (!is_kubernetes_name(name))
    return fail(ErrorCode::kInvalidArgument,
                "name is \"{}\", want small letters, digits and dashes, 40 at most", name);
  const auto [repository, tag] = LIDO_TRY(split_image(options.image));
  std::string text = fmt::format(
      embedded::kInitialValuesYaml, fmt::arg("name", name), fmt::arg("platform", options.cloud),
      fmt::arg("repository", repository.empty() ? "\"\"  # fill in, like registry.example/lido"
                                                : std::string(repository)),
      fmt::arg("tag", tag.empty() ? "\"\"  # fill in" : fmt::format("\"{}\"", tag)));
  if (!options.bucket.empty() && options.cloud == "gke-autopilot")
    text += fmt::format(embedded::kInitialBucketYaml, fmt::arg("bucket", options.bucket),
                        fmt::arg("name", name));
  text += fmt::format(
      embedded::kInitialClustersYaml,
      fmt::arg("reason", options.spot
                             ? "Spot: a third of the price. When a node is reclaimed, its current "
                               "spans are retried."
                             : "On demand: never interrupted. spot: true costs a third, and "
                               "retries the spans of reclaimed nodes."),
      fmt::arg("spot", options.spot));
  if (options.reconstruction) text += gpu_cluster("reconstruction", options.gpu);
  if (options.training) text += gpu_cluster("training", options.gpu);
  std::vector<std::string_view> off;
  if (!options.reconstruction) off.emplace_back("reconstruction");
  if (!options.training) off.emplace_back("training");
  if (!off.empty())
    text += fmt::format("  # Also available, with `enabled: true`: {}.\n", fmt::join(off, ", "));
  return text;
}

}  // namespace lido::cluster
