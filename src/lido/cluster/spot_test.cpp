// SPDX-License-Identifier: Apache-2.0
// Spot nodes of GKE, EKS, Karpenter and Azure: the labels that their documents name.
#include <gtest/gtest.h>

#include "lido/cluster/manifest.h"
#include "lido/cluster/testing.h"

namespace lido::cluster::manifest {
namespace {

bool may_be_spot(const char* pod) { return spot_nodes(YAML::Load(pod)).has_value(); }

TEST(Spot, ComparesWholeNamesOfClassesAndTaints) {
  for (const char* pod :
       {"nodeSelector: {cloud.google.com/compute-class: autopilot-spot}",
        "nodeSelector: {eks.amazonaws.com/capacityType: SPOT}",
        "tolerations: [{key: spotInstance, operator: Exists}]",
        "tolerations: [{key: pool, value: cpu-spot}]",
        "tolerations: [{key: kubernetes.azure.com/scalesetpriority, value: spot}]"})
    EXPECT_TRUE(may_be_spot(pod)) << pod;
  for (const char* pod : {"nodeSelector: {cloud.google.com/compute-class: spot-then-on-demand}",
                          "nodeSelector: {cloud.google.com/compute-class: no-spot}",
                          "tolerations: [{key: pool, value: hotspot}]",
                          "tolerations: [{key: no-spot, operator: Exists}]",
                          "tolerations: [{key: karpenter.sh/capacity-type, value: on-demand}]"})
    EXPECT_FALSE(may_be_spot(pod)) << pod;
}

TEST(Spot, ASelectorOfOtherNodesOverridesATolerance) {
  const std::string tolerates = "tolerations: [{key: spot, operator: Exists}]\n";
  const std::string affinity =
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
      "{nodeSelectorTerms: [{matchExpressions: [{key: karpenter.sh/capacity-type, ";
  EXPECT_TRUE(may_be_spot(tolerates.c_str()));
  for (const std::string& excludes :
       {std::string("nodeSelector: {eks.amazonaws.com/capacityType: ON_DEMAND}"),
        std::string("nodeSelector: {cloud.google.com/gke-provisioning: standard}"),
        affinity + "operator: In, values: [on-demand]}]}]}}}",
        affinity + "operator: NotIn, values: [spot]}]}]}}}",
        affinity + "operator: DoesNotExist}]}]}}}"})
    EXPECT_FALSE(may_be_spot((tolerates + excludes).c_str())) << excludes;
  EXPECT_TRUE(may_be_spot((tolerates + "nodeSelector: {disk: ssd}").c_str()));
  EXPECT_TRUE(may_be_spot(
      (tolerates + affinity + "operator: In, values: [on-demand, spot]}]}]}}}").c_str()));
}

TEST(Spot, ReadsExistsAndPreferences) {
  EXPECT_TRUE(may_be_spot(
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
      "{nodeSelectorTerms: [{matchExpressions: [{key: cloud.google.com/gke-spot, operator: "
      "Exists}]}]}}}"));
  const std::string preferred =
      "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, "
      "preference: {matchExpressions: [{key: cloud.google.com/gke-spot, operator: In, values: ";
  EXPECT_TRUE(may_be_spot((preferred + "[\"true\"]}]}}]}}").c_str()));
  EXPECT_FALSE(may_be_spot((preferred + "[\"false\"]}]}}]}}").c_str()));
}

TEST(Spot, FindsDriversOnSpotNodes) {
  const auto offers = [](std::string_view name) {
    return check_testing::changed(
        "{memory: \"7000000000\"",
        fmt::format("{{resources: '\"{{\\\"{}\\\": 1}}\"', memory: \"7000000000\"", name));
  };
  EXPECT_EQ(check_testing::ids(offers("driver")), check_testing::Rules{"driver-spot"});
  EXPECT_EQ(check_testing::ids(offers("disk")), check_testing::Rules{});
  // A job's own resource, on the same nodes.
  std::string own = offers("lead");
  own.replace(own.find("entrypointNumCpus: 1"), 20, "entrypointResources: '{\"lead\": 1}'");
  EXPECT_EQ(check_testing::ids(own), check_testing::Rules{"driver-spot"});
  std::string safe = offers("driver");
  safe.replace(safe.find("gke-spot: \"true\""), 16, "gke-provisioning: standard");
  EXPECT_EQ(check_testing::ids(safe), check_testing::Rules{});
}

}  // namespace
}  // namespace lido::cluster::manifest
