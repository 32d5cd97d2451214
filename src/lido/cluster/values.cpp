// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <algorithm>
#include <cmath>

#include "lido/cluster/yaml_reader.h"

namespace lido::cluster {
namespace {

/// What Helm makes of two values files: maps are joined, anything else of the second wins.
YAML::Node merged(const YAML::Node& base, const YAML::Node& over, int depth = 0) {
  constexpr int kDeepest = 32;
  if (!over || over.IsNull()) return base;
  if (!base || !base.IsMap() || !over.IsMap() || depth > kDeepest) return over;
  YAML::Node all(YAML::NodeType::Map);
  for (const auto& pair : base) {
    if (!pair.first.IsScalar()) continue;
    const std::string key = pair.first.Scalar();
    all[key] = merged(pair.second, over[key], depth + 1);
  }
  for (const auto& pair : over) {
    if (pair.first.IsScalar() && !base[pair.first.Scalar()]) all[pair.first.Scalar()] = pair.second;
  }
  return all;
}

Result<PodShape> read_pod(const YAML::Node& node, const Reader& at) {
  LIDO_TRY(at.map(node));
  PodShape pod;
  pod.cpu = LIDO_TRY(at.below("cpu").number(node["cpu"]));
  pod.memory_gib = LIDO_TRY(at.below("memoryGiB").number(node["memoryGiB"]));
  pod.object_store_gib = LIDO_TRY(at.below("objectStoreGiB").number(node["objectStoreGiB"]));
  pod.spill_gib = LIDO_TRY(at.below("spillGiB").number(node["spillGiB"]));
  if (const YAML::Node gpu = node["gpu"]; gpu && !gpu.IsNull()) {
    LIDO_TRY(at.below("gpu").map(gpu));
    pod.gpu_type = LIDO_TRY(at.below("gpu.type").text(gpu["type"]));
    pod.gpus = static_cast<int>(LIDO_TRY(at.below("gpu.count").number(gpu["count"])));
  }
  if (node["spot"]) pod.spot = LIDO_TRY(at.below("spot").flag(node["spot"]));
  return pod;
}

Result<RayClusterValues> read_cluster(const std::string& name, const YAML::Node& node,
                                      const Reader& at) {
  LIDO_TRY(at.map(node));
  RayClusterValues cluster{.name = name};
  cluster.enabled = LIDO_TRY(at.below("enabled").flag(node["enabled"]));
  if (node["suspend"]) cluster.suspend = LIDO_TRY(at.below("suspend").flag(node["suspend"]));
  cluster.idle_timeout_s =
      LIDO_TRY(at.below("idleTimeoutSeconds").number(node["idleTimeoutSeconds"]));
  cluster.head = LIDO_TRY(read_pod(node["head"], at.below("head")));
  const YAML::Node groups = node["groups"];
  LIDO_TRY(at.below("groups").map(groups));
  for (const auto& pair : groups) {
    const std::string key = LIDO_TRY(at.below("groups").text(pair.first));
    const Reader group_at = at.below("groups").below(key);
    WorkerGroup group{.name = key};
    group.pod = LIDO_TRY(read_pod(pair.second, group_at));
    group.min = static_cast<int>(LIDO_TRY(group_at.below("min").number(pair.second["min"])));
    group.max = static_cast<int>(LIDO_TRY(group_at.below("max").number(pair.second["max"])));
    group.cpus = static_cast<int>(group.pod.cpu);
    if (const YAML::Node cpus = pair.second["cpus"])
      group.cpus = static_cast<int>(LIDO_TRY(group_at.below("cpus").number(cpus)));
    if (group.min > group.max)
      return group_at.below("min").refuse(pair.second["min"],
                                          fmt::format("max ({}) or less", group.max));
    cluster.groups.push_back(std::move(group));
  }
  return cluster;
}

Result<Values> read_tree(const YAML::Node& tree, const std::string& file) {
  const Reader at(file, "");
  Values values;
  values.name = LIDO_TRY(at.below("name").text(tree["name"]));
  values.platform = LIDO_TRY(at.below("platform").text(tree["platform"]));
  const YAML::Node image = tree["image"];
  LIDO_TRY(at.below("image").map(image));
  values.image = LIDO_TRY(at.below("image.repository").text(image["repository"]));
  const YAML::Node install = tree["operator"];
  LIDO_TRY(at.below("operator").map(install));
  values.install_operator = LIDO_TRY(at.below("operator.install").text(install["install"]));
  values.suspend_after_min =
      LIDO_TRY(at.below("suspendAfterMinutes").number(tree["suspendAfterMinutes"]));
  const YAML::Node clusters = tree["clusters"];
  LIDO_TRY(at.below("clusters").map(clusters));
  for (const auto& pair : clusters) {
    const std::string key = LIDO_TRY(at.below("clusters").text(pair.first));
    values.clusters.push_back(
        LIDO_TRY(read_cluster(key, pair.second, at.below("clusters").below(key))));
  }
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
  try {
    const YAML::Node given = YAML::Load(std::string(text));
    if (given && !given.IsNull() && !given.IsMap())
      return fail(ErrorCode::kInvalidArgument, "{}: no map of values", file);
    const Values values =
        LIDO_TRY(read_tree(merged(YAML::Load(std::string(defaults)), given), file));
    if (!is_kubernetes_name(values.name))
      return fail(ErrorCode::kInvalidArgument,
                  "{}: name is \"{}\", want small letters, digits and dashes, 40 at most: the "
                  "namespace",
                  file, values.name);
    return values;
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}", file, error.mark.line + 1, error.msg);
  }
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
