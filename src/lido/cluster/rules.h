// SPDX-License-Identifier: Apache-2.0
// The rules of `lido cluster check`, as data. A new rule is an entry here and a call of
// `add(rule("its-id"), ...)` in the check_*.cpp of that part of a manifest; check_test.cpp wants a
// manifest that breaks it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lido::cluster {

/// How much a finding matters.
enum class Severity : uint8_t {
  kError,    ///< Costs work, security or money on any cluster.
  kWarning,  ///< Costs some clusters work, security or money.
  kNote,     ///< Worth knowing.
};

/// A common misconfiguration of Ray on Kubernetes.
struct Rule {
  std::string_view id;      ///< Unique; lower case with dashes.
  Severity severity;        ///< How much a finding matters.
  std::string_view reason;  ///< Consequence of the misconfiguration, a sentence.
  std::string_view fix;     ///< Setting that avoids it.
  std::string_view source;  ///< Documentation, or software and version of the observation.
};

/// All rules, by topic.
inline constexpr std::array kRules = {
    // The head
    Rule{"head-cpus", Severity::kError,
         "Tasks and drivers on the head use its memory. When the head runs out of memory, the "
         "whole cluster fails.",
         "headGroupSpec.rayStartParams: num-cpus: \"0\"",
         "Ray docs, Best practices for large clusters; observed with Ray 2.60"},
    Rule{"head-memory", Severity::kWarning,
         "Tasks that request memory and no CPUs are scheduled on the head.",
         "headGroupSpec.rayStartParams: memory: \"0\"", "observed with Ray 2.60"},
    Rule{"head-small", Severity::kWarning,
         "Ray's processes of a head without work use more than a GiB: a smaller head ends at once.",
         "limits.memory of 2Gi or more for the head", "KubeRay issue 4287; observed with Ray 2.60"},
    Rule{"head-many-workers", Severity::kWarning,
         "Every worker costs the head CPU time and memory; a small head falls behind and workers "
         "are taken for dead.",
         "a head of 8 CPUs and 16 GiB or more for more than 300 workers",
         "Ray docs, Best practices for large clusters; KubeRay issue 3799"},
    Rule{"autoscaler-small", Severity::kWarning,
         "KubeRay does not restart an autoscaler that runs out of memory: jobs then wait for ever, "
         "and workers are never removed.",
         "autoscalerOptions.resources of 500m CPU and 1Gi memory or more",
         "KubeRay's default is 500m and 512Mi (1.6.2); KubeRay issue 4720"},
    Rule{"head-spot", Severity::kError,
         "When a spot node is reclaimed, a head on that node is lost, and the cluster with it.",
         "a head without spot nodes in its nodeSelector, affinity and tolerations",
         "GKE docs, Spot Pods; AWS docs, Spot; KubeRay docs, GCS fault tolerance"},
    Rule{"driver-spot", Severity::kError,
         "When a spot node is reclaimed, a driver on that node is lost, and its job ends.",
         "a group without spot nodes for the resource that drivers request",
         "Ray docs, Ray Jobs: a job ends with its driver; GKE docs, Spot Pods"},
    Rule{"job-driver-on-head", Severity::kError,
         "A RayJob's driver runs on the head, unless the entrypoint requests a resource that the "
         "head lacks.",
         "spec.entrypointNumCpus, or entrypointResources that only a worker group offers",
         "KubeRay RayJob reference"},
    // Access
    Rule{"api-open", Severity::kError,
         "Any client that can reach port 8265, 10001 or 6379 of a Ray head can run code on the "
         "cluster.",
         "spec.authOptions: {mode: token}, or rayStartParams dashboard-host: 127.0.0.1 behind a "
         "kube-rbac-proxy sidecar",
         "Ray docs, Security; observed: any pod could use the Jobs API (Ray 2.60, KubeRay 1.6.2)"},
    Rule{"service-exposed", Severity::kError,
         "A load balancer, node port, host port, ingress or route makes Ray's ports reachable from "
         "outside the cluster.",
         "a ClusterIP service and a port-forward, or an ingress that authenticates",
         "Ray docs, Security; CVE-2023-48022"},
    Rule{"privileges", Severity::kWarning,
         "In a container that can become root, a vulnerability in any library exposes the node; "
         "restricted namespaces refuse its pod.",
         "for each container, init container, the autoscaler and the submitter, securityContext: "
         "{runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: "
         "{drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}",
         "Kubernetes docs, Pod Security Standards, restricted"},
    Rule{"worker-token", Severity::kWarning,
         "Every worker carries a Kubernetes API token that workers do not need.",
         "automountServiceAccountToken: false in the worker's pod",
         "Kubernetes docs, Configure Service Accounts for Pods"},
    Rule{"password-in-manifest", Severity::kWarning,
         "Everyone who can read the file or the object can read the password.",
         "valueFrom with a secretKeyRef", "Kubernetes docs, Secrets"},
    // Memory and disks
    Rule{"memory-limit", Severity::kError,
         "Ray reads a pod's memory from its limit. Without a limit Ray assumes the whole node's "
         "memory.",
         "resources.limits.memory, equal to requests.memory",
         "KubeRay docs, Configuring Ray clusters"},
    Rule{"memory-overcommitted", Severity::kError,
         "Task memory and object store together exceed the pod's limit: the kernel kills the pod.",
         "rayStartParams memory + object-store-memory below limits.memory",
         "KubeRay passes the whole limit as memory, and the object store is added to it (1.6.2)"},
    Rule{"tasks-take-limit", Severity::kWarning,
         "Without memory, KubeRay gives tasks the pod's whole limit, and the object store is added "
         "to it: full use of both ends the pod.",
         "rayStartParams memory: the limit less the object store and a tenth for Ray",
         "KubeRay passes limits.memory as memory (1.6.2)"},
    Rule{"object-store-too-small", Severity::kError,
         "Ray does not start with an object store below 75 MiB.",
         "rayStartParams object-store-memory of 78643200 or more",
         "Ray 2.60, OBJECT_STORE_MINIMUM_MEMORY_BYTES"},
    Rule{"object-store-unsized", Severity::kWarning,
         "By default the object store takes 30% of the memory, whatever the size of /dev/shm.",
         "rayStartParams: object-store-memory, in bytes", "Ray docs, Memory management"},
    Rule{"object-store-over-shm", Severity::kError,
         "An object store larger than /dev/shm is placed on disk, which is far slower.",
         "a Memory emptyDir at /dev/shm of at least object-store-memory",
         "Ray docs, Memory management"},
    Rule{"spill-unbounded", Severity::kWarning,
         "Spilled objects and logs can fill the node's disk; then all pods on the node are "
         "evicted.",
         "an emptyDir with a sizeLimit mounted at /tmp/ray (no hostPath), or an ephemeral-storage "
         "limit",
         "Ray docs, Object spilling; Kubernetes docs, Local ephemeral storage"},
    // Failures and start-up
    Rule{"zombie-window", Severity::kError,
         "A frozen node keeps its tasks until its probes fail: after ten minutes by default.",
         "livenessProbe with failureThreshold x periodSeconds of 60 s or less",
         "KubeRay's default is 120 x 5 s; a frozen raylet stayed Ready for 110 s or more (1.6.2)"},
    Rule{"probe-too-eager", Severity::kWarning,
         "A pod whose CPUs are all busy answers late: a short probe restarts it, its work moves to "
         "the others, and they fail next.",
         "livenessProbe and startupProbe with failureThreshold x periodSeconds of 30 s or more, "
         "livenessProbe with timeoutSeconds of 5 or more",
         "Kubernetes' default timeout is 1 s; KubeRay issues 2264, 4133"},
    Rule{"install-at-start", Severity::kWarning,
         "Packages installed at pod start cost time and network at every start.",
         "an image that contains the packages", "Ray docs, Environment dependencies"},
    Rule{"image-unpinned", Severity::kWarning,
         "Two pods of one cluster can run different code, and a changed tag changes a running job.",
         "an image digest, or a tag that never changes", "Kubernetes docs, Images"},
    Rule{"image-without-pyc", Severity::kNote,
         "rayproject/ray images contain no compiled Python files; every process compiles them.",
         "an image built with python -m compileall", "KubeRay issue 5138"},
    Rule{"version-differs", Severity::kError, "Ray nodes of different versions cannot join.",
         "the same version in rayVersion and in every image's tag", "KubeRay docs, RayCluster"},
    Rule{"upgrade-keeps-pods", Severity::kWarning,
         "After a change of the RayCluster its running pods stay: old and new code run in one "
         "cluster.",
         "spec.upgradeStrategy: {type: Recreate}",
         "KubeRay 1.6.2, shouldRecreatePodsForUpgrade; KubeRay issue 4140"},
    // Scale and cost
    Rule{"autoscaler-v1", Severity::kWarning,
         "The old autoscaler restarts containers in place and has no idle timeout per group.",
         "spec.autoscalerOptions: {version: v2}", "KubeRay docs, Autoscaling"},
    Rule{"never-shrinks", Severity::kWarning,
         "Workers that are never removed are billed around the clock.",
         "enableInTreeAutoscaling: true and minReplicas: 0", "KubeRay docs, Autoscaling"},
    Rule{"idle-too-short", Severity::kWarning,
         "An idle timeout shorter than a cold start removes workers that the next task has to "
         "wait for again.",
         "idleTimeoutSeconds of 60 or more; 300 for GPUs", "KubeRay docs, Autoscaling"},
    Rule{"replicas-unbounded", Severity::kError,
         "Without a maximum, one faulty job can request any number of nodes.",
         "maxReplicas in every worker group", "KubeRay's default is 2^31 - 1"},
    Rule{"cpus-from-limit", Severity::kWarning,
         "Ray counts CPUs by the limit, Kubernetes places pods by the request: the node has fewer "
         "CPUs than Ray schedules.",
         "rayStartParams num-cpus, or limits.cpu equal to requests.cpu",
         "KubeRay derives num-cpus from limits (1.6.2)"},
    Rule{"gpu-without-limit", Severity::kError,
         "A pod on a GPU node that requests no GPU is billed for the GPU and cannot use it.",
         "resources.limits: nvidia.com/gpu", "GKE docs, Deploy GPU workloads in Autopilot"},
    Rule{"class-conflict", Severity::kError,
         "A compute class chooses the nodes: a pod that also selects hardware is never scheduled, "
         "unless the class offers that hardware.",
         "either the compute class, with a rule for that hardware, or the other selector",
         "GKE docs, About custom ComputeClasses"},
    Rule{"spot-grace", Severity::kError,
         "A reclaimed spot node ends its pods early; a longer grace period has no effect.",
         "terminationGracePeriodSeconds of 25 or less on GKE, 120 on AWS, 30 on Azure",
         "GKE docs, Spot Pods; AWS docs, Spot interruption notices; Azure docs, Spot VMs"},
    Rule{
        "autopilot-rejects", Severity::kWarning,
        "Autopilot rejects a pod above the largest size of its compute class or GPU machine, and a "
        "pod that uses its node.",
        "30 CPUs, 110 GiB and 10 GiB of ephemeral storage at most, or another compute class; no "
        "hostNetwork, hostPath or privileged container",
        "GKE docs, Resource requests in Autopilot, GPU machine types, Autopilot security"},
    Rule{"autopilot-ephemeral", Severity::kWarning,
         "Volumes on the node's disk count toward the pod's ephemeral storage, 1 GiB by default on "
         "Autopilot: a pod that uses more is evicted.",
         "requests.ephemeral-storage as large as the pod's volumes, 10Gi at most",
         "GKE docs, Resource requests in Autopilot"},
    Rule{"autopilot-rewrites", Severity::kWarning,
         "Autopilot raises requests that are not on its grid: the bill exceeds the manifest.",
         "CPU in steps of 0.25, and 1 to 6.5 GiB of memory per CPU (class Balanced: 8)",
         "GKE docs, Resource requests in Autopilot"},
    Rule{"job-leaves-cluster", Severity::kError,
         "The cluster of a finished RayJob keeps running, and is billed, until it is deleted.",
         "spec.shutdownAfterJobFinishes: true, or deletionRules that delete the cluster after "
         "SUCCEEDED and FAILED",
         "KubeRay RayJob reference"},
    Rule{"job-no-deadline", Severity::kWarning,
         "A RayJob that never gets its nodes keeps its head, and is billed, without end.",
         "spec.preRunningDeadlineSeconds and spec.activeDeadlineSeconds", "KubeRay issue 4178"},
    // Manifests
    Rule{"job-asks-kubernetes", Severity::kError,
         "KubeRay refuses a RayJob or RayService whose own cluster has enableK8sTokenAuth.",
         "authOptions: {mode: token}", "KubeRay 1.6.2, validation.go"},
    Rule{"kuberay-refuses", Severity::kError,
         "KubeRay or Kubernetes refuses the object or its pods: nothing starts.",
         "the setting that the finding names",
         "KubeRay 1.6.2, validation.go and resource definitions; Kubernetes API"},
    Rule{"cpus-fractional", Severity::kError,
         "ray start takes only whole numbers: every pod of the group ends at once.",
         "a whole number in rayStartParams, such as 1", "Ray 2.60, ray start --num-cpus"},
    Rule{"param-refused", Severity::kError,
         "ray start refuses the parameter: every pod of the group ends at once.",
         "an option of ray start; numbers of it are whole, in bytes, without a unit",
         "Ray 2.60, ray start --help"},
    Rule{"resources-unquoted", Severity::kError,
         "The shell that runs ray start takes away the quotes of the JSON: every pod ends at once.",
         "quotes around the JSON: resources: '\"{\\\"driver\\\": 1}\"'",
         "KubeRay docs, RayCluster configuration; Ray 2.60, ray start --resources"},
    Rule{"param-not-text", Severity::kError,
         "The resource's schema accepts start parameters only as text.", "quotes around the value",
         "KubeRay's CRD (1.6.2) refuses numbers"},
    Rule{"two-operators", Severity::kError, "Two operators overwrite each other's changes.",
         "either the chart's operator or GKE's add-on", "GKE docs, Ray Operator add-on"},
};

/// Returns the rule with this id; an unknown id does not compile.
consteval const Rule& rule(std::string_view id) {
  for (const Rule& candidate : kRules) {
    if (candidate.id == id) return candidate;
  }
  throw "no rule has this id";
}

}  // namespace lido::cluster
