// SPDX-License-Identifier: Apache-2.0
// Manifests as kubectl and Helm read them: go.yaml.in/yaml/v2, through sigs.k8s.io/yaml.
#include "lido/cluster/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/cluster/testing.h"

namespace lido::cluster::manifest {
namespace {

using check_testing::findings_of;

TEST(Manifest, ReadsTheBooleansOfYaml11) {
  // The table of resolve.go.
  for (const char* word : {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
    EXPECT_EQ(boolean_of(YAML::Load(word)), true) << word;
  for (const char* word :
       {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
    EXPECT_EQ(boolean_of(YAML::Load(word)), false) << word;
  for (const char* word :
       {"yEs", "tRUE", "1", "0", "t", "\"true\"", "'yes'", "!!str true", "~", "[]"})
    EXPECT_EQ(boolean_of(YAML::Load(word)), std::nullopt) << word;
}

TEST(Manifest, MergesInTheOrderOfTheFile) {
  const auto value = [](const char* text) {
    const YAML::Node map = YAML::Load(text)["z"];
    const auto entries = entries_of(map);
    const auto entry = std::ranges::find(entries, "k", &decltype(entries)::value_type::first);
    EXPECT_EQ(scalar_of(value_of(map, "k")), scalar_of(entry->second)) << text;
    return scalar_of(value_of(map, "k"));
  };
  EXPECT_EQ(value("x: &x {k: 1}\nz: {<<: *x, k: 2}"), "2");
  EXPECT_EQ(value("x: &x {k: 1}\nz: {k: 2, <<: *x}"), "1") << "decode.go: merge() sets the key";
  EXPECT_EQ(value("x: &x {k: 1}\ny: &y {k: 2}\nz: {<<: [*x, *y]}"), "1");
  EXPECT_EQ(value("x: &x {k: 1}\ny: &y {k: 2}\nz: {<<: *x, <<: *y}"), "2");
  EXPECT_EQ(value("x: &x {k: 1}\ny: &y {<<: *x}\nz: {<<: *y}"), "1");
}

constexpr std::string_view kCluster = R"(kind: RayCluster
spec:
  enableInTreeAutoscaling: ON_OFF
  headGroupSpec:
    enableIngress: INGRESS
    rayStartParams: {block: "true"}
    template:
      spec:
        hostNetwork: NETWORK
        containers:
        - {name: head, securityContext: {privileged: NETWORK, allowPrivilegeEscalation: OFF,
           runAsNonRoot: ON_OFF}}
  workerGroupSpecs:
  - {groupName: a, template: {spec: {automountServiceAccountToken: OFF}}}
)";

std::string cluster_with(std::string_view on, std::string_view network, std::string_view off) {
  std::string text(kCluster);
  for (const auto& [from, to] : {std::pair(std::string_view("ON_OFF"), on),
                                 {"INGRESS", network},
                                 {"NETWORK", network},
                                 {"OFF", off}}) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1))
      text.replace(at, from.size(), to);
  }
  return text;
}

TEST(Manifest, EveryBooleanOfAManifestIsRead) {
  const auto plain = findings_of(cluster_with("true", "true", "false"));
  const auto has = [&](std::string_view part) {
    return std::ranges::any_of(plain, [&](const auto& each) { return each.contains(part); });
  };
  EXPECT_TRUE(has("hostNetwork") && has("enableIngress is true") && has("privileged"));
  EXPECT_TRUE(has("container head: privileged, no drop ALL")) << "runAsNonRoot, no escalation";
  EXPECT_FALSE(has("no autoscaler") || has("worker-token"));
  for (const auto& [on, off] :
       {std::pair("True", "False"), {"TRUE", "no"}, {"yes", "Off"}, {"on", "n"}})
    EXPECT_EQ(findings_of(cluster_with(on, on, off)), plain) << on;
}

TEST(Manifest, RefusesAKeyThatAMapHasTwice) {
  const auto check = check_manifest(
      "kind: RayCluster\nspec:\n  authOptions: {mode: token}\n  rayVersion: \"2\"\n"
      "  authOptions: {mode: disabled}\n",
      "m.yaml");
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().message,
            "m.yaml:5: the key authOptions stands here a second time, want one; the first is in "
            "line 3");
}

TEST(Manifest, RefusesAliasesWithoutEnd) {
  std::string text = "kind: Ingress\nspec:\n  a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char list = 'b'; list < 'k'; ++list)
    text += fmt::format("  {0}: &{0} [*{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}]\n",
                        list, static_cast<char>(list - 1));
  EXPECT_FALSE(check_manifest(text, "m.yaml"));
  EXPECT_FALSE(check_manifest("kind: List\nitems: &a [{kind: List, items: *a}]\n", "m.yaml"));
}

}  // namespace
}  // namespace lido::cluster::manifest
