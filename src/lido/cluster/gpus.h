// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace lido::cluster {

/// Largest machine that GKE runs with a number of GPUs. A pod needs a machine with more CPUs and
/// memory than its own: GKE uses some of both.
///
/// Source: Compute Engine docs, GPU machine types; GKE docs, Resource requests in Autopilot.
struct GpuLimits {
  std::string_view gpu_type;  ///< Value of the node selector cloud.google.com/gke-accelerator.
  int gpus;
  double cpu;           ///< CPUs of the machine.
  double memory_gib;    ///< Memory of the machine.
  double max_disk_gib;  ///< Largest ephemeral storage of a pod; 0 where Lido knows none.
};

/// Machine whose price a price table has under the GPU type and count.
struct GpuMachine {
  std::string_view gpu_type;
  int gpus;
  std::string_view name;  ///< Like "g2-standard-8".
  double cpu;
  double memory_gib;
  double pod_cpu;  ///< CPUs that pods can have: GKE's kubelet, system and DaemonSets use the rest.
  double pod_memory_gib;
};

/// Returns the limits of pods with this number of GPUs; null for a count that no machine of GKE
/// has.
const GpuLimits* gpu_limits(std::string_view gpu_type, int gpus);

/// Returns the counts of GPUs that GKE's machines have, rising; empty for an unknown type.
std::vector<int> gpu_counts(std::string_view gpu_type);

/// Returns all GPU types of GKE, each once.
std::vector<std::string_view> gpu_types();

/// Returns the machine whose price is known; null for none.
const GpuMachine* priced_machine(std::string_view gpu_type, int gpus);

}  // namespace lido::cluster
