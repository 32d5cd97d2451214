// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/autopilot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace lido::cluster {
namespace {

constexpr double kCpuStep = 0.25, kMinMemory_gib = 0.5;
/// Tolerance of requests that are stored as MiB and millicores.
constexpr double kTolerance = 1e-3;

constexpr std::array kClasses = {
    AutopilotClass{"general-purpose", 1, 6.5, 30, 110, 10, "autopilot"},
    AutopilotClass{"autopilot", 1, 6.5, 30, 110, 10, "autopilot"},
    AutopilotClass{"autopilot-spot", 1, 6.5, 30, 110, 10, "autopilot"},
    AutopilotClass{"Balanced", 1, 8, 222, 851, 10, "autopilot-Balanced"},
    AutopilotClass{"Scale-Out", 4, 4, 54, 216, 10, "autopilot-Scale-Out"},
};

}  // namespace

const AutopilotClass* autopilot_class(std::string_view name) {
  if (name.empty()) return kClasses.data();
  const auto found = std::ranges::find(kClasses, name, &AutopilotClass::name);
  return found == kClasses.end() ? nullptr : found;
}

bool is_custom_class(std::string_view name) {
  return !name.empty() && autopilot_class(name) == nullptr && name != "Performance" &&
         name != "Accelerator";
}

PodRequests billed_requests(const AutopilotClass& limits, const PodRequests& pod) {
  const auto stepped = [](double cpu) {
    return std::max(kCpuStep, std::ceil(cpu / kCpuStep - kTolerance) * kCpuStep);
  };
  PodRequests billed = pod;
  billed.cpu = stepped(pod.cpu);
  billed.memory_gib = std::max(kMinMemory_gib, pod.memory_gib);
  if (billed.memory_gib > billed.cpu * limits.max_gib_per_cpu * (1 + kTolerance))
    billed.cpu = stepped(billed.memory_gib / limits.max_gib_per_cpu);
  billed.memory_gib = std::max(billed.memory_gib, billed.cpu * limits.min_gib_per_cpu);
  return billed;
}

bool is_above(double request_gib, double max_gib) {
  constexpr double kMibPerGib = 1024, kRounding = 1e-6;
  return std::floor(request_gib * kMibPerGib + kRounding) > max_gib * kMibPerGib;
}

std::optional<std::string> autopilot_rejection(const AutopilotClass& limits,
                                               const PodRequests& billed) {
  const auto reason = [&](std::string_view what, double value, double max) {
    return fmt::format("{} is {:g}, want {:g} or less, the maximum of class {} on Autopilot", what,
                       value, max, limits.name);
  };
  if (billed.cpu > limits.max_cpu) return reason("CPUs of a pod", billed.cpu, limits.max_cpu);
  if (is_above(billed.memory_gib, limits.max_memory_gib))
    return reason("memory of a pod, GiB,", billed.memory_gib, limits.max_memory_gib);
  if (is_above(billed.disk_gib, limits.max_disk_gib))
    return reason("disk of a pod, GiB,", billed.disk_gib, limits.max_disk_gib);
  return std::nullopt;
}

}  // namespace lido::cluster
