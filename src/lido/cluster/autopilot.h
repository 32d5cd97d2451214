// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lido::cluster {

/// CPUs, memory and disk of one pod, summed over its containers.
struct PodRequests {
  double cpu = 0;
  double memory_gib = 0;
  double disk_gib = 0;  ///< Ephemeral storage.
};

/// Limits of pods of one of Autopilot's compute classes.
///
/// Source: GKE docs, Resource requests in Autopilot.
struct AutopilotClass {
  std::string_view name;  ///< Value of the node selector cloud.google.com/compute-class.
  double min_gib_per_cpu;
  double max_gib_per_cpu;
  double max_cpu;
  double max_memory_gib;
  double max_disk_gib;
  std::string_view product;  ///< Start of its names in a price table, "autopilot".
};

/// Label of nodes, and node selector of pods, for a compute class.
inline constexpr const char* kClassLabel = "cloud.google.com/compute-class";

/// Returns the class of pods without accelerators.
/// @param name  Empty for pods that select no class.
/// @return Null for classes without limits that Lido knows: custom ones, Performance, Accelerator.
const AutopilotClass* autopilot_class(std::string_view name);

/// Whether a class is one that a user defined: GKE bills its nodes, not its pods.
bool is_custom_class(std::string_view name);

/// Returns the requests that Autopilot runs and bills: CPU rounded up to steps of 0.25, then CPU or
/// memory raised until their ratio is within the class's range.
PodRequests billed_requests(const AutopilotClass& limits, const PodRequests& pod);

/// Whether a request, which manifests round down to MiB, is above a maximum.
bool is_above(double request_gib, double max_gib);

/// Returns the reason why Autopilot rejects a pod, "cpu is 64, want 30 or less ..."; empty when it
/// does not. `billed` is the result of billed_requests().
std::optional<std::string> autopilot_rejection(const AutopilotClass& limits,
                                               const PodRequests& billed);

}  // namespace lido::cluster
