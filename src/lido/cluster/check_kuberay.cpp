// SPDX-License-Identifier: Apache-2.0
// What KubeRay 1.6.2 refuses: controllers/ray/utils/validation.go of its sources, in its order.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr Version kMinAuthVersion{2, 52, 0}, kMinK8sAuthVersion{2, 55, 0};
/// Names of a RayCluster, and of objects whose names KubeRay extends by a suffix of six.
constexpr size_t kMaxClusterName = 53, kMaxOwnerName = 47;

/// Reports what KubeRay refuses in one Ray object.
class KubeRayRules {
 public:
  KubeRayRules(const YAML::Node& document, Report& report) : document_(document), report_(report) {}

  void check() {
    const std::string kind = scalar_of(child(document_, "kind"));
    const YAML::Node spec = child(document_, "spec");
    if (kind == "RayCluster") {
      check_name(kMaxClusterName);
      check_cluster(spec);
      check_upgrade_type(child(spec, "upgradeStrategy", "type"), {"Recreate", "None"});
    } else if (kind == "RayJob") {
      check_name(kMaxOwnerName);
      check_job(spec);
    } else if (kind == "RayCronJob") {
      check_job(child(spec, "jobTemplate"));
      const YAML::Node schedule = child(spec, "schedule");
      if (const auto fault = fault_of_schedule(scalar_of(schedule));
          is_set(schedule) && !fault.empty())
        refuse(schedule, fmt::format("schedule \"{}\" {}", scalar_of(schedule), fault));
    } else if (kind == "RayService") {
      check_name(kMaxOwnerName);
      check_service(spec);
    }
  }

 private:
  void refuse(const YAML::Node& node, std::string found) {
    report_.add(rule("kuberay-refuses"), node, std::move(found));
  }

  /// KubeRay wants labels of RFC 1035, since a name becomes part of pod and service names.
  void check_name(size_t max_length) {
    const YAML::Node node = child(document_, "metadata", "name");
    const std::string name = scalar_of(node);
    if (name.empty()) return;  // generateName, or a patch
    if (name.size() > max_length)
      refuse(node, fmt::format("name has {} characters, want {} at most", name.size(), max_length));
    const auto is_plain = [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0;
    };
    const bool is_label =
        std::islower(static_cast<unsigned char>(name.front())) != 0 && is_plain(name.back()) &&
        std::ranges::all_of(name, [&](char c) { return is_plain(c) || c == '-'; });
    if (!is_label)
      refuse(node,
             fmt::format("name is {}, want lower-case letters, digits and dashes, a letter first",
                         name));
  }

  void check_service(const YAML::Node& spec) {
    const YAML::Node cluster = child(spec, "rayClusterConfig");
    check_k8s_auth_owner(cluster, "RayService");
    check_cluster(cluster);
    const YAML::Node name = child(cluster, "headGroupSpec", "headService", "metadata", "name");
    if (is_set(name)) refuse(name, "headService of a RayService has a name");
    const YAML::Node delay = child(spec, "rayClusterDeletionDelaySeconds");
    if (quantity_of(delay).value_or(0) < 0)
      refuse(delay,
             fmt::format("rayClusterDeletionDelaySeconds is {}, want 0 or more", scalar_of(delay)));
    const YAML::Node strategy = child(spec, "upgradeStrategy");
    check_upgrade_type(child(strategy, "type"),
                       {"NewCluster", "NewClusterWithIncrementalUpgrade", "None"});
    if (scalar_of(child(strategy, "type")) == "NewClusterWithIncrementalUpgrade")
      check_incremental_upgrade(strategy, cluster);
  }

  void check_upgrade_type(const YAML::Node& type, const std::vector<std::string_view>& allowed) {
    if (is_set(type) && std::ranges::find(allowed, scalar_of(type)) == allowed.end())
      refuse(type, fmt::format("upgradeStrategy.type is {}, want one of {}", scalar_of(type),
                               fmt::join(allowed, ", ")));
  }

  void check_incremental_upgrade(const YAML::Node& strategy, const YAML::Node& cluster) {
    const YAML::Node options = child(strategy, "clusterUpgradeOptions");
    if (!is_true(child(cluster, "enableInTreeAutoscaling")))
      refuse(strategy, "NewClusterWithIncrementalUpgrade without autoscaling");
    if (!is_set(options))
      return refuse(strategy, "NewClusterWithIncrementalUpgrade without clusterUpgradeOptions");
    for (const char* key : {"maxSurgePercent", "stepSizePercent"}) {
      const YAML::Node node = child(options, key);
      if (const double percent = quantity_of(node).value_or(0); percent < 0 || percent > 100)
        refuse(node, fmt::format("{} is {}, want 0 to 100", key, scalar_of(node)));
    }
    const YAML::Node interval = child(options, "intervalSeconds");
    if (quantity_of(interval).value_or(1) <= 0)
      refuse(interval, fmt::format("intervalSeconds is {}, want 1 or more", scalar_of(interval)));
  }

  void check_k8s_auth_owner(const YAML::Node& cluster, const char* kind) {
    const YAML::Node auth = child(cluster, "authOptions");
    if (is_true(child(auth, "enableK8sTokenAuth")))
      report_.add(rule("job-asks-kubernetes"), auth,
                  fmt::format("enableK8sTokenAuth is true in a {}", kind));
  }

  void check_job(const YAML::Node& spec) {
    const YAML::Node cluster = child(spec, "rayClusterSpec");
    const bool shuts_down = is_true(child(spec, "shutdownAfterJobFinishes"));
    const YAML::Node suspend = child(spec, "suspend");
    if (is_true(suspend) && !shuts_down)
      refuse(suspend, "suspend without shutdownAfterJobFinishes");
    const YAML::Node ttl = child(spec, "ttlSecondsAfterFinished");
    if (const double ttl_s = quantity_of(ttl).value_or(0); ttl_s < 0)
      refuse(ttl, fmt::format("ttlSecondsAfterFinished is {:g}, want 0 or more", ttl_s));
    else if (ttl_s > 0 && !shuts_down)
      refuse(ttl, "ttlSecondsAfterFinished without shutdownAfterJobFinishes");
    check_deletion(spec, shuts_down);
    check_selector(spec);
    check_submission(spec);
    if (is_set(cluster)) {
      check_k8s_auth_owner(cluster, "RayJob");
      check_cluster(cluster);
      const YAML::Node upgrade = child(cluster, "upgradeStrategy", "type");
      if (is_set(upgrade)) refuse(upgrade, "upgradeStrategy in the own cluster of a RayJob");
    }
    for (const char* key : {"activeDeadlineSeconds", "preRunningDeadlineSeconds"}) {
      const YAML::Node node = child(spec, key);
      if (is_set(node) && quantity_of(node).value_or(1) <= 0)
        refuse(node, fmt::format("{} is {}, want 1 or more", key, scalar_of(node)));
    }
    const YAML::Node retries = child(spec, "backoffLimit");
    if (quantity_of(retries).value_or(0) < 0)
      refuse(retries, fmt::format("backoffLimit is {}, want 0 or more", scalar_of(retries)));
  }

  void check_selector(const YAML::Node& spec) {
    const YAML::Node selector = child(spec, "clusterSelector");
    if (entries_of(selector).empty()) {
      if (spec.IsDefined() && spec.IsMap() && !is_set(child(spec, "rayClusterSpec")))
        refuse(spec, "neither rayClusterSpec nor clusterSelector");
      return;
    }
    if (scalar_of(child(selector, "ray.io/cluster")).empty())
      refuse(selector, "clusterSelector without ray.io/cluster");
    if (is_true(child(spec, "suspend"))) refuse(selector, "clusterSelector with suspend");
    if (scalar_of(child(spec, "submissionMode")) == "SidecarMode")
      refuse(selector, "clusterSelector with SidecarMode");
    if (quantity_of(child(spec, "backoffLimit")).value_or(0) > 0)
      refuse(child(spec, "backoffLimit"), "clusterSelector with backoffLimit");
  }

  void check_submission(const YAML::Node& spec) {
    const YAML::Node mode = child(spec, "submissionMode");
    if (scalar_of(mode) == "InteractiveMode" &&
        quantity_of(child(spec, "backoffLimit")).value_or(0) > 0)
      refuse(child(spec, "backoffLimit"), "InteractiveMode with backoffLimit");
    if (scalar_of(mode) != "SidecarMode") return;
    for (const char* key : {"submitterPodTemplate", "submitterConfig"}) {
      if (is_set(child(spec, key)))
        refuse(child(spec, key), fmt::format("SidecarMode with {}", key));
    }
    const YAML::Node restart =
        child(spec, "rayClusterSpec", "headGroupSpec", "template", "spec", "restartPolicy");
    if (is_set(restart) && scalar_of(restart) != "Never")
      refuse(restart, fmt::format("SidecarMode with restartPolicy {}", scalar_of(restart)));
  }

  void check_deletion(const YAML::Node& spec, bool shuts_down) {
    const YAML::Node strategy = child(spec, "deletionStrategy");
    if (!is_set(strategy)) return;
    const auto rules = items_of(child(strategy, "deletionRules"));
    const YAML::Node success = child(strategy, "onSuccess"), failure = child(strategy, "onFailure");
    const bool is_old = is_set(success) || is_set(failure);
    if (!rules.empty() && shuts_down)
      refuse(strategy, "deletionRules with shutdownAfterJobFinishes");
    if (!rules.empty() && is_old) refuse(strategy, "deletionRules with onSuccess or onFailure");
    if (rules.empty() && !is_old) refuse(strategy, "deletionStrategy without rules");
    if (is_old) {
      if (!is_set(child(success, "policy")) || !is_set(child(failure, "policy")))
        refuse(strategy, "onSuccess and onFailure need a policy each");
      const auto is_none = [](const YAML::Node& each) {
        return scalar_of(child(each, "policy")) == "DeleteNone";
      };
      if (shuts_down && (is_none(success) || is_none(failure)))
        refuse(strategy, "DeleteNone with shutdownAfterJobFinishes");
    }
    check_deletion_rules(spec, rules);
  }

  void check_deletion_rules(const YAML::Node& spec, const std::vector<YAML::Node>& rules) {
    const bool has_selector = !entries_of(child(spec, "clusterSelector")).empty();
    const bool autoscales = is_true(child(spec, "rayClusterSpec", "enableInTreeAutoscaling"));
    // Seconds by condition and policy. Workers go first, then the cluster, then the job.
    std::map<std::string, std::map<std::string, double>> ttl_s;
    for (const YAML::Node& each : rules) {
      const YAML::Node condition = child(each, "condition");
      const std::string job = scalar_of(child(condition, "jobStatus"));
      const std::string deployment = scalar_of(child(condition, "jobDeploymentStatus"));
      const std::string policy = scalar_of(child(each, "policy"));
      if (job.empty() == deployment.empty()) {
        refuse(each, "a deletion rule needs either jobStatus or jobDeploymentStatus");
        continue;
      }
      const double seconds = quantity_of(child(condition, "ttlSeconds")).value_or(0);
      if (seconds < 0) refuse(each, fmt::format("ttlSeconds is {:g}, want 0 or more", seconds));
      if (has_selector && (policy == "DeleteCluster" || policy == "DeleteWorkers"))
        refuse(each, policy + " with clusterSelector");
      if (autoscales && policy == "DeleteWorkers") refuse(each, "DeleteWorkers with autoscaling");
      auto& of_condition = ttl_s["job " + job + deployment];
      if (!of_condition.emplace(policy, seconds).second)
        refuse(each, fmt::format("a second rule {} for {}{}", policy, job, deployment));
      double least_s = 0;
      for (const char* stage : {"DeleteWorkers", "DeleteCluster", "DeleteSelf"}) {
        const auto found = of_condition.find(stage);
        if (found == of_condition.end()) continue;
        if (found->second < least_s)
          refuse(each,
                 fmt::format("{} after {:g} s, before an earlier stage", stage, found->second));
        least_s = std::max(least_s, found->second);
      }
    }
  }

  void check_cluster(const YAML::Node& spec) {
    if (!is_set(spec) || !spec.IsMap()) return;
    const YAML::Node head = child(spec, "headGroupSpec");
    if (items_of(child(head, "template", "spec", "containers")).empty())
      refuse(is_set(head) ? head : spec, "headGroupSpec without a container");
    check_group(head, "head");
    const bool autoscales = is_true(child(spec, "enableInTreeAutoscaling"));
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs"))) {
      const std::string name = "worker group " + scalar_of(child(group, "groupName"));
      if (!group.IsMap()) continue;
      if (items_of(child(group, "template", "spec", "containers")).empty())
        refuse(group, name + " without a container");
      check_replicas(group, name);
      check_group_name(child(group, "groupName"));
      check_group(group, name);
      const YAML::Node suspend = child(group, "suspend");
      if (is_true(suspend) && autoscales) refuse(suspend, name + " is suspended with autoscaling");
      check_idle_timeout(group, name, spec);
    }
    check_gcs(spec, head);
    check_autoscaler(spec, head, autoscales);
    check_auth(spec);
  }

  /// The name becomes a label of the pods, and in small letters a part of their names.
  void check_group_name(const YAML::Node& node) {
    constexpr size_t kMaxLabel = 63;
    const std::string name = scalar_of(node);
    if (name.empty()) return;
    const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0; };
    if (name.size() > kMaxLabel)
      refuse(node,
             fmt::format("groupName has {} characters, want {} at most", name.size(), kMaxLabel));
    else if (!is_plain(name.front()) || !is_plain(name.back()) ||
             !std::ranges::all_of(name,
                                  [&](char c) { return is_plain(c) || c == '-' || c == '.'; }))
      refuse(node, fmt::format("groupName is {}, want letters, digits and dashes", name));
  }

  void check_replicas(const YAML::Node& group, const std::string& name) {
    const auto min = quantity_of(child(group, "minReplicas"));
    const auto max = quantity_of(child(group, "maxReplicas"));
    for (const char* key : {"minReplicas", "maxReplicas"}) {
      const YAML::Node node = child(group, key);
      if (quantity_of(node).value_or(0) < 0)
        refuse(node, fmt::format("{} of {} is {}, want 0 or more", key, name, scalar_of(node)));
    }
    if (min && max && *min > *max && *max >= 0)
      refuse(child(group, "minReplicas"),
             fmt::format("minReplicas of {} is {:g}, above maxReplicas {:g}", name, *min, *max));
  }

  void check_group(const YAML::Node& group, const std::string& name) {
    const YAML::Node params = child(group, "rayStartParams");
    const bool has_params = std::ranges::any_of(
        std::array{"num-cpus", "num-gpus", "memory", "resources"},
        [&](const char* key) { return !scalar_of(child(params, key)).empty(); });
    if (has_params && !entries_of(child(group, "resources")).empty())
      refuse(child(group, "resources"),
             fmt::format("{} has resources both in rayStartParams and in resources", name));
    if (child(params, "labels").IsDefined())
      refuse(child(params, "labels"), name + " has labels in rayStartParams");
  }

  /// Whether the environment of the head enables the new autoscaler, as for KubeRay before 1.4.
  static bool enables_v2(const YAML::Node& head_container) {
    const std::string value =
        scalar_of(child(variable_of(head_container, "RAY_enable_autoscaler_v2"), "value"));
    return value == "1" || value == "true";
  }

  static YAML::Node container_of(const YAML::Node& head) {
    const auto containers = items_of(child(head, "template", "spec", "containers"));
    return containers.empty() ? YAML::Node(YAML::NodeType::Undefined) : containers.front();
  }

  void check_idle_timeout(const YAML::Node& group, const std::string& name,
                          const YAML::Node& spec) {
    const YAML::Node node = child(group, "idleTimeoutSeconds");
    if (!is_set(node)) return;
    if (quantity_of(node).value_or(0) < 0)
      refuse(node, fmt::format("idleTimeoutSeconds of {} is {}", name, scalar_of(node)));
    const bool is_v2 = scalar_of(child(spec, "autoscalerOptions", "version")) == "v2" ||
                       enables_v2(container_of(child(spec, "headGroupSpec")));
    if (!is_v2) refuse(node, name + " has idleTimeoutSeconds without autoscaler v2");
  }

  void check_gcs(const YAML::Node& spec, const YAML::Node& head) {
    const YAML::Node annotations = child(document_, "metadata", "annotations");
    const YAML::Node options = child(spec, "gcsFaultToleranceOptions");
    const YAML::Node enabled = child(annotations, "ray.io/ft-enabled");
    const YAML::Node container = container_of(head);
    const YAML::Node address = variable_of(container, "RAY_REDIS_ADDRESS");
    const YAML::Node params = child(head, "rayStartParams");
    if (is_set(enabled) && is_set(options))
      refuse(enabled, "ray.io/ft-enabled with gcsFaultToleranceOptions");
    if (is_set(address) && (is_set(options) || scalar_of(enabled) != "true"))
      refuse(address, is_set(options) ? "RAY_REDIS_ADDRESS with gcsFaultToleranceOptions"
                                      : "RAY_REDIS_ADDRESS without gcsFaultToleranceOptions");
    if (is_set(options)) {
      if (is_set(child(params, "redis-password")))
        refuse(child(params, "redis-password"), "redis-password with gcsFaultToleranceOptions");
      if (const YAML::Node password = variable_of(container, "REDIS_PASSWORD"); is_set(password))
        refuse(password, "REDIS_PASSWORD with gcsFaultToleranceOptions");
      const YAML::Node storage = child(annotations, "ray.io/external-storage-namespace");
      if (is_set(storage))
        refuse(storage, "ray.io/external-storage-namespace with gcsFaultToleranceOptions");
    }
    if (is_set(child(params, "redis-username")))
      refuse(child(params, "redis-username"), "redis-username in rayStartParams");
    if (const YAML::Node user = variable_of(container, "REDIS_USERNAME"); is_set(user))
      refuse(user, "REDIS_USERNAME in the head's environment");
  }

  void check_autoscaler(const YAML::Node& spec, const YAML::Node& head, bool autoscales) {
    const YAML::Node options = child(spec, "autoscalerOptions");
    const YAML::Node variable = variable_of(container_of(head), "RAY_enable_autoscaler_v2");
    if (!autoscales && enables_v2(container_of(head)))
      refuse(variable, "RAY_enable_autoscaler_v2 without enableInTreeAutoscaling");
    if (const YAML::Node idle = child(options, "idleTimeoutSeconds");
        quantity_of(idle).value_or(0) < 0)
      refuse(idle, fmt::format("idleTimeoutSeconds is {}, want 0 or more", scalar_of(idle)));
    if (!autoscales) return;
    if (is_set(child(options, "version")) && is_set(variable))
      refuse(variable, "RAY_enable_autoscaler_v2 with autoscalerOptions.version");
    if (scalar_of(child(options, "version")) != "v2") return;
    check_restart(head, "the head");
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs")))
      check_restart(group, "worker group " + scalar_of(child(group, "groupName")));
  }

  void check_restart(const YAML::Node& group, const std::string& name) {
    const YAML::Node policy = child(group, "template", "spec", "restartPolicy");
    if (is_set(policy) && scalar_of(policy) != "Never")
      refuse(policy, fmt::format("restartPolicy of {} is {}, want Never with autoscaler v2", name,
                                 scalar_of(policy)));
  }

  void check_auth(const YAML::Node& spec) {
    const YAML::Node auth = child(spec, "authOptions");
    const bool asks_kubernetes = is_true(child(auth, "enableK8sTokenAuth"));
    if (scalar_of(child(auth, "mode")) != "token") {
      if (asks_kubernetes) refuse(auth, "enableK8sTokenAuth without mode token");
      return;
    }
    const YAML::Node node = child(spec, "rayVersion");
    const std::string text = scalar_of(node);
    const auto version = parse_version(text);
    if (text.empty()) return refuse(auth, "mode token without rayVersion, want 2.52.0 or later");
    if (!version) return refuse(node, fmt::format("rayVersion is {}, want numbers", text));
    if (*version < kMinAuthVersion)
      return refuse(node,
                    fmt::format("rayVersion is {} with mode token, want 2.52.0 or later", text));
    if (!asks_kubernetes) return;
    if (*version < kMinK8sAuthVersion)
      refuse(node,
             fmt::format("rayVersion is {} with enableK8sTokenAuth, want 2.55.0 or later", text));
    if (is_set(child(auth, "secretName")))
      refuse(child(auth, "secretName"), "secretName with enableK8sTokenAuth");
  }

  YAML::Node document_;
  Report& report_;
};

}  // namespace

void check_kuberay_rules(const YAML::Node& document, Report& report) {
  KubeRayRules(document, report).check();
}

}  // namespace lido::cluster::manifest
