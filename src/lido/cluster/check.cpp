// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
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
};

/// Checks the documents of one manifest, in order.
class ManifestChecker {
 public:
  ManifestChecker(std::string file, const CheckOptions& options) : options_(options) {
    report_.file = std::move(file);
  }

  /// Reads names that other documents refer to.
  void add_names(const YAML::Node& node, int depth = 0) {
    const std::string kind = scalar_of(child(node, "kind"));
    if (kind == "List" && depth <= kMaxListDepth) {
      for (const YAML::Node& item : items_of(child(node, "items"))) add_names(item, depth + 1);
    }
    if (kind == "ServiceAccount" && is_false(child(node, "automountServiceAccountToken")))
      accounts_without_token_.insert(scalar_of(child(node, "metadata", "name")));
  }

  void check_document(const YAML::Node& node, int depth = 0) {
    const std::string kind = scalar_of(child(node, "kind"));
    report_.object = kind + " " + scalar_of(child(node, "metadata", "name"));
    report_.place = report_.object;
    if (kind == "List") {
      // An alias can make a list an item of itself.
      if (depth > kMaxListDepth) return;
      for (const YAML::Node& item : items_of(child(node, "items"))) check_document(item, depth + 1);
      return;
    }
    const YAML::Node spec = child(node, "spec");
    report_.line = spec.IsDefined() ? spec.Mark().line + 1 : 1;
    if (kind.starts_with("Ray")) {
      ++ray_objects_;
      check_kuberay_rules(node, report_);
    }
    const bool autopilot =
        options_.autopilot ||
        scalar_of(child(node, "metadata", "annotations", "lido/platform")) == "gke-autopilot";
    if (kind == "RayCluster") {
      const YAML::Node upgrade = child(spec, "upgradeStrategy");
      if (is_set(spec) && scalar_of(child(upgrade, "type")) != "Recreate")
        report_.add(rule("upgrade-keeps-pods"), is_set(upgrade) ? upgrade : spec,
                    "upgradeStrategy.type is not Recreate");
      check_cluster(spec, {.autopilot = autopilot});
    } else if (kind == "RayJob") {
      check_job(spec, autopilot);
    } else if (kind == "RayCronJob") {
      check_job(child(spec, "jobTemplate"), autopilot);
    } else if (kind == "RayService") {
      check_cluster(child(spec, "rayClusterConfig"), {.autopilot = autopilot});
    } else if (kind == "Deployment") {
      check_operator(node);
    } else if (kind == "ConfigMap") {
      check_config(node);
    }
    exposure_.add_document(node, report_);
  }

  /// Returns the findings in order of lines; ends the check.
  ManifestCheck finish() {
    exposure_.finish(report_);
    std::ranges::stable_sort(report_.findings, {}, &Finding::line);
    return {.findings = std::move(report_.findings), .ray_objects = ray_objects_};
  }

 private:
  static constexpr int kMaxListDepth = 3;

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
    check_cluster(own_cluster, {.ends_with_job = left.empty(), .autopilot = autopilot});
  }

  void check_entrypoint(const YAML::Node& spec) {
    const bool requests_resources = quantity_of(child(spec, "entrypointNumCpus")).value_or(0) > 0 ||
                                    quantity_of(child(spec, "entrypointNumGpus")).value_or(0) > 0 ||
                                    is_set(child(spec, "entrypointResources"));
    if (is_set(child(spec, "entrypoint")) && !requests_resources)
      add(rule("job-driver-on-head"), child(spec, "entrypoint"),
          "the entrypoint requests no resources");
  }

  /// Only the default mode has a pod that submits the job.
  void check_submitter(const YAML::Node& spec) {
    const std::string mode = scalar_of(child(spec, "submissionMode"));
    if (!mode.empty() && mode != "K8sJobMode") return;
    const YAML::Node pod = child(spec, "submitterPodTemplate", "spec");
    if (is_set(pod)) {
      report_.place = report_.object + ", submitter";
      check_pod_security(pod, report_);
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
    check_head(spec, head, {.is_head = true, .autopilot = settings.autopilot, .sidecars = sidecar});
    check_images(child(head, "template", "spec"), settings.ray_version);
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs")))
      check_worker_group(group, settings);
  }

  void check_authentication(const YAML::Node& spec, const YAML::Node& head) {
    if (scalar_of(child(spec, "authOptions", "mode")) == "token") return;
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

  void check_passwords(const YAML::Node& spec, const YAML::Node& head) {
    const YAML::Node password = child(spec, "gcsFaultToleranceOptions", "redisPassword", "value");
    if (is_set(password)) add(rule("password-in-manifest"), password, "redisPassword has a value");
    const YAML::Node param = child(head, "rayStartParams", "redis-password");
    if (!scalar_of(param).empty() && !scalar_of(param).starts_with('$'))
      add(rule("password-in-manifest"), param, "redis-password has a value");
    for (const YAML::Node& container : containers_of(child(head, "template", "spec"))) {
      const YAML::Node value = child(variable_of(container, "REDIS_PASSWORD"), "value");
      if (!scalar_of(value).empty())
        add(rule("password-in-manifest"), value, "REDIS_PASSWORD has a value");
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
    check_security_context(context, is_set(context) ? context : place, "KubeRay's autoscaler",
                           report_);
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
    exposure_.add_head(head, report_);
    check_group_pod(head, role, report_);
    check_pod_security(pod, report_);
    double workers = 0;
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs"))) {
      const double max = quantity_of(child(group, "maxReplicas")).value_or(0);
      if (max < kUnbounded) workers += max;
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
    check_token(pod, settings);
    check_group_pod(worker, {.is_head = false, .autopilot = settings.autopilot, .sidecars = {}},
                    report_);
    check_pod_security(pod, report_);
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
    const auto containers = items_of(child(pod, "containers"));
    const bool has_gpu = is_set(child(pod, "nodeSelector", "cloud.google.com/gke-accelerator")) ||
                         (!containers.empty() && quantity_of(child(containers.front(), "resources",
                                                                   "limits", "nvidia.com/gpu"))
                                                         .value_or(0) > 0);
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
      if (++operators_ > 1) add(rule("two-operators"), container, "a second KubeRay operator");
    }
  }

  CheckOptions options_;
  Report report_;
  ExposureCheck exposure_;
  std::set<std::string> accounts_without_token_;
  int ray_objects_ = 0;
  int operators_ = 0;  ///< KubeRay operators so far.
};

}  // namespace
}  // namespace manifest

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  return kNames[static_cast<size_t>(severity)];
}

Result<double> parse_quantity(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 14> kUnits = {{{"Ki", 0x1p10},
                                                                           {"Mi", 0x1p20},
                                                                           {"Gi", 0x1p30},
                                                                           {"Ti", 0x1p40},
                                                                           {"Pi", 0x1p50},
                                                                           {"Ei", 0x1p60},
                                                                           {"m", 1e-3},
                                                                           {"k", 1e3},
                                                                           {"M", 1e6},
                                                                           {"G", 1e9},
                                                                           {"T", 1e12},
                                                                           {"P", 1e15},
                                                                           {"E", 1e18},
                                                                           {"", 1}}};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const auto found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
  if (error != std::errc() || found == kUnits.end() || !std::isfinite(value)) {
    return fail(ErrorCode::kInvalidArgument,
                "quantity is \"{}\", want a number like 500m, 2 or 4Gi", text);
  }
  return value * found->second;
}

Result<ManifestCheck> check_manifest(std::string_view text, const std::string& file,
                                     const CheckOptions& options) {
  LIDO_TRY(check_yaml_text(text, file, std::numeric_limits<int>::max()));
  manifest::ManifestChecker checker(file, options);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (std::ranges::none_of(documents, manifest::is_set))
      return fail(ErrorCode::kInvalidArgument, "{}: the manifest is empty, want YAML documents",
                  file);
    for (const YAML::Node& document : documents) checker.add_names(document);
    for (const YAML::Node& document : documents) checker.check_document(document);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return fail(ErrorCode::kInvalidArgument, "{}:{}: not YAML: {}", file, line, error.msg);
  }
  return checker.finish();
}

}  // namespace lido::cluster
