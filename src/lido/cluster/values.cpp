// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <algorithm>
#include <cmath>

#include "lido/base/yaml.h"
#include "lido/cluster/autopilot.h"
#include "lido/cluster/embedded.h"
#include "lido/cluster/head_size.h"
#include "lido/cluster/schema.h"

namespace lido::cluster {
namespace {

constexpr double kMaxNumber = 1e9;

/// Share of a pod's memory that Ray itself uses (lido.taskMemory of the chart).
constexpr double kRayShare = 0.1;
/// Disk that the chart gives the autoscaler's container.
constexpr double kAutoscalerDisk_gib = 0.125;

/// Settings of a values file that its pods depend on.
struct PodContext {
  bool autopilot = false;
  PodRequests autoscaler;  ///< Requests of the container beside Ray in each head's pod.
  std::vector<std::string> warnings;
};

Result<PodShape> read_pod(const Yaml& node, const PodContext& context) {
  LIDO_TRY(node.map());
  PodShape pod{.autopilot = context.autopilot};
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
  if (const Yaml name = node["nodeSelector"][kClassLabel]; name.has_value())
    pod.compute_class = LIDO_TRY(name.text());
  const double free_gib = pod.memory_gib * (1 - kRayShare) - pod.object_store_gib;
  if (free_gib <= 0)
    return node["memoryGiB"].refuse(
        fmt::format("more than the object store ({:g}) and a tenth for Ray", pod.object_store_gib));
  return pod;
}

/// Refuses a pod that Autopilot rejects, and warns of requests that Autopilot raises.
Result<void> check_autopilot(const Yaml& node, const PodShape& pod, const std::string& path,
                             PodContext& context) {
  const AutopilotClass* limits = autopilot_class(pod.compute_class);
  if (!pod.autopilot || pod.gpus > 0) return {};
  if (is_custom_class(pod.compute_class))
    context.warnings.push_back(fmt::format(
        "{}: GKE bills the nodes of compute class {}, not the pods", path, pod.compute_class));
  if (limits == nullptr) return {};
  const PodRequests asked{pod.cpu, pod.memory_gib, pod.spill_gib};
  const PodRequests billed = billed_requests(*limits, asked);
  if (const auto reason = autopilot_rejection(*limits, billed)) {
    const char* key = billed.cpu > limits->max_cpu                 ? "cpu"
                      : billed.memory_gib > limits->max_memory_gib ? "memoryGiB"
                                                                   : "spillGiB";
    return node[key].refuse(
        fmt::format("a pod that Autopilot accepts: {}. Or a nodeSelector with {}", *reason,
                    limits->name == "Balanced" ? "a class of your own"
                                               : "cloud.google.com/compute-class: Balanced"));
  }
  if (billed.cpu > asked.cpu || billed.memory_gib > asked.memory_gib)
    context.warnings.push_back(fmt::format(
        "{}: Autopilot raises {:g} CPUs and {:g} GiB to {:g} CPUs and {:g} GiB, and bills them; "
        "class {} wants {:g} to {:g} GiB per CPU, in steps of 0.25 CPUs",
        path, asked.cpu, asked.memory_gib, billed.cpu, billed.memory_gib, limits->name,
        limits->min_gib_per_cpu, limits->max_gib_per_cpu));
  return {};
}

/// Returns the CPUs that Ray schedules on a pod; `ray start` takes only whole numbers.
Result<int> read_cpus(const Yaml& node, const PodShape& pod) {
  if (node["cpus"].has_value()) return static_cast<int>(LIDO_TRY(node["cpus"].integer(0, 4096)));
  if (pod.cpu != std::floor(pod.cpu))
    return node["cpu"].refuse("a whole number, or cpus with the number of CPUs that Ray schedules");
  return static_cast<int>(pod.cpu);
}

Result<WorkerGroup> read_group(const std::string& name, const Yaml& node,
                               const PodContext& context) {
  constexpr int64_t kMaxPods = 1'000'000;
  WorkerGroup group{.name = name};
  group.pod = LIDO_TRY(read_pod(node, context));
  group.max = static_cast<int>(LIDO_TRY(node["max"].integer(0, kMaxPods)));
  group.min = static_cast<int>(LIDO_TRY(node["min"].integer(0, kMaxPods)));
  if (group.min > group.max) return node["min"].refuse(fmt::format("max ({}) or less", group.max));
  group.cpus = LIDO_TRY(read_cpus(node, group.pod));
  if (group.pod.spot && name == "driver")
    return node["spot"].refuse("false: the job of a reclaimed driver ends");
  if (group.pod.spot && !context.autopilot && !node["nodeSelector"].has_value())
    return node["spot"].refuse(
        "a nodeSelector beside it, which selects spot nodes: platform kubernetes has no default");
  group.offers_driver = node["resources"]["driver"].has_value();
  return group;
}

/// Warns when a cluster's head is small for its workers.
void check_head_size(const RayClusterValues& cluster, const std::string& path,
                     PodContext& context) {
  int workers = 0;
  for (const WorkerGroup& group : cluster.groups) workers += group.max;
  const PodShape& head = cluster.head;
  if (workers > kMaxWorkersOfSmallHead &&
      (head.cpu < kLargeHeadCpu || head.memory_gib < kLargeHead_gib))
    context.warnings.push_back(
        fmt::format("{}.head: {:g} CPUs and {:g} GiB, with the autoscaler, for up to {} workers; "
                    "want {:g} CPUs "
                    "and {:g} GiB for more than {}",
                    path, head.cpu, head.memory_gib, workers, kLargeHeadCpu, kLargeHead_gib,
                    kMaxWorkersOfSmallHead));
}

Result<RayClusterValues> read_cluster(const std::string& name, const Yaml& node,
                                      PodContext& context) {
  LIDO_TRY(node.map());
  RayClusterValues cluster{.name = name};
  const std::string path = "clusters." + name;
  // A disabled cluster starts no pods, so that its warnings would mislead.
  PodContext own{.autopilot = context.autopilot, .autoscaler = context.autoscaler, .warnings = {}};
  cluster.enabled = LIDO_TRY(node["enabled"].boolean());
  if (node["suspend"].has_value()) cluster.suspend = LIDO_TRY(node["suspend"].boolean());
  cluster.idle_timeout_s = LIDO_TRY(node["idleTimeoutSeconds"].number(0, kMaxNumber));
  cluster.head = LIDO_TRY(read_pod(node["head"], own));
  cluster.head.cpu += own.autoscaler.cpu;
  cluster.head.memory_gib += own.autoscaler.memory_gib;
  cluster.head.spill_gib += own.autoscaler.disk_gib;
  LIDO_TRY(check_autopilot(node["head"], cluster.head, path + ".head", own));
  for (const auto& [key, group] : LIDO_TRY(node["groups"].map())) {
    cluster.groups.push_back(LIDO_TRY(read_group(key, group, own)));
    LIDO_TRY(check_autopilot(group, cluster.groups.back().pod, path + ".groups." + key, own));
  }
  check_head_size(cluster, path, own);
  if (std::ranges::none_of(cluster.groups, &WorkerGroup::offers_driver))
    own.warnings.push_back(path +
                           ": no group has resources: {driver: 1}, which jobs of lido request");
  if (cluster.enabled) std::ranges::move(own.warnings, std::back_inserter(context.warnings));
  return cluster;
}

/// Refuses jobs whose cluster does not exist or cannot start a driver.
Result<void> check_jobs(const Yaml& jobs, const Values& values) {
  if (!jobs.has_value()) return {};
  std::vector<std::string_view> names;
  for (const RayClusterValues& cluster : values.clusters) names.push_back(cluster.name);
  for (const auto& [name, job] : LIDO_TRY(jobs.map())) {
    const std::string wanted = LIDO_TRY(job["cluster"].text());
    const auto cluster = std::ranges::find(values.clusters, wanted, &RayClusterValues::name);
    if (cluster == values.clusters.end())
      return job["cluster"].refuse(fmt::format("one of {}", fmt::join(names, ", ")));
    if (std::ranges::none_of(cluster->groups, &WorkerGroup::offers_driver))
      return job["cluster"].refuse("a cluster with a group that has resources: {driver: 1}");
  }
  return {};
}

Result<Values> read_tree(const Yaml& tree) {
  Values values;
  values.name = LIDO_TRY(tree["name"].text());
  values.platform = LIDO_TRY(tree["platform"].text());
  values.image = LIDO_TRY(tree["image"]["repository"].text());
  const Yaml install = tree["operator"]["install"];
  values.install_operator = LIDO_TRY(install.text());
  if (const auto is_on = install.boolean()) values.install_operator = *is_on ? "true" : "false";
  if (const Yaml name = tree["network"]["operatorNamespace"]; name.has_value())
    values.operator_namespace = LIDO_TRY(name.text());
  values.suspend_after_min = LIDO_TRY(tree["suspendAfterMinutes"].number(0, kMaxNumber));
  PodContext context{
      .autopilot = values.platform == "gke-autopilot", .autoscaler = {}, .warnings = {}};
  if (const Yaml autoscaler = tree["autoscaler"]; autoscaler.has_value()) {
    context.autoscaler.cpu = LIDO_TRY(autoscaler["cpu"].number(0, kMaxNumber));
    context.autoscaler.memory_gib = LIDO_TRY(autoscaler["memoryGiB"].number(0, kMaxNumber));
    context.autoscaler.disk_gib = kAutoscalerDisk_gib;
  }
  const Yaml account = tree["serviceAccount"]["name"];
  for (const auto& [key, cluster] : LIDO_TRY(tree["clusters"].map())) {
    if (account.has_value() && LIDO_TRY(account.text()) == key)
      return account.refuse("another name: KubeRay makes a service account for cluster " + key);
    values.clusters.push_back(LIDO_TRY(read_cluster(key, cluster, context)));
  }
  LIDO_TRY(check_jobs(tree["jobs"], values));
  values.warnings = std::move(context.warnings);
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

/// Returns the comment about spot nodes.
std::string_view spot_comment(bool on_spot, bool is_gke) {
  if (on_spot)
    return "Spot: a third of the price. When a node is reclaimed, its current spans are retried.";
  if (is_gke)
    return "On demand: never interrupted. spot: true costs a third, and retries the spans of "
           "reclaimed nodes.";
  return "On demand: never interrupted. spot: true needs a nodeSelector of spot nodes beside it.";
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
  const bool is_gke = options.cloud == "gke-autopilot";
  if (options.spot && !is_gke)
    return fail(ErrorCode::kInvalidArgument,
                "spot: cloud {} has no default for spot nodes. Write spot: true with the "
                "nodeSelector of your spot nodes into the file.",
                options.cloud);
  const auto [repository, tag] = LIDO_TRY(split_image(options.image));
  std::string text = fmt::format(
      embedded::kInitialValuesYaml, fmt::arg("name", name), fmt::arg("platform", options.cloud),
      fmt::arg("repository", repository.empty() ? "\"\"  # fill in, like registry.example/lido"
                                                : std::string(repository)),
      fmt::arg("tag", tag.empty() ? "\"\"  # fill in" : fmt::format("\"{}\"", tag)));
  if (!options.bucket.empty() && is_gke)
    text += fmt::format(embedded::kInitialBucketYaml, fmt::arg("bucket", options.bucket),
                        fmt::arg("name", name));
  text += fmt::format(embedded::kInitialClustersYaml,
                      fmt::arg("reason", spot_comment(options.spot, is_gke)),
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
