// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "lido/base/yaml_text.h"
#include "lido/cluster/head_size.h"
#include "lido/cluster/manifest.h"

namespace lido::cluster {
namespace manifest {
namespace {

constexpr double kLargeHeadBytes = kLargeHead_gib * 0x1p30;
constexpr double kMinAutoscalerCpu = 0.5, kMinAutoscalerBytes = 0x1p30;
/// KubeRay's default for maxReplicas is 2^31 - 1.
constexpr double kUnbounded = 1e6;
/// KubeRay's default for the idle timeout.
constexpr double kDefaultIdle_s = 60;
constexpr double kMinIdle_s = 60, kMinGpuIdle_s = 300;
/// Default of Kubernetes for the grace period.
constexpr double kDefaultGrace_s = 30;

/// Name of an image, and its tag without a digest; the tag is empty when there is none.
struct ImageName {
  std::string repository;  ///< Without registry and folders: "ray" of "rayproject/ray:2.9.0".
  std::string tag;
  bool has_digest = false;
};

ImageName parse_image(const std::string& image) {
  ImageName name{.has_digest = image.contains('@')};
  const std::string text = image.substr(0, image.find('@'));
  const size_t slash = text.rfind('/');
  const std::string last = slash == std::string::npos ? text : text.substr(slash + 1);
  const size_t colon = last.find(':');
  name.repository = last.substr(0, colon);
  if (colon != std::string::npos) name.tag = last.substr(colon + 1);
  return name;
}

/// Whether an image is Ray's own, in any registry: its tag is then a version of Ray.
bool is_image_of_ray(const ImageName& image) {
  return image.repository == "ray" || image.repository == "ray-ml" || image.repository == "ray-llm";
}

/// Settings of a RayCluster that its worker groups inherit.
struct ClusterSettings {
  bool autoscales = false;
  bool ends_with_job = false;    ///< The cluster of a RayJob that deletes it.
  bool asks_kubernetes = false;  ///< Ray asks Kubernetes about callers: workers need a token.
  bool autopilot = false;
  double idle_timeout_s = kDefaultIdle_s;
  std::string ray_version;  ///< Empty when the manifest has none.
  std::string name;         ///< Name of the RayCluster; empty when KubeRay chooses the name.
  std::set<std::string> driver_resources;  ///< Names that drivers of jobs request.
};

/// Whether a kind is a list of objects, such as List and RayClusterList.
bool is_list(const std::string& kind) {
  return kind == "List" || (kind.starts_with("Ray") && kind.ends_with("List"));
}

/// Returns the kind of an object; the items of a typed list may have none of their own.
std::string kind_of(const YAML::Node& node, const std::string& list = "") {
  std::string own = scalar_of(child(node, "kind"));
  if (!own.empty() || list.size() <= 4) return own;
  return list.substr(0, list.size() - 4);
}

/// Returns the resources that the entrypoint of a job requests, beside CPUs and GPUs.
std::set<std::string> entrypoint_resources(const YAML::Node& job) {
  std::set<std::string> names;
  const auto json =
      nlohmann::json::parse(scalar_of(child(job, "entrypointResources")), nullptr, false);
  if (!json.is_object()) return names;
  for (const auto& [name, value] : json.items()) {
    if (value.is_number() && value.get<double>() > 0) names.insert(name);
  }
  return names;
}

/// Checks the documents of several manifests, in order.
class ManifestChecker {
 public:
  explicit ManifestChecker(const CheckOptions& options) : options_(options) {}

  /// Begins the next file.
  void begin_file(const std::string& file, int index) {
    report_.file = file;
    report_.file_index = index;
  }

  /// Reads names that other documents refer to.
  void add_names(const YAML::Node& node, int depth = 0) {
    const std::string kind = scalar_of(child(node, "kind"));
    if (is_list(kind) && depth <= kMaxListDepth) {
      for (const YAML::Node& item : items_of(child(node, "items"))) add_names(item, depth + 1);
    }
    if (kind == "ServiceAccount" && is_false(child(node, "automountServiceAccountToken")))
      accounts_without_token_.insert(scalar_of(child(node, "metadata", "name")));
  }

  void check_document(const YAML::Node& node, int depth = 0, const std::string& list = "") {
    const std::string kind = kind_of(node, list);
    report_.object = kind + " " + scalar_of(child(node, "metadata", "name"));
    report_.place = report_.object;
    if (is_list(kind)) {
      if (depth > kMaxListDepth) return;
      for (const YAML::Node& item : items_of(child(node, "items")))
        check_document(item, depth + 1, kind);
      return;
    }
    const YAML::Node spec = child(node, "spec");
    report_.line = (spec.IsDefined() ? spec : node).Mark().line + 1;
    if (kind.starts_with("Ray")) {
      ++ray_objects_;
      check_fields(node, report_);
      check_kuberay_rules(node, report_);
    }
    check_by_kind(kind, node, spec);
    exposure_.add_document(node, report_);
  }

  /// Returns the findings in order of files and lines; ends the check.
  ManifestCheck finish() {
    exposure_.finish(report_);
    std::vector<size_t> order(report_.findings.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, {}, [&](size_t i) {
      return std::pair(report_.file_indices[i], report_.findings[i].line);
    });
    ManifestCheck check{.findings = {}, .ray_objects = ray_objects_};
    for (const size_t i : order) check.findings.push_back(std::move(report_.findings[i]));
    return check;
  }

 private:
  static constexpr int kMaxListDepth = 3;

  void check_by_kind(const std::string& kind, const YAML::Node& node, const YAML::Node& spec) {
    const bool autopilot =
        options_.autopilot ||
        scalar_of(child(node, "metadata", "annotations", "lido/platform")) == "gke-autopilot";
    if (kind == "RayCluster") {
      const YAML::Node upgrade = child(spec, "upgradeStrategy");
      if (is_set(spec) && scalar_of(child(upgrade, "type")) != "Recreate")
        report_.add(rule("upgrade-keeps-pods"), is_set(upgrade) ? upgrade : spec,
                    "upgradeStrategy.type is not Recreate");
      check_cluster(spec, {.autopilot = autopilot,
                           .ray_version = {},
                           .name = scalar_of(child(node, "metadata", "name")),
                           .driver_resources = {}});
    } else if (kind == "RayJob") {
      check_job(spec, autopilot);
    } else if (kind == "RayCronJob") {
      check_job(child(spec, "jobTemplate"), autopilot);
    } else if (kind == "RayService") {
      check_cluster(
          child(spec, "rayClusterConfig"),
          {.autopilot = autopilot, .ray_version = {}, .name = {}, .driver_resources = {}});
    } else if (kind == "Deployment") {
      check_operator(node);
    } else if (kind == "ConfigMap") {
      check_config(node);
    }
  }

  void add(const Rule& rule, const YAML::Node& node, std::string found) {
    report_.add(rule, node, std::move(found));
  }

  /// Returns the final statuses of a job after which its rules leave the cluster.
  static std::string statuses_that_leave(const YAML::Node& spec) {
    const YAML::Node strategy = child(spec, "deletionStrategy");
    std::set<std::string> deleted;
    const auto deletes = [](const YAML::Node& node) {
      const std::string policy = scalar_of(child(node, "policy"));
      return policy == "DeleteCluster" || policy == "DeleteSelf";
    };
    if (deletes(child(strategy, "onSuccess"))) deleted.insert("SUCCEEDED");
    if (deletes(child(strategy, "onFailure"))) deleted.insert("FAILED");
    for (const YAML::Node& each : items_of(child(strategy, "deletionRules"))) {
      if (!deletes(each)) continue;
      const std::string job = scalar_of(child(each, "condition", "jobStatus"));
      const std::string deployment = scalar_of(child(each, "condition", "jobDeploymentStatus"));
      deleted.insert(job.empty() ? (deployment == "Complete" ? "SUCCEEDED" : "FAILED") : job);
    }
    std::vector<std::string> left;
    for (const char* status : {"SUCCEEDED", "FAILED"}) {
      if (!deleted.contains(status)) left.emplace_back(status);
    }
    return fmt::format("{}", fmt::join(left, " and "));
  }

  void check_job(const YAML::Node& spec, bool autopilot) {
    report_.line = spec.IsDefined() ? spec.Mark().line + 1 : 1;
    const YAML::Node own_cluster = child(spec, "rayClusterSpec");
    const bool shuts_down = is_true(child(spec, "shutdownAfterJobFinishes"));
    const std::string left = shuts_down ? "" : statuses_that_leave(spec);
    if (is_set(own_cluster) && !left.empty()) {
      const YAML::Node strategy = child(spec, "deletionStrategy");
      add(rule("job-leaves-cluster"), is_set(strategy) ? strategy : spec,
          is_set(strategy) ? "deletionStrategy leaves the cluster after " + left
                           : "shutdownAfterJobFinishes is not true");
    }
    check_entrypoint(spec);
    const YAML::Node environment = child(spec, "runtimeEnvYAML");
    if (scalar_of(environment).contains("pip:") || scalar_of(environment).contains("conda:"))
      add(rule("install-at-start"), environment, "runtimeEnvYAML installs packages");
    if (!is_set(own_cluster)) return;
    if (!is_set(child(spec, "preRunningDeadlineSeconds")) &&
        !is_set(child(spec, "activeDeadlineSeconds")))
      add(rule("job-no-deadline"), spec,
          "neither preRunningDeadlineSeconds nor activeDeadlineSeconds");
    check_submitter(spec);
    check_cluster(own_cluster, {.ends_with_job = left.empty(),
                                .autopilot = autopilot,
                                .ray_version = {},
                                .name = {},
                                .driver_resources = entrypoint_resources(spec)});
  }

  void check_entrypoint(const YAML::Node& spec) {
    const YAML::Node entrypoint = child(spec, "entrypoint");
    if (!is_set(entrypoint) || quantity_of(child(spec, "entrypointNumCpus")).value_or(0) > 0 ||
        quantity_of(child(spec, "entrypointNumGpus")).value_or(0) > 0)
      return;
    const auto offered = offered_resources(child(spec, "rayClusterSpec", "headGroupSpec"));
    std::set<std::string> wanted = entrypoint_resources(spec);
    const bool requests_any = !wanted.empty();
    // Ray itself gives the head node:__internal_head__.
    std::erase_if(wanted, [&](const std::string& name) {
      return name == "node:__internal_head__" || std::ranges::find(offered, name) != offered.end();
    });
    if (wanted.empty())
      add(rule("job-driver-on-head"), entrypoint,
          requests_any ? "the head offers all that the entrypoint requests"
                       : "the entrypoint requests no resources");
  }

  /// Only the default mode has a pod that submits the job.
  void check_submitter(const YAML::Node& spec) {
    const std::string mode = scalar_of(child(spec, "submissionMode"));
    if (!mode.empty() && mode != "K8sJobMode") return;
    const YAML::Node submitter = child(spec, "submitterPodTemplate");
    const YAML::Node pod = child(submitter, "spec");
    if (is_set(pod)) {
      report_.place = report_.object + ", submitter";
      check_pod_security(pod, child(submitter, "metadata"), report_);
    } else if (is_set(child(spec, "entrypoint"))) {
      check_security_context(pod, child(spec, "entrypoint"), "KubeRay's submitter", report_);
    }
    report_.place = report_.object;
  }

  void check_cluster(const YAML::Node& spec, ClusterSettings settings) {
    if (!is_set(spec) || !spec.IsMap()) return;
    report_.line = spec.Mark().line + 1;
    const YAML::Node head = child(spec, "headGroupSpec");
    const YAML::Node autoscaler = child(spec, "autoscalerOptions");
    settings.autoscales = is_true(child(spec, "enableInTreeAutoscaling"));
    settings.asks_kubernetes = is_true(child(spec, "authOptions", "enableK8sTokenAuth"));
    settings.idle_timeout_s =
        quantity_of(child(autoscaler, "idleTimeoutSeconds")).value_or(kDefaultIdle_s);
    settings.ray_version = scalar_of(child(spec, "rayVersion"));
    check_authentication(spec, head);
    check_passwords(spec, head);
    PodRequests sidecar;
    if (settings.autoscales) sidecar = check_autoscaler(spec, autoscaler);
    head_cluster_ = settings.name;
    check_head(spec, head, {.is_head = true, .autopilot = settings.autopilot, .sidecars = sidecar});
    check_images(child(head, "template", "spec"), settings.ray_version);
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs")))
      check_worker_group(group, settings);
  }

  void check_authentication(const YAML::Node& spec, const YAML::Node& head) {
    if (scalar_of(child(spec, "authOptions", "mode")) == "token") return check_auth_modes(spec);
    bool has_proxy = false;
    const auto containers = items_of(child(head, "template", "spec", "containers"));
    for (const YAML::Node& container : containers)
      has_proxy = has_proxy || scalar_of(child(container, "image")).contains("kube-rbac-proxy");
    if (!containers.empty() &&
        scalar_of(child(variable_of(containers.front(), "RAY_AUTH_MODE"), "value")) == "token")
      return;
    // KubeRay's default for dashboard-host is 0.0.0.0.
    const std::string host = scalar_of(child(head, "rayStartParams", "dashboard-host"));
    const bool is_local = host == "127.0.0.1" || host == "localhost" || host == "::1";
    if (has_proxy && is_local) return;
    add(rule("api-open"), spec,
        has_proxy ? "kube-rbac-proxy beside a Ray that listens on " +
                        (host.empty() ? "0.0.0.0, KubeRay's default" : host)
                  : "no authOptions.mode token and no kube-rbac-proxy");
  }

  /// Returns the head and the worker groups of a RayCluster.
  static std::vector<YAML::Node> groups_of(const YAML::Node& spec) {
    std::vector<YAML::Node> groups = {child(spec, "headGroupSpec")};
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs")))
      groups.push_back(group);
    return groups;
  }

  /// KubeRay sets the mode only in containers that have no such variable (SetContainerTokenAuth).
  void check_auth_modes(const YAML::Node& spec) {
    for (const YAML::Node& group : groups_of(spec)) {
      for (const YAML::Node& container : containers_of(child(group, "template", "spec"))) {
        const YAML::Node variable = variable_of(container, "RAY_AUTH_MODE");
        const std::string mode = scalar_of(child(variable, "value"));
        if (is_set(variable) && mode != "token" && !is_set(child(variable, "valueFrom")))
          add(rule("api-open"), variable,
              fmt::format("RAY_AUTH_MODE is \"{}\" in container {}, which overrides authOptions",
                          mode, scalar_of(child(container, "name"))));
      }
    }
  }

  void check_passwords(const YAML::Node& spec, const YAML::Node& head) {
    const YAML::Node password = child(spec, "gcsFaultToleranceOptions", "redisPassword", "value");
    if (is_set(password)) add(rule("password-in-manifest"), password, "redisPassword has a value");
    const YAML::Node param = child(head, "rayStartParams", "redis-password");
    if (!scalar_of(param).empty() && !scalar_of(param).starts_with('$'))
      add(rule("password-in-manifest"), param, "redis-password has a value");
    for (const YAML::Node& group : groups_of(spec)) {
      for (const YAML::Node& container : containers_of(child(group, "template", "spec"))) {
        for (const char* name : {"REDIS_PASSWORD", "RAY_AUTH_TOKEN"}) {
          const YAML::Node value = child(variable_of(container, name), "value");
          if (!scalar_of(value).empty())
            add(rule("password-in-manifest"), value, fmt::format("{} has a value", name));
        }
      }
    }
  }

  void check_config(const YAML::Node& config) {
    for (const auto& [key, value] : entries_of(child(config, "data"))) {
      if (scalar_of(value).contains("requirepass "))
        add(rule("password-in-manifest"), value, fmt::format("{} has requirepass", key));
    }
  }

  /// Checks the container that KubeRay adds to the head. Returns its requests.
  PodRequests check_autoscaler(const YAML::Node& spec, const YAML::Node& options) {
    const YAML::Node place = is_set(options) ? options : spec;
    if (scalar_of(child(options, "version")) != "v2")
      add(rule("autoscaler-v1"), place, "autoscalerOptions.version is not v2");
    const YAML::Node context = child(options, "securityContext");
    const YAML::Node pod = child(spec, "headGroupSpec", "template", "spec");
    check_security_context(merged_context(pod, context), is_set(context) ? context : place,
                           "KubeRay's autoscaler", report_);
    const YAML::Node resources = child(options, "resources");
    const auto cpu = quantity_of(child(resources, "limits", "cpu"));
    const auto memory = quantity_of(child(resources, "limits", "memory"));
    const bool is_small = cpu.value_or(kMinAutoscalerCpu) < kMinAutoscalerCpu ||
                          memory.value_or(kMinAutoscalerBytes) < kMinAutoscalerBytes;
    if (is_small)
      add(rule("autoscaler-small"), resources,
          fmt::format("limits of {} CPU and {} memory",
                      scalar_of(child(resources, "limits", "cpu")),
                      scalar_of(child(resources, "limits", "memory"))));
    return {cpu.value_or(kMinAutoscalerCpu), memory.value_or(0x1p29) / 0x1p30, 0};
  }

  void check_head(const YAML::Node& spec, const YAML::Node& head, const PodRole& role) {
    report_.place = report_.object + ", head";
    if (!is_set(head)) return;
    report_.line = head.Mark().line + 1;
    const YAML::Node params = child(head, "rayStartParams");
    check_head_resource(head, "num-cpus", "CPU", rule("head-cpus"));
    check_head_resource(head, "memory", "memory", rule("head-memory"));
    const YAML::Node pod = child(head, "template", "spec");
    if (spot_nodes(pod)) add(rule("head-spot"), pod, "the head may run on spot nodes");
    exposure_.add_head(head, head_cluster_, report_);
    check_group_pod(head, role, report_);
    check_pod_security(pod, child(head, "template", "metadata"), report_);
    double workers = 0;
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs"))) {
      // A replica of several hosts, as of TPUs, is as many pods.
      const double hosts = quantity_of(child(group, "numOfHosts")).value_or(1);
      const double max = quantity_of(child(group, "maxReplicas")).value_or(0);
      if (max < kUnbounded) workers += max * std::max(hosts, 1.0);
    }
    const auto containers = items_of(child(pod, "containers"));
    if (workers <= kMaxWorkersOfSmallHead || containers.empty()) return;
    const YAML::Node limits = child(containers.front(), "resources", "limits");
    const double cpu = quantity_of(child(limits, "cpu")).value_or(kLargeHeadCpu);
    const double memory = quantity_of(child(limits, "memory")).value_or(kLargeHeadBytes);
    if (cpu < kLargeHeadCpu || memory < kLargeHeadBytes)
      add(rule("head-many-workers"), limits,
          fmt::format("{:g} CPUs and {:.3g} GiB for up to {:g} workers", cpu, memory / 0x1p30,
                      workers));
  }

  /// Checks that Ray schedules none of a resource on the head.
  void check_head_resource(const YAML::Node& head, const char* param, const char* resource,
                           const Rule& rule) {
    const YAML::Node params = child(head, "rayStartParams");
    YAML::Node given = child(params, param);
    if (!is_set(given)) {
      for (const auto& [key, value] : entries_of(child(head, "resources"))) {
        if (std::ranges::equal(key, std::string_view(resource),
                               [](char a, char b) { return std::tolower(a) == std::tolower(b); }))
          given.reset(value);
      }
    }
    if (scalar_of(given) == "0") return;
    add(rule, is_set(given) ? given : (is_set(params) ? params : head),
        is_set(given) ? fmt::format("{} is {}", param, scalar_of(given))
                      : fmt::format("{} is not set", param));
  }

  void check_worker_group(const YAML::Node& worker, const ClusterSettings& settings) {
    report_.place = report_.object + ", worker group " + scalar_of(child(worker, "groupName"));
    if (!worker.IsMap()) return;
    report_.line = worker.Mark().line + 1;
    const YAML::Node pod = child(worker, "template", "spec");
    check_scaling(worker, settings);
    check_spot_grace(pod);
    check_spot_driver(worker, settings);
    check_token(pod, settings);
    check_group_pod(worker, {.is_head = false, .autopilot = settings.autopilot, .sidecars = {}},
                    report_);
    check_pod_security(pod, child(worker, "template", "metadata"), report_);
    check_images(pod, settings.ray_version);
  }

  void check_spot_grace(const YAML::Node& pod) {
    const auto spot = spot_nodes(pod);
    const YAML::Node grace = child(pod, "terminationGracePeriodSeconds");
    if (!spot || spot->grace_s <= 0 ||
        quantity_of(grace).value_or(kDefaultGrace_s) <= spot->grace_s)
      return;
    add(rule("spot-grace"), is_set(grace) ? grace : pod,
        fmt::format("terminationGracePeriodSeconds is {}; {} gives {:g} s at most",
                    is_set(grace) ? scalar_of(grace) : "30, the default",
                    spot->cloud.empty() ? "the cloud" : spot->cloud, spot->grace_s));
  }

  /// Drivers run on pods that offer what they request; Lido's drivers request "driver".
  void check_spot_driver(const YAML::Node& worker, const ClusterSettings& settings) {
    const YAML::Node pod = child(worker, "template", "spec");
    if (!spot_nodes(pod)) return;
    for (const std::string& name : offered_resources(worker)) {
      if (name != "driver" && !settings.driver_resources.contains(name)) continue;
      add(rule("driver-spot"), pod,
          fmt::format("the group offers {}, which drivers request, on spot nodes", name));
      return;
    }
  }

  void check_token(const YAML::Node& pod, const ClusterSettings& settings) {
    const YAML::Node own = child(pod, "automountServiceAccountToken");
    const YAML::Node account = child(pod, "serviceAccountName");
    const auto containers = items_of(child(pod, "containers"));
    const bool asks_kubernetes =
        settings.asks_kubernetes ||
        (!containers.empty() &&
         scalar_of(child(variable_of(containers.front(), "RAY_ENABLE_K8S_TOKEN_AUTH"), "value")) ==
             "true");
    const bool is_off =
        is_set(own) ? is_false(own) : accounts_without_token_.contains(scalar_of(account));
    if (!is_off && !asks_kubernetes)
      add(rule("worker-token"), pod, "automountServiceAccountToken is not false");
  }

  void check_scaling(const YAML::Node& worker, const ClusterSettings& settings) {
    const YAML::Node min = child(worker, "minReplicas");
    if (!settings.autoscales) {
      if (!settings.ends_with_job) add(rule("never-shrinks"), worker, "no autoscaler");
      return;
    }
    const auto max = quantity_of(child(worker, "maxReplicas"));
    if (!max || *max > kUnbounded)
      add(rule("replicas-unbounded"), max ? child(worker, "maxReplicas") : worker,
          max ? fmt::format("maxReplicas is {}", scalar_of(child(worker, "maxReplicas")))
              : "maxReplicas is not set");
    if (quantity_of(min).value_or(0) > 0 && !settings.ends_with_job)
      add(rule("never-shrinks"), min, fmt::format("minReplicas is {}", scalar_of(min)));
    const YAML::Node own = child(worker, "idleTimeoutSeconds");
    const double idle_s = quantity_of(own).value_or(settings.idle_timeout_s);
    const YAML::Node pod = child(worker, "template", "spec");
    const bool has_gpu = is_set(child(pod, "nodeSelector", "cloud.google.com/gke-accelerator")) ||
                         sum_of_limits(pod, "nvidia.com/gpu") > 0;
    const double min_idle_s = has_gpu ? kMinGpuIdle_s : kMinIdle_s;
    if (idle_s < min_idle_s)
      add(rule("idle-too-short"), is_set(own) ? own : worker,
          fmt::format("idleTimeoutSeconds is {:g}, below {:g}", idle_s, min_idle_s));
  }

  void check_images(const YAML::Node& pod, const std::string& ray_version) {
    for (const YAML::Node& container : containers_of(pod)) {
      const YAML::Node image = child(container, "image");
      const std::string text = scalar_of(image);
      if (text.empty()) continue;
      const ImageName name = parse_image(text);
      if (!name.has_digest && (name.tag.empty() || name.tag == "latest" || name.tag == "nightly"))
        add(rule("image-unpinned"), image, "image is " + text);
      if (text.contains("rayproject/ray"))
        add(rule("image-without-pyc"), image, "image is " + text);
      const auto tag = parse_version(name.tag), wanted = parse_version(ray_version);
      if (is_image_of_ray(name) && tag && wanted && *tag != *wanted)
        add(rule("version-differs"), image,
            fmt::format("image is {}, rayVersion {}", text, ray_version));
    }
  }

  void check_operator(const YAML::Node& deployment) {
    for (const YAML::Node& container :
         items_of(child(deployment, "spec", "template", "spec", "containers"))) {
      const std::string image = scalar_of(child(container, "image"));
      if (!image.contains("kuberay") || !image.contains("operator")) continue;
      // Two of the files can have the same Deployment.
      const YAML::Node metadata = child(deployment, "metadata");
      operators_.insert(fmt::format("{}/{}/{}", scalar_of(child(metadata, "namespace")),
                                    scalar_of(child(metadata, "name")),
                                    scalar_of(child(container, "name")) + image));
      if (operators_.size() > 1) add(rule("two-operators"), container, "a second KubeRay operator");
    }
  }

  CheckOptions options_;
  Report report_;
  ExposureCheck exposure_;
  std::set<std::string> accounts_without_token_;
  int ray_objects_ = 0;
  std::set<std::string> operators_;  ///< Containers of KubeRay operators so far.
  std::string head_cluster_;         ///< Name of the RayCluster whose head is checked.
};

}  // namespace
}  // namespace manifest

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  return kNames[static_cast<size_t>(severity)];
}

Result<ManifestCheck> check_manifests(const std::vector<ManifestFile>& files,
                                      const CheckOptions& options) {
  std::vector<std::vector<YAML::Node>> documents;
  for (const ManifestFile& file : files) {
    LIDO_TRY(check_yaml_text(file.text, file.name, std::numeric_limits<int>::max()));
    try {
      documents.push_back(YAML::LoadAll(file.text));
    } catch (const YAML::Exception& error) {
      const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
      return fail(ErrorCode::kInvalidArgument, "{}:{}: not YAML: {}", file.name, line, error.msg);
    }
    if (std::ranges::none_of(documents.back(), manifest::is_set))
      return fail(ErrorCode::kInvalidArgument, "{}: the manifest is empty, want YAML documents",
                  file.name);
  }
  manifest::ManifestChecker checker(options);
  for (const auto& of_file : documents) {
    for (const YAML::Node& document : of_file) checker.add_names(document);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    try {
      checker.begin_file(files[i].name, static_cast<int>(i));
      for (const YAML::Node& document : documents[i]) checker.check_document(document);
    } catch (const YAML::Exception& error) {
      return fail(ErrorCode::kInvalidArgument, "{}: {}", files[i].name, error.msg);
    }
  }
  return checker.finish();
}

Result<ManifestCheck> check_manifest(std::string_view text, const std::string& file,
                                     const CheckOptions& options) {
  return check_manifests({{std::string(text), file}}, options);
}

}  // namespace lido::cluster
