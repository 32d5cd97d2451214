// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/process.h"
#include "lido/cluster/values.h"

namespace lido::cluster {

/// A chart rendered for a values file.
/// @param chart  Folder of the Helm chart.
/// @param install_operator  Whether KubeRay's operator is among the manifests.
/// @return kNotFound without Helm; kInvalidArgument with Helm's last word when it refuses a value.
Result<std::string> render_chart(const std::string& chart, const std::string& values_file,
                                 const std::string& name, bool install_operator);

/// Who runs KubeRay's operator in a Kubernetes cluster.
enum class OperatorOwner { kNobody, kLido, kSomebodyElse };

/// A RayCluster's state as a person asks for it.
struct ClusterStatus {
  std::string name;
  std::string state;  ///< "ready", "suspended", "starting", "failed".
  std::string reason;
  bool head_ready = false;
  struct Group {
    std::string name;
    int wanted = 0;
    int ready = 0;
    int max = 0;
  };
  std::vector<Group> groups;
};

/// A Kubernetes cluster, through kubectl and helm and so with whatever credentials these have.
class Kube {
 public:
  /// @param context  Of the kubeconfig; empty for the current one.
  static Kube with(std::string kubeconfig, std::string context);

  /// Whether it answers, and lets us do what a job in `space` needs.
  /// @return kUnavailable with the reason in one line; kInvalidArgument without permission.
  Result<void> check_access(const std::string& space) const;
  /// @return kInvalidArgument for a version of KubeRay that lacks what the chart relies on.
  Result<OperatorOwner> operator_owner() const;
  /// Applies KubeRay's definitions; Helm installs such once and never upgrades them.
  Result<void> apply_definitions(const std::string& folder) const;
  /// Makes the namespace, with pods held to the restricted standard.
  Result<void> make_namespace(const std::string& name) const;
  Result<void> install(const std::string& chart, const std::string& values_file,
                       const std::string& name, bool install_operator) const;
  Result<std::vector<ClusterStatus>> status(const std::string& space) const;
  Result<void> set_suspended(const std::string& space, const std::string& cluster,
                             bool suspended) const;
  /// The token that KubeRay made for a RayCluster; where Kubernetes says who may call it, one of
  /// its submitters' service account, good for a day.
  /// @return kNotFound when there is no such cluster; kInvalidArgument for a suspended one.
  Result<std::string> token(const std::string& space, const std::string& cluster) const;
  /// A RayCluster's Jobs API, brought to a port of this machine for as long as `process` lives.
  struct Forward {
    BackgroundProcess process;
    std::string url;
  };
  Result<Forward> forward(const std::string& space, const std::string& cluster) const;
  /// Deletes jobs and clusters, waits for their pods to go, then the release. The namespace stays.
  Result<void> uninstall(const std::string& name) const;

 private:
  std::vector<std::string> kubectl_command() const;
  Result<std::string> kubectl(std::vector<std::string> arguments,
                              std::string_view input = {}) const;
  Result<std::string> helm(std::vector<std::string> arguments) const;
  /// Nothing where there is no such thing.
  Result<std::optional<nlohmann::json>> get(std::vector<std::string> arguments) const;

  std::string kubeconfig_, context_;
};

}  // namespace lido::cluster
