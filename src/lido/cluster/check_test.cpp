// SPDX-License-Identifier: Apache-2.0
// A manifest without a finding, and for every rule a change that causes that finding alone.
#include "lido/cluster/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "lido/cluster/testing.h"

namespace lido::cluster {
namespace {

using check_testing::changed;
using check_testing::ids;
using check_testing::kGood;

struct Change {
  const char* rule;  ///< Empty for a change that causes no finding.
  const char* from;
  const char* to;
};

constexpr const char* kHeadContainer = "          - name: ray-head\n";
constexpr const char* kWorkerVolumes = "          volumes:\n";
constexpr const char* kWorkerSelector = "nodeSelector: {cloud.google.com/gke-spot: \"true\"}";
constexpr const char* kWorkerSizes =
    "requests: {cpu: \"2\", memory: 8Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
    "\"2\", memory: 8Gi}";
constexpr const char* kEnd = "data: {redis.conf: \"port 6379\"}\n";

const std::vector<Change> kChanges = {
    {"head-cpus", "{num-cpus: \"0\"", "{num-cpus: \"4\""},
    {"head-cpus", "num-cpus: \"0\", ", ""},
    {"head-memory", "memory: \"0\", ", ""},
    {"head-small", "memory: 4Gi}\n              limits: {cpu: \"1\", memory: 4Gi,",
     "memory: 1Gi}\n              limits: {cpu: \"1\", memory: 1Gi,"},
    {"", "memory: 4Gi}\n              limits: {cpu: \"1\", memory: 4Gi,",
     "memory: 2Gi}\n              limits: {cpu: \"1\", memory: 2Gi,"},
    {"head-many-workers", "maxReplicas: 10", "maxReplicas: 301"},
    {"", "maxReplicas: 10", "maxReplicas: 300"},
    {"head-many-workers", "maxReplicas: 10", "maxReplicas: 80\n      numOfHosts: 4"},
    {"", "maxReplicas: 10", "maxReplicas: 75\n      numOfHosts: 4"},
    {"autoscaler-small", "      version: v2\n",
     "      version: v2\n      resources: {limits: {cpu: 250m, memory: 1Gi}}\n"},
    {"", "      version: v2\n",
     "      version: v2\n      resources: {limits: {cpu: 500m, memory: 1Gi}}\n"},
    {"job-driver-on-head", "  entrypointNumCpus: 1\n", ""},
    {"job-no-deadline", "  preRunningDeadlineSeconds: 1800\n", ""},
    {"", "  preRunningDeadlineSeconds: 1800\n", "  activeDeadlineSeconds: 1800\n"},
    {"job-asks-kubernetes", "{mode: token}", "{mode: token, enableK8sTokenAuth: true}"},
    {"worker-token", "          automountServiceAccountToken: false\n", ""},
    {"", "          automountServiceAccountToken: false\n",
     "          serviceAccountName: worker\n"},
    {"worker-token", "          automountServiceAccountToken: false\n",
     "          serviceAccountName: stranger\n"},
    {"memory-limit", "limits: {cpu: \"2\", memory: 8Gi}", "limits: {cpu: \"2\"}"},
    {"memory-overcommitted", "{memory: \"7000000000\"", "{memory: \"8589934592\""},
    {"tasks-take-limit", "{memory: \"7000000000\", ", "{"},
    {"object-store-unsized", "object-store-memory: \"500000000\"", "block: \"true\""},
    {"object-store-too-small", "object-store-memory: \"500000000\"",
     "object-store-memory: \"78643199\""},
    {"", "object-store-memory: \"500000000\"", "object-store-memory: \"78643200\""},
    {"object-store-over-shm", "medium: Memory, sizeLimit: 1Gi", "medium: Memory, sizeLimit: 100Mi"},
    {"spill-unbounded", "emptyDir: {sizeLimit: 8Gi}", "emptyDir: {}"},
    {"zombie-window", "livenessProbe: {failureThreshold: 6",
     "livenessProbe: {failureThreshold: 60"},
    {"zombie-window",
     "            livenessProbe: {failureThreshold: 6, periodSeconds: 10, timeoutSeconds: 5}\n",
     ""},
    {"probe-too-eager", "livenessProbe: {failureThreshold: 6",
     "livenessProbe: {failureThreshold: 2"},
    {"", "livenessProbe: {failureThreshold: 6", "livenessProbe: {failureThreshold: 3"},
    {"probe-too-eager", "10, timeoutSeconds: 5}", "10, timeoutSeconds: 2}"},
    {"probe-too-eager", "10, timeoutSeconds: 5}", "10}"},
    {"install-at-start", "env_vars: {A: b}", "pip: [numpy]"},
    {"install-at-start", "command: [ray-head]", "command: [sh, -c, pip install numpy && ray-head]"},
    {"image-unpinned", "lido:0.1.0", "lido:latest"},
    {"image-without-pyc", "registry.example/lido:0.1.0", "rayproject/ray:2.60.0-py311"},
    {"autoscaler-v1", "      version: v2\n", "      version: v1\n"},
    {"", "minReplicas: 0", "minReplicas: 2"},  // the cluster ends with its job
    {"idle-too-short", "idleTimeoutSeconds: 60", "idleTimeoutSeconds: 15"},
    {"replicas-unbounded", "      maxReplicas: 10\n", ""},
    {"cpus-from-limit", "limits: {cpu: \"2\"", "limits: {cpu: \"8\""},
    {"cpus-fractional", "{memory: \"7000000000\"", "{num-cpus: \"1.5\", memory: \"7000000000\""},
    {"", "{memory: \"7000000000\"", "{num-cpus: \"2\", memory: \"7000000000\""},
    {"job-leaves-cluster", "  shutdownAfterJobFinishes: true\n", ""},
    {"param-not-text", "num-cpus: \"0\"", "num-cpus: 0"},
    {"password-in-manifest", "    authOptions",
     "    gcsFaultToleranceOptions: {redisAddress: \"redis:6379\", redisPassword: {value: "
     "hunter2}}\n"
     "    authOptions"},
    {"password-in-manifest", "port 6379\"}", "requirepass hunter2\"}"},
    {"two-operators", "[{image: kuberay/operator:v1.6.2}]",
     "[{image: kuberay/operator:v1.6.2}, {image: kuberay/operator:v1.5.0}]"},
};

/// `resources` of Ray, as a shell passes them to `ray start`.
const std::vector<Change> kResourcesParams = {
    {"resources-unquoted", "{memory: \"7000000000\"",
     "{resources: '{\"a\": 1}', memory: \"7000000000\""},
    {"resources-unquoted", "{memory: \"7000000000\"",
     "{resources: '\"{\"a\": 1}\"', memory: \"7000000000\""},
    {"", "{memory: \"7000000000\"", "{resources: '\"{\\\"a\\\": 1}\"', memory: \"7000000000\""},
    {"", "{memory: \"7000000000\"", "{resources: \"'{\\\"a\\\": 1}'\", memory: \"7000000000\""},
};

/// Ways into a cluster from outside.
const std::vector<Change> kExposures = {
    {"api-open", "    authOptions: {mode: token}\n", ""},
    {"service-exposed", "serviceType: ClusterIP", "serviceType: LoadBalancer"},
    {"service-exposed", "type: ClusterIP, ports", "type: NodePort, ports"},
    {"service-exposed", "type: ClusterIP, ports: [{name: web, port: 443, targetPort: 8265}]",
     "type: LoadBalancer, ports: [{port: 443, targetPort: dashboard}]"},
    {"service-exposed", "type: ClusterIP, ports", "externalIPs: [192.0.2.1], ports"},
    {"", "type: ClusterIP, ports: [{name: web, port: 443, targetPort: 8265}]",
     "type: LoadBalancer, ports: [{port: 443, targetPort: 8000}]"},
    {"", "type: ClusterIP, ports: [{name: web, port: 443, targetPort: 8265}]",
     "type: LoadBalancer, selector: {app: grafana}, ports: [{port: 80, targetPort: dashboard}]"},
    {"service-exposed", "      serviceType: ClusterIP\n", "      enableIngress: true\n"},
    {"service-exposed", "      serviceType: ClusterIP\n",
     "      headService: {spec: {type: LoadBalancer}}\n"},
    {"", "      serviceType: ClusterIP\n", "      headService: {spec: {type: ClusterIP}}\n"},
    {"service-exposed", kHeadContainer,
     "          - name: ray-head\n            ports: [{containerPort: 8265, hostPort: 80}]\n"},
    {"service-exposed", kEnd,
     "---\nkind: Ingress\nspec: {rules: [{http: {paths: [{backend: {service: {name: "
     "pool-a-head-svc, port: {number: 8265}}}}]}}]}\n"},
    {"service-exposed", kEnd,
     "---\nkind: Ingress\nspec: {defaultBackend: {service: {name: dashboard, port: {name: "
     "web}}}}\n"},
    {"", kEnd,
     "---\nkind: Ingress\nmetadata: {annotations: {nginx.ingress.kubernetes.io/auth-url: "
     "x}}\nspec: "
     "{defaultBackend: {service: {name: dashboard, port: {name: web}}}}\n"},
    {"", kEnd,
     "---\nkind: Ingress\nspec: {defaultBackend: {service: {name: pool-a-serve-svc, port: {number: "
     "8000}}}}\n"},
    {"service-exposed", kEnd,
     "---\nkind: HTTPRoute\nspec: {rules: [{backendRefs: [{name: pool-a-head-svc, port: "
     "8265}]}]}\n"},
    {"service-exposed", kEnd,
     "---\nkind: Route\nspec: {to: {name: pool-a-head-svc}, port: {targetPort: dashboard}}\n"},
    {"service-exposed", kEnd,
     "---\nkind: VirtualService\nspec: {http: [{route: [{destination: {host: "
     "pool-a-head-svc.pool-a.svc, port: {number: 8265}}}]}]}\n"},
};

/// Settings that a restricted namespace refuses.
const std::vector<Change> kPrivileges = {
    {"privileges", "runAsNonRoot: true, ", ""},
    {"privileges",
     ",\n              seccompProfile: {type: RuntimeDefault}}\n            volumeMounts",
     "}\n            volumeMounts"},
    {"privileges", "      securityContext: &restricted\n", "      resources: &restricted\n"},
    {"privileges", "submissionMode: HTTPMode", "submissionMode: K8sJobMode"},
    {"privileges", "submissionMode: HTTPMode",
     "submitterPodTemplate: {spec: {containers: [{name: s, image: \"s:1\", securityContext: "
     "{privileged: true}}]}}"},
    {"privileges", kWorkerVolumes,
     "          - {name: log, image: \"log:1\", securityContext: {runAsUser: 0}}\n          "
     "volumes:\n"},
    {"privileges", "          nodeSelector: {}\n",
     "          initContainers: [{name: i, image: \"i:1\"}]\n"},
    {"privileges", kWorkerSelector, "hostPID: true"},
    {"privileges", "{name: shm, emptyDir: {medium: Memory, sizeLimit: 1Gi}}",
     "{name: shm, hostPath: {path: /dev/shm}}"},
};

/// Selectors of spot nodes, of three clouds. The worker's grace period is 25 s.
const std::vector<Change> kSpotNodes = {
    {"head-spot", "nodeSelector: {}", "nodeSelector: {eks.amazonaws.com/capacityType: SPOT}"},
    {"head-spot", "nodeSelector: {}", "nodeSelector: {karpenter.sh/capacity-type: spot}"},
    {"head-spot", "nodeSelector: {}",
     "nodeSelector: {kubernetes.azure.com/scalesetpriority: spot}"},
    {"head-spot", "nodeSelector: {}", "nodeSelector: {cloud.google.com/gke-provisioning: spot}"},
    {"head-spot", "nodeSelector: {}",
     "nodeSelector: {cloud.google.com/compute-class: autopilot-spot}"},
    // A class of the user's own: its name shows nothing about its nodes.
    {"", "nodeSelector: {}", "nodeSelector: {cloud.google.com/compute-class: no-spot}"},
    {"head-spot", "nodeSelector: {}", "tolerations: [{key: cloud.google.com/gke-spot}]"},
    {"head-spot", "nodeSelector: {}",
     "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
     "{nodeSelectorTerms: [{matchExpressions: [{key: karpenter.sh/capacity-type, operator: In, "
     "values: [on-demand, spot]}]}]}}}"},
    {"", "nodeSelector: {}", "nodeSelector: {karpenter.sh/capacity-type: on-demand}"},
    {"", "nodeSelector: {}", "nodeSelector: {kubernetes.io/arch: amd64}"},
    {"spot-grace", "terminationGracePeriodSeconds: 25", "terminationGracePeriodSeconds: 26"},
    {"", "cloud.google.com/gke-spot: \"true\"}\n          terminationGracePeriodSeconds: 25",
     "eks.amazonaws.com/capacityType: SPOT}\n          tolerations: [{key: spot, operator: "
     "Exists}]\n          terminationGracePeriodSeconds: 100"},
    {"spot-grace",
     "cloud.google.com/gke-spot: \"true\"}\n          terminationGracePeriodSeconds: 25",
     "eks.amazonaws.com/capacityType: SPOT}\n          terminationGracePeriodSeconds: 121"},
};

/// Limits of Autopilot. GKE docs, Resource requests in Autopilot.
const std::vector<Change> kAutopilot = {
    {"autopilot-rewrites", kWorkerSizes,
     "requests: {cpu: \"2\", memory: 16Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
     "\"2\", memory: 16Gi}"},
    {"", kWorkerSizes,
     "requests: {cpu: \"2\", memory: 13Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
     "\"2\", memory: 13Gi}"},
    {"autopilot-rewrites",
     "requests: {cpu: \"2\", memory: 8Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
     "\"2\"",
     "requests: {cpu: 1900m, memory: 8Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
     "1900m"},
    {"autopilot-rejects", kWorkerSizes,
     "requests: {cpu: \"31\", memory: 64Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
     "\"31\", memory: 64Gi}"},
    {"", kWorkerSizes,
     "requests: {cpu: \"30\", memory: 64Gi, ephemeral-storage: 8Gi},\n              limits: {cpu: "
     "\"30\", memory: 64Gi}"},
    {"autopilot-rejects", "ephemeral-storage: 8Gi", "ephemeral-storage: 11Gi"},
    {"autopilot-ephemeral", ", ephemeral-storage: 8Gi", ""},
    {"autopilot-ephemeral", "emptyDir: {sizeLimit: 8Gi}", "emptyDir: {sizeLimit: 9Gi}"},
    {"class-conflict", kWorkerSelector,
     "nodeSelector: {cloud.google.com/compute-class: mine, cloud.google.com/machine-family: n2}"},
    {"", kWorkerSelector,
     "nodeSelector: {cloud.google.com/compute-class: Performance, cloud.google.com/machine-family: "
     "c4}"},
};

TEST(CheckManifest, FindsNothingInAGoodManifest) {
  EXPECT_EQ(ids(std::string(kGood)), std::set<std::string_view>{});
}

/// Expects of each change that the good manifest with it breaks its rule alone.
void expect_alone(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    std::set<std::string_view> expected;
    if (*change.rule != '\0') expected.insert(change.rule);
    // The accounts are in every manifest: without a token, and with one.
    const std::string accounts =
        "---\nkind: ServiceAccount\nmetadata: {name: worker}\nautomountServiceAccountToken: false\n"
        "---\nkind: ServiceAccount\nmetadata: {name: stranger}\n";
    EXPECT_EQ(ids(changed(change.from, change.to) + accounts), expected)
        << change.from << " -> " << change.to;
  }
}

TEST(CheckManifest, FindsEachRuleAlone) { expect_alone(kChanges); }
TEST(CheckManifest, ReadsResourcesAsAShellDoes) { expect_alone(kResourcesParams); }
TEST(CheckManifest, FindsEveryWayToTheHead) { expect_alone(kExposures); }
TEST(CheckManifest, LooksAtEveryContainer) { expect_alone(kPrivileges); }
TEST(CheckManifest, KnowsTheSpotNodesOfThreeClouds) { expect_alone(kSpotNodes); }
TEST(CheckManifest, KnowsAutopilotsLimits) { expect_alone(kAutopilot); }

TEST(CheckManifest, HasATestForEachRule) {
  // Rules whose findings come with others', or in manifests of their own; tested below.
  std::set<std::string_view> covered = {
      "gpu-without-limit",  "version-differs", "kuberay-refuses", "never-shrinks",
      "upgrade-keeps-pods", "driver-spot",     "param-refused"};
  for (const auto* changes :
       {&kChanges, &kResourcesParams, &kExposures, &kPrivileges, &kSpotNodes, &kAutopilot}) {
    for (const Change& change : *changes) covered.insert(change.rule);
  }
  for (const Rule& each : kRules)
    EXPECT_TRUE(covered.contains(each.id)) << each.id << " has no test";
}

TEST(CheckManifest, WantsALimitAndALongerIdleTimeoutForGpus) {
  const std::string text =
      changed(kWorkerSelector, "nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}");
  EXPECT_EQ(ids(text), (std::set<std::string_view>{"gpu-without-limit", "idle-too-short"}));
  // KubeRay's default of 60 s is too short too.
  std::string without = text;
  without.erase(without.find("      idleTimeoutSeconds: 60\n"), 29);
  EXPECT_TRUE(ids(without).contains("idle-too-short"));
}

/// The rule of an image with this name where rayVersion is 2.60.0.
bool differs(const std::string& image) {
  return ids(changed("registry.example/lido:0.1.0", image)).contains("version-differs");
}

TEST(CheckManifest, ComparesWholeRayVersions) {
  for (const char* image : {"rayproject/ray:2.59.0", "mirror.example/team/ray:2.9.0",
                            "rayproject/ray-ml:2.6.0-gpu", "rayproject/ray:2.60.1-py311"})
    EXPECT_TRUE(differs(image)) << image;
  for (const char* image :
       {"rayproject/ray:2.60.0-py311-cpu", "mirror.example/ray:2.60.0", "rayproject/ray:nightly",
        "rayproject/ray@sha256:1f0e5a0c6ad6a1a1f0e5a0c6ad6a1a1f0e5a0c6ad6a1a1f0e5a0c6ad6a1a1aa",
        "rayproject/"
        "ray:2.60.0@sha256:9f0e5a0c6ad6a1a1f0e5a0c6ad6a1a1f0e5a0c6ad6a1a1f0e5a0c6ad6a1a1",
        "registry.example/lido:1.0", "registry.example:5000/lido:2.0"})
    EXPECT_FALSE(differs(image)) << image;
}

TEST(CheckManifest, WantsRecreateOfRayClustersOnly) {
  const std::string cluster =
      "kind: RayCluster\nmetadata: {name: a}\nspec: {rayVersion: \"2.60.0\"";
  EXPECT_TRUE(ids(cluster + "}").contains("upgrade-keeps-pods"));
  EXPECT_TRUE(ids(cluster + ", upgradeStrategy: {type: None}}").contains("upgrade-keeps-pods"));
  EXPECT_FALSE(
      ids(cluster + ", upgradeStrategy: {type: Recreate}}").contains("upgrade-keeps-pods"));
}

TEST(CheckManifest, AcceptsAProxyOnlyWithRayOnLoopback) {
  for (const auto& [host, is_open] : {std::pair("", true),
                                      {", dashboard-host: 0.0.0.0", true},
                                      {", dashboard-host: 127.0.0.1", false}}) {
    std::string text = changed("    authOptions: {mode: token}\n", "");
    const std::string params = "num-cpus: \"0\"";
    text.insert(text.find(params) + params.size(), host);
    const std::string sidecar =
        "          - {name: p, image: \"quay.io/brancz/kube-rbac-proxy:v0.18.0\", securityContext: "
        "*restricted}\n";
    text.insert(text.find("    workerGroupSpecs:\n"), sidecar);
    EXPECT_EQ(ids(text).contains("api-open"), is_open) << host;
  }
}

TEST(CheckManifest, ReadsTheResourcesFieldOfAGroup) {
  EXPECT_EQ(ids(changed("rayStartParams: {num-cpus: \"0\", memory: \"0\", object-store-memory",
                        "resources: {CPU: \"0\", memory: \"0\"}\n      rayStartParams: "
                        "{object-store-memory")),
            std::set<std::string_view>{});
}

TEST(CheckManifest, FindsAStoreAsLargeAsItsPod) {
  const std::string text = changed("{memory: \"7000000000\", object-store-memory: \"500000000\"}",
                                   "{object-store-memory: \"10240000000\"}");
  EXPECT_EQ(ids(text),
            (std::set<std::string_view>{"memory-overcommitted", "object-store-over-shm"}));
}

TEST(CheckManifest, CountsDeletionRulesAndJobsThatEnd) {
  const std::string deletes =
      "  deletionStrategy: {deletionRules: [{condition: {jobStatus: SUCCEEDED, ttlSeconds: 30}, "
      "policy: DeleteCluster}";
  const char* shutdown = "  shutdownAfterJobFinishes: true\n";
  EXPECT_EQ(ids(changed(shutdown, (deletes + ", {condition: {jobStatus: FAILED, ttlSeconds: 30}, "
                                             "policy: DeleteCluster}]}\n"))),
            std::set<std::string_view>{});
  // The cluster of a failed job stays.
  EXPECT_EQ(ids(changed(shutdown, deletes + "]}\n")),
            std::set<std::string_view>{"job-leaves-cluster"});
  std::string stays = changed("minReplicas: 0", "minReplicas: 2");
  stays.erase(stays.find(shutdown), std::string_view(shutdown).size());
  EXPECT_EQ(ids(stays), (std::set<std::string_view>{"job-leaves-cluster", "never-shrinks"}));
  // A cluster of a fixed size that ends with its job is not paid for around the clock.
  std::string fixed = changed("    enableInTreeAutoscaling: true\n", "");
  fixed.erase(fixed.find("      idleTimeoutSeconds: 60\n"), 29);
  EXPECT_EQ(ids(fixed), std::set<std::string_view>{});
}

TEST(CheckManifest, ResolvesMergeKeys) {
  const std::string text = R"(x-base: &base
  image: registry.example/lido:0.1.0
  livenessProbe: {failureThreshold: 6, periodSeconds: 10, timeoutSeconds: 5}
  resources:
    {requests: {cpu: "1", memory: 4Gi}, limits: {cpu: "1", memory: 4Gi, ephemeral-storage: 4Gi}}
  securityContext: &restricted
    {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]},
    seccompProfile: {type: RuntimeDefault}}
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: merged}
spec:
  rayVersion: "2.60.0"
  enableInTreeAutoscaling: true
  authOptions: {mode: token}
  upgradeStrategy: {type: Recreate}
  autoscalerOptions: {version: v2, idleTimeoutSeconds: 60, securityContext: *restricted}
  headGroupSpec:
    rayStartParams: {num-cpus: "0", memory: "0", object-store-memory: "150000000"}
    template: {spec: {containers: [{<<: *base, name: ray-head}]}}
)";
  EXPECT_EQ(ids(text), std::set<std::string_view>{});
  // A container's own key replaces a merged one; a list of maps is merged too.
  std::string eager = text;
  eager.replace(eager.find("<<: *base"), 9, "<<: [*base], livenessProbe: {failureThreshold: 1}");
  EXPECT_EQ(ids(eager), std::set<std::string_view>{"probe-too-eager"});
}

TEST(CheckManifest, ChecksEveryPodForAutopilotWhenAsked) {
  const std::string text = changed(kWorkerSelector, "tolerations: []");
  std::string large = text;
  large.replace(large.find("cpu: \"2\", memory: 8Gi"), 20, "cpu: \"1\", memory: 16Gi");
  const auto has_rule = [](const Result<ManifestCheck>& check, std::string_view id) {
    return std::ranges::any_of(check->findings,
                               [&](const Finding& each) { return each.rule->id == id; });
  };
  EXPECT_FALSE(has_rule(check_manifest(large, "m"), "autopilot-rewrites"));
  EXPECT_TRUE(has_rule(check_manifest(large, "m", {.autopilot = true}), "autopilot-rewrites"));
  // The chart marks its objects.
  large.replace(large.find("metadata: {name: pool-a}"), 24,
                "metadata: {name: pool-a, annotations: {lido/platform: gke-autopilot}}");
  EXPECT_TRUE(has_rule(check_manifest(large, "m"), "autopilot-rewrites"));
}

TEST(CheckManifest, NamesLineAndObject) {
  const auto check =
      check_manifest(changed("maxReplicas: 10", "maxReplicas: 2000000"), "pool.yaml");
  ASSERT_EQ(check->findings.size(), 1U);
  const Finding& finding = check->findings.front();
  EXPECT_EQ(finding.file, "pool.yaml");
  const std::string_view text = kGood;
  const auto line = std::ranges::count(text.substr(0, text.find("maxReplicas: 10")), '\n') + 1;
  EXPECT_EQ(finding.line, line);
  EXPECT_EQ(finding.object, "RayJob pool-a, worker group cpu");
  EXPECT_EQ(finding.found, "maxReplicas is 2000000");
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

}  // namespace
}  // namespace lido::cluster
