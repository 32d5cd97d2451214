// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/pod_values.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lido/cluster/test_chart.h"

namespace lido::cluster {
namespace {

using values_testing::kChart;
using values_testing::with_data;

TEST(PodValues, AcceptPodsAtTheLimit) {
  for (const char* settings :
       {"groups: {cpu: {cpu: 0.5, memoryGiB: 2, cpus: 1}}",
        "groups: {cpu: {cpu: 30, memoryGiB: 110}}", "groups: {cpu: {spillGiB: 10}}",
        "head: {objectStoreGiB: 3.5}",
        "groups: {cpu: {cpu: 64, memoryGiB: 256, nodeSelector: {cloud.google.com/compute-class: "
        "Balanced}}}"}) {
    const auto values = with_data(settings);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_TRUE(values->warnings.empty() || std::string(settings).contains("0.5, memory"))
        << values->warnings.front();
  }
}

TEST(PodValues, RefuseGpusThatNoMachineOfGkeHas) {
  const auto with_gpus = [](std::string_view settings, std::string_view more = "") {
    return read_values(
        fmt::format("{}clusters:\n  training:\n    groups:\n      gpu: {{{}}}\n", more, settings),
        "v.yaml", kChart);
  };
  // Compute Engine docs: L4s come in machines of 1, 2, 4 and 8, with 32 CPUs and 128 GiB at most
  // beside one. GKE docs: 122 GiB of disk.
  for (const auto& [settings, said] :
       {std::pair("gpu: {type: nvidia-l4, count: 3}",
                  "gpu.count is 3, want one of 1, 2, 4, 8, the numbers of nvidia-l4 in GKE's"),
        {"gpu: {type: nvidia-l5}",
         "gpu.type is nvidia-l5, want one of GKE's GPU types, nvidia-tes"},
        {"cpu: 64", "cpu is 64, want less than 32, the size of GKE's largest machine with 1"},
        {"memoryGiB: 300", "memoryGiB is 300, want less than 128"},
        {"cpu: 24, gpu: {count: 2}", "cpu is 24, want less than 24"},
        {"spillGiB: 123", "spillGiB is 123, want 122 or less"}}) {
    const auto values = with_gpus(settings);
    ASSERT_FALSE(values) << settings;
    EXPECT_TRUE(values.error().message.starts_with("v.yaml:4: clusters.training.groups.gpu." +
                                                   std::string(said)))
        << values.error().message;
    // Other platforms have other machines.
    const auto elsewhere = with_gpus(settings, "platform: kubernetes\n");
    EXPECT_TRUE(elsewhere || elsewhere.error().message.contains(":5:")) << settings;
  }
  for (const char* settings : {"gpu: {count: 8}", "cpu: 31", "memoryGiB: 127", "spillGiB: 122",
                               "gpu: {type: nvidia-h100-80gb}"})
    EXPECT_TRUE(with_gpus(settings)) << settings;
  EXPECT_TRUE(with_gpus("gpu: {type: rtx-4090, count: 3}", "platform: kubernetes\n"));
}

TEST(PodValues, RefuseSelectorsThatContradictTheGroup) {
  const auto selecting = [](std::string_view label, std::string_view value,
                            std::string_view more = "") {
    return fmt::format("groups: {{cpu: {{nodeSelector: {{{}: \"{}\"}}{}}}}}", label, value, more);
  };
  constexpr const char* kSpot = "cloud.google.com/gke-spot";
  for (const auto& [settings, wanted] :
       {std::pair(selecting(kSpot, "true"), "no such label, but spot: true in the group"),
        {selecting(kSpot, "false", ", spot: true"), "no such label beside spot: true"},
        {selecting("cloud.google.com/gke-provisioning", "spot"), "no such label, but spot: true"},
        {selecting("cloud.google.com/compute-class", "autopilot-spot"), "no such label, but spot"},
        {selecting("cloud.google.com/gke-accelerator", "nvidia-l4"), "no such label, but gpu:"},
        {fmt::format("head: {{nodeSelector: {{{}: \"true\"}}}}", kSpot), "nodes that are not spot"},
        {fmt::format("groups: {{driver: {{nodeSelector: {{{}: \"true\"}}}}}}", kSpot),
         "nodes that are not spot"},
        {selecting("cloud.google.com/compute-class", "mine", ", spot: true"),
         "false: none beside compute class mine"},
        {"groups: {cpu: {tolerations: [{value: a}]}}", "a key, or operator: Exists"}}) {
    const auto values = with_data(settings);
    ASSERT_FALSE(values) << settings;
    EXPECT_TRUE(values.error().message.starts_with("v.yaml:1: clusters.data.")) << settings;
    EXPECT_TRUE(values.error().message.contains(fmt::format("want {}", wanted)))
        << values.error().message;
  }
  for (const std::string& settings :
       {selecting(kSpot, "true", ", spot: true"),
        selecting("cloud.google.com/compute-class", "spot-then-on-demand"),
        std::string("head: {nodeSelector: {cloud.google.com/compute-class: no-spot}}"),
        std::string("groups: {cpu: {tolerations: [{operator: Exists}]}}")})
    EXPECT_TRUE(with_data(settings)) << with_data(settings).error().message;
}

TEST(PodValues, WantSpotBesideTheSpotNodesOfOtherClouds) {
  constexpr const char* kElsewhere = "platform: kubernetes\n";
  for (const char* label :
       {"eks.amazonaws.com/capacityType: SPOT", "karpenter.sh/capacity-type: spot",
        "kubernetes.azure.com/scalesetpriority: spot", "node.kubernetes.io/lifecycle: spot"}) {
    const auto silent =
        with_data(fmt::format("groups: {{cpu: {{nodeSelector: {{{}}}}}}}", label), kElsewhere);
    ASSERT_FALSE(silent) << label;
    EXPECT_TRUE(silent.error().message.contains("want spot: true beside this label"))
        << silent.error().message;
    EXPECT_TRUE(with_data(
        fmt::format("groups: {{cpu: {{spot: true, nodeSelector: {{{}}}}}}}", label), kElsewhere));
    EXPECT_FALSE(with_data(fmt::format("head: {{nodeSelector: {{{}}}}}", label), kElsewhere));
  }
  EXPECT_TRUE(with_data("groups: {cpu: {nodeSelector: {karpenter.sh/capacity-type: on-demand}}}",
                        kElsewhere));
}

TEST(PodValues, TakeDisksToTheMegabyteThatManifestsHave) {
  // 10 GiB are 10240 MiB; manifests round down.
  EXPECT_TRUE(with_data("groups: {cpu: {spillGiB: 10.0009}}"));
  const auto above = with_data("groups: {cpu: {spillGiB: 10.001}}");
  ASSERT_FALSE(above);
  // No class of Autopilot has more disk.
  EXPECT_TRUE(above.error().message.ends_with("Or a nodeSelector with a class of your own"))
      << above.error().message;
}

}  // namespace
}  // namespace lido::cluster
