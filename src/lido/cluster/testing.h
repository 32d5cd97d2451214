// SPDX-License-Identifier: Apache-2.0
// Tests only: a manifest without a finding, and changes of it.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lido/cluster/check.h"

namespace lido::cluster::check_testing {

/// A RayJob with services beside it that breaks no rule.
inline constexpr std::string_view kGood = R"(apiVersion: ray.io/v1
kind: RayJob
metadata: {name: pool-a}
spec:
  entrypoint: lido ingest gs://pool-a/raw --out gs://pool-a/train --on ray
  entrypointNumCpus: 1
  runtimeEnvYAML: "env_vars: {A: b}"
  shutdownAfterJobFinishes: true
  preRunningDeadlineSeconds: 1800
  submissionMode: HTTPMode
  rayClusterSpec:
    rayVersion: "2.60.0"
    enableInTreeAutoscaling: true
    authOptions: {mode: token}
    autoscalerOptions:
      version: v2
      idleTimeoutSeconds: 60
      securityContext: &restricted
        {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]},
        seccompProfile: {type: RuntimeDefault}}
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
            livenessProbe: {failureThreshold: 6, periodSeconds: 10, timeoutSeconds: 5}
            resources:
              requests: {cpu: "1", memory: 4Gi}
              limits: {cpu: "1", memory: 4Gi, ephemeral-storage: 4Gi}
            securityContext: *restricted
    workerGroupSpecs:
    - groupName: cpu
      minReplicas: 0
      maxReplicas: 10
      rayStartParams: {memory: "7000000000", object-store-memory: "500000000"}
      template:
        spec:
          nodeSelector: {cloud.google.com/gke-spot: "true"}
          terminationGracePeriodSeconds: 25
          automountServiceAccountToken: false
          containers:
          - name: ray-worker
            image: registry.example/lido:0.1.0
            livenessProbe: {failureThreshold: 6, periodSeconds: 10, timeoutSeconds: 5}
            resources:
              {requests: {cpu: "2", memory: 8Gi, ephemeral-storage: 8Gi},
              limits: {cpu: "2", memory: 8Gi}}
            securityContext:
              {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]},
              seccompProfile: {type: RuntimeDefault}}
            volumeMounts: [{name: spill, mountPath: /tmp/ray}, {name: shm, mountPath: /dev/shm}]
          volumes:
          - {name: spill, emptyDir: {sizeLimit: 8Gi}}
          - {name: shm, emptyDir: {medium: Memory, sizeLimit: 1Gi}}
---
kind: Deployment
metadata: {name: operator}
spec: {template: {spec: {containers: [{image: kuberay/operator:v1.6.2}]}}}
---
kind: Service
metadata: {name: dashboard}
spec: {type: ClusterIP, ports: [{name: web, port: 443, targetPort: 8265}]}
---
kind: ConfigMap
metadata: {name: redis}
data: {redis.conf: "port 6379"}
)";

/// Lines of the good manifest, or of a container that breaks no rule.
inline constexpr const char* kWorkerVolumeLine = "          volumes:\n";
inline constexpr const char* kRestricted =
    "securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: "
    "[ALL]}, seccompProfile: {type: RuntimeDefault}}";

/// Returns the good manifest with the first `from` replaced.
inline std::string changed(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const size_t position = text.find(from);
  EXPECT_NE(position, std::string::npos) << from;
  return text.replace(position, from.size(), to);
}

/// Returns the rules that a manifest breaks.
inline std::set<std::string_view> ids(const std::string& text, const CheckOptions& options = {}) {
  std::set<std::string_view> found;
  const auto check = check_manifest(text, "m.yaml", options);
  EXPECT_TRUE(check) << check.error().message << "\n" << text;
  if (!check) return found;
  for (const Finding& finding : check->findings) found.insert(finding.rule->id);
  return found;
}

/// Returns "rule: finding" of every finding.
inline std::vector<std::string> findings_of(const std::string& text,
                                            const CheckOptions& options = {}) {
  const auto check = check_manifest(text, "m.yaml", options);
  EXPECT_TRUE(check) << check.error().message;
  std::vector<std::string> all;
  for (const Finding& each : check->findings)
    all.push_back(fmt::format("{}: {}", each.rule->id, each.found));
  return all;
}

using Rules = std::set<std::string_view>;

}  // namespace lido::cluster::check_testing
