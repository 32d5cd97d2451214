// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <algorithm>
#include <cmath>
#include <regex>

#include "lido/base/yaml.h"
#include "lido/cluster/autopilot.h"
#include "lido/cluster/embedded.h"
#include "lido/cluster/gpus.h"
#include "lido/cluster/head_size.h"
#include "lido/cluster/pod_values.h"
#include "lido/cluster/schema.h"

namespace lido::cluster {
namespace {

constexpr double kMaxNumber = 1e9;

/// Disk that the chart gives the autoscaler's container.
constexpr double kAutoscalerDisk_gib = 0.125;

/// Returns the CPUs that Ray schedules on a pod; `ray start` takes only whole numbers.
Result<int> read_cpus(const Yaml& node, const PodShape& pod) {
  if (node["cpus"].has_value()) return static_cast<int>(LIDO_TRY(node["cpus"].integer(0, 4096)));
  if (pod.cpu != std::floor(pod.cpu))
    return node["cpu"].refuse("a whole number, or cpus with the number of CPUs that Ray schedules");
  return static_cast<int>(pod.cpu);
}

/// Returns the drivers that run on a pod, by its resource "driver".
Result<int> read_drivers(const Yaml& node) {
  const Yaml driver = node["resources"]["driver"];
  if (!driver.has_value()) return 0;
  return static_cast<int>(LIDO_TRY(driver.integer(1, 4096)));
}

Result<WorkerGroup> read_group(const std::string& name, const Yaml& node,
                               const PodContext& context) {
  constexpr int64_t kMaxPods = 1'000'000;
  WorkerGroup group{.name = name};
  group.pod = LIDO_TRY(read_pod(node, context));
  group.drivers = LIDO_TRY(read_drivers(node));
  LIDO_TRY(check_selector(node, group.pod, name != "driver" && group.drivers == 0));
  group.max = static_cast<int>(LIDO_TRY(node["max"].integer(0, kMaxPods)));
  group.min = static_cast<int>(LIDO_TRY(node["min"].integer(0, kMaxPods)));
  if (group.min > group.max) return node["min"].refuse(fmt::format("max ({}) or less", group.max));
  group.cpus = LIDO_TRY(read_cpus(node, group.pod));
  if (group.pod.spot && (name == "driver" || group.drivers > 0))
    return node["spot"].refuse("false: the job of a reclaimed driver ends");
  if (group.pod.spot && !context.autopilot && !node["nodeSelector"].has_value())
    return node["spot"].refuse(
        "a nodeSelector beside it, which selects spot nodes: platform kubernetes has no default");
  return group;
}

bool offers_driver(const RayClusterValues& cluster) {
  return std::ranges::any_of(cluster.groups, [](const auto& group) { return group.drivers > 0; });
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
  LIDO_TRY(check_selector(node["head"], cluster.head, false));
  cluster.head.cpu += own.autoscaler.cpu;
  cluster.head.memory_gib += own.autoscaler.memory_gib;
  cluster.head.spill_gib += own.autoscaler.disk_gib;
  LIDO_TRY(check_autopilot(node["head"], cluster.head, path + ".head", own));
  for (const auto& [key, group] : LIDO_TRY(node["groups"].map())) {
    cluster.groups.push_back(LIDO_TRY(read_group(key, group, own)));
    LIDO_TRY(check_autopilot(group, cluster.groups.back().pod, path + ".groups." + key, own));
  }
  check_head_size(cluster, path, own);
  if (!offers_driver(cluster))
    own.warnings.push_back(path +
                           ": no group has resources: {driver: 1}, which jobs of lido request");
  if (cluster.enabled) std::ranges::move(own.warnings, std::back_inserter(context.warnings));
  return cluster;
}

/// Reads the jobs. Refuses jobs whose cluster does not exist or cannot start a driver.
Result<std::vector<JobValues>> read_jobs(const Yaml& jobs, const Values& values) {
  std::vector<JobValues> all;
  if (!jobs.has_value()) return all;
  std::vector<std::string_view> names;
  for (const RayClusterValues& cluster : values.clusters) names.push_back(cluster.name);
  for (const auto& [name, job] : LIDO_TRY(jobs.map())) {
    const std::string wanted = LIDO_TRY(job["cluster"].text());
    const auto cluster = std::ranges::find(values.clusters, wanted, &RayClusterValues::name);
    if (cluster == values.clusters.end())
      return job["cluster"].refuse(fmt::format("one of {}", fmt::join(names, ", ")));
    if (!offers_driver(*cluster))
      return job["cluster"].refuse("a cluster with a group that has resources: {driver: 1}");
    all.push_back({.name = name,
                   .cluster = wanted,
                   .keep_s = LIDO_TRY(job["keepSeconds"].number_or(60, 0, 1e10))});
  }
  return all;
}

/// Refuses variables that are there twice: Kubernetes merges lists of them by name.
Result<void> check_env(const Yaml& env) {
  if (!env.has_value()) return {};
  std::vector<std::string> names;
  for (const Yaml& variable : LIDO_TRY(env.list())) {
    const Yaml name = variable["name"];
    if (!name.has_value()) continue;
    names.push_back(LIDO_TRY(name.text()));
    if (std::ranges::count(names, names.back()) > 1)
      return name.refuse("a name that is not there before");
  }
  return {};
}

/// Returns why pods have no image; empty when they have one.
std::string missing_image(const Yaml& image) {
  const auto is_empty = [&](const char* key) {
    return !image[key].has_value() || image[key].text().value_or("").empty();
  };
  if (is_empty("repository"))
    return image["repository"]
        .refuse(
            "the image that deploy/image/Dockerfile makes, like registry.example/lido "
            "(docs/clusters.md)")
        .error()
        .message;
  if (is_empty("tag") && is_empty("digest"))
    return image["tag"]
        .refuse("the image's tag, like \"1.0\", which never moves, or its digest")
        .error()
        .message;
  return "";
}

/// Whether a namespace is one that Kubernetes makes or keeps for itself.
bool is_reserved(std::string_view name) { return name == "default" || name.starts_with("kube-"); }

Result<Values> read_tree(const Yaml& tree) {
  Values values;
  values.name = LIDO_TRY(tree["name"].text());
  if (is_reserved(values.name))
    return tree["name"].refuse("a namespace of its own, not one that Kubernetes uses itself");
  values.platform = LIDO_TRY(tree["platform"].text());
  values.image = LIDO_TRY(tree["image"]["repository"].text());
  values.missing_image = missing_image(tree["image"]);
  LIDO_TRY(check_env(tree["env"]));
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
    const Yaml own_image = cluster["image"];
    if (own_image.has_value() && values.clusters.back().enabled && values.missing_image.empty())
      values.missing_image = missing_image(own_image);
  }
  values.jobs = LIDO_TRY(read_jobs(tree["jobs"], values));
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

const WorkerGroup* RayClusterValues::drivers() const {
  const auto found = std::ranges::find_if(groups, &WorkerGroup::is_for_drivers);
  return found == groups.end() ? nullptr : &*found;
}

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

bool is_values_text(std::string_view text) {
  const auto tree = Yaml::parse(text, "values");
  return tree && (*tree)["clusters"].is_map() && !(*tree)["kind"].has_value();
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
  LIDO_TRY(check_schema(text, file, schema, chart.defaults));
  const Yaml defaults = LIDO_TRY(Yaml::parse(chart.defaults, file));
  Values values = LIDO_TRY(read_tree(Yaml::merged(defaults, given)));
  if (!is_kubernetes_name(values.name))
    return fail(ErrorCode::kInvalidArgument,
                "{}: name is \"{}\", want lower-case letters, digits and dashes, 40 at most: the "
                "namespace",
                file, values.name);
  return values;
}

namespace {

/// An image reference in its two parts.
struct ImageTag {
  std::string repository;
  std::string tag;
};

/// Splits "repository:tag"; both parts are empty for an empty text.
///
/// Source: OCI Distribution Specification, Pulling manifests: the grammar of names and tags.
Result<ImageTag> split_image(const std::string& image) {
  if (image.empty()) return ImageTag{};
  static const std::regex kReference(
      R"((([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*)"
      R"((:[0-9]+)?/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*))"
      R"(:([A-Za-z0-9_][-A-Za-z0-9_.]{0,127}))");
  constexpr size_t kMaxLength = 400;  // std::regex recurses over the text.
  std::smatch parts;
  if (image.size() > kMaxLength || !std::regex_match(image, parts, kReference))
    return fail(ErrorCode::kInvalidArgument,
                "--image is \"{}\", want repository:tag, like registry.example/lido:1.0, with the "
                "repository in lower-case letters",
                image);
  const std::string tag = parts[parts.size() - 1].str();
  if (tag == "latest" || tag == "nightly")
    return fail(ErrorCode::kInvalidArgument, "--image is \"{}\", want a tag that never moves",
                image);
  return ImageTag{parts[1].str(), tag};
}

/// Refuses a bucket or a GPU type that the clusters could not use.
Result<void> check_decisions(const InitOptions& options, bool is_gke) {
  static const std::regex kBucket("(gs|s3)://[a-z0-9][-a-z0-9_.]{1,220}[a-z0-9]");
  static const std::regex kLabel("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");
  constexpr size_t kMaxLength = 400;
  if (!options.bucket.empty() &&
      (options.bucket.size() > kMaxLength || !std::regex_match(options.bucket, kBucket)))
    return fail(ErrorCode::kInvalidArgument,
                "--bucket is \"{}\", want gs://NAME or s3://NAME, with a name of 3 to 222 "
                "lower-case letters, digits, dots, dashes and underscores",
                options.bucket);
  if (options.gpu.size() > kMaxLength || !std::regex_match(options.gpu, kLabel))
    return fail(ErrorCode::kInvalidArgument, "--gpu is \"{}\", want a GPU type, like nvidia-l4",
                options.gpu);
  if (is_gke && gpu_counts(options.gpu).empty())
    return fail(ErrorCode::kInvalidArgument, "--gpu is \"{}\", want one of {}", options.gpu,
                fmt::join(gpu_types(), ", "));
  return {};
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

/// Returns the part of the file that gives workers access to the bucket; empty without one.
std::string bucket_access(const std::string& name, const InitOptions& options, bool is_gke) {
  if (options.bucket.empty()) return "";
  if (options.bucket.starts_with("s3://"))
    return fmt::format(embedded::kInitialKeysYaml, fmt::arg("bucket", options.bucket),
                       fmt::arg("name", name));
  if (is_gke)
    return fmt::format(embedded::kInitialBucketYaml, fmt::arg("bucket", options.bucket),
                       fmt::arg("name", name));
  return fmt::format(
      "\n# Workers access {} with Application Default Credentials, which this file does not set: "
      "docs/cli.md.\n",
      options.bucket);
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
                "name is \"{}\", want lower-case letters, digits and dashes, 40 at most", name);
  if (is_reserved(name))
    return fail(ErrorCode::kInvalidArgument,
                "name is \"{}\", want a namespace of its own, not one that Kubernetes uses itself",
                name);
  const bool is_gke = options.cloud == "gke-autopilot";
  if (options.spot && !is_gke)
    return fail(ErrorCode::kInvalidArgument,
                "--spot: cloud {} has no default for spot nodes. Write spot: true with the "
                "nodeSelector of your spot nodes into the file.",
                options.cloud);
  LIDO_TRY(check_decisions(options, is_gke));
  const auto [repository, tag] = LIDO_TRY(split_image(options.image));
  std::string text = fmt::format(
      embedded::kInitialValuesYaml, fmt::arg("name", name), fmt::arg("platform", options.cloud),
      fmt::arg("repository",
               repository.empty() ? "\"\"  # fill in, like registry.example/lido" : repository),
      fmt::arg("tag", tag.empty() ? "\"\"  # fill in" : fmt::format("\"{}\"", tag)));
  text += bucket_access(name, options, is_gke);
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
