// SPDX-License-Identifier: Apache-2.0
// Private header: nodes of Kubernetes manifests, and the collected findings of a check.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
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
/// Returns the entry of a container's env with this name; undefined when there is none.
YAML::Node variable_of(const YAML::Node& container, std::string_view name);
/// Returns the containers and init containers of a pod.
std::vector<YAML::Node> containers_of(const YAML::Node& pod);

/// Findings of a check, with the place that is being checked.
struct Report {
  std::string file;
  std::string object;  ///< Kind and name of the document.
  std::string place;   ///< object, with the head or worker group.
  int line = 1;        ///< First line of the part that is being checked.
  std::vector<Finding> findings;

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

/// Pod rules of a head or worker group.
struct PodRole {
  bool is_head = false;
  bool autopilot = false;  ///< Whether the pod certainly runs on Autopilot.
  PodRequests sidecars;    ///< Requests of containers that KubeRay adds.
};
/// Checks memory, disks, probes, start parameters and requests of a group's pod.
void check_group_pod(const YAML::Node& group, const PodRole& role, Report& report);
/// Checks a pod against the restricted pod security standard.
void check_pod_security(const YAML::Node& pod, Report& report);
/// Checks one security context, such as the autoscaler's, against the restricted standard.
/// @param owner  Names the container in the finding.
void check_security_context(const YAML::Node& context, const YAML::Node& place,
                            const std::string& owner, Report& report);

/// Ways into a cluster of Kubernetes: services, ingresses and routes. Names of services can stand
/// in any document, so that finish() decides.
class ExposureCheck {
 public:
  /// Reads a Service, an Ingress or a route; ignores other documents.
  void add_document(const YAML::Node& document, Report& report);
  /// Reads the service of a head.
  void add_head(const YAML::Node& head, Report& report);
  /// Adds the findings of backends that reach a head.
  void finish(Report& report);

 private:
  struct Port {
    std::string service, number, name, target;
  };
  struct Backend {
    std::string place, service, port;
    YAML::Node node;
    int line = 1;
  };
  void add_service(const YAML::Node& service, const std::string& name, bool is_head,
                   Report& report);
  void add_backends(const YAML::Node& node, const std::string& service, Report& report, int depth);
  bool reaches_ray(const Backend& backend) const;

  std::vector<Port> ports_;
  std::vector<Backend> backends_;
};

}  // namespace lido::cluster::manifest
