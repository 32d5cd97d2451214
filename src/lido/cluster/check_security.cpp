// SPDX-License-Identifier: Apache-2.0
// The restricted pod security standard.
//
// Source: Kubernetes docs, Pod Security Standards.
#include <algorithm>
#include <array>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr std::array kSafeSysctls = {"kernel.shm_rmid_forced",
                                     "net.ipv4.ip_local_port_range",
                                     "net.ipv4.ip_unprivileged_port_start",
                                     "net.ipv4.tcp_syncookies",
                                     "net.ipv4.ping_group_range",
                                     "net.ipv4.ip_local_reserved_ports",
                                     "net.ipv4.tcp_keepalive_time",
                                     "net.ipv4.tcp_fin_timeout",
                                     "net.ipv4.tcp_keepalive_intvl",
                                     "net.ipv4.tcp_keepalive_probes"};
constexpr std::array kSeLinuxTypes = {"", "container_t", "container_init_t", "container_kvm_t",
                                      "container_engine_t"};
/// Kinds of volumes that restricted namespaces accept.
constexpr std::array kVolumes = {"configMap", "csi",       "downwardAPI",
                                 "emptyDir",  "ephemeral", "persistentVolumeClaim",
                                 "projected", "secret"};

bool contains(const auto& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// Returns faults of the keys that pods and containers share.
void add_shared_faults(const YAML::Node& context, std::vector<std::string>& faults) {
  const YAML::Node labels = child(context, "seLinuxOptions");
  if (const std::string type = scalar_of(child(labels, "type")); !contains(kSeLinuxTypes, type))
    faults.push_back("seLinuxOptions.type " + type);
  for (const char* key : {"user", "role"}) {
    if (!scalar_of(child(labels, key)).empty())
      faults.push_back(fmt::format("seLinuxOptions.{}", key));
  }
  if (is_true(child(context, "windowsOptions", "hostProcess"))) faults.emplace_back("hostProcess");
  if (scalar_of(child(context, "appArmorProfile", "type")) == "Unconfined")
    faults.emplace_back("appArmorProfile Unconfined");
}

}  // namespace

YAML::Node merged_context(const YAML::Node& pod, const YAML::Node& own) {
  YAML::Node both(YAML::NodeType::Map);
  for (const auto& [key, value] : entries_of(child(pod, "securityContext"))) both[key] = value;
  for (const auto& [key, value] : entries_of(own)) both[key] = value;
  return both;
}

void check_security_context(const YAML::Node& context, const YAML::Node& place,
                            const std::string& owner, Report& report) {
  std::vector<std::string> faults;
  if (!is_true(child(context, "runAsNonRoot"))) faults.emplace_back("no runAsNonRoot");
  if (scalar_of(child(context, "runAsUser")) == "0") faults.emplace_back("runAsUser 0");
  if (is_true(child(context, "privileged"))) faults.emplace_back("privileged");
  if (!is_false(child(context, "allowPrivilegeEscalation")))
    faults.emplace_back("no allowPrivilegeEscalation: false");
  const auto dropped = items_of(child(context, "capabilities", "drop"));
  if (std::ranges::none_of(dropped, [](const auto& each) { return scalar_of(each) == "ALL"; }))
    faults.emplace_back("no drop ALL");
  for (const YAML::Node& added : items_of(child(context, "capabilities", "add"))) {
    if (scalar_of(added) != "NET_BIND_SERVICE") faults.push_back("capability " + scalar_of(added));
  }
  const std::string profile = scalar_of(child(context, "seccompProfile", "type"));
  if (profile != "RuntimeDefault" && profile != "Localhost")
    faults.emplace_back("no seccompProfile");
  const std::string proc = scalar_of(child(context, "procMount"));
  if (!proc.empty() && proc != "Default") faults.push_back("procMount " + proc);
  add_shared_faults(context, faults);
  if (!faults.empty())
    report.add(rule("privileges"), place, fmt::format("{}: {}", owner, fmt::join(faults, ", ")));
}

void check_pod_security(const YAML::Node& pod, const YAML::Node& metadata, Report& report) {
  if (!is_set(pod)) return;
  std::vector<std::string> faults;
  for (const char* key : {"hostNetwork", "hostPID", "hostIPC"}) {
    if (is_true(child(pod, key))) faults.emplace_back(key);
  }
  for (const YAML::Node& volume : items_of(child(pod, "volumes"))) {
    for (const auto& [key, value] : entries_of(volume)) {
      if (key == "hostPath")
        faults.push_back("hostPath " + scalar_of(child(value, "path")));
      else if (key != "name" && !contains(kVolumes, key))
        faults.push_back("volume of kind " + key);
    }
  }
  for (const YAML::Node& each : items_of(child(pod, "securityContext", "sysctls"))) {
    const std::string name = scalar_of(child(each, "name"));
    if (!contains(kSafeSysctls, name)) faults.push_back("sysctl " + name);
  }
  for (const auto& [key, value] : entries_of(child(metadata, "annotations"))) {
    if (key.starts_with("container.apparmor.security.beta.kubernetes.io/") &&
        scalar_of(value) == "unconfined")
      faults.emplace_back("AppArmor unconfined");
  }
  if (!faults.empty())
    report.add(rule("privileges"), pod, fmt::format("pod: {}", fmt::join(faults, ", ")));
  for (const YAML::Node& container : containers_of(pod)) {
    const YAML::Node own = child(container, "securityContext");
    check_security_context(merged_context(pod, own), is_set(own) ? own : container,
                           "container " + scalar_of(child(container, "name")), report);
  }
}

}  // namespace lido::cluster::manifest
