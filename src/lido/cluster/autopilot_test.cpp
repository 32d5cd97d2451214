// SPDX-License-Identifier: Apache-2.0
// Truth: the tables of GKE docs, Resource requests in Autopilot.
#include "lido/cluster/autopilot.h"

#include <gtest/gtest.h>

namespace lido::cluster {
namespace {

TEST(Autopilot, KnowsItsClasses) {
  EXPECT_EQ(autopilot_class("")->name, "general-purpose");
  EXPECT_EQ(autopilot_class("Balanced")->max_cpu, 222);
  EXPECT_EQ(autopilot_class("mine"), nullptr);
  EXPECT_TRUE(is_custom_class("mine"));
  for (const char* name :
       {"", "Balanced", "Scale-Out", "Performance", "Accelerator", "autopilot-spot"})
    EXPECT_FALSE(is_custom_class(name)) << name;
}

TEST(Autopilot, RaisesRequestsToTheRatio) {
  const AutopilotClass& general = *autopilot_class("");
  for (const auto& [asked, billed] : {std::pair(PodRequests{1, 16, 0}, PodRequests{2.5, 16, 0}),
                                      {{2, 13, 0}, {2, 13, 0}},
                                      {{2, 13.1, 0}, {2.25, 13.1, 0}},
                                      {{4, 1, 0}, {4, 4, 0}},
                                      {{0.1, 0.1, 0}, {0.25, 0.5, 0}},
                                      {{1.9, 8, 0}, {2, 8, 0}}}) {
    const PodRequests got = billed_requests(general, asked);
    EXPECT_NEAR(got.cpu, billed.cpu, 1e-9) << asked.cpu << " " << asked.memory_gib;
    EXPECT_NEAR(got.memory_gib, billed.memory_gib, 1e-9) << asked.cpu;
  }
  // Scale-Out wants exactly 4 GiB per CPU.
  const PodRequests got = billed_requests(*autopilot_class("Scale-Out"), {1, 8, 0});
  EXPECT_EQ(got.cpu, 2);
  EXPECT_EQ(got.memory_gib, 8);
}

TEST(Autopilot, RejectsPodsAboveTheLargest) {
  const AutopilotClass& general = *autopilot_class("");
  EXPECT_FALSE(autopilot_rejection(general, {30, 110, 10}));
  for (const PodRequests& pod :
       {PodRequests{30.25, 64, 1}, PodRequests{30, 110.5, 1}, PodRequests{1, 4, 10.125}})
    EXPECT_TRUE(autopilot_rejection(general, pod)) << pod.cpu;
}

}  // namespace
}  // namespace lido::cluster
