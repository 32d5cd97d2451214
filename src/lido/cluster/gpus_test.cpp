// SPDX-License-Identifier: Apache-2.0
// Truth: Compute Engine docs, GPU machine types.
#include "lido/cluster/gpus.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lido::cluster {
namespace {

TEST(Gpus, KnowsTheCountsOfEachType) {
  EXPECT_EQ(gpu_counts("nvidia-l4"), (std::vector{1, 2, 4, 8}));
  EXPECT_EQ(gpu_counts("nvidia-tesla-t4"), (std::vector{1, 2, 4}));
  EXPECT_EQ(gpu_counts("nvidia-tesla-a100"), (std::vector{1, 2, 4, 8, 16}));
  EXPECT_EQ(gpu_counts("nvidia-h200-141gb"), (std::vector{8}));
  EXPECT_TRUE(gpu_counts("nvidia-l5").empty());
  EXPECT_EQ(gpu_limits("nvidia-l4", 3), nullptr);
  // The smallest machine with two L4s is also the largest: g2-standard-24.
  EXPECT_EQ(gpu_limits("nvidia-l4", 2)->cpu, 24);
  EXPECT_EQ(gpu_limits("nvidia-l4", 1)->cpu, 32);
}

TEST(Gpus, NamesEachTypeOnce) {
  std::vector<std::string_view> types = gpu_types();
  EXPECT_GT(types.size(), 8U);
  std::ranges::sort(types);
  EXPECT_EQ(std::ranges::adjacent_find(types), types.end());
}

TEST(Gpus, PricesOnlyMachinesThatExist) {
  for (const std::string_view type : gpu_types()) {
    for (int count = 1; count <= 16; ++count) {
      const GpuMachine* machine = priced_machine(type, count);
      if (machine == nullptr) continue;
      const GpuLimits* limits = gpu_limits(type, count);
      ASSERT_NE(limits, nullptr) << machine->name;
      EXPECT_LE(machine->cpu, limits->cpu) << machine->name;
      EXPECT_LT(machine->pod_cpu, machine->cpu) << machine->name;
      EXPECT_LT(machine->pod_memory_gib, machine->memory_gib) << machine->name;
    }
  }
  EXPECT_EQ(priced_machine("nvidia-l4", 2)->name, "g2-standard-24");
}

}  // namespace
}  // namespace lido::cluster
