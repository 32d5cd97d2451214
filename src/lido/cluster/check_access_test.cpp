// SPDX-License-Identifier: Apache-2.0
// Ways to a head, and ways that only look like one. KubeRay 1.6.2 names ports and services.
#include <gtest/gtest.h>

#include <algorithm>

#include "lido/cluster/testing.h"

namespace lido::cluster {
namespace {

/// Returns a RayCluster with this in its head's group and in its container's ports, and objects
/// beside it.
std::string cluster_beside(std::string_view objects, std::string_view params = "",
                           std::string_view port = "{name: x, containerPort: 1}") {
  return fmt::format(
      "kind: RayCluster\nmetadata: {{name: data, namespace: pool}}\nspec:\n  headGroupSpec:\n"
      "    rayStartParams: {{{}}}\n    template:\n      metadata: {{labels: {{app: lido-head}}}}\n"
      "      spec: {{containers: [{{name: head, ports: [{}]}}]}}\n---\n{}\n",
      params, port, objects);
}

bool is_exposed(const std::string& text) {
  return check_testing::ids(text).contains("service-exposed");
}

std::string balancer(std::string_view ports, std::string_view selector = "ray.io/node-type: head") {
  return fmt::format(
      "kind: Service\nmetadata: {{name: s}}\nspec: {{type: LoadBalancer, selector: {{{}}}, ports: "
      "[{}]}}",
      selector, ports);
}

TEST(CheckAccess, FollowsNamesAndNumbersThatTheHeadChooses) {
  EXPECT_TRUE(is_exposed(cluster_beside(balancer("{port: 443, targetPort: ui}"), "",
                                        "{name: ui, containerPort: 8265}")));
  EXPECT_TRUE(is_exposed(
      cluster_beside(balancer("{port: 80, targetPort: 9999}"), "dashboard-port: \"9999\"")));
  EXPECT_TRUE(is_exposed(cluster_beside(balancer("{port: 80, targetPort: gcs}"), "port: \"7000\"",
                                        "{name: gcs, containerPort: 7000}")));
  EXPECT_TRUE(is_exposed(cluster_beside(balancer("{port: 52365}")))) << "the agent runs jobs too";
  EXPECT_FALSE(is_exposed(cluster_beside(balancer("{port: 80, targetPort: 9999}"))));
  EXPECT_FALSE(is_exposed(cluster_beside(balancer("{port: 443, targetPort: ui}"), "",
                                         "{name: ui, containerPort: 8000}")));
}

TEST(CheckAccess, LooksAtTheSelectorOfAService) {
  for (const char* ports : {"{port: 6379}", "{port: 8265}", "{port: 80, targetPort: 8265}"}) {
    EXPECT_FALSE(is_exposed(cluster_beside(balancer(ports, "app: redis")))) << ports;
    EXPECT_TRUE(is_exposed(cluster_beside(balancer(ports, "app: lido-head")))) << ports;
    EXPECT_TRUE(is_exposed(cluster_beside(balancer(ports, "")))) << ports;
  }
}

TEST(CheckAccess, CountsHostPortsOfSidecars) {
  const std::string text = cluster_beside("kind: ConfigMap");
  const auto with_init = [&](std::string_view policy) {
    std::string changed = text;
    const std::string pod = "spec: {containers";
    return changed.replace(changed.find(pod), pod.size(),
                           fmt::format("spec: {{initContainers: [{{name: p, {}ports: "
                                       "[{{containerPort: 8265, hostPort: 8265}}]}}], containers",
                                       policy));
  };
  EXPECT_TRUE(is_exposed(with_init("restartPolicy: Always, ")));
  EXPECT_FALSE(is_exposed(with_init(""))) << "ends before Ray starts";
}

std::string ingress(std::string_view annotations, std::string_view service = "data-head-svc",
                    std::string_view port = "number: 8265") {
  return fmt::format(
      "kind: Ingress\nmetadata: {{name: i, namespace: pool, annotations: {{{}}}}}\nspec: "
      "{{defaultBackend: {{service: {{name: {}, port: {{{}}}}}}}}}",
      annotations, service, port);
}

// ingress-nginx, Annotations: auth-tls-verify-client.
TEST(CheckAccess, AcceptsOnlyAnIngressThatDemandsALogin) {
  const std::string tls = "nginx.ingress.kubernetes.io/auth-tls-secret: a/b";
  const std::string verify = ", nginx.ingress.kubernetes.io/auth-tls-verify-client: ";
  EXPECT_FALSE(is_exposed(cluster_beside(ingress(tls))));
  EXPECT_FALSE(is_exposed(cluster_beside(ingress(tls + verify + "\"on\""))));
  for (const char* off : {"\"off\"", "optional", "optional_no_ca"})
    EXPECT_TRUE(is_exposed(cluster_beside(ingress(tls + verify + off)))) << off;
}

TEST(CheckAccess, KnowsOtherProgramsByTheirService) {
  EXPECT_FALSE(is_exposed(cluster_beside(ingress("", "grafana", "name: dashboard"))));
  EXPECT_FALSE(is_exposed(cluster_beside(ingress("", "redis", "number: 6379"))));
  EXPECT_TRUE(is_exposed(cluster_beside(ingress("", "data-head-svc", "name: dashboard"))));
  EXPECT_TRUE(is_exposed(cluster_beside(ingress("", "data-head-svc", "number: 6379"))));
}

TEST(CheckAccess, ComparesNamespacesOfServices) {
  const auto other = [](std::string_view space) {
    return fmt::format(
        "\n---\nkind: Service\nmetadata: {{name: data-head-svc, namespace: {}}}\nspec: {{selector: "
        "{{app: g}}, ports: [{{port: 8265, targetPort: 3000}}]}}",
        space);
  };
  EXPECT_TRUE(is_exposed(cluster_beside(ingress("") + other("elsewhere"))));
  EXPECT_FALSE(is_exposed(cluster_beside(ingress("") + other("pool"))));
  std::string without = ingress("");
  without.replace(without.find(", namespace: pool"), 17, "");
  EXPECT_TRUE(is_exposed(cluster_beside(without + other("elsewhere"))));
}

TEST(CheckAccess, ReadsTheRoutesOfManyControllers) {
  for (const char* route :
       {"kind: Route\nspec: {to: {kind: Service, name: data-head-svc}}",
        "kind: HTTPProxy\nspec: {routes: [{services: [{name: data-head-svc, port: 8265}]}]}",
        "kind: Mapping\nspec: {prefix: /, service: \"data-head-svc:8265\"}",
        "kind: Mapping\nspec: {prefix: /, service: \"http://data-head-svc.pool:8265\"}",
        "kind: ApisixRoute\nspec: {http: [{backends: [{serviceName: data-head-svc, servicePort: "
        "8265}]}]}",
        "kind: TraefikService\nspec: {weighted: {services: [{name: data-head-svc, port: 8265}]}}"})
    EXPECT_TRUE(is_exposed(cluster_beside(route))) << route;
  for (const char* route :
       {"kind: Route\nspec: {to: {kind: Service, name: web}}",
        "kind: HTTPProxy\nspec: {virtualhost: {authorization: {extensionRef: {name: a}}}, routes: "
        "[{services: [{name: data-head-svc, port: 8265}]}]}",
        "kind: Mapping\nspec: {prefix: /, service: \"web:8000\"}",
        "kind: HTTPRoute\nspec: {parentRefs: [{name: g, port: 8265}], rules: []}"})
    EXPECT_FALSE(is_exposed(cluster_beside(route))) << route;
}

TEST(CheckAccess, SeesObjectsOfOtherFiles) {
  const std::string cluster = cluster_beside("kind: ConfigMap");
  const std::string service =
      "kind: Service\nmetadata: {name: front}\nspec: {selector: {ray.io/node-type: head}, ports: "
      "[{port: 80, targetPort: 8265}]}\n";
  const auto count = [](const std::vector<ManifestFile>& files, std::string_view id,
                        std::string_view file) {
    const auto check = check_manifests(files);
    return std::ranges::count_if(check->findings, [&](const Finding& each) {
      return each.rule->id == id && each.file == file;
    });
  };
  const ManifestFile route{ingress("", "front", "number: 80"), "i.yaml"};
  EXPECT_EQ(count({{cluster, "c.yaml"}, route}, "service-exposed", "i.yaml"), 0);
  EXPECT_EQ(count({{cluster, "c.yaml"}, route, {service, "s.yaml"}}, "service-exposed", "i.yaml"),
            1);
  const auto deployment = [](std::string_view name) {
    return fmt::format(
        "kind: Deployment\nmetadata: {{name: {}}}\nspec: {{template: {{spec: {{containers: "
        "[{{image: kuberay/operator:v1.6.2}}]}}}}}}\n",
        name);
  };
  EXPECT_EQ(count({{deployment("a"), "a"}, {deployment("b"), "b"}}, "two-operators", "b"), 1);
  EXPECT_EQ(count({{deployment("a"), "a"}, {deployment("a"), "b"}}, "two-operators", "b"), 0);
}

TEST(CheckAccess, SortsFindingsByFileThenLine) {
  const std::string first = "\n\n\n\n\n" + cluster_beside("kind: ConfigMap");
  const auto check = check_manifests({{first, "z.yaml"}, {cluster_beside("kind: A"), "a.yaml"}});
  const auto second = std::ranges::find(check->findings, "a.yaml", &Finding::file);
  EXPECT_GT(second - check->findings.begin(), 0);
  EXPECT_TRUE(std::all_of(second, check->findings.end(),
                          [](const Finding& each) { return each.file == "a.yaml"; }));
}

}  // namespace
}  // namespace lido::cluster
