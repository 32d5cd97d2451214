// SPDX-License-Identifier: Apache-2.0
// Fields as KubeRay's resource definitions have them, and schedules as robfig/cron reads them.
#include <gtest/gtest.h>

#include <algorithm>

#include "lido/cluster/manifest.h"
#include "lido/cluster/testing.h"

namespace lido::cluster {
namespace {

/// Returns the first refusal of the good manifest with a change.
std::string refusal(std::string_view from, std::string_view to) {
  for (const std::string& each : check_testing::findings_of(check_testing::changed(from, to))) {
    if (each.starts_with("kuberay-refuses: ")) return each.substr(17);
  }
  return "";
}

TEST(CheckFields, NamesUnknownKeysAndWrongTypes) {
  for (const auto& [from, to, found] :
       {std::tuple("    workerGroupSpecs:\n", "    workerGroupSpec:\n",
                   "spec.rayClusterSpec.workerGroupSpec is an unknown key"),
        {"maxReplicas: 10", "maxReplicas: '10'",
         "spec.rayClusterSpec.workerGroupSpecs.0.maxReplicas is \"10\", want a whole number"},
        {"maxReplicas: 10", "maxReplicas: 1.5",
         "spec.rayClusterSpec.workerGroupSpecs.0.maxReplicas is 1.5, want a whole number"},
        {"shutdownAfterJobFinishes: true", "shutdownAfterJobFinishes: 'true'",
         "spec.shutdownAfterJobFinishes is \"true\", want true or false"},
        {"rayVersion: \"2.60.0\"", "rayVersion: 2.6",
         "spec.rayClusterSpec.rayVersion is 2.6, want "
         "text"},
        {"authOptions: {mode: token}", "authOptions: [token]",
         "spec.rayClusterSpec.authOptions is a list, want a map"},
        {"groupName: cpu\n      minReplicas", "minReplicas",
         "spec.rayClusterSpec.workerGroupSpecs.0 has no groupName"}})
    EXPECT_EQ(refusal(from, to), found) << to;
  EXPECT_EQ(refusal("shutdownAfterJobFinishes: true", "shutdownAfterJobFinishes: yes"), "");
  EXPECT_EQ(refusal("entrypointNumCpus: 1", "entrypointNumCpus: 0.5"), "");
}

TEST(CheckFields, WantsASpec) {
  for (const char* kind : {"RayCluster", "RayJob", "RayService", "RayCronJob"}) {
    for (const char* spec : {"", "spec:\n", "spec: []\n", "spec: 3\n"})
      EXPECT_TRUE(
          check_testing::ids(fmt::format("kind: {}\n{}", kind, spec)).contains("kuberay-refuses"))
          << kind << spec;
  }
  EXPECT_TRUE(check_testing::ids("kind: RayCluster\nspec: {workerGroupSpecs: {groupName: a}}\n")
                  .contains("kuberay-refuses"));
  // Another version has other fields.
  EXPECT_EQ(check_testing::ids("kind: RayCluster\napiVersion: ray.io/v9\n"),
            check_testing::Rules{});
}

TEST(CheckFields, LooksAtPods) {
  EXPECT_EQ(refusal("command: [ray-head]", "env: [{name: A, value: 1}]"),
            "env A of container ray-head is 1 without quotes, want text");
  EXPECT_EQ(refusal("command: [ray-head]", "env: [{name: A, value: \"1\"}, {name: B, value: }]"),
            "");
  EXPECT_EQ(refusal("limits: {cpu: \"2\", memory: 8Gi}", "limits: {cpu: \"1\", memory: 8Gi}"),
            "container ray-worker requests 2 of cpu, above its limit");
}

// The name is a label (63 characters), and in small letters part of pod names (PodName()).
TEST(CheckFields, LimitsGroupNames) {
  for (const auto& [name, is_good] : {std::pair(std::string(63, 'a'), true),
                                      {std::string(64, 'a'), false},
                                      {"my_group", false},
                                      {"MyGroup", true},
                                      {"-a", false},
                                      {"a.b-c", true}})
    EXPECT_EQ(refusal("groupName: cpu", "groupName: " + name).empty(), is_good) << name;
}

TEST(CheckFields, CoversUpgradesOfServicesAndClusters) {
  const auto is_refused = [](std::string_view strategy, std::string_view autoscaling) {
    return check_testing::ids(
               fmt::format("kind: RayService\nspec: {{upgradeStrategy: {{{}}}, rayClusterConfig: "
                           "{{enableInTreeAutoscaling: {}, headGroupSpec: {{template: {{spec: "
                           "{{containers: [{{name: a}}]}}}}}}}}}}\n",
                           strategy, autoscaling))
        .contains("kuberay-refuses");
  };
  const std::string incremental = "type: NewClusterWithIncrementalUpgrade";
  const std::string options =
      ", clusterUpgradeOptions: {stepSizePercent: 10, intervalSeconds: 5, gatewayClassName: g}";
  EXPECT_FALSE(is_refused("type: NewCluster", "false"));
  EXPECT_FALSE(is_refused("type: None", "false"));
  EXPECT_FALSE(is_refused(incremental + options, "true"));
  EXPECT_TRUE(is_refused("type: Bogus", "true"));
  EXPECT_TRUE(is_refused(incremental, "true"));
  EXPECT_TRUE(is_refused(incremental + options, "false"));
  EXPECT_TRUE(is_refused(incremental + ", clusterUpgradeOptions: {stepSizePercent: 10}", "true"));
  for (const auto& [type, is_good] :
       {std::pair("Recreate", true), {"None", true}, {"Bogus", false}})
    EXPECT_EQ(
        !check_testing::ids(fmt::format("kind: RayCluster\nspec: {{upgradeStrategy: {{type: {}}}, "
                                        "headGroupSpec: {{template: {{spec: {{containers: [{{name: "
                                        "a}}]}}}}}}}}\n",
                                        type))
             .contains("kuberay-refuses"),
        is_good)
        << type;
}

TEST(CheckFields, ReadsTheItemsOfATypedList) {
  const auto check = check_manifest(
      "kind: RayClusterList\nitems: [{metadata: {name: a}, spec: {headGroupSpec: {}}}]\n", "m");
  EXPECT_EQ(check->ray_objects, 1);
  EXPECT_FALSE(check->findings.empty());
}

// Cases of robfig/cron's parser_test.go, and the format of crontab(5).
TEST(CheckFields, ReadsSchedules) {
  for (const char* good :
       {"0 2 * * *", "*/5 * * * *", "5 4 * * sun", "0 0 1 jan-mar *", "1,2,5-9/2 ? 1-31 * 0-6",
        "TZ=Asia/Tokyo 5 * * * *", "CRON_TZ=UTC  0 5 * * *", "@daily", "@every 5m", "@every 1h30m",
        "5/20 * * * *"})
    EXPECT_EQ(manifest::fault_of_schedule(good), "") << good;
  for (const char* bad :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
        "* * * * 7", "5-1 * * * *", "*/0 * * * *", "a * * * *", "* * * * sunday", "1-2-3 * * * *",
        "@every", "@every five", "@dayly", "*-5 * * * *"})
    EXPECT_NE(manifest::fault_of_schedule(bad), "") << bad;
}

}  // namespace
}  // namespace lido::cluster
