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

/// Returns the node at the end of a path of keys; undefined when a key is missing.
YAML::Node child(const YAML::Node& node) { return node; }
template <typename... Keys>
YAML::Node child(const YAML::Node& node, const char* key, const Keys&... path) {
  if (!node.IsDefined() || !node.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  return child(node[key], path...);
}

bool is_set(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

std::string scalar_of(const YAML::Node& node) {
  return is_set(node) && node.IsScalar() ? node.Scalar() : std::string();
}

std::optional<double> quantity_of(const YAML::Node& node) {
  if (!is_set(node) || !node.IsScalar()) return std::nullopt;
  const auto value = parse_quantity(node.Scalar());
  return value ? std::optional(*value) : std::nullopt;
}

bool is_true(const YAML::Node& node) { return scalar_of(node) == "true"; }

std::vector<YAML::Node> items_of(const YAML::Node& node) {
  std::vector<YAML::Node> items;
  if (is_set(node) && node.IsSequence()) {
    for (const auto& item : node) items.push_back(item);
  }
  return items;
}

/// Returns the tag of an image reference; empty when the reference has none.
std::string tag_of(const std::string& image) {
  const size_t slash = image.rfind('/') == std::string::npos ? 0 : image.rfind('/');
  const size_t colon = image.find(':', slash);
  return colon == std::string::npos ? std::string() : image.substr(colon + 1);
}

bool is_spot(const YAML::Node& pod) {
  if (is_true(child(pod, "nodeSelector", "cloud.google.com/gke-spot"))) return true;
  return std::ranges::any_of(items_of(child(pod, "tolerations")), [](const YAML::Node& toleration) {
    return scalar_of(child(toleration, "key")).contains("spot");
  });
}

YAML::Node first_container(const YAML::Node& pod) {
  const auto containers = items_of(child(pod, "containers"));
  return containers.empty() ? YAML::Node(YAML::NodeType::Undefined) : containers.front();
}

/// Whether a container demands a token of every caller, or proxies for one that does.
bool authenticates(const YAML::Node& container) {
  if (scalar_of(child(container, "image")).contains("kube-rbac-proxy")) return true;
  return std::ranges::any_of(items_of(child(container, "env")), [](const YAML::Node& variable) {
    return scalar_of(child(variable, "name")) == "RAY_AUTH_MODE" &&
           scalar_of(child(variable, "value")) == "token";
  });
}

bool is_port_of_ray(std::string_view port) {
  return port == "8265" || port == "10001" || port == "6379";
}

bool is_open_to_outside(std::string_view service_type) {
  return service_type == "LoadBalancer" || service_type == "NodePort";
}

/// Settings of a RayCluster that its worker groups inherit.
struct ClusterSettings {
  bool autoscales = false;
  bool asks_kubernetes = false;          ///< enableK8sTokenAuth: workers need their API token.
  std::optional<double> idle_timeout_s;  ///< Empty when the manifest has none.
  std::string ray_version;               ///< Empty when the manifest has none.
};

/// Checks the documents of one manifest, in order.
class ManifestChecker {
 public:
  explicit ManifestChecker(std::string file) : file_(std::move(file)) {}

  void check_document(const YAML::Node& node, int depth = 0) {
    const std::string kind = scalar_of(child(node, "kind"));
    object_ = kind + " " + scalar_of(child(node, "metadata", "name"));
    place_ = object_;
    if (kind == "List") {
      // An alias can make a list an item of itself.
      if (depth > 3) return;
      for (const YAML::Node& item : items_of(child(node, "items"))) check_document(item, depth + 1);
      return;
    }
    if (kind.starts_with("Ray")) ++result_.ray_objects;
    if (kind == "RayCluster") {
      check_cluster(child(node, "spec"));
    } else if (kind == "RayJob") {
      check_job(child(node, "spec"));
    } else if (kind == "RayCronJob") {
      check_job(child(node, "spec", "jobTemplate"));
    } else if (kind == "RayService") {
      check_cluster(child(node, "spec", "rayClusterConfig"));
    } else if (kind == "Deployment") {
      check_operator(node);
    } else if (kind == "Service") {
      check_service(node);
    }
  }

  /// Returns the findings in order of lines; ends the check.
  ManifestCheck finish() {
    std::ranges::stable_sort(result_.findings, {}, &Finding::line);
    return std::move(result_);
  }

 private:
  /// Adds a finding at a node; at the start of the checked part when the node has no position.
  void add(const Rule& rule, const YAML::Node& node, std::string found) {
    const YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
    result_.findings.push_back(
        {&rule, file_, mark.is_null() ? line_ : mark.line + 1, place_, std::move(found)});
  }

  void check_job(const YAML::Node& spec) {
    line_ = spec.IsDefined() ? spec.Mark().line + 1 : 1;
    const YAML::Node own_cluster = child(spec, "rayClusterSpec");
    if (is_set(own_cluster) && !is_true(child(spec, "shutdownAfterJobFinishes")))
      add(rule("job-leaves-cluster"), spec, "shutdownAfterJobFinishes is not true");
    const bool requests_resources = quantity_of(child(spec, "entrypointNumCpus")).value_or(0) > 0 ||
                                    quantity_of(child(spec, "entrypointNumGpus")).value_or(0) > 0 ||
                                    is_set(child(spec, "entrypointResources"));
    if (is_set(child(spec, "entrypoint")) && !requests_resources)
      add(rule("job-driver-on-head"), child(spec, "entrypoint"),
          "the entrypoint requests no resources");
    const YAML::Node environment = child(spec, "runtimeEnvYAML");
    if (scalar_of(environment).contains("pip:") || scalar_of(environment).contains("conda:"))
      add(rule("install-at-start"), environment, "runtimeEnvYAML installs packages");
    if (!is_set(own_cluster)) return;
    const YAML::Node auth = child(own_cluster, "authOptions");
    if (is_true(child(auth, "enableK8sTokenAuth")))
      add(rule("job-asks-kubernetes"), auth, "enableK8sTokenAuth is true");
    check_cluster(own_cluster);
  }

  void check_cluster(const YAML::Node& spec) {
    if (!is_set(spec) || !spec.IsMap()) return;
    line_ = spec.Mark().line + 1;
    const YAML::Node head = child(spec, "headGroupSpec");
    const YAML::Node autoscaler = child(spec, "autoscalerOptions");
    const ClusterSettings settings{
        .autoscales = is_true(child(spec, "enableInTreeAutoscaling")),
        .asks_kubernetes = is_true(child(spec, "authOptions", "enableK8sTokenAuth")),
        .idle_timeout_s = quantity_of(child(autoscaler, "idleTimeoutSeconds")),
        .ray_version = scalar_of(child(spec, "rayVersion"))};
    const auto containers = items_of(child(head, "template", "spec", "containers"));
    if (scalar_of(child(spec, "authOptions", "mode")) != "token" &&
        std::ranges::none_of(containers, authenticates))
      add(rule("api-open"), spec, "no authOptions.mode token and no kube-rbac-proxy");
    if (settings.autoscales && scalar_of(child(autoscaler, "version")) != "v2")
      add(rule("autoscaler-v1"), is_set(autoscaler) ? autoscaler : spec,
          "autoscalerOptions.version is not v2");
    check_head(head);
    check_images(child(head, "template", "spec"), settings.ray_version);
    for (const YAML::Node& group : items_of(child(spec, "workerGroupSpecs")))
      check_worker_group(group, settings);
  }

  void check_head(const YAML::Node& head) {
    place_ = object_ + ", head";
    if (!is_set(head)) return;
    line_ = head.Mark().line + 1;
    const YAML::Node params = child(head, "rayStartParams");
    const YAML::Node parent = is_set(params) ? params : head;
    const YAML::Node cpus = child(params, "num-cpus");
    if (scalar_of(cpus) != "0")
      add(rule("head-cpus"), is_set(cpus) ? cpus : parent,
          is_set(cpus) ? "num-cpus is " + scalar_of(cpus) : "num-cpus is not set");
    const YAML::Node memory = child(params, "memory");
    if (scalar_of(memory) != "0")
      add(rule("head-memory"), is_set(memory) ? memory : parent,
          is_set(memory) ? "memory is " + scalar_of(memory) : "memory is not set");
    const YAML::Node pod = child(head, "template", "spec");
    if (is_spot(pod)) add(rule("head-spot"), pod, "the head may run on spot nodes");
    const YAML::Node service = child(head, "serviceType");
    if (is_open_to_outside(scalar_of(service)))
      add(rule("service-exposed"), service, "serviceType is " + scalar_of(service));
    check_group(head, pod, true);
  }

  void check_worker_group(const YAML::Node& worker, const ClusterSettings& settings) {
    place_ = object_ + ", worker group " + scalar_of(child(worker, "groupName"));
    if (!worker.IsMap()) return;
    line_ = worker.Mark().line + 1;
    const YAML::Node pod = child(worker, "template", "spec");
    const YAML::Node limits = child(first_container(pod), "resources", "limits");
    const bool on_gpu_node = is_set(child(pod, "nodeSelector", "cloud.google.com/gke-accelerator"));
    const bool has_gpu = quantity_of(child(limits, "nvidia.com/gpu")).value_or(0) > 0;
    if (on_gpu_node && !has_gpu)
      add(rule("gpu-without-limit"), pod, "a node with a GPU, and no nvidia.com/gpu limit");
    check_scaling(worker, settings, on_gpu_node || has_gpu);
    const YAML::Node grace = child(pod, "terminationGracePeriodSeconds");
    if (is_spot(pod) && quantity_of(grace).value_or(30) > 25)
      add(rule("spot-grace"), is_set(grace) ? grace : pod,
          fmt::format("terminationGracePeriodSeconds is {}",
                      is_set(grace) ? scalar_of(grace) : "30, the default"));
    if (scalar_of(child(pod, "automountServiceAccountToken")) != "false" &&
        !settings.asks_kubernetes)
      add(rule("worker-token"), pod, "automountServiceAccountToken is not false");
    check_group(worker, pod, false);
    check_images(pod, settings.ray_version);
  }

  void check_scaling(const YAML::Node& worker, const ClusterSettings& settings, bool has_gpu) {
    if (!settings.autoscales) {
      add(rule("never-shrinks"), worker, "no autoscaler");
      return;
    }
    const auto max = quantity_of(child(worker, "maxReplicas"));
    if (!max || *max > 1e6) add(rule("replicas-unbounded"), worker, "maxReplicas is not set");
    const YAML::Node min = child(worker, "minReplicas");
    if (quantity_of(min).value_or(0) > 0)
      add(rule("never-shrinks"), min, fmt::format("minReplicas is {}", scalar_of(min)));
    const YAML::Node own = child(worker, "idleTimeoutSeconds");
    const auto idle_s = is_set(own) ? quantity_of(own) : settings.idle_timeout_s;
    const double min_idle_s = has_gpu ? 300 : 60;
    if (idle_s && *idle_s < min_idle_s)
      add(rule("idle-too-short"), is_set(own) ? own : worker,
          fmt::format("idleTimeoutSeconds is {:g}, below {:g}", *idle_s, min_idle_s));
  }

  /// Checks the rules that apply to heads and worker groups alike.
  void check_group(const YAML::Node& group, const YAML::Node& pod, bool is_head) {
    const YAML::Node params = child(group, "rayStartParams");
    check_start_params(params);
    const YAML::Node container = first_container(pod);
    if (!is_set(container)) return;
    check_memory(group, pod, container);
    check_liveness(container);
    const YAML::Node limits = child(container, "resources", "limits");
    const auto cpu_request = quantity_of(child(container, "resources", "requests", "cpu"));
    const auto cpu_limit = quantity_of(child(limits, "cpu"));
    if (!is_head && !is_set(child(params, "num-cpus")) && cpu_request && cpu_limit &&
        *cpu_limit > *cpu_request)
      add(rule("cpus-from-limit"), limits,
          fmt::format("limit {:g}, request {:g}", *cpu_limit, *cpu_request));
    check_privileges(pod, container);
    check_autopilot_grid(pod, container);
    check_start_command(container);
  }

  void check_start_params(const YAML::Node& params) {
    if (!is_set(params) || !params.IsMap()) return;
    for (const auto& entry : params) {
      // yaml-cpp tags plain scalars with "?", quoted ones with "!".
      const bool is_plain = entry.second.IsScalar() && entry.second.Tag() == "?";
      const auto value = scalar_of(entry.second);
      double number = 0;
      const bool is_text = !is_plain || (!YAML::convert<double>::decode(entry.second, number) &&
                                         value != "true" && value != "false");
      if (!is_text)
        add(rule("param-not-text"), entry.second,
            fmt::format("{} is {} without quotes", scalar_of(entry.first), value));
    }
  }

  void check_memory(const YAML::Node& group, const YAML::Node& pod, const YAML::Node& container) {
    const YAML::Node params = child(group, "rayStartParams");
    const auto limit = quantity_of(child(container, "resources", "limits", "memory"));
    if (!limit) add(rule("memory-limit"), container, "no limits.memory");
    const auto store = quantity_of(child(params, "object-store-memory"));
    if (!store)
      add(rule("object-store-unsized"), is_set(params) ? params : group,
          "object-store-memory is not set");
    const auto tasks = quantity_of(child(params, "memory"));
    if (limit && tasks && *tasks > 0 && *tasks + store.value_or(0) > *limit)
      add(rule("memory-overcommitted"), params,
          fmt::format("memory {:g} + object-store-memory {:g} > limit {:g}", *tasks,
                      store.value_or(0), *limit));
    check_volumes(pod, container, store);
  }

  void check_volumes(const YAML::Node& pod, const YAML::Node& container,
                     std::optional<double> store) {
    bool is_bounded =
        quantity_of(child(container, "resources", "limits", "ephemeral-storage")).has_value();
    for (const YAML::Node& mount : items_of(child(container, "volumeMounts"))) {
      const std::string path = scalar_of(child(mount, "mountPath"));
      for (const YAML::Node& volume : items_of(child(pod, "volumes"))) {
        if (scalar_of(child(volume, "name")) != scalar_of(child(mount, "name"))) continue;
        const YAML::Node empty = child(volume, "emptyDir");
        const auto size = quantity_of(child(empty, "sizeLimit"));
        if (path == "/dev/shm" && store && size && *size < *store)
          add(rule("object-store-over-shm"), empty,
              fmt::format("/dev/shm {:g}, object store {:g}", *size, *store));
        const bool holds_spill = path == "/tmp/ray" || path == "/tmp" || path.contains("spill");
        is_bounded = is_bounded || (holds_spill && (!is_set(empty) || size.has_value()));
      }
    }
    if (!is_bounded) add(rule("spill-unbounded"), container, "no size limit on /tmp/ray");
  }

  void check_liveness(const YAML::Node& container) {
    const YAML::Node probe = child(container, "livenessProbe");
    // Defaults of Kubernetes for a probe, and of KubeRay for a container without one.
    const double failures =
        quantity_of(child(probe, "failureThreshold")).value_or(is_set(probe) ? 3 : 120);
    const double period_s =
        quantity_of(child(probe, "periodSeconds")).value_or(is_set(probe) ? 10 : 5);
    if (failures * period_s > 60)
      add(rule("zombie-window"), is_set(probe) ? probe : container,
          fmt::format("restarted after {:g} s without an answer{}", failures * period_s,
                      is_set(probe) ? "" : ", KubeRay's default"));
  }

  void check_privileges(const YAML::Node& pod, const YAML::Node& container) {
    const YAML::Node own = child(container, "securityContext");
    std::vector<std::string_view> missing;
    if (!is_true(child(own, "runAsNonRoot")) &&
        !is_true(child(pod, "securityContext", "runAsNonRoot")))
      missing.emplace_back("runAsNonRoot");
    if (scalar_of(child(own, "allowPrivilegeEscalation")) != "false")
      missing.emplace_back("allowPrivilegeEscalation: false");
    const auto dropped = items_of(child(own, "capabilities", "drop"));
    if (std::ranges::none_of(
            dropped, [](const YAML::Node& capability) { return scalar_of(capability) == "ALL"; }))
      missing.emplace_back("drop ALL");
    if (!missing.empty())
      add(rule("privileges"), is_set(own) ? own : container,
          fmt::format("no {}", fmt::join(missing, ", ")));
  }

  void check_autopilot_grid(const YAML::Node& pod, const YAML::Node& container) {
    const YAML::Node requests = child(container, "resources", "requests");
    const auto cpu = quantity_of(child(requests, "cpu"));
    const auto memory = quantity_of(child(requests, "memory"));
    const YAML::Node selector = child(pod, "nodeSelector");
    bool on_gke = false, has_own_grid = false;
    if (is_set(selector) && selector.IsMap()) {
      for (const auto& entry : selector) {
        const std::string key = scalar_of(entry.first);
        on_gke = on_gke || key.starts_with("cloud.google.com/");
        // Accelerators and chosen machine families have grids of their own.
        has_own_grid = has_own_grid || key.contains("accelerator") || key.contains("gke-tpu") ||
                       key.contains("machine-family") || key.contains("compute-class");
      }
    }
    if (!on_gke || has_own_grid || !cpu || !memory) return;
    const double steps = *cpu / 0.25, gib_per_cpu = *memory / (1024.0 * 1024 * 1024) / *cpu;
    const bool on_grid = *cpu >= 0.25 && std::abs(steps - std::round(steps)) < 1e-6;
    if (!on_grid || gib_per_cpu < 0.999 || gib_per_cpu > 6.501)
      add(rule("autopilot-rewrites"), requests,
          fmt::format("{:g} CPUs with {:.3g} GiB per CPU", *cpu, gib_per_cpu));
  }

  void check_start_command(const YAML::Node& container) {
    std::string command;
    for (const char* key : {"command", "args"}) {
      for (const YAML::Node& word : items_of(child(container, key)))
        command += scalar_of(word) + " ";
    }
    if (command.contains("pip install") || command.contains("apt-get install"))
      add(rule("install-at-start"), container, "the container installs packages when it starts");
  }

  void check_images(const YAML::Node& pod, const std::string& ray_version) {
    for (const YAML::Node& container : items_of(child(pod, "containers"))) {
      const YAML::Node image = child(container, "image");
      const std::string name = scalar_of(image);
      if (name.empty()) continue;
      const std::string tag = tag_of(name);
      if (!name.contains('@') && (tag.empty() || tag == "latest" || tag == "nightly"))
        add(rule("image-unpinned"), image, "image is " + name);
      if (!name.contains("rayproject/ray")) continue;
      add(rule("image-without-pyc"), image, "image is " + name);
      if (!ray_version.empty() && !tag.empty() &&
          std::isdigit(static_cast<unsigned char>(tag[0])) != 0 && !tag.starts_with(ray_version))
        add(rule("version-differs"), image,
            fmt::format("image is {}, rayVersion {}", name, ray_version));
    }
  }

  void check_operator(const YAML::Node& deployment) {
    for (const YAML::Node& container :
         items_of(child(deployment, "spec", "template", "spec", "containers"))) {
      const std::string image = scalar_of(child(container, "image"));
      if (!image.contains("kuberay") || !image.contains("operator")) continue;
      if (++operators_ > 1) add(rule("two-operators"), container, "a second KubeRay operator");
    }
  }

  void check_service(const YAML::Node& service) {
    const std::string type = scalar_of(child(service, "spec", "type"));
    for (const YAML::Node& port : items_of(child(service, "spec", "ports"))) {
      const std::string number = scalar_of(child(port, "port"));
      if (is_open_to_outside(type) && is_port_of_ray(number))
        add(rule("service-exposed"), port, fmt::format("port {} of a {}", number, type));
    }
  }

  std::string file_;
  ManifestCheck result_;
  std::string object_;  ///< Kind and name of the document.
  std::string place_;   ///< object_, with the head or worker group.
  int line_ = 1;        ///< First line of the part that is being checked.
  int operators_ = 0;   ///< KubeRay operators so far.
};

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  return kNames[static_cast<size_t>(severity)];
}

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
                "quantity is \"{}\", want a number like 500m, 2 or 4Gi", text);
  }
  return value * found->second;
}

Result<ManifestCheck> check_manifest(std::string_view text, const std::string& file) {
  ManifestChecker checker(file);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (std::ranges::none_of(documents, is_set))
      return fail(ErrorCode::kInvalidArgument, "{}: the manifest is empty, want YAML documents",
                  file);
    for (const YAML::Node& document : documents) checker.check_document(document);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}", file, line, error.msg);
  }
  return checker.finish();
}

}  // namespace lido::cluster
