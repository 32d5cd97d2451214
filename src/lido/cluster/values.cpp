// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <algorithm>

#include "lido/base/yaml.h"

namespace lido::cluster {
namespace {

constexpr double kMost = 1e9;

Result<PodShape> read_pod(const Yaml& node) {
  LIDO_TRY(node.map());
  PodShape pod;
  pod.cpu = LIDO_TRY(node["cpu"].number(0, kMost));
  pod.memory_gib = LIDO_TRY(node["memoryGiB"].number(0, kMost));
  pod.object_store_gib = LIDO_TRY(node["objectStoreGiB"].number(0, kMost));
  pod.spill_gib = LIDO_TRY(node["spillGiB"].number(0, kMost));
  if (const Yaml gpu = node["gpu"]; gpu.has_value()) {
    LIDO_TRY(gpu.map());
    pod.gpu_type = LIDO_TRY(gpu["type"].text());
    pod.gpus = static_cast<int>(LIDO_TRY(gpu["count"].integer(1, 16)));
  }
  if (node["spot"].has_value()) pod.spot = LIDO_TRY(node["spot"].boolean());
  return pod;
}

Result<WorkerGroup> read_group(const std::string& name, const Yaml& node) {
  constexpr int64_t kMostPods = 1'000'000;
  WorkerGroup group{.name = name};
  group.pod = LIDO_TRY(read_pod(node));
  group.max = static_cast<int>(LIDO_TRY(node["max"].integer(0, kMostPods)));
  group.min = static_cast<int>(LIDO_TRY(node["min"].integer(0, kMostPods)));
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
  cluster.idle_timeout_s = LIDO_TRY(node["idleTimeoutSeconds"].number(0, kMost));
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
  values.suspend_after_min = LIDO_TRY(tree["suspendAfterMinutes"].number(0, kMost));
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
  for (const RayClusterValues& one : clusters) {
    if (!one.enabled) continue;
    if (one.name == cluster) return &one;
    names.push_back(one.name);
  }
  return fail(ErrorCode::kInvalidArgument, "cluster is {}, want one of {}", cluster,
              fmt::join(names, ", "));
}

Result<Values> read_values(std::string_view text, const std::string& file,
                           std::string_view defaults) {
  const Yaml given = LIDO_TRY(Yaml::parse(text, file));
  if (given.has_value() && !given.is_map())
    return fail(ErrorCode::kInvalidArgument, "{}: no map of values", file);
  Values values = LIDO_TRY(read_tree(Yaml::merged(LIDO_TRY(Yaml::parse(defaults, file)), given)));
  if (!is_kubernetes_name(values.name))
    return fail(ErrorCode::kInvalidArgument,
                "{}: name is \"{}\", want small letters, digits and dashes, 40 at most: the "
                "namespace",
                file, values.name);
  return values;
}

Result<std::string> initial_values(const std::string& name, const InitOptions& options) {
  LIDO_TRY(validate(options));
  if (!is_kubernetes_name(name))
    return fail(ErrorCode::kInvalidArgument,
                "name is \"{}\", want small letters, digits and dashes, 40 at most", name);
  std::string_view image = options.image;
  const size_t colon = image.rfind(':');
  const bool tagged =
      colon != std::string_view::npos && image.find('/', colon) == std::string_view::npos;
  const bool by_digest = image.find('@') != std::string_view::npos;
  if (!image.empty() && (!tagged || by_digest))
    return fail(ErrorCode::kInvalidArgument, "image is {}, want repository:tag", image);
  const bool gke = options.cloud == "gke-autopilot";
  std::string text = fmt::format(
      R"(# Ray clusters for Lido. `lido cluster up` applies this, `lido cluster price` says what it costs; everything else
# one can set stands, with its reason, in the chart's values.yaml.

# Namespace and release.
name: {0}
platform: {1}

# Ray with Lido in it, built once (deploy/image/Dockerfile), so that nothing is installed while a pod starts. A tag that
# never moves: two pods of one cluster must not run different code.
image:
  repository: {2}
  tag: {3}
)",
      name, options.cloud,
      tagged ? std::string(image.substr(0, colon)) : "\"\"  # to be decided: registry/lido",
      tagged ? fmt::format("\"{}\"", image.substr(colon + 1)) : "\"\"  # to be decided");
  if (!options.bucket.empty() && gke) {
    text += fmt::format(R"(
# Workers reach {0} as this Kubernetes service account, without any key: bind it directly, once.
#   gcloud storage buckets add-iam-policy-binding {0} --role roles/storage.objectUser --member \
#     principal://iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/PROJECT_ID.svc.id.goog/subject/ns/{1}/sa/lido-worker
serviceAccount:
  name: lido-worker
)",
                        options.bucket, name);
  }
  text += fmt::format(
      R"(
clusters:
  # Frames out of raw video, on CPUs. Workers come when there is work, from zero, and go a minute after it.
  data:
    enabled: true
    groups:
      # {0}
      cpu: {{max: 50, spot: {1}}}
)",
      options.spot
          ? "Spot: a third of the price. What is lost with a node is the span in flight; it is "
            "done again."
          : "Never interrupted. spot: true costs a third and loses a span in flight now and then.",
      options.spot);
  for (const auto& [cluster, on] : {std::pair("reconstruction", options.reconstruction),
                                    std::pair("training", options.training)}) {
    if (!on) continue;
    text += fmt::format(R"(  {0}:
    enabled: true
    groups:
      gpu: {{gpu: {{type: {1}, count: 1}}, max: 4}}
)",
                        cluster, options.gpu);
  }
  if (!options.training || !options.reconstruction)
    text +=
        "  # reconstruction and training are there to be enabled: `enabled: true` and two lines "
        "for the GPUs.\n";
  return text;
}

}  // namespace lido::cluster
