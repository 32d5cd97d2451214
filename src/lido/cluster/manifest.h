// SPDX-License-Identifier: Apache-2.0
// Private header: nodes of Kubernetes manifests, and the collected findings of a check.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lido/cluster/autopilot.h"
#include "lido/cluster/check.h"

namespace lido::cluster::manifest {

/// Returns the value of a map's key, also from its merge keys (`<<`); undefined when there is none.
/// A key or merge key replaces those before it, as for kubectl and Helm.
YAML::Node value_of(const YAML::Node& map, const char* key, int depth = 0);

/// Returns the node at the end of a path of keys; undefined when a key is missing.
inline YAML::Node child(const YAML::Node& node) { return node; }
template <typename... Keys>
YAML::Node child(const YAML::Node& node, const char* key, const Keys&... path) {
  return child(value_of(node, key), path...);
}

/// Whether a node is neither missing nor null.
bool is_set(const YAML::Node& node);
/// Returns the text of a scalar; empty for other nodes.
std::string scalar_of(const YAML::Node& node);
/// Returns a scalar's quantity; empty for other nodes.
std::optional<double> quantity_of(const YAML::Node& node);
/// Returns a boolean as kubectl and Helm read it, in YAML 1.1: true, yes, on, y and their
/// opposites, without quotes, in small letters, capitals or with a capital first. Empty for other
/// nodes.
///
/// Source: go.yaml.in/yaml/v2, resolve.go.
std::optional<bool> boolean_of(const YAML::Node& node);
bool is_true(const YAML::Node& node);
bool is_false(const YAML::Node& node);
/// Returns the items of a list; none for other nodes.
std::vector<YAML::Node> items_of(const YAML::Node& node);
/// Returns the keys and values of a map, with those of its merge keys; none for other nodes.
std::vector<std::pair<std::string, YAML::Node>> entries_of(const YAML::Node& node, int depth = 0);
/// Whether a node is text for Kubernetes: quoted, or neither a number nor a boolean.
bool is_text(const YAML::Node& node);
/// Returns the last entry of a container's env with this name, which Kubernetes uses; undefined
/// when there is none.
YAML::Node variable_of(const YAML::Node& container, std::string_view name);
/// Returns the containers, init containers and ephemeral containers of a pod.
std::vector<YAML::Node> containers_of(const YAML::Node& pod);
/// Returns the containers that run beside each other: those of the pod, and init containers that
/// are restarted (sidecars).
std::vector<YAML::Node> running_containers_of(const YAML::Node& pod);
/// Returns the node labels that a pod certainly selects: those of its nodeSelector, and of a
/// required node affinity with one term, of expressions with one value.
std::vector<std::pair<std::string, YAML::Node>> selected_labels(const YAML::Node& pod);
/// Returns the amount of a resource that a pod's containers may use at most, summed; 0 for none.
double sum_of_limits(const YAML::Node& pod, const char* resource);
/// Returns the names of resources that a group offers Ray, beside CPUs, GPUs and memory.
std::vector<std::string> offered_resources(const YAML::Node& group);
/// Removes one level of a POSIX shell's quotes, as the shell that runs `ray start` does.
/// @return Empty when a quote is not closed.
std::optional<std::string> without_shell_quotes(std::string_view text);

/// Findings of a check, with the place that is being checked.
struct Report {
  std::string file;
  int file_index = 0;  ///< Place of the file among all.
  std::string object;  ///< Kind and name of the document.
  std::string place;   ///< object, with the head or worker group.
  int line = 1;        ///< First line of the part that is being checked.
  std::vector<Finding> findings;
  std::vector<int> file_indices;  ///< For each finding.

  /// Adds a finding at a node; at the start of the checked part when the node has no position.
  void add(const Rule& rule, const YAML::Node& node, std::string found);
};

/// Version of Ray or KubeRay: up to three numbers.
struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Version&) const = default;
};
/// Parses the numbers at the start of a text: "2.52.0-py311" is 2.52.0.
/// @return Empty when the text does not begin with two numbers.
std::optional<Version> parse_version(std::string_view text);

/// Spot nodes that a pod may run on.
struct SpotNodes {
  std::string_view cloud;  ///< "GKE", "AWS", "Azure"; empty when unknown.
  double grace_s = 0;      ///< Time between notice and end; 0 when unknown.
};
/// Returns the spot nodes that selectors, affinities or tolerations of a pod permit; empty for
/// none.
std::optional<SpotNodes> spot_nodes(const YAML::Node& pod);

/// Reports settings that KubeRay's operator refuses.
///
/// Source: KubeRay 1.6.2, controllers/ray/utils/validation.go.
void check_kuberay_rules(const YAML::Node& document, Report& report);
/// Reports fields of a Ray object that KubeRay's resource definitions refuse: unknown or missing
/// keys, and values of another type.
///
/// Source: KubeRay 1.6.2, custom resource definitions.
void check_fields(const YAML::Node& document, Report& report);
/// Returns what is wrong with the schedule of a RayCronJob; empty for a good one.
///
/// Source: github.com/robfig/cron/v3, ParseStandard.
std::string fault_of_schedule(std::string_view schedule);
/// Reports start parameters of a group that `ray start` refuses.
void check_start_params(const YAML::Node& group, Report& report);

/// Pod rules of a head or worker group.
struct PodRole {
  bool is_head = false;
  bool autopilot = false;  ///< Whether the pod certainly runs on Autopilot.
  PodRequests sidecars;    ///< Requests of containers that KubeRay adds.
};
/// Checks memory, disks, probes, start parameters and requests of a group's pod.
void check_group_pod(const YAML::Node& group, const PodRole& role, Report& report);
/// Checks a pod against the restricted pod security standard.
/// @param metadata  Metadata of the pod or its template, with annotations.
void check_pod_security(const YAML::Node& pod, const YAML::Node& metadata, Report& report);
/// Returns a container's security context, completed with that of its pod.
YAML::Node merged_context(const YAML::Node& pod, const YAML::Node& own);
/// Checks one security context, such as the autoscaler's, against the restricted standard.
/// @param owner  Names the container in the finding.
void check_security_context(const YAML::Node& context, const YAML::Node& place,
                            const std::string& owner, Report& report);

/// Ways into a cluster of Kubernetes: services, ingresses and routes. Heads and services can stand
/// in any document, so that finish() decides.
class ExposureCheck {
 public:
  /// Reads a Service, an Ingress or a route; ignores other documents.
  void add_document(const YAML::Node& document, Report& report);
  /// Reads the service and the ports of a head.
  /// @param cluster  Name of the RayCluster; KubeRay derives that of the service from it.
  void add_head(const YAML::Node& head, const std::string& cluster, Report& report);
  /// Adds the findings of services and backends that reach a head.
  void finish(Report& report);

 private:
  /// A place for a finding that is decided later.
  struct Place {
    std::string file;
    int file_index = 0;
    std::string place;
    YAML::Node node;
    int line = 1;
  };
  struct Port {
    Place at;
    std::string space, service, number, name, target;  ///< `space` is the namespace, often empty.
    std::string opening;   ///< Type of a service that is open to the outside, or empty.
    bool is_head = false;  ///< KubeRay's own service of a head.
    std::vector<std::pair<std::string, std::string>> selector;
  };
  struct Backend {
    Place at;
    std::string space, service, port;  ///< `port` is empty for all ports.
  };
  static Place here(const YAML::Node& node, const Report& report);
  static void add_finding(const Place& at, std::string found, Report& report);
  void add_service(const YAML::Node& service, const std::string& name, bool is_head,
                   Report& report);
  void add_backends(const YAML::Node& node, const std::string& service, Report& report, int depth);
  void add_backend(const YAML::Node& node, const std::string& host, const std::string& port,
                   Report& report);
  bool is_port_of_ray(std::string_view number) const;
  bool is_name_of_ray(std::string_view name) const;
  bool selects_head(const Port& port) const;
  bool reaches_ray(const Port& port) const;
  bool reaches_ray(const Backend& backend) const;

  std::string space_;  ///< Namespace of the current document.
  std::vector<Port> ports_;
  std::vector<Backend> backends_;
  std::set<std::string> numbers_;        ///< Ports that heads' start parameters choose.
  std::set<std::string> names_;          ///< Names of heads' container ports with such a number.
  std::set<std::string> head_services_;  ///< Names of heads' services.
  std::vector<std::vector<std::pair<std::string, std::string>>>
      labels_;  ///< Labels of heads' pods.
};

}  // namespace lido::cluster::manifest
