// SPDX-License-Identifier: Apache-2.0
// Right values are those of the Kubernetes docs, Pod Security Standards, restricted.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "lido/cluster/testing.h"

namespace lido::cluster {
namespace {

using check_testing::changed;
using check_testing::findings_of;
using check_testing::ids;
using check_testing::kRestricted;
using check_testing::kWorkerVolumeLine;
using check_testing::Rules;

/// The good manifest's worker with another security context, in a pod with `pod` settings.
std::string with_worker_context(const std::string& context, std::string_view pod = "") {
  std::string text = changed(
      "            securityContext:\n              {runAsNonRoot: true, "
      "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]},\n              "
      "seccompProfile: {type: RuntimeDefault}}\n",
      "            securityContext: " + context + "\n");
  constexpr std::string_view kPod = "          automountServiceAccountToken: false\n";
  return text.replace(text.find(kPod), kPod.size(),
                      std::string(kPod) + "          " + std::string(pod) + "\n");
}

/// The finding about the worker's privileges; empty for none.
std::string privileges_of_worker(const std::string& text) {
  constexpr std::string_view kStart = "privileges: container ray-worker: ";
  for (const std::string& finding : findings_of(text)) {
    if (finding.starts_with(kStart)) return finding.substr(kStart.size());
  }
  return {};
}

// Kubernetes docs, Pod Security Standards, restricted.
TEST(CheckSecurity, CoversTheRestrictedStandard) {
  const char* selector = "nodeSelector: {cloud.google.com/gke-spot: \"true\"}";
  for (const char* pod : {"securityContext: {sysctls: [{name: kernel.msgmax, value: \"1\"}]}",
                          "securityContext: {seLinuxOptions: {type: spc_t}}",
                          "securityContext: {seLinuxOptions: {user: root}}",
                          "securityContext: {windowsOptions: {hostProcess: true}}",
                          "securityContext: {appArmorProfile: {type: Unconfined}}",
                          "ephemeralContainers: [{name: debug, image: \"d:1\"}]"})
    EXPECT_EQ(ids(changed(selector, pod)), Rules{"privileges"}) << pod;
  for (const char* pod :
       {"securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: \"1\"}]}",
        "securityContext: {seLinuxOptions: {type: container_t, level: \"s0\"}}",
        "securityContext: {appArmorProfile: {type: RuntimeDefault}}"})
    EXPECT_EQ(ids(changed(selector, pod)), Rules{}) << pod;
  EXPECT_EQ(
      ids(changed("{runAsNonRoot: true, allow", "{runAsNonRoot: true, procMount: Unmasked, allow")),
      Rules{"privileges"});
  const std::string nfs = "          - {name: n, nfs: {server: a, path: /}}\n";
  const std::string claim = "          - {name: n, persistentVolumeClaim: {claimName: a}}\n";
  EXPECT_EQ(ids(changed(kWorkerVolumeLine, kWorkerVolumeLine + nfs)), Rules{"privileges"});
  EXPECT_EQ(ids(changed(kWorkerVolumeLine, kWorkerVolumeLine + claim)), Rules{});
}

TEST(CheckSecurity, AppliesTheHeadsPodContextToTheAutoscaler) {
  const auto own =
      "securityContext: &restricted\n        {runAsNonRoot: true, "
      "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]},\n        "
      "seccompProfile: {type: RuntimeDefault}}";
  const auto reduced =
      "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}";
  std::string text = changed(own, reduced);
  text.replace(text.find("securityContext: *restricted"), 28, kRestricted);
  EXPECT_EQ(ids(text), Rules{"privileges"});
  text.replace(text.find("nodeSelector: {}"), 16,
               "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}");
  EXPECT_EQ(ids(text), Rules{});
}

TEST(CheckSecurity, NamesEveryFaultOfAContainer) {
  EXPECT_EQ(privileges_of_worker(with_worker_context(
                "{privileged: true, runAsUser: 0, capabilities: {add: [NET_BIND_SERVICE, "
                "SYS_ADMIN]}, procMount: Unmasked}")),
            "no runAsNonRoot, runAsUser 0, privileged, no allowPrivilegeEscalation: false, no drop "
            "ALL, capability SYS_ADMIN, no seccompProfile, procMount Unmasked");
  // The standard lets a container add NET_BIND_SERVICE, and choose a profile of the node.
  EXPECT_EQ(privileges_of_worker(with_worker_context(
                "{runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL], "
                "add: [NET_BIND_SERVICE]}, seccompProfile: {type: Localhost}}")),
            "");
}

TEST(CheckSecurity, AContainersOwnContextCountsBeforeItsPods) {
  const std::string rest = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}";
  const std::string pod =
      "securityContext: {runAsNonRoot: true, runAsUser: 0, seccompProfile: {type: RuntimeDefault}}";
  EXPECT_EQ(privileges_of_worker(with_worker_context("{" + rest + "}", pod)), "runAsUser 0");
  EXPECT_EQ(privileges_of_worker(with_worker_context("{runAsUser: 1000, " + rest + "}", pod)), "");
  EXPECT_EQ(privileges_of_worker(with_worker_context(
                "{runAsUser: 1000, seccompProfile: {type: Unconfined}, " + rest + "}", pod)),
            "no seccompProfile");
}

TEST(CheckSecurity, NamesEveryFaultOfAPod) {
  const auto findings =
      findings_of(changed(kWorkerVolumeLine,
                          "          hostPID: true\n          hostIPC: true\n          "
                          "securityContext: {sysctls: [{name: net.ipv4.tcp_fin_timeout}, {name: "
                          "kernel.msgmax}]}\n" +
                              std::string(kWorkerVolumeLine) +
                              "          - {name: h, hostPath: {path: /var}}\n"
                              "          - {name: g, gitRepo: {repository: r}}\n"));
  EXPECT_NE(std::ranges::find(findings,
                              "privileges: pod: hostPID, hostIPC, hostPath /var, volume of kind "
                              "gitRepo, sysctl kernel.msgmax"),
            findings.end())
      << findings.front();
}

}  // namespace
}  // namespace lido::cluster
