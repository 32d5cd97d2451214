// SPDX-License-Identifier: Apache-2.0
// Pods with several containers: Autopilot's requests (GKE docs, Resource requests in Autopilot),
// probes and disks.
#include <gtest/gtest.h>

#include <algorithm>

#include "lido/cluster/testing.h"

namespace lido::cluster {
namespace {

using check_testing::changed;
using check_testing::ids;
using check_testing::kRestricted;
using check_testing::kWorkerVolumeLine;
using check_testing::Rules;

/// Returns the good manifest with a container beside the worker's.
std::string with_sidecar(std::string_view settings) {
  return changed(kWorkerVolumeLine,
                 fmt::format("          - {{name: side, image: \"s:1\", {}, {}}}\n{}", kRestricted,
                             settings, kWorkerVolumeLine));
}

/// Returns the good manifest with an init container in the worker's pod.
std::string with_init(std::string_view settings) {
  return changed("automountServiceAccountToken: false\n",
                 fmt::format("automountServiceAccountToken: false\n          initContainers: "
                             "[{{name: side, image: \"s:1\", {}, {}}}]\n",
                             kRestricted, settings));
}

TEST(CheckPods, FillsInRequestsThatAutopilotFillsIn) {
  // 2 CPUs, 8 GiB and 8 GiB of disk beside 0.5 CPUs, 2 GiB and 1 GiB: within all limits.
  EXPECT_EQ(ids(with_sidecar("env: []")), Rules{});
  // 8 + 102 GiB are the maximum.
  EXPECT_EQ(ids(with_sidecar("resources: {requests: {cpu: \"28\", memory: 102Gi}}")), Rules{});
  EXPECT_EQ(ids(with_sidecar("resources: {requests: {memory: 103Gi}}")),
            Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_sidecar("resources: {requests: {cpu: 29, memory: 30Gi}}")),
            Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_sidecar("resources: {limits: {ephemeral-storage: 3Gi}}")),
            Rules{"autopilot-rejects"})
      << "8 + 3 GiB";
  // 0.5 CPUs for the sidecar: 38 GiB for 2.5 CPUs are 15.2 GiB per CPU.
  EXPECT_EQ(ids(with_sidecar("resources: {requests: {memory: 30Gi}}")),
            Rules{"autopilot-rewrites"});
}

TEST(CheckPods, CountsInitContainers) {
  EXPECT_EQ(ids(with_init("resources: {requests: {cpu: 30, memory: 40Gi}}")), Rules{});
  EXPECT_EQ(ids(with_init("resources: {requests: {cpu: 31, memory: 40Gi}}")),
            Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_init("resources: {requests: {ephemeral-storage: 11Gi}}")),
            Rules{"autopilot-rejects"});
  // A sidecar runs beside the worker: 29 + 2 CPUs.
  const std::string always = "restartPolicy: Always, resources: {requests: {cpu: ";
  EXPECT_EQ(ids(with_init(always + "28, memory: 40Gi}}")), Rules{});
  EXPECT_EQ(ids(with_init(always + "29, memory: 40Gi}}")), Rules{"autopilot-rejects"});
}

// GKE docs, Autopilot security.
TEST(CheckPods, KnowsWhatAutopilotForbids) {
  const auto rejects = [](const std::string& text) {
    return ids(text, {.autopilot = true}).contains("autopilot-rejects");
  };
  const char* selector = "nodeSelector: {cloud.google.com/gke-spot: \"true\"}";
  EXPECT_FALSE(rejects(std::string(check_testing::kGood)));
  EXPECT_TRUE(rejects(changed(selector, "hostNetwork: true")));
  EXPECT_TRUE(rejects(changed("emptyDir: {sizeLimit: 8Gi}", "hostPath: {path: /var/ray}")));
  EXPECT_FALSE(rejects(changed("emptyDir: {sizeLimit: 8Gi}", "hostPath: {path: /var/log/ray}")));
  EXPECT_TRUE(rejects(changed("{runAsNonRoot: true, allow", "{privileged: true, allow")));
  EXPECT_FALSE(ids(changed(selector, "hostNetwork: true")).contains("autopilot-rejects"));
}

/// Returns the good manifest with GPUs.
std::string with_gpus(std::string_view type, int count, std::string_view sizes) {
  std::string text =
      changed("nodeSelector: {cloud.google.com/gke-spot: \"true\"}",
              fmt::format("nodeSelector: {{cloud.google.com/gke-accelerator: {}}}", type));
  const std::string from =
      "requests: {cpu: \"2\", memory: 8Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
      "\"2\", memory: 8Gi}";
  text.replace(text.find(from), from.size(),
               fmt::format("requests: {{{0}, ephemeral-storage: 8Gi}}, limits: {{{0}, "
                           "nvidia.com/gpu: {1}}}",
                           sizes, count));
  const std::string idle = "idleTimeoutSeconds: 60";
  return text.replace(text.find(idle), idle.size(), "idleTimeoutSeconds: 300");
}

// Compute Engine docs, GPU machine types: G2, A2.
TEST(CheckPods, KnowsTheMachinesOfGpus) {
  EXPECT_EQ(ids(with_gpus("nvidia-l4", 1, "cpu: 30, memory: 110Gi")), Rules{});
  EXPECT_EQ(ids(with_gpus("nvidia-l4", 8, "cpu: 90, memory: 340Gi")), Rules{});
  EXPECT_EQ(ids(with_gpus("nvidia-l4", 3, "cpu: 20, memory: 70Gi")), Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_gpus("nvidia-l4", 1, "cpu: 64, memory: 100Gi")), Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_gpus("nvidia-l4", 2, "cpu: 20, memory: 97Gi")), Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_gpus("nvidia-x9", 3, "cpu: 20, memory: 97Gi")), Rules{});
}

TEST(CheckPods, FindsTheGpuInAnyContainer) {
  std::string text = with_gpus("nvidia-l4", 1, "cpu: 4, memory: 16Gi");
  text.replace(text.find(", nvidia.com/gpu: 1"), 19, "");
  EXPECT_EQ(ids(text), Rules{"gpu-without-limit"});
  text.insert(text.find(kWorkerVolumeLine),
              fmt::format("          - {{name: side, image: \"s:1\", {}, resources: {{limits: "
                          "{{nvidia.com/gpu: 1}}}}}}\n",
                          kRestricted));
  EXPECT_EQ(ids(text), Rules{});
}

TEST(CheckPods, ReadsTheClassOfAnAffinity) {
  const auto with_class = [](std::string_view name, std::string_view more) {
    return changed(
        "nodeSelector: {cloud.google.com/gke-spot: \"true\"}",
        fmt::format("affinity: {{nodeAffinity: "
                    "{{requiredDuringSchedulingIgnoredDuringExecution: "
                    "{{nodeSelectorTerms: [{{matchExpressions: [{{key: "
                    "cloud.google.com/compute-class, operator: In, values: [{}]}}{}]}}]}}"
                    "}}}}",
                    name, more));
  };
  const auto sized = [&](std::string text) {
    const std::string from = "{cpu: \"2\", memory: 8Gi";
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from))
      text.replace(at, from.size(), "{cpu: 64, memory: 256Gi");
    return text;
  };
  EXPECT_EQ(ids(sized(with_class("Balanced", ""))), Rules{}) << "222 CPUs, 851 GiB";
  EXPECT_EQ(ids(sized(with_class("general-purpose", ""))), Rules{"autopilot-rejects"});
  EXPECT_EQ(ids(with_class("mine",
                           ", {key: cloud.google.com/machine-family, operator: In, values: "
                           "[n2]}")),
            Rules{"class-conflict"});
}

TEST(CheckPods, FindsShortStartsDisksAndInstallations) {
  const std::string probe =
      "livenessProbe: {failureThreshold: 6, periodSeconds: 10, "
      "timeoutSeconds: 5}\n";
  const auto started = [&](std::string_view settings) {
    return ids(
        changed(probe, fmt::format("{}            startupProbe: {{{}}}\n", probe, settings)));
  };
  EXPECT_EQ(started("failureThreshold: 3, periodSeconds: 1"), Rules{"probe-too-eager"});
  EXPECT_EQ(started("failureThreshold: 3"), Rules{}) << "3 x 10 s, Kubernetes' default period";
  EXPECT_EQ(ids(changed("emptyDir: {medium: Memory, sizeLimit: 1Gi}", "emptyDir: {sizeLimit: 1Gi}"))
                .contains("object-store-over-shm"),
            true);
  for (const char* command : {"pip3 install a", "python -m pip -q install a", "apt install -y a",
                              "apk add a", "conda install a"}) {
    EXPECT_EQ(ids(changed("[ray-head]", fmt::format("[sh, -c, \"{}\"]", command))),
              Rules{"install-at-start"})
        << command;
    EXPECT_EQ(ids(changed("command: [ray-head]",
                          fmt::format("lifecycle: {{postStart: {{exec: {{command: [sh, -c, "
                                      "\"{}\"]}}}}}}",
                                      command))),
              Rules{"install-at-start"})
        << command;
  }
  EXPECT_EQ(ids(changed("[ray-head]", "[pip, list]")), Rules{});
}

// KubeRay 1.6.2, SetContainerTokenAuthEnvVars: only where the variable is absent.
TEST(CheckPods, FindsTokensThatAVariableSwitchesOff) {
  const auto with_env = [](std::string_view env) {
    return ids(changed("command: [ray-head]", fmt::format("env: [{}]", env)));
  };
  EXPECT_EQ(with_env("{name: RAY_AUTH_MODE, value: disabled}"), Rules{"api-open"});
  EXPECT_EQ(with_env("{name: RAY_AUTH_MODE, value: \"\"}"), Rules{"api-open"});
  EXPECT_EQ(with_env("{name: RAY_AUTH_MODE, value: token}"), Rules{});
  // Kubernetes uses the last of two.
  EXPECT_EQ(with_env("{name: RAY_AUTH_MODE, value: token}, {name: RAY_AUTH_MODE, value: disabled}"),
            Rules{"api-open"});
  EXPECT_EQ(with_env("{name: RAY_AUTH_TOKEN, value: hunter2}"), Rules{"password-in-manifest"});
  EXPECT_EQ(with_env("{name: RAY_AUTH_TOKEN, valueFrom: {secretKeyRef: {name: a, key: b}}}"),
            Rules{});
}

TEST(CheckPods, WantsResourcesThatTheHeadLacksForDrivers) {
  const auto with_resources = [](std::string_view json) {
    return ids(changed("entrypointNumCpus: 1", fmt::format("entrypointResources: '{}'", json)));
  };
  for (const char* json : {"", "{}", "{\"a\": 0}", "{\"node:__internal_head__\": 0.001}"})
    EXPECT_EQ(with_resources(json), Rules{"job-driver-on-head"}) << json;
  EXPECT_EQ(with_resources("{\"driver\": 1}"), Rules{});
  EXPECT_EQ(with_resources("{\"node:__internal_head__\": 0.001, \"driver\": 1}"), Rules{});
}

}  // namespace
}  // namespace lido::cluster
