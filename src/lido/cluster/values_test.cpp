// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/values.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lido/base/yaml.h"
#include "lido/cluster/test_chart.h"

namespace lido::cluster {
namespace {

using values_testing::kChart;
using values_testing::kDefaults;
using values_testing::with_data;

TEST(Values, OverrideTheDefaults) {
  const auto values = read_values("name: pool-a\nclusters: {data: {groups: {cpu: {spot: true}}}}\n",
                                  "v.yaml", kChart);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(values->name, "pool-a");
  const RayClusterValues& data = **values->find("data");
  EXPECT_TRUE(data.groups[1].pod.spot);
  EXPECT_EQ(data.groups[1].max, 50);
  EXPECT_EQ(data.groups[1].pod.memory_gib, 16);
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
        {"name: Pool A\n", "v.yaml: name is \"Pool A\", want lower-case letters"},
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
    return "platform: kubernetes\nclusters: {data: {groups: {cpu: {" + inside + "}}}}\n";
  };
  const auto gpu_group = [](int count) {
    return fmt::format(
        "platform: kubernetes\nclusters: {{training: {{groups: {{gpu: {{gpu: "
        "{{count: {}}}}}}}}}}}\n",
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

TEST(Values, RefusePodsThatCannotStart) {
  for (const auto& [settings, said] :
       {std::pair("groups: {cpu: {cpu: 0.5}}",
                  "v.yaml:1: clusters.data.groups.cpu.cpu is 0.5, want a whole number, or cpus"),
        {"groups: {driver: {spot: true}}",
         "v.yaml:1: clusters.data.groups.driver.spot is true, want false"},
        {"groups: {cpu: {memoryGiB: 1}}",
         "v.yaml:1: clusters.data.groups.cpu.memoryGiB is 1, want"},
        // The default of 4 GiB has no line in this file.
        {"head: {objectStoreGiB: 3.6}", "v.yaml: clusters.data.head.memoryGiB is 4, want more"},
        // GKE docs, Resource requests in Autopilot: 30 CPUs, 110 GiB, 10 GiB of disk.
        {"groups: {cpu: {cpu: 64, memoryGiB: 256}}",
         "v.yaml:1: clusters.data.groups.cpu.cpu is 64, want a pod that Autopilot accepts"},
        {"groups: {cpu: {cpu: 30, memoryGiB: 111}}",
         "v.yaml:1: clusters.data.groups.cpu.memoryGiB is 111, want"},
        {"groups: {cpu: {spillGiB: 50}}",
         "v.yaml:1: clusters.data.groups.cpu.spillGiB is 50, want"}}) {
    const auto values = with_data(settings);
    ASSERT_FALSE(values) << settings;
    EXPECT_EQ(values.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(values.error().message.starts_with(said)) << values.error().message;
  }
}

TEST(Values, WarnOfConsequences) {
  for (const auto& [settings, said] :
       {std::pair(
            "groups: {cpu: {cpu: 1, memoryGiB: 16}}",
            "clusters.data.groups.cpu: Autopilot raises 1 CPUs and 16 GiB to 2.5 CPUs and 16 GiB"),
        {"groups: {cpu: {max: 5000}}", "clusters.data.head: 1 CPUs and 4 GiB"},
        {"groups: {cpu: {nodeSelector: {cloud.google.com/compute-class: mine}}}",
         "clusters.data.groups.cpu: GKE bills the nodes of compute class mine"}}) {
    const auto values = with_data(settings);
    ASSERT_TRUE(values) << values.error().message;
    ASSERT_EQ(values->warnings.size(), 1u) << settings;
    EXPECT_TRUE(values->warnings[0].starts_with(said)) << values->warnings[0];
  }
}

TEST(Values, RefuseVariablesThatAreThereTwice) {
  const auto twice = with_data("", "env:\n- {name: A, value: b}\n- {name: A, value: c}\n");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message,
            "v.yaml:4: env.1.name is A, want a name that is not there before");
  EXPECT_TRUE(with_data("", "env: [{name: A, value: b}, {name: B, value: b}]\n"));
}

TEST(Values, RefuseNamespacesOfKubernetes) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-mine"}) {
    const auto values = read_values(fmt::format("\nname: {}\n", name), "v.yaml", kChart);
    ASSERT_FALSE(values) << name;
    EXPECT_TRUE(values.error().message.starts_with(fmt::format("v.yaml:2: name is {}, want", name)))
        << values.error().message;
    EXPECT_FALSE(initial_values(name, {})) << name;
  }
}

TEST(Values, NameTheImageThatPodsLack) {
  const auto missing = [](std::string_view image) {
    const auto values = with_data("", fmt::format("image: {}\n", image));
    return values ? values->missing_image : values.error().message;
  };
  EXPECT_EQ(missing("{repository: r.example/lido, tag: \"1\"}"), "");
  EXPECT_EQ(missing("{repository: r.example/lido, digest: \"sha256:1\"}"), "");
  EXPECT_EQ(
      missing("{repository: \"\", tag: \"1\"}"),
      "v.yaml:2: image.repository is empty, want the image that deploy/image/Dockerfile makes, "
      "like registry.example/lido (docs/clusters.md)");
  EXPECT_TRUE(
      missing("{repository: r.example/lido, tag: \"\"}").starts_with("v.yaml:2: image.tag is"));
  // A cluster may have an image of its own.
  const auto own = [](std::string_view image) {
    const auto values = with_data(fmt::format("image: {}", image),
                                  "image: {repository: r.example/lido, tag: \"1\"}\n");
    return values ? values->missing_image : values.error().message;
  };
  EXPECT_EQ(own("{repository: r.example/lido-train, tag: \"1\"}"), "");
  EXPECT_NE(own("{repository: r.example/lido-train}").find("clusters.data.image.tag is nothing"),
            std::string::npos)
      << own("{repository: r.example/lido-train}");
}

TEST(Values, AreToldFromManifests) {
  EXPECT_TRUE(is_values_text("name: a\nclusters: {data: {enabled: true}}\n"));
  EXPECT_TRUE(is_values_text(*initial_values("pool-a", {})));
  EXPECT_FALSE(is_values_text("kind: RayCluster\nmetadata: {name: a}\n"));
  // A kubeconfig has a kind, and a list of clusters.
  EXPECT_FALSE(is_values_text("kind: Config\nclusters: [{name: a}]\n"));
  for (const char* text : {"", "[1]", "clusters: 3", ": ["}) EXPECT_FALSE(is_values_text(text));
}

TEST(Values, WantASelectorForSpotNodesElsewhere) {
  const char* elsewhere = "platform: kubernetes\n";
  const auto refused = with_data("groups: {cpu: {spot: true}}", elsewhere);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with(
      "v.yaml:1: clusters.data.groups.cpu.spot is true, want a nodeSelector"))
      << refused.error().message;
  EXPECT_TRUE(
      with_data("groups: {cpu: {spot: true, nodeSelector: {eks.amazonaws.com/capacityType: SPOT}}}",
                elsewhere));
  // No grid outside Autopilot.
  const auto large = with_data("groups: {cpu: {cpu: 64, memoryGiB: 16, spillGiB: 50}}", elsewhere);
  ASSERT_TRUE(large) << large.error().message;
  EXPECT_TRUE(large->warnings.empty());
}

TEST(Values, CountTheAutoscalerInTheHeadsPod) {
  const auto values = with_data("", "autoscaler: {cpu: 0.5, memoryGiB: 1}\n");
  ASSERT_TRUE(values) << values.error().message;
  const PodShape& head = (*values->find("data"))->head;
  EXPECT_EQ(head.cpu, 1.5);
  EXPECT_EQ(head.memory_gib, 5);
  EXPECT_EQ(head.spill_gib, 2.125);
}

TEST(Values, AnEmptyResourceIsNotOffered) {
  // Helm removes a default that a values file sets to null.
  for (const char* resources : {"{driver: ~}", "{driver: }", "null"}) {
    const auto settings = fmt::format("groups: {{driver: {{resources: {}}}}}", resources);
    const auto values = with_data(settings);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_FALSE((*values->find("data"))->groups[0].drivers > 0) << resources;
    ASSERT_EQ(values->warnings.size(), 1U) << resources;
    EXPECT_TRUE(values->warnings[0].contains("no group has resources: {driver: 1}"));
    EXPECT_FALSE(with_data(settings, "jobs: {night: {cluster: data}}\n")) << resources;
  }
  const auto kept = with_data("groups: {driver: {max: 2}}");
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ((*kept->find("data"))->groups[0].drivers, 1);
}

TEST(Values, KnowDriversByTheirResource) {
  const std::string conductor =
      "groups: {driver: ~, conductor: {cpu: 1, memoryGiB: 4, objectStoreGiB: 0.25, spillGiB: 2, "
      "min: 0, max: 4, cpus: 0, resources: {driver: 2}";
  const auto values = with_data(conductor + "}}");
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_TRUE(values->warnings.empty());
  const WorkerGroup* drivers = (*values->find("data"))->drivers();
  ASSERT_NE(drivers, nullptr);
  EXPECT_EQ(drivers->name, "conductor");
  EXPECT_EQ(drivers->drivers, 2);
  EXPECT_EQ(with_data(conductor + ", spot: true}}").error().message,
            "v.yaml:1: clusters.data.groups.conductor.spot is true, want false: the job of a "
            "reclaimed driver ends");
  EXPECT_FALSE(with_data("groups: {cpu: {spot: true, resources: {driver: 1}}}"));
}

TEST(Values, CheckTheClusterOfAJob) {
  for (const auto& [job, said] :
       {std::pair("jobs: {night: {cluster: moon}}\n",
                  "v.yaml:2: jobs.night.cluster is moon, want one of data, training"),
        {"jobs: {night: {cluster: training}}\n",
         "v.yaml:2: jobs.night.cluster is training, want a cluster with a group that has"}}) {
    const auto values = with_data("", job);
    ASSERT_FALSE(values) << job;
    EXPECT_TRUE(values.error().message.starts_with(said)) << values.error().message;
  }
  const auto kept =
      with_data("", "jobs: {night: {cluster: data, keepSeconds: 7}, a: {cluster: data}}\n");
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->jobs.size(), 2U);
  EXPECT_EQ(kept->jobs[0].name, "night");
  EXPECT_EQ(kept->jobs[0].cluster, "data");
  EXPECT_EQ(kept->jobs[0].keep_s, 7);
  EXPECT_EQ(kept->jobs[1].keep_s, 60);
  // KubeRay makes a service account with a cluster's name.
  const auto taken = with_data("", "serviceAccount: {name: data}\n");
  ASSERT_FALSE(taken);
  EXPECT_TRUE(
      taken.error().message.starts_with("v.yaml:2: serviceAccount.name is data, want another"))
      << taken.error().message;
}

TEST(InitialValues, RefuseSpotNodesWithoutADefault) {
  const auto refused = initial_values("pool-a", {.cloud = "kubernetes", .spot = true});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("--spot: cloud kubernetes has no default"));
  EXPECT_TRUE(initial_values("pool-a", {.cloud = "kubernetes"})->contains("needs a nodeSelector"));
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
    EXPECT_TRUE(values->clusters[0].groups[1].pod.spot);
    EXPECT_EQ(values->find("training").has_value(), gpus);
  }
}

TEST(InitialValues, RefuseDecisionsThatNoClusterCanUse) {
  // OCI Distribution Specification: the grammar of names and tags.
  for (const char* image :
       {":1", "lido", "r.example/Lido:1", "https://r/lido:1", "r/lido:1:2", "r/lido:a b", "r//l:1",
        "r/lido:-1", "r/lido:latest", "r/lido@sha256:1", "r/li__-do:1", "r/lido_:1"})
    EXPECT_FALSE(initial_values("pool-a", {.image = image})) << image;
  for (const char* image : {"lido:1", "r.example:5000/a/b-c/lido:v1.0_x", "R.example/a__b:A.-"})
    EXPECT_TRUE(initial_values("pool-a", {.image = image})) << image;
  for (const char* gpu : {"x: y", "nvidia-l5", "", "nvidia l4"})
    EXPECT_FALSE(initial_values("pool-a", {.gpu = gpu})) << gpu;
  EXPECT_TRUE(initial_values("pool-a", {.cloud = "kubernetes", .gpu = "rtx-4090"}));
  EXPECT_FALSE(initial_values("pool-a", {.cloud = "kubernetes", .gpu = "x: y"}));
  for (const char* bucket : {"s3://x", "gs://", "pool-a", "gs://Pool", "gs://a\nb", "s4://abc"})
    EXPECT_FALSE(initial_values("pool-a", {.bucket = bucket})) << bucket;
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
                  "v.yaml:2: grups is an unknown key, want one of autoscaler, clusters"),
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
  const std::string other = *initial_values("pool-a", elsewhere);
  EXPECT_EQ(other.find("gcloud"), std::string::npos);
  EXPECT_TRUE(other.contains("# Workers access gs://pool-a with Application Default Credentials"));
}

TEST(InitialValues, GiveWorkersTheKeysOfAnS3Bucket) {
  for (const char* cloud : {"gke-autopilot", "kubernetes"}) {
    const auto text = initial_values(
        "pool-a", {.cloud = cloud, .image = "r.example/lido:1.0", .bucket = "s3://footage"});
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_TRUE(text->contains("create secret generic lido-s3 -n pool-a")) << *text;
    EXPECT_TRUE(text->contains("# Workers access s3://footage with keys")) << *text;
    // Kubernetes' EnvVarSource, as YAML reads the file.
    const Yaml env = (*Yaml::parse(*text, "v.yaml"))["env"];
    const auto variables = env.list();
    ASSERT_TRUE(variables) << variables.error().message;
    ASSERT_EQ(variables->size(), 2U);
    for (const Yaml& one : *variables)
      EXPECT_EQ(*one["valueFrom"]["secretKeyRef"]["key"].text(), *one["name"].text());
    EXPECT_EQ(*(*variables)[0]["valueFrom"]["secretKeyRef"]["name"].text(), "lido-s3");
    EXPECT_TRUE(read_values(*text, "v.yaml", kChart));
  }
}

}  // namespace
}  // namespace lido::cluster
