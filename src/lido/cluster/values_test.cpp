// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <fmt/format.h>
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
      gpu:
        {cpu: 8, memoryGiB: 32, objectStoreGiB: 4, spillGiB: 10, min: 0, max: 4,
         gpu: {type: nvidia-l4, count: 1}}
)";

const ChartFiles kChart{std::string(kDefaults), R"({"type": "object", "properties": {
    "name": {"type": "string"}, "platform": {"enum": ["gke-autopilot", "kubernetes"]},
    "image": {}, "serviceAccount": {}, "clusters": {"type": "object"}},
    "additionalProperties": false})"};

TEST(Values, OverrideTheDefaults) {
  const auto values = read_values("name: pool-a\nclusters: {data: {groups: {cpu: {spot: true}}}}\n",
                                  "v.yaml", kChart);
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

TEST(Values, NameTheLineOfAnError) {
  for (const auto& [text, said] :
       {std::pair("name: pool-a\nclusters:\n  data:\n    groups:\n      cpu: {max: many}\n",
                  "v.yaml:5: clusters.data.groups.cpu.max is many, want a whole number, 0 to"),
        {"clusters:\n  data: [1]\n", "v.yaml:2: clusters.data is a list, want a map"},
        {"clusters:\n  data:\n    groups:\n      cpu: {min: 9, max: 3}\n",
         "v.yaml:4: clusters.data.groups.cpu.min is 9, want max (3) or less"},
        {"name: Pool A\n", "v.yaml: name is \"Pool A\", want small letters"},
        {"name: [\n", "v.yaml:"},
        {"- a\n", "v.yaml:1: the document is a list, want a map"}}) {
    const auto values = read_values(text, "v.yaml", kChart);
    ASSERT_FALSE(values) << text;
    EXPECT_EQ(values.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(values.error().message.starts_with(said)) << values.error().message;
  }
}

TEST(Values, TakeNumbersToTheEdgesOfTheirRanges) {
  const auto cpu_group = [](const std::string& inside) {
    return "clusters: {data: {groups: {cpu: {" + inside + "}}}}\n";
  };
  const auto gpu_group = [](int count) {
    return fmt::format("clusters: {{training: {{groups: {{gpu: {{gpu: {{count: {}}}}}}}}}}}\n",
                       count);
  };
  for (const auto& [good, bad] : {std::pair(gpu_group(1), gpu_group(0)),
                                  {gpu_group(16), gpu_group(17)},
                                  {cpu_group("max: 0"), cpu_group("max: -1")},
                                  {cpu_group("max: 1000000"), cpu_group("max: 1000001")},
                                  {cpu_group("min: 50"), cpu_group("min: 51")},
                                  {cpu_group("min: 0"), cpu_group("min: -1")},
                                  {cpu_group("cpus: 4096"), cpu_group("cpus: 4097")},
                                  {cpu_group("cpus: 0"), cpu_group("cpus: -1")},
                                  {cpu_group("cpu: 0"), cpu_group("cpu: -0.001")},
                                  {cpu_group("memoryGiB: 1e9"), cpu_group("memoryGiB: 1.001e9")}}) {
    const auto read = read_values(good, "v.yaml", kChart);
    EXPECT_TRUE(read) << good << read.error().message;
    EXPECT_FALSE(read_values(bad, "v.yaml", kChart)) << bad;
  }
}

TEST(Values, TakeNamesOfUpToFortyCharacters) {
  const std::string longest = "a" + std::string(38, '-') + "9";
  EXPECT_TRUE(read_values("name: " + longest + "\n", "v.yaml", kChart));
  EXPECT_TRUE(initial_values(longest, {}));
  EXPECT_FALSE(read_values("name: " + longest + "9\n", "v.yaml", kChart));
  EXPECT_FALSE(initial_values(longest + "9", {}));
  EXPECT_TRUE(initial_values("a", {}));
}

TEST(InitialValues, AreReadBack) {
  for (const bool gpus : {false, true}) {
    const auto text = initial_values("pool-a", {.image = "r.example/lido:1.0",
                                                .bucket = "gs://pool-a",
                                                .training = gpus,
                                                .reconstruction = false,
                                                .spot = true});
    ASSERT_TRUE(text);
    const auto values = read_values(*text, "v.yaml", kChart);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_EQ(values->image, "r.example/lido");
    EXPECT_TRUE(values->clusters[0].groups[0].pod.spot);
    EXPECT_EQ(values->find("training").has_value(), gpus);
  }
}

TEST(InitialValues, RefuseNamesThatKubernetesRefuses) {
  for (const char* name : {"", "Pool", "pool_a", "1pool", "pool-",
                           "a-name-that-is-much-too-long-for-what-comes-of-it"})
    EXPECT_FALSE(initial_values(name, {})) << name;
  EXPECT_FALSE(initial_values("pool-a", {.image = "lido"}));
  EXPECT_FALSE(initial_values("pool-a", {.cloud = "moon"}));
}

TEST(Values, RefuseAnEmptyFile) {
  for (const char* text : {"", "# nothing\n", "---\n"}) {
    const auto values = read_values(text, "v.yaml", kChart);
    ASSERT_FALSE(values) << text;
    EXPECT_EQ(values.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(values.error().message,
              "v.yaml: the file is empty, want values; lido cluster init writes such a file");
  }
}

TEST(Values, RefuseWhatTheChartsSchemaRefuses) {
  for (const auto& [text, expected] :
       {std::pair("name: a\ngrups: {}\n",
                  "v.yaml:2: grups is an unknown key, want one of clusters"),
        {"platform: mars\n",
         "v.yaml:1: platform is mars, want one of gke-autopilot, kubernetes"}}) {
    const auto values = read_values(text, "v.yaml", kChart);
    ASSERT_FALSE(values) << text;
    EXPECT_TRUE(values.error().message.starts_with(expected)) << values.error().message;
  }
}

TEST(Values, ReportABrokenChart) {
  EXPECT_EQ(read_values("name: a\n", "v.yaml", {std::string(kDefaults), "{"}).error().code,
            ErrorCode::kCorrupt);
}

TEST(InitialValues, GrantAccessToABucketOnGke) {
  const InitOptions options{.image = "r.example/lido:1.0", .bucket = "gs://pool-a"};
  EXPECT_NE(initial_values("pool-a", options)->find("buckets add-iam-policy-binding gs://pool-a"),
            std::string::npos);
  InitOptions elsewhere = options;
  elsewhere.cloud = "kubernetes";
  EXPECT_EQ(initial_values("pool-a", elsewhere)->find("gcloud"), std::string::npos);
}

}  // namespace
}  // namespace lido::cluster
