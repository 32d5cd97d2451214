// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/gpus.h"

#include <algorithm>
#include <array>

namespace lido::cluster {
namespace {

/// Ephemeral storage of a pod on a machine without local SSDs.
constexpr double kDisk_gib = 122;

constexpr std::array kLimits = {
    GpuLimits{"nvidia-tesla-t4", 1, 48, 312, kDisk_gib},
    GpuLimits{"nvidia-tesla-t4", 2, 48, 312, kDisk_gib},
    GpuLimits{"nvidia-tesla-t4", 4, 96, 624, kDisk_gib},
    GpuLimits{"nvidia-tesla-p4", 1, 24, 156, kDisk_gib},
    GpuLimits{"nvidia-tesla-p4", 2, 48, 312, kDisk_gib},
    GpuLimits{"nvidia-tesla-p4", 4, 96, 624, kDisk_gib},
    GpuLimits{"nvidia-tesla-p100", 1, 16, 104, kDisk_gib},
    GpuLimits{"nvidia-tesla-p100", 2, 32, 208, kDisk_gib},
    GpuLimits{"nvidia-tesla-p100", 4, 96, 624, kDisk_gib},
    GpuLimits{"nvidia-tesla-v100", 1, 12, 78, kDisk_gib},
    GpuLimits{"nvidia-tesla-v100", 2, 24, 156, kDisk_gib},
    GpuLimits{"nvidia-tesla-v100", 4, 48, 312, kDisk_gib},
    GpuLimits{"nvidia-tesla-v100", 8, 96, 624, kDisk_gib},
    GpuLimits{"nvidia-l4", 1, 32, 128, kDisk_gib},
    GpuLimits{"nvidia-l4", 2, 24, 96, kDisk_gib},
    GpuLimits{"nvidia-l4", 4, 48, 192, kDisk_gib},
    GpuLimits{"nvidia-l4", 8, 96, 384, kDisk_gib},
    GpuLimits{"nvidia-tesla-a100", 1, 12, 85, kDisk_gib},
    GpuLimits{"nvidia-tesla-a100", 2, 24, 170, kDisk_gib},
    GpuLimits{"nvidia-tesla-a100", 4, 48, 340, kDisk_gib},
    GpuLimits{"nvidia-tesla-a100", 8, 96, 680, kDisk_gib},
    GpuLimits{"nvidia-tesla-a100", 16, 96, 1360, kDisk_gib},
    GpuLimits{"nvidia-a100-80gb", 1, 12, 170, 0},
    GpuLimits{"nvidia-a100-80gb", 2, 24, 340, 0},
    GpuLimits{"nvidia-a100-80gb", 4, 48, 680, 0},
    GpuLimits{"nvidia-a100-80gb", 8, 96, 1360, 0},
    GpuLimits{"nvidia-h100-80gb", 1, 26, 234, 0},
    GpuLimits{"nvidia-h100-80gb", 2, 52, 468, 0},
    GpuLimits{"nvidia-h100-80gb", 4, 104, 936, 0},
    GpuLimits{"nvidia-h100-80gb", 8, 208, 1872, 0},
    GpuLimits{"nvidia-h100-mega-80gb", 8, 208, 1872, 0},
    GpuLimits{"nvidia-h200-141gb", 8, 224, 2952, 0},
    GpuLimits{"nvidia-b200", 8, 224, 3968, 0},
    GpuLimits{"nvidia-gb200", 4, 140, 884, 0},
    GpuLimits{"nvidia-rtx-pro-6000", 1, 48, 180, 0},
    GpuLimits{"nvidia-rtx-pro-6000", 2, 96, 360, 0},
    GpuLimits{"nvidia-rtx-pro-6000", 4, 192, 720, 0},
    GpuLimits{"nvidia-rtx-pro-6000", 8, 384, 1440, 0},
};

constexpr std::array kMachines = {
    GpuMachine{"nvidia-l4", 1, "g2-standard-8", 8, 32, 7.25, 27},
    GpuMachine{"nvidia-l4", 2, "g2-standard-24", 24, 96, 23, 87},
    GpuMachine{"nvidia-l4", 4, "g2-standard-48", 48, 192, 47, 179},
    GpuMachine{"nvidia-l4", 8, "g2-standard-96", 96, 384, 95, 367},
    GpuMachine{"nvidia-tesla-a100", 1, "a2-highgpu-1g", 12, 85, 11, 75},
    GpuMachine{"nvidia-tesla-a100", 2, "a2-highgpu-2g", 24, 170, 22, 150},
    GpuMachine{"nvidia-tesla-a100", 4, "a2-highgpu-4g", 48, 340, 44, 300},
    GpuMachine{"nvidia-tesla-a100", 8, "a2-highgpu-8g", 96, 680, 88, 600},
    GpuMachine{"nvidia-h100-80gb", 1, "a3-highgpu-1g", 26, 234, 24.5, 215},
    GpuMachine{"nvidia-h100-80gb", 2, "a3-highgpu-2g", 52, 468, 49, 430},
    GpuMachine{"nvidia-h100-80gb", 4, "a3-highgpu-4g", 104, 936, 98, 860},
    GpuMachine{"nvidia-h100-80gb", 8, "a3-highgpu-8g", 208, 1872, 196, 1720},
};

}  // namespace

const GpuLimits* gpu_limits(std::string_view gpu_type, int gpus) {
  const auto found = std::ranges::find_if(kLimits, [&](const GpuLimits& each) {
    return each.gpu_type == gpu_type && each.gpus == gpus;
  });
  return found == kLimits.end() ? nullptr : found;
}

std::vector<int> gpu_counts(std::string_view gpu_type) {
  std::vector<int> counts;
  for (const GpuLimits& each : kLimits) {
    if (each.gpu_type == gpu_type) counts.push_back(each.gpus);
  }
  return counts;
}

std::vector<std::string_view> gpu_types() {
  std::vector<std::string_view> types;
  for (const GpuLimits& each : kLimits) {
    if (types.empty() || types.back() != each.gpu_type) types.push_back(each.gpu_type);
  }
  return types;
}

const GpuMachine* priced_machine(std::string_view gpu_type, int gpus) {
  const auto found = std::ranges::find_if(kMachines, [&](const GpuMachine& each) {
    return each.gpu_type == gpu_type && each.gpus == gpus;
  });
  return found == kMachines.end() ? nullptr : found;
}

}  // namespace lido::cluster
