// SPDX-License-Identifier: Apache-2.0
// Each refusal of KubeRay 1.6.2 (validation.go) once, and the nearest object that KubeRay accepts.
#include <gtest/gtest.h>

#include <algorithm>

#include "lido/cluster/check.h"

namespace lido::cluster {
namespace {

constexpr std::string_view kJob = R"(kind: RayJob
metadata: {name: NAME, annotations: {ANNOTATIONS: ""}}
spec:
  JOB: 0
  shutdownAfterJobFinishes: true
  rayClusterSpec:
    CLUSTER: 0
    rayVersion: "2.60.0"
    enableInTreeAutoscaling: true
    authOptions: {mode: token}
    autoscalerOptions: {version: v2}
    headGroupSpec:
      {HEAD: 0, rayStartParams: {num-cpus: "0"},
      template: {spec: {HEADPOD: 0, containers: [{name: head, env: [{name: A}]}]}}}
    workerGroupSpecs:
    - {groupName: cpu, minReplicas: 0, maxReplicas: 3, WORKER: 0,
      template: {spec: {WORKERPOD: 0, containers: [{name: worker}]}}}
)";

/// Replaces the first `from` of each pair.
std::string job_with(std::initializer_list<std::pair<std::string_view, std::string_view>> changes) {
  std::string text(kJob);
  for (const auto& [from, to] : changes) {
    const size_t position = text.find(from);
    EXPECT_NE(position, std::string::npos) << from;
    text.replace(position, from.size(), to);
  }
  // Places that no change filled.
  for (const std::string_view place :
       {"  JOB: 0\n", "    CLUSTER: 0\n", "HEAD: 0, ", "WORKER: 0,"}) {
    if (const size_t at = text.find(place); at != std::string::npos) text.erase(at, place.size());
  }
  return text;
}

/// Returns the first refusal of KubeRay that the check reports; empty for none.
std::string refusal_of(const std::string& text) {
  const auto check = check_manifest(text, "m.yaml");
  EXPECT_TRUE(check) << check.error().message;
  if (!check) return {};
  for (const Finding& finding : check->findings) {
    if (finding.rule->id == "kuberay-refuses") return finding.found;
  }
  return {};
}

TEST(KubeRayRules, AcceptAJob) { EXPECT_EQ(refusal_of(job_with({{"NAME", "pool-a"}})), ""); }

TEST(KubeRayRules, LimitNames) {
  EXPECT_EQ(refusal_of(job_with({{"NAME", std::string(47, 'a')}})), "");
  EXPECT_EQ(refusal_of(job_with({{"NAME", std::string(48, 'a')}})),
            "name has 48 characters, want 47 at most");
  for (const char* name : {"4pool", "Pool", "pool-", "pool.a", "pool_a"})
    EXPECT_NE(refusal_of(job_with({{"NAME", name}})), "") << name;
  const std::string cluster =
      "kind: RayCluster\nmetadata: {name: NAME}\nspec: {headGroupSpec: {template: {spec: "
      "{containers: [{name: a}]}}}}\n";
  for (const auto& [length, is_refused] : {std::pair(53, false), {54, true}}) {
    std::string text = cluster;
    text.replace(text.find("NAME"), 4, std::string(static_cast<size_t>(length), 'a'));
    EXPECT_EQ(!refusal_of(text).empty(), is_refused) << length;
  }
}

TEST(KubeRayRules, CoverJobs) {
  for (const auto& [from, to, refused] :
       {std::tuple("JOB: 0", "submissionMode: InteractiveMode\n  backoffLimit: 2", true),
        {"JOB: 0", "submissionMode: InteractiveMode\n  backoffLimit: 0", false},
        {"JOB: 0", "submissionMode: SidecarMode\n  submitterPodTemplate: {spec: {}}", true},
        {"JOB: 0", "submissionMode: SidecarMode\n  submitterConfig: {backoffLimit: 1}", true},
        {"JOB: 0", "submissionMode: SidecarMode", false},
        {"JOB: 0", "backoffLimit: -1", true},
        {"JOB: 0", "activeDeadlineSeconds: 0", true},
        {"JOB: 0", "activeDeadlineSeconds: 1", false},
        {"JOB: 0", "preRunningDeadlineSeconds: -5", true},
        {"JOB: 0", "ttlSecondsAfterFinished: -1", true},
        {"JOB: 0", "ttlSecondsAfterFinished: 60", false},
        {"shutdownAfterJobFinishes: true", "ttlSecondsAfterFinished: 60", true},
        {"shutdownAfterJobFinishes: true", "suspend: true", true},
        {"JOB: 0", "clusterSelector: {ray.io/cluster: x}\n  backoffLimit: 1", true},
        {"JOB: 0", "clusterSelector: {ray.io/cluster: x}\n  suspend: true", true},
        {"JOB: 0", "clusterSelector: {other: x}", true},
        {"JOB: 0", "clusterSelector: {ray.io/cluster: x}\n  submissionMode: SidecarMode", true},
        {"  rayClusterSpec:\n", "  other:\n", true},
        {"CLUSTER: 0", "upgradeStrategy: {type: Recreate}", true}})
    EXPECT_EQ(!refusal_of(job_with({{from, to}, {"NAME", "a"}})).empty(), refused) << to;
}

TEST(KubeRayRules, CoverDeletion) {
  const auto with_rules = [](std::string_view rules) {
    return refusal_of(job_with(
        {{"NAME", "a"},
         {"shutdownAfterJobFinishes: true", fmt::format("deletionStrategy: {{{}}}", rules)}}));
  };
  constexpr std::string_view kFirst =
      "deletionRules: [{condition: {jobStatus: FAILED, ttlSeconds: 30}, policy: DeleteCluster}";
  EXPECT_EQ(with_rules(fmt::format("{}]", kFirst)), "");
  EXPECT_EQ(
      with_rules(fmt::format("{}, {{condition: {{jobStatus: FAILED, ttlSeconds: 30}}, policy: "
                             "DeleteSelf}}]",
                             kFirst)),
      "");
  for (const char* bad :
       {"", "onSuccess: {policy: DeleteCluster}",
        "deletionRules: [{condition: {}, policy: DeleteCluster}]",
        "deletionRules: [{condition: {jobStatus: FAILED, jobDeploymentStatus: Failed}, policy: "
        "DeleteCluster}]",
        "deletionRules: [{condition: {jobStatus: FAILED, ttlSeconds: -1}, policy: DeleteCluster}]",
        "deletionRules: [{condition: {jobStatus: FAILED}, policy: DeleteWorkers}]"})
    EXPECT_NE(with_rules(bad), "") << bad;
  for (const char* second :
       {"{condition: {jobStatus: FAILED, ttlSeconds: 40}, policy: DeleteCluster}",
        "{condition: {jobStatus: FAILED, ttlSeconds: 20}, policy: DeleteSelf}"})
    EXPECT_NE(with_rules(fmt::format("{}, {}]", kFirst, second)), "") << second;
  EXPECT_NE(refusal_of(job_with({{"NAME", "a"},
                                 {"JOB: 0",
                                  "deletionStrategy: {deletionRules: [{condition: "
                                  "{jobStatus: FAILED}, policy: DeleteCluster}]}"}})),
            "");
}

TEST(KubeRayRules, CoverClusters) {
  const char* env = "env: [{name: A}]";
  for (const auto& [from, to, refused] :
       {std::tuple("rayVersion: \"2.60.0\"", "rayVersion: \"2.51.0\"", true),
        {"rayVersion: \"2.60.0\"", "rayVersion: \"2.52.0\"", false},
        {"    rayVersion: \"2.60.0\"\n", "", true},
        {"rayVersion: \"2.60.0\"", "rayVersion: nightly", true},
        {"authOptions: {mode: token}", "authOptions: {enableK8sTokenAuth: true}", true},
        {"minReplicas: 0, maxReplicas: 3", "minReplicas: 4, maxReplicas: 3", true},
        {"minReplicas: 0, maxReplicas: 3", "minReplicas: 3, maxReplicas: 3", false},
        {"maxReplicas: 3", "maxReplicas: -3", true},
        {"minReplicas: 0", "minReplicas: -1", true},
        {"HEAD: 0", "resources: {CPU: \"0\"}", true},
        {"HEAD: 0, rayStartParams: {num-cpus: \"0\"}", "resources: {CPU: \"0\"}", false},
        {"HEAD: 0, rayStartParams: {", "rayStartParams: {labels: a, ", true},
        {"WORKER: 0", "idleTimeoutSeconds: 90", false},
        {"WORKER: 0", "idleTimeoutSeconds: -1", true},
        {"WORKER: 0", "suspend: true", true},
        {"HEADPOD: 0", "restartPolicy: Always", true},
        {"HEADPOD: 0", "restartPolicy: Never", false},
        {"WORKERPOD: 0", "restartPolicy: OnFailure", true},
        {"autoscalerOptions: {version: v2}",
         "autoscalerOptions: {version: v2, idleTimeoutSeconds: -1}", true},
        {env, "env: [{name: RAY_enable_autoscaler_v2, value: \"1\"}]", true},
        {env, "env: [{name: RAY_REDIS_ADDRESS, value: \"redis:6379\"}]", true},
        {env, "env: [{name: REDIS_USERNAME, value: a}]", true},
        {"containers: [{name: worker}]", "containers: []", true},
        {"[{name: head, env: [{name: A}]}]", "[]", true}})
    EXPECT_EQ(!refusal_of(job_with({{from, to}, {"NAME", "a"}})).empty(), refused) << to;
}

TEST(KubeRayRules, CoverPairsOfSettings) {
  using Changes = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  const std::pair<std::string_view, std::string_view> options = {
      "CLUSTER: 0", "gcsFaultToleranceOptions: {redisAddress: \"redis:6379\"}"};
  EXPECT_EQ(refusal_of(job_with({options, {"NAME", "a"}})), "");
  for (const Changes& changes :
       {Changes{options, {"rayStartParams: {", "rayStartParams: {redis-password: a, "}},
        Changes{options, {"name: A", "name: REDIS_PASSWORD"}},
        Changes{options, {"name: A", "name: RAY_REDIS_ADDRESS"}},
        Changes{options, {"ANNOTATIONS", "ray.io/external-storage-namespace"}, {"\"\"}", "\"x\"}"}},
        Changes{options, {"ANNOTATIONS: \"\"", "ray.io/ft-enabled: \"true\""}},
        Changes{{"WORKER: 0", "idleTimeoutSeconds: 90"}, {"{version: v2}", "{version: v1}"}},
        Changes{{"enableInTreeAutoscaling: true", "enableInTreeAutoscaling: false"},
                {"{name: A}", "{name: RAY_enable_autoscaler_v2, value: \"true\"}"}},
        Changes{{"JOB: 0", "submissionMode: SidecarMode"},
                {"enableInTreeAutoscaling: true", "enableInTreeAutoscaling: false"},
                {"HEADPOD: 0", "restartPolicy: Always"}}}) {
    std::string text = job_with(changes);
    EXPECT_NE(refusal_of(text), "") << text;
  }
  // The old annotation permits the variable.
  EXPECT_EQ(refusal_of(job_with({{"ANNOTATIONS: \"\"", "ray.io/ft-enabled: \"true\""},
                                 {"name: A", "name: RAY_REDIS_ADDRESS"},
                                 {"NAME", "a"}})),
            "");
}

TEST(KubeRayRules, CoverServices) {
  const std::string service =
      "kind: RayService\nmetadata: {name: a}\nspec: {rayClusterConfig: {rayVersion: \"2.60.0\", "
      "headGroupSpec: {enableIngress: false, template: {spec: {containers: [{name: a}]}}}}}\n";
  EXPECT_EQ(refusal_of(service), "");
  std::string named = service;
  named.replace(named.find("enableIngress: false"), 20, "headService: {metadata: {name: mine}}");
  EXPECT_NE(refusal_of(named), "");
}

}  // namespace
}  // namespace lido::cluster
