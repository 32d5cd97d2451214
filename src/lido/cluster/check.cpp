// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/check.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

namespace lido::cluster {
namespace {

using enum Severity;

constexpr std::array kRules = {
    // The head
    Rule{"head-cpus", kError,
         "Tasks and drivers that land on the head take its memory; when it dies, the cluster dies.",
         "headGroupSpec.rayStartParams: num-cpus: \"0\"",
         "Ray docs, Best practices for large clusters; seen with Ray 2.60"},
    Rule{"head-memory", kWarning,
         "The head offers its memory to tasks that ask for memory and no CPUs.",
         "headGroupSpec.rayStartParams: memory: \"0\"", "seen with Ray 2.60"},
    Rule{"head-spot", kError,
         "A head on a spot node goes when the node goes, and the cluster with it.",
         "no gke-spot in the head's nodeSelector and tolerations",
         "GKE docs, Spot Pods; KubeRay docs, GCS fault tolerance"},
    Rule{"job-driver-on-head", kError,
         "A RayJob's driver runs on the head unless it asks for something that the head has not.",
         "spec.entrypointNumCpus, or entrypointResources that only a worker group offers",
         "KubeRay RayJob reference"},
    // Doors
    Rule{"api-open", kError,
         "Who reaches port 8265, 10001 or 6379 of a Ray head may run anything on the cluster.",
         "spec.authOptions: {mode: token}, or Ray on loopback behind a kube-rbac-proxy sidecar",
         "Ray docs, Security; without it any pod used the Jobs API (Ray 2.60, KubeRay 1.6.2)"},
    Rule{"service-exposed", kError, "A load balancer carries the dashboard's door to the outside.",
         "a ClusterIP service and a port-forward, or an ingress that authenticates",
         "Ray docs, Security"},
    Rule{"privileges", kWarning,
         "A container that may become root makes every hole in a library a hole in the node.",
         "securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: "
         "{drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}",
         "Kubernetes docs, Pod Security Standards, restricted"},
    Rule{"worker-token", kWarning,
         "Every worker carries a key to the Kubernetes API that it never needs.",
         "automountServiceAccountToken: false in the worker's pod",
         "Kubernetes docs, Configure Service Accounts for Pods"},
    // Memory and disks
    Rule{"memory-limit", kError,
         "Ray takes a pod's memory from its limit; without one it counts on the whole node's.",
         "resources.limits.memory, equal to requests.memory",
         "KubeRay docs, Configuring Ray clusters"},
    Rule{"memory-overcommitted", kError,
         "Tasks' memory and the object store together are more than the pod may use: the kernel "
         "kills it.",
         "rayStartParams memory + object-store-memory below limits.memory",
         "KubeRay passes the whole limit as memory; the object store comes on top (1.6.2)"},
    Rule{"object-store-unsized", kWarning,
         "By default the object store takes 30% of memory, whatever /dev/shm and the work need.",
         "rayStartParams: object-store-memory, in bytes", "Ray docs, Memory management"},
    Rule{"object-store-over-shm", kError,
         "An object store larger than /dev/shm falls back to the disk and crawls.",
         "a Memory emptyDir at /dev/shm of at least object-store-memory",
         "Ray docs, Memory management"},
    Rule{"spill-unbounded", kWarning,
         "Spilled objects and logs fill the node's disk, and everything on the node is evicted.",
         "an emptyDir with a sizeLimit mounted at /tmp/ray, or an ephemeral-storage limit",
         "Ray docs, Object spilling; Kubernetes docs, Local ephemeral storage"},
    // Dead and slow
    Rule{"zombie-window", kError,
         "A frozen node keeps its tasks until the probes give up on it: by default after ten "
         "minutes.",
         "livenessProbe with failureThreshold x periodSeconds of 60 s or less",
         "KubeRay's default is 120 x 5 s; a frozen raylet stayed Ready for 110 s and more (1.6.2)"},
    Rule{"install-at-start", kWarning,
         "What is installed when a pod starts is paid for at every start.",
         "an image that holds it", "Ray docs, Environment dependencies"},
    Rule{"image-unpinned", kWarning,
         "Two pods of one cluster may run different code, and a mended tag changes a running job.",
         "an image tag or digest that never moves", "Kubernetes docs, Images"},
    Rule{"image-without-pyc", kNote,
         "rayproject/ray images hold no compiled Python files; every process compiles them again.",
         "an image built with python -m compileall", "KubeRay issue 5138"},
    Rule{"version-differs", kError, "Ray refuses to join nodes of another version.",
         "the same version in rayVersion and in every image's tag", "KubeRay docs, RayCluster"},
    // Scale and money
    Rule{
        "autoscaler-v1", kWarning,
        "The old autoscaler restarts containers in place and knows no idle timeout for each group.",
        "spec.autoscalerOptions: {version: v2}", "KubeRay docs, Autoscaling"},
    Rule{"never-shrinks", kWarning, "Workers that nothing takes away are paid for day and night.",
         "enableInTreeAutoscaling: true and minReplicas: 0", "KubeRay docs, Autoscaling"},
    Rule{"idle-too-short", kWarning,
         "An idle timeout shorter than a cold start takes workers away that the next task pays to "
         "bring back.",
         "idleTimeoutSeconds of 60 or more; 300 for GPUs", "KubeRay docs, Autoscaling"},
    Rule{"replicas-unbounded", kError, "One wrong job may ask for as many nodes as it likes.",
         "maxReplicas in every worker group", "KubeRay's default is 2^31 - 1"},
    Rule{"cpus-from-limit", kWarning,
         "Ray counts CPUs by the limit, Kubernetes places pods by the request: the node has fewer "
         "than Ray hands out.",
         "rayStartParams num-cpus, or limits.cpu equal to requests.cpu",
         "KubeRay derives num-cpus from limits (1.6.2)"},
    Rule{"gpu-without-limit", kError,
         "A pod on a GPU node that asks for no GPU pays for one and gets none.",
         "resources.limits: nvidia.com/gpu", "GKE docs, Deploy GPU workloads in Autopilot"},
    Rule{"spot-grace", kError,
         "A spot node gives 25 s at most; a longer grace period is cut off in the middle.",
         "terminationGracePeriodSeconds of 25 or less", "GKE docs, Spot Pods"},
    Rule{"autopilot-rewrites", kWarning,
         "Autopilot raises requests that are not on its grid; what is paid for differs from what "
         "is written.",
         "CPU of 0.25 or more in steps of 0.25, and 1 to 6.5 GiB of memory for each",
         "GKE docs, Resource requests in Autopilot"},
    Rule{"job-leaves-cluster", kError,
         "A RayJob that has ended keeps its cluster, and its bill, for ever.",
         "spec.shutdownAfterJobFinishes: true and ttlSecondsAfterFinished",
         "KubeRay RayJob reference"},
    Rule{"job-asks-kubernetes", kError,
         "KubeRay refuses a RayJob whose own cluster lets Kubernetes say who may call it.",
         "spec.rayClusterSpec.authOptions: {mode: token}", "KubeRay 1.6.2, validation of RayJobs"},
    // Files
    Rule{"param-not-text", kError, "The resource's schema takes start parameters as text only.",
         "quotes around the value", "KubeRay's CRD (1.6.2) refuses numbers"},
    Rule{"two-operators", kError, "Two operators fight over every cluster.",
         "either the chart's operator or GKE's add-on", "GKE docs, Ray Operator add-on"},
};

consteval const Rule& rule(std::string_view id) {
  for (const Rule& one : kRules) {
    if (one.id == id) return one;
  }
  throw "no such rule";  // Nobody sees it: the compiler refuses.
}

/// A node below others by its keys; not there when one is missing or of another kind.
YAML::Node at(const YAML::Node& node) { return node; }
template <typename... Keys>
YAML::Node at(const YAML::Node& node, const char* key, const Keys&... below) {
  if (!node.IsDefined() || !node.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  return at(node[key], below...);
}

bool there(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

std::string text_of(const YAML::Node& node) {
  return there(node) && node.IsScalar() ? node.Scalar() : std::string();
}

std::optional<double> number_of(const YAML::Node& node) {
  if (!there(node) || !node.IsScalar()) return std::nullopt;
  const auto value = parse_quantity(node.Scalar());
  return value ? std::optional(*value) : std::nullopt;
}

bool is_true(const YAML::Node& node) { return text_of(node) == "true"; }

std::vector<YAML::Node> items(const YAML::Node& node) {
  std::vector<YAML::Node> all;
  if (there(node) && node.IsSequence()) {
    for (const auto& item : node) all.push_back(item);
  }
  return all;
}

std::string tag_of(const std::string& image) {
  const size_t slash = image.rfind('/') == std::string::npos ? 0 : image.rfind('/');
  const size_t colon = image.find(':', slash);
  return colon == std::string::npos ? std::string() : image.substr(colon + 1);
}

/// One walk through one document.
class Walk {
 public:
  Walk(std::string file, std::vector<Finding>& findings)
      : file_(std::move(file)), findings_(findings) {}

  void document(const YAML::Node& node, int depth = 0) {
    const std::string kind = text_of(at(node, "kind"));
    object_ = kind + " " + text_of(at(node, "metadata", "name"));
    if (kind == "List") {
      // An alias may make a list an item of itself.
      if (depth > 3) return;
      for (const YAML::Node& item : items(at(node, "items"))) document(item, depth + 1);
    } else if (kind == "RayCluster") {
      cluster(at(node, "spec"));
    } else if (kind == "RayJob") {
      job(at(node, "spec"));
    } else if (kind == "RayCronJob") {
      job(at(node, "spec", "jobTemplate"));
    } else if (kind == "RayService") {
      cluster(at(node, "spec", "rayClusterConfig"));
    } else if (kind == "Deployment") {
      operators(node);
    } else if (kind == "Service") {
      service(node);
    }
  }

 private:
  void tell(const Rule& of, const YAML::Node& where, std::string what) {
    const YAML::Mark mark = where.IsDefined() ? where.Mark() : YAML::Mark::null_mark();
    findings_.push_back(
        {&of, file_, mark.is_null() ? line_ : mark.line + 1, place_, std::move(what)});
  }

  void job(const YAML::Node& spec) {
    place_ = object_;
    line_ = spec.IsDefined() ? spec.Mark().line + 1 : 1;
    const bool own_cluster = there(at(spec, "rayClusterSpec"));
    if (own_cluster && !is_true(at(spec, "shutdownAfterJobFinishes")))
      tell(rule("job-leaves-cluster"), spec, "shutdownAfterJobFinishes is not true");
    const bool elsewhere = number_of(at(spec, "entrypointNumCpus")).value_or(0) > 0 ||
                           number_of(at(spec, "entrypointNumGpus")).value_or(0) > 0 ||
                           there(at(spec, "entrypointResources"));
    if (there(at(spec, "entrypoint")) && !elsewhere)
      tell(rule("job-driver-on-head"), at(spec, "entrypoint"),
           "the entrypoint asks for no resources");
    const std::string environment = text_of(at(spec, "runtimeEnvYAML"));
    if (environment.contains("pip:") || environment.contains("conda:"))
      tell(rule("install-at-start"), at(spec, "runtimeEnvYAML"),
           "runtimeEnvYAML installs packages");
    if (!own_cluster) return;
    const YAML::Node own = at(spec, "rayClusterSpec");
    if (is_true(at(own, "authOptions", "enableK8sTokenAuth")))
      tell(rule("job-asks-kubernetes"), at(own, "authOptions"), "enableK8sTokenAuth is true");
    cluster(own);
  }

  void cluster(const YAML::Node& spec) {
    place_ = object_;
    if (!there(spec) || !spec.IsMap()) return;
    line_ = spec.Mark().line + 1;
    const YAML::Node head = at(spec, "headGroupSpec");
    const auto containers = items(at(head, "template", "spec", "containers"));
    const bool guarded = std::ranges::any_of(containers, [](const YAML::Node& container) {
      return text_of(at(container, "image")).contains("kube-rbac-proxy") ||
             std::ranges::any_of(items(at(container, "env")), [](const YAML::Node& variable) {
               return text_of(at(variable, "name")) == "RAY_AUTH_MODE" &&
                      text_of(at(variable, "value")) == "token";
             });
    });
    if (text_of(at(spec, "authOptions", "mode")) != "token" && !guarded)
      tell(rule("api-open"), spec, "no authOptions.mode token and no kube-rbac-proxy");
    const bool asks_kubernetes = is_true(at(spec, "authOptions", "enableK8sTokenAuth"));
    const bool autoscales = is_true(at(spec, "enableInTreeAutoscaling"));
    const YAML::Node options = at(spec, "autoscalerOptions");
    if (autoscales && text_of(at(options, "version")) != "v2")
      tell(rule("autoscaler-v1"), there(options) ? options : spec,
           "autoscalerOptions.version is not v2");
    head_group(head);
    const std::string version = text_of(at(spec, "rayVersion"));
    images(at(head, "template", "spec"), version);
    for (const YAML::Node& group : items(at(spec, "workerGroupSpecs")))
      worker_group(group, autoscales, number_of(at(options, "idleTimeoutSeconds")), version,
                   asks_kubernetes);
  }

  void head_group(const YAML::Node& head) {
    place_ = object_ + ", head";
    if (!there(head)) return;
    line_ = head.Mark().line + 1;
    const YAML::Node params = at(head, "rayStartParams");
    const YAML::Node where = there(params) ? params : head;
    const YAML::Node cpus = at(params, "num-cpus");
    if (text_of(cpus) != "0")
      tell(rule("head-cpus"), there(cpus) ? cpus : where,
           there(cpus) ? "num-cpus is " + text_of(cpus) : "num-cpus is not set");
    const YAML::Node memory = at(params, "memory");
    if (text_of(memory) != "0")
      tell(rule("head-memory"), there(memory) ? memory : where,
           there(memory) ? "memory is " + text_of(memory) : "memory is not set");
    const YAML::Node pod = at(head, "template", "spec");
    if (is_spot(pod)) tell(rule("head-spot"), pod, "the head may run on spot nodes");
    const std::string service = text_of(at(head, "serviceType"));
    if (service == "LoadBalancer" || service == "NodePort")
      tell(rule("service-exposed"), at(head, "serviceType"), "serviceType is " + service);
    group(head, pod, true);
  }

  void worker_group(const YAML::Node& worker, bool autoscales, std::optional<double> idle_s,
                    const std::string& version, bool asks_kubernetes) {
    place_ = object_ + ", worker group " + text_of(at(worker, "groupName"));
    if (!worker.IsMap()) return;
    line_ = worker.Mark().line + 1;
    const YAML::Node pod = at(worker, "template", "spec");
    const YAML::Node limits = at(first_container(pod), "resources", "limits");
    const bool wants_gpu = there(at(pod, "nodeSelector", "cloud.google.com/gke-accelerator"));
    const bool has_gpu = number_of(at(limits, "nvidia.com/gpu")).value_or(0) > 0;
    if (wants_gpu && !has_gpu)
      tell(rule("gpu-without-limit"), pod, "a node with a GPU, and no nvidia.com/gpu limit");
    const double least = number_of(at(worker, "minReplicas")).value_or(0);
    const auto most = number_of(at(worker, "maxReplicas"));
    if (autoscales && (!most || *most > 1e6))
      tell(rule("replicas-unbounded"), worker, "maxReplicas is not set");
    if (!autoscales)
      tell(rule("never-shrinks"), worker, "no autoscaler");
    else if (least > 0)
      tell(rule("never-shrinks"), at(worker, "minReplicas"),
           fmt::format("minReplicas is {}", text_of(at(worker, "minReplicas"))));
    const YAML::Node own = at(worker, "idleTimeoutSeconds");
    const auto idle = there(own) ? number_of(own) : idle_s;
    const double wanted = wants_gpu || has_gpu ? 300 : 60;
    if (autoscales && idle && *idle < wanted)
      tell(rule("idle-too-short"), there(own) ? own : worker,
           fmt::format("idleTimeoutSeconds is {:g}, below {:g}", *idle, wanted));
    const YAML::Node grace = at(pod, "terminationGracePeriodSeconds");
    if (is_spot(pod) && number_of(grace).value_or(30) > 25)
      tell(rule("spot-grace"), there(grace) ? grace : pod,
           fmt::format("terminationGracePeriodSeconds is {}",
                       there(grace) ? text_of(grace) : "30, the default"));
    if (text_of(at(pod, "automountServiceAccountToken")) != "false" && !asks_kubernetes)
      tell(rule("worker-token"), pod, "automountServiceAccountToken is not false");
    group(worker, pod, false);
    images(pod, version);
  }

  /// What holds for heads and workers alike.
  void group(const YAML::Node& group, const YAML::Node& pod, bool head) {
    const YAML::Node params = at(group, "rayStartParams");
    if (there(params) && params.IsMap()) {
      for (const auto& entry : params) {
        // yaml-cpp marks plain scalars with "?"; quoted ones with "!".
        const bool plain = entry.second.IsScalar() && entry.second.Tag() == "?";
        const auto value = text_of(entry.second);
        double number = 0;
        const bool is_text = !plain || (!YAML::convert<double>::decode(entry.second, number) &&
                                        value != "true" && value != "false");
        if (!is_text)
          tell(rule("param-not-text"), entry.second,
               fmt::format("{} is {} without quotes", text_of(entry.first), value));
      }
    }
    const YAML::Node container = first_container(pod);
    if (!there(container)) return;
    const YAML::Node requests = at(container, "resources", "requests");
    const YAML::Node limits = at(container, "resources", "limits");
    const auto memory = number_of(at(limits, "memory"));
    if (!memory) tell(rule("memory-limit"), container, "no limits.memory");
    const auto store = number_of(at(params, "object-store-memory"));
    if (!store)
      tell(rule("object-store-unsized"), there(params) ? params : group,
           "object-store-memory is not set");
    const auto tasks = number_of(at(params, "memory"));
    if (memory && tasks && *tasks > 0 && *tasks + store.value_or(0) > *memory)
      tell(rule("memory-overcommitted"), params,
           fmt::format("memory {:g} + object-store-memory {:g} > limit {:g}", *tasks,
                       store.value_or(0), *memory));
    volumes(pod, container, store);
    const YAML::Node probe = at(container, "livenessProbe");
    const double window =
        number_of(at(probe, "failureThreshold")).value_or(there(probe) ? 3 : 120) *
        number_of(at(probe, "periodSeconds")).value_or(there(probe) ? 10 : 5);
    if (window > 60)
      tell(rule("zombie-window"), there(probe) ? probe : container,
           fmt::format("given up on after {:g} s{}", window,
                       there(probe) ? "" : ", KubeRay's default"));
    const auto cpu_request = number_of(at(requests, "cpu"));
    const auto cpu_limit = number_of(at(limits, "cpu"));
    if (!head && !there(at(params, "num-cpus")) && cpu_request && cpu_limit &&
        *cpu_limit > *cpu_request)
      tell(rule("cpus-from-limit"), limits,
           fmt::format("limit {:g}, request {:g}", *cpu_limit, *cpu_request));
    privileges(pod, container);
    autopilot(pod, container, cpu_request, number_of(at(requests, "memory")));
    starts(container);
  }

  void volumes(const YAML::Node& pod, const YAML::Node& container, std::optional<double> store) {
    bool bounded = number_of(at(container, "resources", "limits", "ephemeral-storage")).has_value();
    for (const YAML::Node& mount : items(at(container, "volumeMounts"))) {
      const std::string path = text_of(at(mount, "mountPath"));
      for (const YAML::Node& volume : items(at(pod, "volumes"))) {
        if (text_of(at(volume, "name")) != text_of(at(mount, "name"))) continue;
        const YAML::Node empty = at(volume, "emptyDir");
        const auto size = number_of(at(empty, "sizeLimit"));
        if (path == "/dev/shm" && store && size && *size < *store)
          tell(rule("object-store-over-shm"), empty,
               fmt::format("/dev/shm {:g}, object store {:g}", *size, *store));
        const bool holds_spill = path == "/tmp/ray" || path == "/tmp" || path.contains("spill");
        bounded = bounded || (holds_spill && (!there(empty) || size.has_value()));
      }
    }
    if (!bounded) tell(rule("spill-unbounded"), container, "nothing bounds /tmp/ray");
  }

  void privileges(const YAML::Node& pod, const YAML::Node& container) {
    const YAML::Node own = at(container, "securityContext"), all = at(pod, "securityContext");
    std::vector<std::string> missing;
    if (!is_true(at(own, "runAsNonRoot")) && !is_true(at(all, "runAsNonRoot")))
      missing.emplace_back("runAsNonRoot");
    if (text_of(at(own, "allowPrivilegeEscalation")) != "false")
      missing.emplace_back("allowPrivilegeEscalation: false");
    const auto dropped = items(at(own, "capabilities", "drop"));
    if (std::ranges::none_of(dropped, [](const YAML::Node& one) { return text_of(one) == "ALL"; }))
      missing.emplace_back("drop ALL");
    if (!missing.empty()) {
      std::string list;
      for (const std::string& one : missing) list += (list.empty() ? "" : ", ") + one;
      tell(rule("privileges"), there(own) ? own : container, "no " + list);
    }
  }

  void autopilot(const YAML::Node& pod, const YAML::Node& container, std::optional<double> cpu,
                 std::optional<double> memory) {
    const YAML::Node selector = at(pod, "nodeSelector");
    bool gke = false, machine = false;
    if (there(selector) && selector.IsMap()) {
      for (const auto& entry : selector) {
        const std::string key = text_of(entry.first);
        gke = gke || key.starts_with("cloud.google.com/");
        // Accelerators and chosen machines have grids of their own.
        machine = machine || key.contains("accelerator") || key.contains("gke-tpu") ||
                  key.contains("machine-family") || key.contains("compute-class");
      }
    }
    if (!gke || machine || !cpu || !memory) return;
    const double steps = *cpu / 0.25, ratio = *memory / (1024.0 * 1024 * 1024) / *cpu;
    const bool on_grid = *cpu >= 0.25 && std::abs(steps - std::round(steps)) < 1e-6;
    if (!on_grid || ratio < 0.999 || ratio > 6.501)
      tell(rule("autopilot-rewrites"), at(container, "resources", "requests"),
           fmt::format("{:g} CPUs with {:.3g} GiB for each", *cpu, ratio));
  }

  void starts(const YAML::Node& container) {
    std::string command;
    for (const char* key : {"command", "args"}) {
      for (const YAML::Node& word : items(at(container, key))) command += text_of(word) + " ";
    }
    if (command.contains("pip install") || command.contains("apt-get install"))
      tell(rule("install-at-start"), container, "the container installs packages when it starts");
  }

  void images(const YAML::Node& pod, const std::string& version) {
    for (const YAML::Node& container : items(at(pod, "containers"))) {
      const YAML::Node image = at(container, "image");
      const std::string name = text_of(image);
      if (name.empty()) continue;
      const std::string tag = tag_of(name);
      if (!name.contains('@') && (tag.empty() || tag == "latest" || tag == "nightly"))
        tell(rule("image-unpinned"), image, "image is " + name);
      if (!name.contains("rayproject/ray")) continue;
      tell(rule("image-without-pyc"), image, "image is " + name);
      if (!version.empty() && !tag.empty() &&
          std::isdigit(static_cast<unsigned char>(tag[0])) != 0 && !tag.starts_with(version))
        tell(rule("version-differs"), image,
             fmt::format("image is {}, rayVersion {}", name, version));
    }
  }

  void operators(const YAML::Node& node) {
    for (const YAML::Node& container : items(at(node, "spec", "template", "spec", "containers"))) {
      if (!text_of(at(container, "image")).contains("kuberay") ||
          !text_of(at(container, "image")).contains("operator"))
        continue;
      place_ = object_;
      if (++operators_ > 1) tell(rule("two-operators"), container, "a second KubeRay operator");
    }
  }

  void service(const YAML::Node& node) {
    const std::string type = text_of(at(node, "spec", "type"));
    const bool outside = type == "LoadBalancer" || type == "NodePort";
    for (const YAML::Node& port : items(at(node, "spec", "ports"))) {
      const std::string number = text_of(at(port, "port"));
      place_ = object_;
      if (outside && (number == "8265" || number == "10001" || number == "6379"))
        tell(rule("service-exposed"), port, fmt::format("port {} by a {}", number, type));
    }
  }

  static bool is_spot(const YAML::Node& pod) {
    if (is_true(at(pod, "nodeSelector", "cloud.google.com/gke-spot"))) return true;
    return std::ranges::any_of(items(at(pod, "tolerations")), [](const YAML::Node& one) {
      return text_of(at(one, "key")).contains("spot");
    });
  }

  static YAML::Node first_container(const YAML::Node& pod) {
    const auto all = items(at(pod, "containers"));
    return all.empty() ? YAML::Node(YAML::NodeType::Undefined) : all.front();
  }

  std::string file_;
  std::vector<Finding>& findings_;
  std::string object_, place_;
  int line_ = 1;
  int operators_ = 0;
};

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  return kNames[static_cast<size_t>(severity)];
}

std::span<const Rule> rules() { return kRules; }

Result<double> parse_quantity(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 14> kUnits = {{{"Ki", 0x1p10},
                                                                           {"Mi", 0x1p20},
                                                                           {"Gi", 0x1p30},
                                                                           {"Ti", 0x1p40},
                                                                           {"Pi", 0x1p50},
                                                                           {"Ei", 0x1p60},
                                                                           {"m", 1e-3},
                                                                           {"k", 1e3},
                                                                           {"M", 1e6},
                                                                           {"G", 1e9},
                                                                           {"T", 1e12},
                                                                           {"P", 1e15},
                                                                           {"E", 1e18},
                                                                           {"", 1}}};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const auto found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
  if (error != std::errc() || found == kUnits.end() || !std::isfinite(value)) {
    return fail(ErrorCode::kInvalidArgument,
                "\"{}\" is no quantity, want a number like 500m, 2 or 4Gi", text);
  }
  return value * found->second;
}

Result<std::vector<Finding>> check_manifest(std::string_view text, const std::string& file) {
  std::vector<Finding> findings;
  try {
    Walk walk(file, findings);
    for (const YAML::Node& document : YAML::LoadAll(std::string(text))) walk.document(document);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}", file, line, error.msg);
  }
  std::ranges::stable_sort(findings, {}, &Finding::line);
  return findings;
}

}  // namespace lido::cluster
