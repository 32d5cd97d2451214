// SPDX-License-Identifier: Apache-2.0
// Rules for the pods of heads and worker groups: memory, disks, probes, requests, start parameters.
#include <algorithm>
#include <array>
#include <cmath>
#include <regex>

#include "lido/cluster/autopilot.h"
#include "lido/cluster/gpus.h"
#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr double kGiB = 0x1p30;
/// Ray starts no smaller object store (OBJECT_STORE_MINIMUM_MEMORY_BYTES of Ray 2.60).
constexpr double kMinStoreBytes = 75 * 0x1p20;
constexpr double kMinHeadBytes = 2 * kGiB;
/// Time without an answer after which a probe may restart a container, seconds.
constexpr double kMinProbe_s = 30, kMaxProbe_s = 60;
constexpr double kMinProbeTimeout_s = 5;
/// Requests that Autopilot gives a container without them. GKE docs, Resource requests in
/// Autopilot.
constexpr double kDefaultCpu = 0.5, kDefaultMemory_gib = 2, kDefaultDisk_gib = 1;

YAML::Node first_container(const YAML::Node& pod) {
  const auto containers = items_of(child(pod, "containers"));
  return containers.empty() ? YAML::Node(YAML::NodeType::Undefined) : containers.front();
}

std::string text_of_bytes(double bytes) {
  return bytes >= kGiB / 10 ? fmt::format("{:.3g} GiB", bytes / kGiB)
                            : fmt::format("{:.0f} bytes", bytes);
}

/// Whether a command of a shell installs packages.
bool installs_packages(const std::string& command) {
  static const std::regex kInstall(
      "\\b(pip3?|conda|mamba|micromamba|apt|apt-get|yum|dnf|microdnf)\\s+(-\\S+\\s+)*install\\b"
      "|\\bapk\\s+(-\\S+\\s+)*add\\b");
  constexpr size_t kMaxLength = 2000;  // std::regex recurses over the text.
  for (size_t start = 0; start < command.size(); start += kMaxLength / 2) {
    if (std::regex_search(command.substr(start, kMaxLength), kInstall)) return true;
  }
  return false;
}

/// Returns the reason why no GPU machine of GKE fits a pod; empty when one fits, or for GPUs that
/// Lido does not know.
/// @param gpus  The pod's limit.
std::optional<std::string> gpu_rejection(std::string_view type, double gpus,
                                         const PodRequests& pod) {
  const auto counts = gpu_counts(type);
  // A pod without a limit of GPUs has a rule of its own.
  if (counts.empty() || gpus <= 0) return std::nullopt;
  const auto count = std::ranges::find(counts, gpus);
  if (count == counts.end())
    return fmt::format("{:g} {} in a pod, want one of {}", gpus, type, fmt::join(counts, ", "));
  const GpuLimits* machine = gpu_limits(type, *count);
  if (machine == nullptr || (pod.cpu < machine->cpu && pod.memory_gib < machine->memory_gib))
    return std::nullopt;
  return fmt::format(
      "{:g} CPUs and {:.4g} GiB of a pod with {:g} {}, want less than {:g} CPUs and {:g} GiB, the "
      "largest such machine",
      pod.cpu, pod.memory_gib, gpus, type, machine->cpu, machine->memory_gib);
}

/// Checks the pod of one group.
class GroupPod {
 public:
  GroupPod(const YAML::Node& group, const PodRole& role, Report& report)
      : group_(group),
        role_(role),
        report_(report),
        params_(child(group, "rayStartParams")),
        pod_(child(group, "template", "spec")),
        container_(first_container(pod_)),
        limits_(child(container_, "resources", "limits")),
        requests_(child(container_, "resources", "requests")) {}

  void check() {
    manifest::check_start_params(group_, report_);
    if (!is_set(container_)) return;
    check_memory();
    check_disks();
    check_liveness();
    check_cpus();
    check_autopilot();
    check_placement();
    for (const YAML::Node& container : containers_of(pod_)) {
      check_start_command(container);
      check_container(container);
    }
  }

 private:
  void add(const Rule& rule, const YAML::Node& node, std::string found) {
    report_.add(rule, node, std::move(found));
  }

  /// Returns a resource that the group's `resources` gives Ray, in place of a start parameter.
  std::optional<double> group_resource(std::string_view name) const {
    for (const auto& [key, value] : entries_of(child(group_, "resources"))) {
      if (std::ranges::equal(key, name, [](char a, char b) { return std::tolower(a) == b; }))
        return quantity_of(value);
    }
    return std::nullopt;
  }

  void check_memory() {
    const auto limit = quantity_of(child(limits_, "memory"));
    const YAML::Node store_node = child(params_, "object-store-memory");
    const auto store = quantity_of(store_node);
    if (!limit) add(rule("memory-limit"), container_, "no limits.memory");
    if (role_.is_head && limit && *limit < kMinHeadBytes)
      add(rule("head-small"), limits_, fmt::format("limits.memory {}", text_of_bytes(*limit)));
    if (!store)
      add(rule("object-store-unsized"), is_set(params_) ? params_ : group_,
          "object-store-memory is not set");
    else if (*store < kMinStoreBytes)
      add(rule("object-store-too-small"), store_node,
          fmt::format("object-store-memory is {:.0f}, below {:.0f}", *store, kMinStoreBytes));
    if (limit) check_task_memory(*limit, store.value_or(0));
  }

  /// @param limit,store  Bytes.
  void check_task_memory(double limit, double store) {
    const YAML::Node node = child(params_, "memory");
    auto tasks = quantity_of(node);
    if (!tasks) tasks = group_resource("memory");
    if (store >= limit) {
      add(rule("memory-overcommitted"), params_,
          fmt::format("object-store-memory {} in a limit of {}", text_of_bytes(store),
                      text_of_bytes(limit)));
    } else if (tasks && *tasks > 0 && *tasks + store > limit) {
      add(rule("memory-overcommitted"), is_set(node) ? node : params_,
          fmt::format("memory {} + object-store-memory {} > limit {}", text_of_bytes(*tasks),
                      text_of_bytes(store), text_of_bytes(limit)));
    } else if (!tasks && store > 0 && !role_.is_head) {
      add(rule("tasks-take-limit"), params_,
          fmt::format("memory is not set: tasks get {}, the object store {} of the same",
                      text_of_bytes(limit), text_of_bytes(store)));
    }
  }

  void check_disks() {
    const auto store = quantity_of(child(params_, "object-store-memory"));
    bool is_bounded = quantity_of(child(limits_, "ephemeral-storage")).has_value();
    for (const YAML::Node& mount : items_of(child(container_, "volumeMounts"))) {
      const std::string path = scalar_of(child(mount, "mountPath"));
      for (const YAML::Node& volume : items_of(child(pod_, "volumes"))) {
        if (scalar_of(child(volume, "name")) != scalar_of(child(mount, "name"))) continue;
        const YAML::Node empty = child(volume, "emptyDir");
        const auto size = quantity_of(child(empty, "sizeLimit"));
        const bool is_memory = scalar_of(child(empty, "medium")) == "Memory" ||
                               scalar_of(child(volume, "hostPath", "path")) == "/dev/shm";
        if (path == "/dev/shm" && store && !is_memory)
          add(rule("object-store-over-shm"), is_set(empty) ? empty : volume,
              "/dev/shm is a volume on disk, want medium: Memory");
        else if (path == "/dev/shm" && store && size && *size < *store)
          add(rule("object-store-over-shm"), empty,
              fmt::format("/dev/shm {}, object store {}", text_of_bytes(*size),
                          text_of_bytes(*store)));
        const bool holds_spill = path == "/tmp/ray" || path == "/tmp" || path.contains("spill");
        // A hostPath is the node's disk.
        const bool has_end =
            size.has_value() || (!is_set(empty) && !is_set(child(volume, "hostPath")));
        is_bounded = is_bounded || (holds_spill && has_end);
      }
    }
    if (!is_bounded) add(rule("spill-unbounded"), container_, "no size limit on /tmp/ray");
  }

  void check_liveness() {
    const YAML::Node probe = child(container_, "livenessProbe");
    // Defaults of Kubernetes for a probe, and of KubeRay for a container without one.
    const double failures =
        quantity_of(child(probe, "failureThreshold")).value_or(is_set(probe) ? 3 : 120);
    const double period_s =
        quantity_of(child(probe, "periodSeconds")).value_or(is_set(probe) ? 10 : 5);
    const double timeout_s = quantity_of(child(probe, "timeoutSeconds")).value_or(1);
    if (failures * period_s > kMaxProbe_s)
      add(rule("zombie-window"), is_set(probe) ? probe : container_,
          fmt::format("restarted after {:g} s without an answer{}", failures * period_s,
                      is_set(probe) ? "" : ", KubeRay's default"));
    else if (failures * period_s < kMinProbe_s || timeout_s < kMinProbeTimeout_s)
      add(rule("probe-too-eager"), probe,
          fmt::format("restarted after {:g} attempts without an answer within {:g} s each, one "
                      "every {:g} s",
                      failures, timeout_s, period_s));
    const YAML::Node startup = child(container_, "startupProbe");
    if (!is_set(startup)) return;
    const double start_s = quantity_of(child(startup, "initialDelaySeconds")).value_or(0) +
                           quantity_of(child(startup, "failureThreshold")).value_or(3) *
                               quantity_of(child(startup, "periodSeconds")).value_or(10);
    if (start_s < kMinProbe_s)
      add(rule("probe-too-eager"), startup,
          fmt::format("restarted when Ray has not started after {:g} s", start_s));
  }

  void check_cpus() {
    const auto request = quantity_of(child(requests_, "cpu"));
    const auto limit = quantity_of(child(limits_, "cpu"));
    const bool is_given = is_set(child(params_, "num-cpus")) || group_resource("cpu").has_value();
    if (!role_.is_head && !is_given && request && limit && *limit > *request)
      add(rule("cpus-from-limit"), limits_,
          fmt::format("limit {:g}, request {:g}", *limit, *request));
  }

  /// Returns what a container requests on Autopilot, which fills in missing requests.
  static PodRequests requests_of(const YAML::Node& container) {
    const auto amount = [&](const char* key, double missing) {
      for (const char* kind : {"requests", "limits"}) {
        if (const auto given = quantity_of(child(container, "resources", kind, key))) return *given;
      }
      return missing;
    };
    return {amount("cpu", kDefaultCpu), amount("memory", kDefaultMemory_gib * kGiB) / kGiB,
            amount("ephemeral-storage", kDefaultDisk_gib * kGiB) / kGiB};
  }

  /// Returns the requests of the pod: containers and sidecars together, or more where an init
  /// container needs more while it runs.
  ///
  /// Source: Kubernetes docs, Sidecar Containers, Resource sharing within containers.
  PodRequests pod_requests() const {
    const auto plus = [](const PodRequests& a, const PodRequests& b) {
      return PodRequests{a.cpu + b.cpu, a.memory_gib + b.memory_gib, a.disk_gib + b.disk_gib};
    };
    PodRequests sidecars, most;
    for (const YAML::Node& container : items_of(child(pod_, "initContainers"))) {
      const PodRequests own = requests_of(container);
      const PodRequests now = plus(sidecars, own);
      most = {std::max(most.cpu, now.cpu), std::max(most.memory_gib, now.memory_gib),
              std::max(most.disk_gib, now.disk_gib)};
      if (scalar_of(child(container, "restartPolicy")) == "Always") sidecars = now;
    }
    PodRequests sum = plus(role_.sidecars, sidecars);
    for (const YAML::Node& container : items_of(child(pod_, "containers")))
      sum = plus(sum, requests_of(container));
    return {std::max(sum.cpu, most.cpu), std::max(sum.memory_gib, most.memory_gib),
            std::max(sum.disk_gib, most.disk_gib)};
  }

  void check_autopilot() {
    bool on_gke = role_.autopilot, has_own_grid = false;
    std::string compute_class, gpu_type;
    for (const auto& [key, value] : selected_labels(pod_)) {
      on_gke = on_gke || key.starts_with("cloud.google.com/");
      // Accelerators and chosen machine families have grids of their own.
      has_own_grid = has_own_grid || key.contains("accelerator") || key.contains("gke-tpu") ||
                     key.contains("machine-family");
      if (key == kClassLabel) compute_class = scalar_of(value);
      if (key == "cloud.google.com/gke-accelerator") gpu_type = scalar_of(value);
    }
    if (role_.autopilot) check_node_access();
    const AutopilotClass* limits = autopilot_class(compute_class);
    const PodRequests requests = pod_requests();
    const YAML::Node place = is_set(requests_) ? requests_ : container_;
    if (!gpu_type.empty()) {
      if (const auto reason =
              gpu_rejection(gpu_type, sum_of_limits(pod_, "nvidia.com/gpu"), requests))
        add(rule("autopilot-rejects"), place, *reason);
    }
    if (!on_gke || has_own_grid || limits == nullptr) return;
    check_disk_request(requests.disk_gib);
    const PodRequests billed = billed_requests(*limits, requests);
    if (const auto reason = autopilot_rejection(*limits, billed))
      return add(rule("autopilot-rejects"), place, *reason);
    if (billed.cpu > requests.cpu + 1e-6 || billed.memory_gib > requests.memory_gib + 1e-3)
      add(rule("autopilot-rewrites"), place,
          fmt::format("{:g} CPUs and {:.4g} GiB become {:g} CPUs and {:.4g} GiB", requests.cpu,
                      requests.memory_gib, billed.cpu, billed.memory_gib));
  }

  /// Autopilot permits no pod that uses its node: docs, Autopilot security.
  void check_node_access() {
    std::vector<std::string> faults;
    for (const char* key : {"hostNetwork", "hostPID", "hostIPC"}) {
      if (is_true(child(pod_, key))) faults.emplace_back(key);
    }
    for (const YAML::Node& volume : items_of(child(pod_, "volumes"))) {
      const YAML::Node path = child(volume, "hostPath", "path");
      if (is_set(path) && scalar_of(path) != "/var/log" &&
          !scalar_of(path).starts_with("/var/log/"))
        faults.push_back("hostPath " + scalar_of(path));
    }
    for (const YAML::Node& container : containers_of(pod_)) {
      if (is_true(child(container, "securityContext", "privileged")))
        faults.push_back("privileged container " + scalar_of(child(container, "name")));
    }
    if (!faults.empty())
      add(rule("autopilot-rejects"), pod_, fmt::format("{}", fmt::join(faults, ", ")));
  }

  /// Volumes on the node's disk count toward the pod's ephemeral storage.
  void check_disk_request(double requested_gib) {
    double volumes_gib = 0;
    YAML::Node largest = requests_;
    for (const YAML::Node& volume : items_of(child(pod_, "volumes"))) {
      const YAML::Node empty = child(volume, "emptyDir");
      if (scalar_of(child(empty, "medium")) == "Memory") continue;
      const double size = quantity_of(child(empty, "sizeLimit")).value_or(0) / kGiB;
      if (size > 0) largest.reset(empty);
      volumes_gib += size;
    }
    if (volumes_gib > requested_gib * 1.001)
      add(rule("autopilot-ephemeral"), largest,
          fmt::format("volumes of {:.3g} GiB, ephemeral-storage of {:.3g} GiB", volumes_gib,
                      requested_gib));
  }

  void check_placement() {
    const auto labels = selected_labels(pod_);
    std::string name;
    bool on_gpu_node = false;
    for (const auto& [key, value] : labels) {
      if (key == kClassLabel) name = scalar_of(value);
      on_gpu_node = on_gpu_node || key == "cloud.google.com/gke-accelerator";
    }
    if (!role_.is_head && on_gpu_node && sum_of_limits(pod_, "nvidia.com/gpu") <= 0)
      add(rule("gpu-without-limit"), pod_, "a node with a GPU, and no nvidia.com/gpu limit");
    if (!is_custom_class(name)) return;
    for (const auto& [key, value] : labels) {
      const bool is_hardware =
          key == "cloud.google.com/gke-accelerator" || key == "cloud.google.com/machine-family" ||
          key == "cloud.google.com/gke-spot" || key == "cloud.google.com/gke-provisioning";
      if (is_hardware)
        add(rule("class-conflict"), value,
            fmt::format("compute class {} and {}: {}", name, key, scalar_of(value)));
    }
  }

  void check_start_command(const YAML::Node& container) {
    const YAML::Node hook = child(container, "lifecycle", "postStart", "exec", "command");
    std::string command;
    for (const YAML::Node& words : {child(container, "command"), child(container, "args"), hook}) {
      for (const YAML::Node& word : items_of(words)) command += scalar_of(word) + " ";
    }
    if (installs_packages(command))
      add(rule("install-at-start"), container, "the container installs packages when it starts");
  }

  /// Values that the API server refuses in a pod.
  void check_container(const YAML::Node& container) {
    const std::string name = scalar_of(child(container, "name"));
    for (const YAML::Node& variable : items_of(child(container, "env"))) {
      const YAML::Node value = child(variable, "value");
      if (is_set(value) && !is_text(value))
        add(rule("kuberay-refuses"), value,
            fmt::format("env {} of container {} is {} without quotes, want text",
                        scalar_of(child(variable, "name")), name, scalar_of(value)));
    }
    for (const auto& [key, request] : entries_of(child(container, "resources", "requests"))) {
      const auto asked = quantity_of(request);
      const auto limit = quantity_of(child(container, "resources", "limits", key.c_str()));
      if (asked && limit && *asked > *limit)
        add(rule("kuberay-refuses"), request,
            fmt::format("container {} requests {} of {}, above its limit", name, scalar_of(request),
                        key));
    }
  }

  YAML::Node group_;
  PodRole role_;
  Report& report_;
  YAML::Node params_, pod_, container_, limits_, requests_;
};

}  // namespace

void check_group_pod(const YAML::Node& group, const PodRole& role, Report& report) {
  GroupPod(group, role, report).check();
}

}  // namespace lido::cluster::manifest
