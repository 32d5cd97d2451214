// SPDX-License-Identifier: Apache-2.0
// Ways from outside a Kubernetes cluster to the ports of a Ray head.
#include <algorithm>
#include <array>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr int kMaxRouteDepth = 12;  // An alias can make a route its own part.

/// Numbers and, as KubeRay calls them, names of the ports that can run code on a cluster.
bool is_port_of_ray(std::string_view port) {
  constexpr std::array<std::string_view, 7> kPorts = {"8265",   "10001", "6379",      "dashboard",
                                                      "client", "gcs",   "gcs-server"};
  return std::ranges::find(kPorts, port) != kPorts.end();
}

bool is_route(std::string_view kind) {
  constexpr std::array<std::string_view, 9> kKinds = {
      "Ingress", "HTTPRoute",      "TCPRoute",     "TLSRoute",       "GRPCRoute",
      "Route",   "VirtualService", "IngressRoute", "IngressRouteTCP"};
  return std::ranges::find(kKinds, kind) != kKinds.end();
}

/// Whether the annotations of an ingress demand that callers log in.
bool demands_login(const YAML::Node& document) {
  for (const auto& [key, value] : entries_of(child(document, "metadata", "annotations"))) {
    const std::string setting = scalar_of(value);
    if (setting.empty() || setting == "none") continue;
    for (const char* name :
         {"auth-type", "auth-url", "auth-signin", "auth-secret", "auth-tls-secret", "oauth"}) {
      if (key.contains(name)) return true;
    }
  }
  return false;
}

/// Returns a service's name without the namespace and domain of a host name.
std::string short_name(const std::string& host) { return host.substr(0, host.find('.')); }

std::string port_text(const YAML::Node& port) {
  if (!is_set(port) || port.IsScalar()) return scalar_of(port);
  const std::string number = scalar_of(child(port, "number"));
  if (!number.empty()) return number;
  const std::string name = scalar_of(child(port, "name"));
  return name.empty() ? scalar_of(child(port, "targetPort")) : name;
}

/// Whether a service selects pods of Ray; true for a service without a selector.
bool selects_ray(const YAML::Node& service) {
  const auto selector = entries_of(child(service, "spec", "selector"));
  return selector.empty() || std::ranges::any_of(selector, [](const auto& entry) {
           return entry.first.starts_with("ray.io/") || scalar_of(entry.second).contains("ray");
         });
}

}  // namespace

void ExposureCheck::add_document(const YAML::Node& document, Report& report) {
  const std::string kind = scalar_of(child(document, "kind"));
  if (kind == "Service") {
    add_service(document, scalar_of(child(document, "metadata", "name")), false, report);
  } else if (is_route(kind) && !demands_login(document)) {
    add_backends(child(document, "spec"), "", report, 0);
  }
}

void ExposureCheck::add_head(const YAML::Node& head, Report& report) {
  const YAML::Node type = child(head, "serviceType");
  if (scalar_of(type) == "LoadBalancer" || scalar_of(type) == "NodePort")
    report.add(rule("service-exposed"), type, "serviceType is " + scalar_of(type));
  if (const YAML::Node ingress = child(head, "enableIngress"); is_true(ingress))
    report.add(rule("service-exposed"), ingress, "enableIngress is true");
  if (const YAML::Node service = child(head, "headService"); is_set(service))
    add_service(service, scalar_of(child(service, "metadata", "name")), true, report);
  const YAML::Node pod = child(head, "template", "spec");
  if (const YAML::Node shared = child(pod, "hostNetwork"); is_true(shared))
    report.add(rule("service-exposed"), shared, "hostNetwork is true: the node's ports are Ray's");
  for (const YAML::Node& container : items_of(child(pod, "containers"))) {
    for (const YAML::Node& port : items_of(child(container, "ports"))) {
      if (is_set(child(port, "hostPort")) &&
          is_port_of_ray(scalar_of(child(port, "containerPort"))))
        report.add(rule("service-exposed"), port,
                   fmt::format("hostPort {} of port {}", scalar_of(child(port, "hostPort")),
                               scalar_of(child(port, "containerPort"))));
    }
  }
}

void ExposureCheck::add_service(const YAML::Node& service, const std::string& name, bool is_head,
                                Report& report) {
  const YAML::Node spec = child(service, "spec");
  const std::string type = scalar_of(child(spec, "type"));
  const bool is_open =
      type == "LoadBalancer" || type == "NodePort" || !items_of(child(spec, "externalIPs")).empty();
  const auto ports = items_of(child(spec, "ports"));
  // KubeRay adds the ports of the head's containers to its service.
  if (is_head && is_open && ports.empty())
    report.add(rule("service-exposed"), child(spec, "type"), "headService is a " + type);
  for (const YAML::Node& port : ports) {
    const std::string number = scalar_of(child(port, "port"));
    std::string target = scalar_of(child(port, "targetPort"));
    if (target.empty()) target = number;
    ports_.push_back({name, number, scalar_of(child(port, "name")), target});
    const bool is_name = target.find_first_not_of("0123456789") != std::string::npos;
    const bool reaches =
        (is_port_of_ray(target) && (!is_name || is_head || selects_ray(service))) ||
        (is_port_of_ray(number) && target == number);
    if (is_open && reaches)
      report.add(rule("service-exposed"), port,
                 fmt::format("port {}{} of a {}", number,
                             target == number ? "" : fmt::format(", which is Ray's {}", target),
                             type.empty() ? "service with externalIPs" : type));
  }
}

void ExposureCheck::add_backends(const YAML::Node& node, const std::string& service, Report& report,
                                 int depth) {
  if (depth > kMaxRouteDepth || !is_set(node)) return;
  for (const YAML::Node& item : items_of(node)) add_backends(item, service, report, depth + 1);
  if (!node.IsMap()) return;
  std::string name = service;
  for (const char* key : {"name", "host", "serviceName"}) {
    if (const std::string text = scalar_of(child(node, key)); !text.empty())
      name = short_name(text);
  }
  // OpenShift's Route names the service in `to` and the port beside it.
  if (const std::string to = scalar_of(child(node, "to", "name")); !to.empty()) name = to;
  for (const char* key : {"port", "servicePort"}) {
    const YAML::Node port = child(node, key);
    if (is_set(port) && !name.empty())
      backends_.push_back({report.place, name, port_text(port), node, node.Mark().line + 1});
  }
  for (const auto& [key, value] : entries_of(node)) {
    if (key == "port" || value.IsScalar()) continue;
    add_backends(value, key == "service" || key == "backend" ? name : service, report, depth + 1);
  }
}

bool ExposureCheck::reaches_ray(const Backend& backend) const {
  const auto is_backends = [&](const Port& port) {
    return port.service == backend.service &&
           (port.number == backend.port || port.name == backend.port);
  };
  const auto known = std::ranges::find_if(ports_, is_backends);
  if (known != ports_.end()) return is_port_of_ray(known->target);
  return is_port_of_ray(backend.port);
}

void ExposureCheck::finish(Report& report) {
  for (const Backend& backend : backends_) {
    if (!reaches_ray(backend)) continue;
    report.place = backend.place;
    report.line = backend.line;
    report.add(rule("service-exposed"), backend.node,
               fmt::format("a route to {} port {}", backend.service, backend.port));
  }
}

}  // namespace lido::cluster::manifest
