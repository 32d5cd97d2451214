// SPDX-License-Identifier: Apache-2.0
// A manifest without a finding, and for every rule a change that causes that finding alone.
#include "lido/cluster/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lido::cluster {
namespace {

constexpr std::string_view kGood = R"(apiVersion: ray.io/v1
kind: RayJob
metadata: {name: pool-a}
spec:
  entrypoint: lido ingest gs://pool-a/raw --out gs://pool-a/train --on ray
  entrypointNumCpus: 1
  runtimeEnvYAML: "env_vars: {A: b}"
  shutdownAfterJobFinishes: true
  rayClusterSpec:
    rayVersion: "2.60.0"
    enableInTreeAutoscaling: true
    authOptions: {mode: token}
    autoscalerOptions: {version: v2, idleTimeoutSeconds: 60}
    headGroupSpec:
      serviceType: ClusterIP
      rayStartParams: {num-cpus: "0", memory: "0", object-store-memory: "150000000"}
      template:
        spec:
          nodeSelector: {}
          containers:
          - name: ray-head
            image: registry.example/lido:0.1.0
            command: [ray-head]
            livenessProbe: {failureThreshold: 6, periodSeconds: 10}
            resources:
              requests: {cpu: "1", memory: 4Gi}
              limits: {cpu: "1", memory: 4Gi, ephemeral-storage: 4Gi}
            securityContext:
              {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    workerGroupSpecs:
    - groupName: cpu
      minReplicas: 0
      maxReplicas: 10
      rayStartParams: {object-store-memory: "500000000"}
      template:
        spec:
          nodeSelector: {cloud.google.com/gke-spot: "true"}
          terminationGracePeriodSeconds: 25
          automountServiceAccountToken: false
          containers:
          - name: ray-worker
            image: registry.example/lido:0.1.0
            livenessProbe: {failureThreshold: 6, periodSeconds: 10}
            resources: {requests: {cpu: "2", memory: 8Gi}, limits: {cpu: "2", memory: 8Gi}}
            securityContext:
              {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
            volumeMounts: [{name: spill, mountPath: /tmp/ray}, {name: shm, mountPath: /dev/shm}]
          volumes:
          - {name: spill, emptyDir: {sizeLimit: 20Gi}}
          - {name: shm, emptyDir: {medium: Memory, sizeLimit: 1Gi}}
---
kind: Deployment
metadata: {name: operator}
spec: {template: {spec: {containers: [{image: kuberay/operator:v1.6.2}]}}}
---
kind: Service
metadata: {name: dashboard}
spec: {type: ClusterIP, ports: [{port: 8265}]}
)";

struct Change {
  const char* rule;
  const char* from;
  const char* to;
};

const std::vector<Change> kChanges = {
    {"head-cpus", "{num-cpus: \"0\"", "{num-cpus: \"4\""},
    {"head-cpus", "num-cpus: \"0\", ", ""},
    {"head-memory", "memory: \"0\", ", ""},
    {"head-spot", "nodeSelector: {}",
     "nodeSelector: {cloud.google.com/gke-spot: \"true\"}\n          "
     "terminationGracePeriodSeconds: 25"},
    {"job-driver-on-head", "  entrypointNumCpus: 1\n", ""},
    {"api-open", "    authOptions: {mode: token}\n", ""},
    {"job-asks-kubernetes", "{mode: token}", "{mode: token, enableK8sTokenAuth: true}"},
    {"service-exposed", "serviceType: ClusterIP", "serviceType: LoadBalancer"},
    {"service-exposed", "type: ClusterIP, ports", "type: NodePort, ports"},
    {"privileges", "runAsNonRoot: true, ", ""},
    {"worker-token", "          automountServiceAccountToken: false\n", ""},
    {"memory-limit", "limits: {cpu: \"2\", memory: 8Gi}", "limits: {cpu: \"2\"}"},
    {"memory-overcommitted", "{object-store-memory: \"500000000\"}",
     "{memory: \"8589934592\", object-store-memory: \"500000000\"}"},
    {"object-store-unsized", "{object-store-memory: \"500000000\"}", "{}"},
    {"object-store-over-shm", "medium: Memory, sizeLimit: 1Gi", "medium: Memory, sizeLimit: 100Mi"},
    {"spill-unbounded", "emptyDir: {sizeLimit: 20Gi}", "emptyDir: {}"},
    {"zombie-window", "livenessProbe: {failureThreshold: 6",
     "livenessProbe: {failureThreshold: 60"},
    {"zombie-window", "            livenessProbe: {failureThreshold: 6, periodSeconds: 10}\n", ""},
    {"install-at-start", "env_vars: {A: b}", "pip: [numpy]"},
    {"install-at-start", "command: [ray-head]", "command: [sh, -c, pip install numpy && ray-head]"},
    {"image-unpinned", "lido:0.1.0", "lido:latest"},
    {"image-without-pyc", "registry.example/lido:0.1.0", "rayproject/ray:2.60.0-py311"},
    {"autoscaler-v1", "version: v2, ", ""},
    {"never-shrinks", "    enableInTreeAutoscaling: true\n", ""},
    {"never-shrinks", "minReplicas: 0", "minReplicas: 2"},
    {"idle-too-short", "idleTimeoutSeconds: 60", "idleTimeoutSeconds: 15"},
    {"replicas-unbounded", "      maxReplicas: 10\n", ""},
    {"cpus-from-limit", "limits: {cpu: \"2\"", "limits: {cpu: \"8\""},
    {"spot-grace", "terminationGracePeriodSeconds: 25", "terminationGracePeriodSeconds: 60"},
    {"autopilot-rewrites", "requests: {cpu: \"2\", memory: 8Gi}",
     "requests: {cpu: \"2\", memory: 16Gi}"},
    {"job-leaves-cluster", "  shutdownAfterJobFinishes: true\n", ""},
    {"param-not-text", "num-cpus: \"0\"", "num-cpus: 0"},
    {"two-operators", "[{image: kuberay/operator:v1.6.2}]",
     "[{image: kuberay/operator:v1.6.2}, {image: kuberay/operator:v1.5.0}]"},
};

std::string changed(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const size_t position = text.find(from);
  EXPECT_NE(position, std::string::npos) << from;
  return text.replace(position, from.size(), to);
}

std::set<std::string_view> ids(const std::string& text) {
  std::set<std::string_view> found;
  const auto check = check_manifest(text, "m.yaml");
  EXPECT_TRUE(check) << check.error().message;
  for (const Finding& finding : check->findings) found.insert(finding.rule->id);
  return found;
}

TEST(CheckManifest, FindsNothingInAGoodManifest) {
  EXPECT_EQ(ids(std::string(kGood)), std::set<std::string_view>{});
}

TEST(CheckManifest, FindsEachRuleAlone) {
  std::set<std::string_view> covered = {"gpu-without-limit", "version-differs"};  // below
  for (const Change& change : kChanges) {
    EXPECT_EQ(ids(changed(change.from, change.to)), std::set<std::string_view>{change.rule})
        << change.from;
    covered.insert(change.rule);
  }
  for (const Rule& each : kRules)
    EXPECT_TRUE(covered.contains(each.id)) << each.id << " has no test";
}

TEST(CheckManifest, WantsALimitAndALongerIdleTimeoutForGpus) {
  const std::string text = changed("nodeSelector: {cloud.google.com/gke-spot: \"true\"}",
                                   "nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}");
  EXPECT_EQ(ids(text), (std::set<std::string_view>{"gpu-without-limit", "idle-too-short"}));
}

TEST(CheckManifest, FindsImagesOfAnotherRayVersion) {
  EXPECT_EQ(ids(changed("registry.example/lido:0.1.0", "rayproject/ray:2.59.0")),
            (std::set<std::string_view>{"version-differs", "image-without-pyc"}));
}

TEST(CheckManifest, NamesLineAndObject) {
  const auto check = check_manifest(changed("minReplicas: 0", "minReplicas: 2"), "pool.yaml");
  ASSERT_EQ(check->findings.size(), 1U);
  const Finding& finding = check->findings.front();
  EXPECT_EQ(finding.file, "pool.yaml");
  EXPECT_EQ(finding.line, 32);
  EXPECT_EQ(finding.object, "RayJob pool-a, worker group cpu");
  EXPECT_EQ(finding.found, "minReplicas is 2");
}

TEST(CheckManifest, SortsFindingsByLine) {
  const auto check = check_manifest(
      "kind: RayCluster\nspec:\n  headGroupSpec: {rayStartParams: {}}\n  workerGroupSpecs:\n"
      "  - {groupName: a, maxReplicas: 1}\n  - {groupName: b, maxReplicas: 1}\n",
      "m");
  ASSERT_GE(check->findings.size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(check->findings, {}, &Finding::line));
}

TEST(CheckManifest, CountsRayObjects) {
  EXPECT_EQ(check_manifest(kGood, "m")->ray_objects, 1);
  EXPECT_EQ(check_manifest("kind: ConfigMap\n", "m")->ray_objects, 0);
  EXPECT_EQ(check_manifest("kind: List\nitems: [{kind: RayCluster}, {kind: RayService}]\n", "m")
                ->ray_objects,
            2);
}

TEST(CheckManifest, RefusesAnEmptyManifest) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n---\n"}) {
    const auto check = check_manifest(text, "pool.yaml");
    ASSERT_FALSE(check) << text;
    EXPECT_EQ(check.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(check.error().message, "pool.yaml: the manifest is empty, want YAML documents");
  }
}

TEST(CheckManifest, RefusesBrokenYamlWithTheLine) {
  const auto refused = check_manifest("kind: RayCluster\nspec: [1, 2\n", "pool.yaml");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("pool.yaml:3: ")) << refused.error().message;
}

TEST(CheckManifest, AcceptsDocumentsOfAnyShape) {
  for (const char* odd :
       {"[]", "3", "kind: RayCluster", "kind: RayCluster\nspec: 3",
        "kind: RayJob\nspec: {rayClusterSpec: []}", "kind: List\nitems: {a: 1}",
        "kind: RayCluster\nspec: {workerGroupSpecs: [1, [], {template: 3}], headGroupSpec: 5}"})
    EXPECT_TRUE(check_manifest(odd, "m")) << odd;
}

TEST(Rules, HaveUniqueIdsAndCompleteTexts) {
  std::set<std::string_view> seen;
  for (const Rule& each : kRules) {
    EXPECT_TRUE(seen.insert(each.id).second) << each.id;
    EXPECT_FALSE(each.reason.empty() || each.fix.empty() || each.source.empty()) << each.id;
    EXPECT_TRUE(each.reason.ends_with('.')) << each.id;
  }
}

TEST(ParseQuantity, AcceptsTheUnitsOfKubernetes) {
  for (const auto& [text, value] : {std::pair{"500m", 0.5},
                                    {"2", 2.0},
                                    {"4Gi", 4294967296.0},
                                    {"1e3", 1000.0},
                                    {"1.5G", 1.5e9}})
    EXPECT_EQ(*parse_quantity(text), value) << text;
  for (const char* text : {"", "Gi", "1 Gi", "2gi", "nan", "inf", "1e999"})
    EXPECT_FALSE(parse_quantity(text)) << text;
}

}  // namespace
}  // namespace lido::cluster
