// SPDX-License-Identifier: Apache-2.0
// Rules for the pods of heads and worker groups: memory, disks, probes, requests, start parameters.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lido/cluster/autopilot.h"
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
/// Disk that Autopilot gives a container without a request.
constexpr double kDefaultDisk_gib = 1;

YAML::Node first_container(const YAML::Node& pod) {
  const auto containers = items_of(child(pod, "containers"));
  return containers.empty() ? YAML::Node(YAML::NodeType::Undefined) : containers.front();
}

std::string text_of_bytes(double bytes) {
  return bytes >= kGiB / 10 ? fmt::format("{:.3g} GiB", bytes / kGiB)
                            : fmt::format("{:.0f} bytes", bytes);
}

/// Removes one level of a POSIX shell's quotes.
/// @return Empty when a quote is not closed.
std::optional<std::string> without_shell_quotes(std::string_view text) {
  std::string plain;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const char next = text[++i];
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') plain += c;
      plain += next;
    } else {
      plain += c;
    }
  }
  return quote == 0 ? std::optional(plain) : std::nullopt;
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
    check_start_params();
    if (!is_set(container_)) return;
    check_memory();
    check_disks();
    check_liveness();
    check_cpus();
    check_autopilot();
    check_placement();
    for (const YAML::Node& container : containers_of(pod_)) check_start_command(container);
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

  void check_start_params() {
    for (const auto& [key, node] : entries_of(params_)) {
      // yaml-cpp tags plain scalars with "?", quoted ones with "!".
      const bool is_plain = node.IsScalar() && node.Tag() == "?";
      const auto value = scalar_of(node);
      double number = 0;
      const bool is_text =
          !is_plain || (!YAML::convert<double>::decode(node, number) && !boolean_of(node));
      if (!is_text)
        add(rule("param-not-text"), node, fmt::format("{} is {} without quotes", key, value));
    }
    for (const char* key : {"num-cpus", "num-gpus"}) {
      const YAML::Node node = child(params_, key);
      const auto number = quantity_of(node);
      if (number && *number != std::floor(*number))
        add(rule("cpus-fractional"), node, fmt::format("{} is {}", key, scalar_of(node)));
    }
    check_resources_param();
  }

  /// The shell that runs `ray start` takes away one level of quotes; Ray wants JSON then.
  void check_resources_param() {
    const YAML::Node node = child(params_, "resources");
    if (scalar_of(node).empty()) return;
    const auto seen_by_ray = without_shell_quotes(scalar_of(node));
    const auto json = seen_by_ray ? nlohmann::json::parse(*seen_by_ray, nullptr, false)
                                  : nlohmann::json(nlohmann::json::value_t::discarded);
    if (!json.is_object())
      add(rule("resources-unquoted"), node,
          fmt::format("resources is {}; ray start gets {}", scalar_of(node),
                      seen_by_ray.value_or("an open quote")));
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
        if (path == "/dev/shm" && store && size && *size < *store)
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
  }

  void check_cpus() {
    const auto request = quantity_of(child(requests_, "cpu"));
    const auto limit = quantity_of(child(limits_, "cpu"));
    const bool is_given = is_set(child(params_, "num-cpus")) || group_resource("cpu").has_value();
    if (!role_.is_head && !is_given && request && limit && *limit > *request)
      add(rule("cpus-from-limit"), limits_,
          fmt::format("limit {:g}, request {:g}", *limit, *request));
  }

  /// Requests of all containers of the pod; empty when one has no CPU or memory request.
  std::optional<PodRequests> pod_requests() const {
    PodRequests sum = role_.sidecars;
    for (const YAML::Node& container : items_of(child(pod_, "containers"))) {
      const YAML::Node resources = child(container, "resources");
      const auto amount = [&](const char* key) {
        const auto request = quantity_of(child(resources, "requests", key));
        return request ? request : quantity_of(child(resources, "limits", key));
      };
      const auto cpu = amount("cpu"), memory = amount("memory");
      if (!cpu || !memory) return std::nullopt;
      sum.cpu += *cpu;
      sum.memory_gib += *memory / kGiB;
      sum.disk_gib += amount("ephemeral-storage").value_or(kDefaultDisk_gib * kGiB) / kGiB;
    }
    return sum;
  }

  void check_autopilot() {
    bool on_gke = role_.autopilot, has_own_grid = false;
    for (const auto& [key, value] : entries_of(child(pod_, "nodeSelector"))) {
      on_gke = on_gke || key.starts_with("cloud.google.com/");
      // Accelerators and chosen machine families have grids of their own.
      has_own_grid = has_own_grid || key.contains("accelerator") || key.contains("gke-tpu") ||
                     key.contains("machine-family");
    }
    const AutopilotClass* limits =
        autopilot_class(scalar_of(child(pod_, "nodeSelector", kClassLabel)));
    const auto requests = pod_requests();
    if (!on_gke || has_own_grid || limits == nullptr || !requests) return;
    check_disk_request(requests->disk_gib);
    const PodRequests billed = billed_requests(*limits, *requests);
    if (const auto reason = autopilot_rejection(*limits, billed))
      return add(rule("autopilot-rejects"), requests_, *reason);
    if (billed.cpu > requests->cpu + 1e-6 || billed.memory_gib > requests->memory_gib + 1e-3)
      add(rule("autopilot-rewrites"), requests_,
          fmt::format("{:g} CPUs and {:.4g} GiB become {:g} CPUs and {:.4g} GiB", requests->cpu,
                      requests->memory_gib, billed.cpu, billed.memory_gib));
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
    const YAML::Node selector = child(pod_, "nodeSelector");
    const bool on_gpu_node = is_set(child(selector, "cloud.google.com/gke-accelerator"));
    if (!role_.is_head && on_gpu_node &&
        quantity_of(child(limits_, "nvidia.com/gpu")).value_or(0) <= 0)
      add(rule("gpu-without-limit"), pod_, "a node with a GPU, and no nvidia.com/gpu limit");
    const std::string name = scalar_of(child(selector, kClassLabel));
    if (!is_custom_class(name)) return;
    for (const auto& [key, value] : entries_of(selector)) {
      const bool is_hardware =
          key == "cloud.google.com/gke-accelerator" || key == "cloud.google.com/machine-family" ||
          key == "cloud.google.com/gke-spot" || key == "cloud.google.com/gke-provisioning";
      if (is_hardware)
        add(rule("class-conflict"), value,
            fmt::format("compute class {} and {}: {}", name, key, scalar_of(value)));
    }
  }

  void check_start_command(const YAML::Node& container) {
    std::string command;
    for (const char* key : {"command", "args"}) {
      for (const YAML::Node& word : items_of(child(container, key)))
        command += scalar_of(word) + " ";
    }
    if (command.contains("pip install") || command.contains("apt-get install"))
      add(rule("install-at-start"), container, "the container installs packages when it starts");
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

void check_security_context(const YAML::Node& context, const YAML::Node& place,
                            const std::string& owner, Report& report) {
  std::vector<std::string> faults;
  if (!is_true(child(context, "runAsNonRoot"))) faults.emplace_back("no runAsNonRoot");
  if (scalar_of(child(context, "runAsUser")) == "0") faults.emplace_back("runAsUser 0");
  if (is_true(child(context, "privileged"))) faults.emplace_back("privileged");
  if (!is_false(child(context, "allowPrivilegeEscalation")))
    faults.emplace_back("no allowPrivilegeEscalation: false");
  const auto dropped = items_of(child(context, "capabilities", "drop"));
  if (std::ranges::none_of(dropped, [](const auto& each) { return scalar_of(each) == "ALL"; }))
    faults.emplace_back("no drop ALL");
  for (const YAML::Node& added : items_of(child(context, "capabilities", "add"))) {
    if (scalar_of(added) != "NET_BIND_SERVICE") faults.push_back("capability " + scalar_of(added));
  }
  const std::string profile = scalar_of(child(context, "seccompProfile", "type"));
  if (profile != "RuntimeDefault" && profile != "Localhost")
    faults.emplace_back("no seccompProfile");
  if (!faults.empty())
    report.add(rule("privileges"), place, fmt::format("{}: {}", owner, fmt::join(faults, ", ")));
}

void check_pod_security(const YAML::Node& pod, Report& report) {
  if (!is_set(pod)) return;
  std::vector<std::string> faults;
  for (const char* key : {"hostNetwork", "hostPID", "hostIPC"}) {
    if (is_true(child(pod, key))) faults.emplace_back(key);
  }
  for (const YAML::Node& volume : items_of(child(pod, "volumes"))) {
    if (is_set(child(volume, "hostPath")))
      faults.push_back("hostPath " + scalar_of(child(volume, "hostPath", "path")));
  }
  if (!faults.empty())
    report.add(rule("privileges"), pod, fmt::format("pod: {}", fmt::join(faults, ", ")));
  const YAML::Node shared = child(pod, "securityContext");
  for (const YAML::Node& container : containers_of(pod)) {
    // A container's own settings replace those of its pod.
    YAML::Node both(YAML::NodeType::Map);
    for (const auto& [key, value] : entries_of(shared)) both[key] = value;
    const YAML::Node own = child(container, "securityContext");
    for (const auto& [key, value] : entries_of(own)) both[key] = value;
    check_security_context(both, is_set(own) ? own : container,
                           "container " + scalar_of(child(container, "name")), report);
  }
}

}  // namespace lido::cluster::manifest
