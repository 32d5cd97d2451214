// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/pod_values.h"

#include <algorithm>
#include <array>

#include "lido/cluster/gpus.h"

namespace lido::cluster {
namespace {

constexpr double kMaxSize = 1e9;

/// Share of a pod's memory that Ray itself uses (lido.taskMemory of the chart).
constexpr double kRayShare = 0.1;

constexpr const char* kGpuLabel = "cloud.google.com/gke-accelerator";

/// Node labels whose value can select spot nodes, and that value.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSpotValues = {
    {{"cloud.google.com/gke-spot", "true"},
     {"eks.amazonaws.com/capacityType", "SPOT"},
     {"karpenter.sh/capacity-type", "spot"},
     {"kubernetes.azure.com/scalesetpriority", "spot"},
     {"node.kubernetes.io/lifecycle", "spot"},
     {"cloud.google.com/gke-preemptible", "true"},
     {"cloud.google.com/gke-provisioning", "spot"},
     {kClassLabel, "autopilot-spot"}}};

/// Refuses GPUs that no machine of GKE has, and pods that are too large for the machine.
Result<void> check_gpus(const Yaml& node, const PodShape& pod) {
  const std::vector<int> counts = gpu_counts(pod.gpu_type);
  if (counts.empty())
    return node["gpu"]["type"].refuse(
        fmt::format("one of GKE's GPU types, {}", fmt::join(gpu_types(), ", ")));
  const GpuLimits* limits = gpu_limits(pod.gpu_type, pod.gpus);
  if (limits == nullptr)
    return node["gpu"]["count"].refuse(fmt::format("one of {}, the numbers of {} in GKE's machines",
                                                   fmt::join(counts, ", "), pod.gpu_type));
  const auto refuse = [&](const char* key, double max) {
    return node[key].refuse(
        fmt::format("less than {:g}, the size of GKE's largest machine with {} {}", max, pod.gpus,
                    pod.gpu_type));
  };
  if (pod.cpu >= limits->cpu) return refuse("cpu", limits->cpu);
  if (pod.memory_gib >= limits->memory_gib) return refuse("memoryGiB", limits->memory_gib);
  if (limits->max_disk_gib > 0 && pod.spill_gib > limits->max_disk_gib)
    return node["spillGiB"].refuse(
        fmt::format("{:g} or less, which pods with {} can have on GKE Autopilot",
                    limits->max_disk_gib, pod.gpu_type));
  return {};
}

/// Refuses what a compute class of the user's own decides by itself.
Result<void> check_custom_class(const Yaml& node, const PodShape& pod) {
  if (!is_custom_class(pod.compute_class)) return {};
  const std::string wanted =
      fmt::format("none beside compute class {}, which chooses the nodes", pod.compute_class);
  if (pod.spot) return node["spot"].refuse("false: " + wanted);
  if (pod.gpus > 0) return node["gpu"]["type"].refuse(wanted);
  for (const char* key : {kGpuLabel, "cloud.google.com/machine-family", "cloud.google.com/gke-spot",
                          "cloud.google.com/gke-provisioning"}) {
    if (const Yaml value = node["nodeSelector"][key]; value.has_value())
      return value.refuse(wanted);
  }
  return {};
}

/// Refuses tolerations without a key that lack operator: Exists.
Result<void> check_tolerations(const Yaml& tolerations) {
  if (!tolerations.has_value()) return {};
  for (const Yaml& each : LIDO_TRY(tolerations.list())) {
    const Yaml op = each["operator"];
    if (each["key"].has_value() || (op.has_value() && LIDO_TRY(op.text()) == "Exists")) continue;
    return each.refuse("a key, or operator: Exists for any key");
  }
  return {};
}

}  // namespace

Result<PodShape> read_pod(const Yaml& node, const PodContext& context) {
  LIDO_TRY(node.map());
  PodShape pod{.autopilot = context.autopilot};
  pod.cpu = LIDO_TRY(node["cpu"].number(0, kMaxSize));
  pod.memory_gib = LIDO_TRY(node["memoryGiB"].number(0, kMaxSize));
  pod.object_store_gib = LIDO_TRY(node["objectStoreGiB"].number(0, kMaxSize));
  pod.spill_gib = LIDO_TRY(node["spillGiB"].number(0, kMaxSize));
  if (const Yaml gpu = node["gpu"]; gpu.has_value()) {
    LIDO_TRY(gpu.map());
    pod.gpu_type = LIDO_TRY(gpu["type"].text());
    pod.gpus = static_cast<int>(LIDO_TRY(gpu["count"].integer(1, 16)));
    if (context.autopilot) LIDO_TRY(check_gpus(node, pod));
  }
  if (node["spot"].has_value()) pod.spot = LIDO_TRY(node["spot"].boolean());
  if (const Yaml name = node["nodeSelector"][kClassLabel]; name.has_value())
    pod.compute_class = LIDO_TRY(name.text());
  const double free_gib = pod.memory_gib * (1 - kRayShare) - pod.object_store_gib;
  if (free_gib <= 0)
    return node["memoryGiB"].refuse(
        fmt::format("more than the object store ({:g}) and a tenth for Ray", pod.object_store_gib));
  LIDO_TRY(check_tolerations(node["tolerations"]));
  return pod;
}

Result<void> check_selector(const Yaml& node, const PodShape& pod, bool may_be_spot) {
  const Yaml selector = node["nodeSelector"];
  for (const auto& [label, spot_value] : kSpotValues) {
    const Yaml value = selector[label];
    if (!value.has_value()) continue;
    const bool is_spot = LIDO_TRY(value.text()) == spot_value;
    if (is_spot && !may_be_spot)
      return value.refuse("nodes that are not spot: the job of a reclaimed head or driver ends");
    if (is_spot && !pod.spot)
      return value.refuse(pod.autopilot
                              ? "no such label, but spot: true in the group, which bills spot pods"
                              : "spot: true beside this label, for the grace period of spot nodes");
    if (!is_spot && pod.spot && label != kClassLabel)
      return value.refuse("no such label beside spot: true, which selects spot nodes");
  }
  if (!pod.autopilot) return {};
  LIDO_TRY(check_custom_class(node, pod));
  const Yaml gpu = selector[kGpuLabel];
  if (!gpu.has_value()) return {};
  if (pod.gpus == 0)
    return gpu.refuse("no such label, but gpu: {type, count} in a group, which requests the GPUs");
  if (LIDO_TRY(gpu.text()) != pod.gpu_type)
    return gpu.refuse(fmt::format("{}, as gpu.type", pod.gpu_type));
  return {};
}

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
    const std::string wanted =
        fmt::format("a pod that Autopilot accepts: {}. Or a nodeSelector with ", *reason);
    // No class has more disk.
    const char* own = "a class of your own";
    const char* other =
        limits->name == "Balanced" ? own : "cloud.google.com/compute-class: Balanced";
    if (billed.cpu > limits->max_cpu) return node["cpu"].refuse(wanted + other);
    if (is_above(billed.memory_gib, limits->max_memory_gib))
      return node["memoryGiB"].refuse(wanted + other);
    return node["spillGiB"].refuse(wanted + own);
  }
  if (billed.cpu > asked.cpu || billed.memory_gib > asked.memory_gib)
    context.warnings.push_back(fmt::format(
        "{}: Autopilot raises {:g} CPUs and {:g} GiB to {:g} CPUs and {:g} GiB, and bills them; "
        "class {} wants {:g} to {:g} GiB per CPU, in steps of 0.25 CPUs",
        path, asked.cpu, asked.memory_gib, billed.cpu, billed.memory_gib, limits->name,
        limits->min_gib_per_cpu, limits->max_gib_per_cpu));
  return {};
}

}  // namespace lido::cluster
