// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <gtest/gtest.h>

namespace lido::cluster {
namespace {

constexpr std::string_view kDefaults = R"(
name: lido
platform: gke-autopilot
image: {repository: "", tag: ""}
operator: {install: auto}
suspendAfterMinutes: 30
clusters:
  data:
    enabled: true
    idleTimeoutSeconds: 60
    head: {cpu: 1, memoryGiB: 4, objectStoreGiB: 0.25, spillGiB: 2}
    groups:
      cpu: {cpu: 4, memoryGiB: 16, objectStoreGiB: 1, spillGiB: 5, min: 0, max: 50, spot: false}
  training:
    enabled: false
    idleTimeoutSeconds: 300
    head: {cpu: 1, memoryGiB: 4, objectStoreGiB: 0.25, spillGiB: 2}
    groups:
      gpu: {cpu: 8, memoryGiB: 32, objectStoreGiB: 4, spillGiB: 10, min: 0, max: 4, gpu: {type: nvidia-l4, count: 1}}
)";

TEST(Values, WhatIsSaidGoesOverWhatIsNot) {
  const auto values = read_values("name: pool-a\nclusters: {data: {groups: {cpu: {spot: true}}}}\n",
                                  "v.yaml", kDefaults);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(values->name, "pool-a");
  const RayClusterValues& data = **values->find("data");
  EXPECT_TRUE(data.groups[0].pod.spot);
  EXPECT_EQ(data.groups[0].max, 50);
  EXPECT_EQ(data.groups[0].pod.memory_gib, 16);
  const auto training = values->find("training");
  ASSERT_FALSE(training);
  EXPECT_EQ(training.error().message, "cluster is training, want one of data");
}

TEST(Values, ErrorsNameTheLine) {
  for (const auto& [text, said] :
       {std::pair("name: pool-a\nclusters:\n  data:\n    groups:\n      cpu: {max: many}\n",
                  "v.yaml:5: clusters.data.groups.cpu.max is many, want a whole number, 0 to"),
        {"clusters:\n  data: [1]\n", "v.yaml:2: clusters.data is a list, want a map"},
        {"clusters:\n  data:\n    groups:\n      cpu: {min: 9, max: 3}\n",
         "v.yaml:4: clusters.data.groups.cpu.min is 9, want max (3) or less"},
        {"name: Pool A\n", "v.yaml: name is \"Pool A\", want small letters"},
        {"name: [\n", "v.yaml:"},
        {"- a\n", "v.yaml: no map of values"}}) {
    const auto values = read_values(text, "v.yaml", kDefaults);
    ASSERT_FALSE(values) << text;
    EXPECT_EQ(values.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(values.error().message.starts_with(said)) << values.error().message;
  }
}

TEST(Values, WhatInitWritesIsRead) {
  for (const bool gpus : {false, true}) {
    const auto text = initial_values("pool-a", {.image = "r.example/lido:1.0",
                                                .bucket = "gs://pool-a",
                                                .training = gpus,
                                                .reconstruction = false,
                                                .spot = true});
    ASSERT_TRUE(text);
    const auto values = read_values(*text, "v.yaml", kDefaults);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_EQ(values->image, "r.example/lido");
    EXPECT_TRUE(values->clusters[0].groups[0].pod.spot);
    EXPECT_EQ(values->find("training").has_value(), gpus);
  }
}

TEST(Values, InitRefusesWhatKubernetesWould) {
  for (const char* name : {"", "Pool", "pool_a", "1pool", "pool-",
                           "a-name-that-is-much-too-long-for-what-comes-of-it"})
    EXPECT_FALSE(initial_values(name, {})) << name;
  EXPECT_FALSE(initial_values("pool-a", {.image = "lido"}));
  EXPECT_FALSE(initial_values("pool-a", {.cloud = "moon"}));
}

}  // namespace
}  // namespace lido::cluster
