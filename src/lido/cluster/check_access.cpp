// SPDX-License-Identifier: Apache-2.0
// Ways from outside a Kubernetes cluster to the ports of a Ray head.
#include <algorithm>
#include <array>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr int kMaxRouteDepth = 12;

/// Ports of a head that can run code on a cluster: dashboard, agent, client, GCS.
constexpr std::array<std::string_view, 4> kNumbers = {"8265", "52365", "10001", "6379"};
/// Names that KubeRay gives those ports.
constexpr std::array<std::string_view, 4> kNames = {"dashboard", "client", "gcs", "gcs-server"};
/// Start parameters that choose other numbers for those ports.
constexpr std::array<const char*, 4> kPortParams = {"dashboard-port", "dashboard-agent-listen-port",
                                                    "ray-client-server-port", "port"};

bool is_route(std::string_view kind) {
  constexpr std::array<std::string_view, 14> kKinds = {
      "Ingress",        "HTTPRoute",    "TCPRoute",        "TLSRoute",       "GRPCRoute",
      "Route",          "IngressRoute", "IngressRouteTCP", "VirtualService", "HTTPProxy",
      "TraefikService", "Mapping",      "TCPMapping",      "ApisixRoute"};
  return std::ranges::find(kKinds, kind) != kKinds.end();
}

/// Whether the setting of an annotation turns a login off.
bool is_off(const std::string& setting) {
  return setting.empty() || setting == "none" || setting == "off" || setting == "false";
}

/// Whether the annotations of an ingress, or the settings of a proxy, demand that callers log in.
bool demands_login(const YAML::Node& document) {
  std::string verify;  // whether client certificates are demanded
  const auto annotations = entries_of(child(document, "metadata", "annotations"));
  for (const auto& [key, value] : annotations) {
    if (key.ends_with("auth-tls-verify-client")) verify = scalar_of(value);
  }
  const bool verifies = verify.empty() || verify == "on";
  for (const auto& [key, value] : annotations) {
    if (is_off(scalar_of(value))) continue;
    if (key.contains("auth-tls-secret") && verifies) return true;
    for (const char* name : {"auth-type", "auth-url", "auth-signin", "auth-secret", "oauth"}) {
      if (key.contains(name) && !key.contains("disabled")) return true;
    }
  }
  const YAML::Node authorization = child(document, "spec", "virtualhost", "authorization");
  return is_set(authorization) && !is_true(child(authorization, "authPolicy", "disabled"));
}

std::string port_text(const YAML::Node& port) {
  if (!is_set(port) || port.IsScalar()) return scalar_of(port);
  std::string number = scalar_of(child(port, "number"));
  if (!number.empty()) return number;
  const std::string name = scalar_of(child(port, "name"));
  return name.empty() ? scalar_of(child(port, "targetPort")) : name;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::pair<std::string, std::string>> texts_of(const YAML::Node& map) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [key, value] : entries_of(map)) texts.emplace_back(key, scalar_of(value));
  return texts;
}

}  // namespace

ExposureCheck::Place ExposureCheck::here(const YAML::Node& node, const Report& report) {
  const YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
  return {report.file, report.file_index, report.place, node,
          mark.is_null() ? report.line : mark.line + 1};
}

void ExposureCheck::add_finding(const Place& at, std::string found, Report& report) {
  report.file = at.file;
  report.file_index = at.file_index;
  report.place = at.place;
  report.line = at.line;
  report.add(rule("service-exposed"), at.node, std::move(found));
}

void ExposureCheck::add_document(const YAML::Node& document, Report& report) {
  const std::string kind = scalar_of(child(document, "kind"));
  space_ = scalar_of(child(document, "metadata", "namespace"));
  if (kind == "Service") {
    add_service(document, scalar_of(child(document, "metadata", "name")), false, report);
  } else if (is_route(kind) && !demands_login(document)) {
    add_backends(child(document, "spec"), "", report, 0);
  }
}

void ExposureCheck::add_head(const YAML::Node& head, const std::string& cluster, Report& report) {
  const YAML::Node type = child(head, "serviceType");
  if (scalar_of(type) == "LoadBalancer" || scalar_of(type) == "NodePort")
    report.add(rule("service-exposed"), type, "serviceType is " + scalar_of(type));
  if (const YAML::Node ingress = child(head, "enableIngress"); is_true(ingress))
    report.add(rule("service-exposed"), ingress, "enableIngress is true");
  if (!cluster.empty()) head_services_.insert(cluster + "-head-svc");
  std::set<std::string> own(kNumbers.begin(), kNumbers.end());
  for (const char* param : kPortParams) {
    const std::string number = scalar_of(child(head, "rayStartParams", param));
    if (is_number(number)) own.insert(number);
  }
  const YAML::Node pod = child(head, "template", "spec");
  for (const YAML::Node& container : running_containers_of(pod)) {
    for (const YAML::Node& port : items_of(child(container, "ports"))) {
      const std::string number = scalar_of(child(port, "containerPort"));
      if (!own.contains(number)) continue;
      names_.insert(scalar_of(child(port, "name")));
      if (is_set(child(port, "hostPort")))
        report.add(
            rule("service-exposed"), port,
            fmt::format("hostPort {} of port {}", scalar_of(child(port, "hostPort")), number));
    }
  }
  numbers_.merge(own);
  labels_.push_back(texts_of(child(head, "template", "metadata", "labels")));
  if (const YAML::Node service = child(head, "headService"); is_set(service)) {
    const std::string name = scalar_of(child(service, "metadata", "name"));
    if (!name.empty()) head_services_.insert(name);
    add_service(service, name, true, report);
  }
  if (const YAML::Node shared = child(pod, "hostNetwork"); is_true(shared))
    report.add(rule("service-exposed"), shared, "hostNetwork is true: the node's ports are Ray's");
}

void ExposureCheck::add_service(const YAML::Node& service, const std::string& name, bool is_head,
                                Report& report) {
  const YAML::Node spec = child(service, "spec");
  const std::string type = scalar_of(child(spec, "type"));
  std::string opening;
  if (type == "LoadBalancer" || type == "NodePort")
    opening = type;
  else if (!items_of(child(spec, "externalIPs")).empty())
    opening = "service with externalIPs";
  const auto ports = items_of(child(spec, "ports"));
  // KubeRay adds the ports of the head's containers to its service.
  if (is_head && !opening.empty() && ports.empty())
    report.add(rule("service-exposed"), child(spec, "type"), "headService is a " + opening);
  for (const YAML::Node& port : ports) {
    const std::string number = scalar_of(child(port, "port"));
    std::string target = scalar_of(child(port, "targetPort"));
    if (target.empty()) target = number;
    ports_.push_back({.at = here(port, report),
                      .space = space_,
                      .service = name,
                      .number = number,
                      .name = scalar_of(child(port, "name")),
                      .target = target,
                      .opening = opening,
                      .is_head = is_head,
                      .selector = texts_of(child(spec, "selector"))});
  }
}

void ExposureCheck::add_backend(const YAML::Node& node, const std::string& host,
                                const std::string& port, Report& report) {
  Backend backend{.at = here(node, report), .space = space_, .service = host, .port = port};
  // A host name has the namespace behind the service: "head-svc.pool-a.svc.cluster.local".
  if (const size_t dot = host.find('.'); dot != std::string::npos) {
    backend.service = host.substr(0, dot);
    backend.space = host.substr(dot + 1, host.find('.', dot + 1) - dot - 1);
  }
  if (const std::string space = scalar_of(child(node, "namespace")); !space.empty())
    backend.space = space;
  backends_.push_back(std::move(backend));
}

void ExposureCheck::add_backends(const YAML::Node& node, const std::string& service, Report& report,
                                 int depth) {
  if (depth > kMaxRouteDepth || !is_set(node)) return;
  for (const YAML::Node& item : items_of(node)) add_backends(item, service, report, depth + 1);
  if (!node.IsMap()) return;
  std::string name = service;
  for (const char* key : {"name", "host", "serviceName"}) {
    if (const std::string text = scalar_of(child(node, key)); !text.empty()) name = text;
  }
  // OpenShift's Route names the service in `to` and the port beside it; without one, all ports.
  if (const std::string to = scalar_of(child(node, "to", "name")); !to.empty()) {
    name = to;
    if (!is_set(child(node, "port"))) add_backend(node, name, "", report);
  }
  // Ambassador's Mapping has one text: "http://head-svc.pool-a:8265".
  if (std::string text = scalar_of(child(node, "service")); !text.empty()) {
    if (const size_t scheme = text.find("://"); scheme != std::string::npos)
      text.erase(0, scheme + 3);
    const size_t colon = text.find(':');
    if (colon != std::string::npos)
      add_backend(node, text.substr(0, colon), text.substr(colon + 1), report);
  }
  for (const char* key : {"port", "servicePort"}) {
    const YAML::Node port = child(node, key);
    if (is_set(port) && !name.empty()) add_backend(node, name, port_text(port), report);
  }
  for (const auto& [key, value] : entries_of(node)) {
    if (key == "port" || key == "parentRefs" || value.IsScalar()) continue;
    add_backends(value, key == "service" || key == "backend" ? name : service, report, depth + 1);
  }
}

bool ExposureCheck::is_port_of_ray(std::string_view number) const {
  return std::ranges::find(kNumbers, number) != kNumbers.end() ||
         numbers_.contains(std::string(number));
}

bool ExposureCheck::is_name_of_ray(std::string_view name) const {
  return std::ranges::find(kNames, name) != kNames.end() ||
         (!name.empty() && names_.contains(std::string(name)));
}

/// Whether the pods of a service may be heads; true for a service without a selector.
bool ExposureCheck::selects_head(const Port& port) const {
  if (port.is_head || port.selector.empty()) return true;
  for (const auto& [key, value] : port.selector) {
    if (key.starts_with("ray.io/") || value.contains("ray")) return true;
  }
  return std::ranges::any_of(labels_, [&](const auto& labels) {
    return std::ranges::all_of(port.selector, [&](const auto& wanted) {
      return std::ranges::find(labels, wanted) != labels.end();
    });
  });
}

bool ExposureCheck::reaches_ray(const Port& port) const {
  if (!selects_head(port)) return false;
  return is_number(port.target) ? is_port_of_ray(port.target) : is_name_of_ray(port.target);
}

bool ExposureCheck::reaches_ray(const Backend& backend) const {
  bool is_known = false;
  for (const Port& port : ports_) {
    const bool is_same =
        port.service == backend.service &&
        (port.space == backend.space || port.space.empty() || backend.space.empty());
    if (!is_same || port.is_head) continue;
    // A service of the same name in a namespace that is not given may be another one.
    const bool is_head = head_services_.contains(backend.service);
    is_known = is_known || !is_head || port.space == backend.space;
    const bool is_meant =
        backend.port.empty() || port.number == backend.port || port.name == backend.port;
    if (is_meant && reaches_ray(port)) return true;
  }
  if (is_known) return false;
  const bool is_head = head_services_.contains(backend.service) ||
                       backend.service.ends_with("head-svc") || backend.service.contains("ray");
  if (backend.port.empty()) return is_head;
  // Redis listens on 6379 too, and other programs have dashboards and clients.
  if (!is_number(backend.port)) return is_head && is_name_of_ray(backend.port);
  return is_port_of_ray(backend.port) && (is_head || backend.port != "6379");
}

void ExposureCheck::finish(Report& report) {
  for (const Port& port : ports_) {
    if (port.opening.empty() || !reaches_ray(port)) continue;
    const bool is_same = port.target == port.number;
    add_finding(
        port.at,
        fmt::format("port {}{} of a {}", port.number,
                    is_same ? "" : fmt::format(", which is Ray's {}", port.target), port.opening),
        report);
  }
  for (const Backend& backend : backends_) {
    if (reaches_ray(backend))
      add_finding(backend.at,
                  fmt::format("a route to {}{}", backend.service,
                              backend.port.empty() ? "" : " port " + backend.port),
                  report);
  }
}

}  // namespace lido::cluster::manifest
