// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/process.h"
#include "lido/cluster/values.h"

namespace lido::cluster {

/// Renders a Helm chart with a values file, and returns the manifests.
/// @param chart  Folder of the chart.
/// @param name  Namespace and release.
/// @param install_operator  Whether the manifests contain KubeRay's operator.
/// @return kNotFound when helm is not installed; kInvalidArgument, with helm's last line, when helm
///         refuses a value.
Result<std::string> render_chart(const std::string& chart, const std::string& values_file,
                                 const std::string& name, bool install_operator);

/// Owner of the KubeRay operator in a Kubernetes cluster.
enum class OperatorOwner {
  kNone,   ///< No operator.
  kLido,   ///< Installed by Lido's chart.
  kOther,  ///< Installed by other means, such as GKE's add-on.
};

/// State of a RayCluster.
struct ClusterStatus {
  std::string name;
  std::string state;   ///< "ready", "starting", "suspending", "suspended" or "failed".
  std::string reason;  ///< Kubernetes' reason for a pod that does not run; often empty.
  bool head_ready = false;
  /// Pods of one worker group.
  struct Group {
    std::string name;
    int wanted = 0;  ///< Pods that the autoscaler wants.
    int ready = 0;
    int max = 0;  ///< Upper limit of pods.
  };
  std::vector<Group> groups;
};

/// A Kubernetes cluster, by way of kubectl and helm and their credentials. Thread-safe.
///
/// All calls return kNotFound when kubectl or helm is not installed, and kUnavailable, with the
/// program's last line, when the program fails.
class Kube {
 public:
  /// @param kubeconfig  File for kubectl; empty for kubectl's default.
  /// @param context  Context of the kubeconfig; empty for the current one.
  Kube(std::string kubeconfig, std::string context)
      : kubeconfig_(std::move(kubeconfig)), context_(std::move(context)) {}

  /// Checks that the cluster answers and permits what a job in the namespace needs.
  /// @return kInvalidArgument when a permission is missing.
  Result<void> check_access(const std::string& name_space) const;
  /// Returns the owner of the KubeRay operator.
  /// @return kInvalidArgument for a KubeRay older than 1.6, which the chart does not support.
  Result<OperatorOwner> operator_owner() const;
  /// Applies KubeRay's resource definitions. Helm installs definitions once and never upgrades
  /// them.
  Result<void> apply_definitions(const std::string& folder) const;
  /// Creates the namespace, under the restricted pod security standard.
  Result<void> make_namespace(const std::string& name) const;
  /// Installs or upgrades the chart's release.
  Result<void> install(const std::string& chart, const std::string& values_file,
                       const std::string& name, bool install_operator) const;
  /// Returns the RayClusters of a namespace.
  Result<std::vector<ClusterStatus>> status(const std::string& name_space) const;
  /// Suspends or resumes a RayCluster.
  Result<void> set_suspended(const std::string& name_space, const std::string& cluster,
                             bool suspended) const;
  /// Returns the token for a RayCluster's Jobs API: KubeRay's own, or for auth mode kubernetes one
  /// of the submitters' service account, valid for a day.
  /// @return kNotFound when there is no such cluster or the cluster has no token; kInvalidArgument
  ///         for a suspended cluster.
  Result<std::string> token(const std::string& name_space, const std::string& cluster) const;
  /// A RayCluster's Jobs API, forwarded to a port of this machine while `process` lives.
  struct Forward {
    BackgroundProcess process;
    std::string url;
  };
  Result<Forward> forward(const std::string& name_space, const std::string& cluster) const;
  /// Deletes jobs and clusters, waits for the end of their pods, then deletes the release. Keeps
  /// the namespace.
  Result<void> uninstall(const std::string& name) const;

 private:
  std::vector<std::string> kubectl_command() const;
  Result<std::string> kubectl(std::vector<std::string> arguments,
                              std::string_view input = {}) const;
  Result<std::string> helm(std::vector<std::string> arguments) const;
  /// Returns a resource as JSON; empty when the resource does not exist.
  Result<std::optional<nlohmann::json>> get(std::vector<std::string> arguments) const;

  std::string kubeconfig_, context_;
};

}  // namespace lido::cluster
