// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/process.h"
#include "lido/cluster/values.h"

namespace lido::cluster {

/// Release of Lido's chart.
struct Release {
  std::string chart;        ///< Folder of the chart.
  std::string values_file;  ///< Path of the values.
  std::string name;         ///< Namespace and release.
  /// Whether the release contains KubeRay's operator.
  bool install_operator = false;
  /// Namespace of an operator outside the release; empty: the values decide.
  std::string operator_namespace;
};

/// Renders the manifests of a release.
/// @return kNotFound when helm is not installed; kInvalidArgument, with helm's last line, when helm
///         refuses a value.
Result<std::string> render_chart(const Release& release);

/// Owner of the KubeRay operator in a Kubernetes cluster.
enum class OperatorOwner {
  kNone,   ///< No operator.
  kLido,   ///< Installed by Lido's chart in the namespace that was asked for.
  kOther,  ///< Installed by other means, such as GKE's add-on, or by the release of another pool.
};

/// The KubeRay operator of a Kubernetes cluster.
struct KubeRayOperator {
  OperatorOwner owner = OperatorOwner::kNone;
  std::string name_space;  ///< Empty without an operator, and when its Deployment is not visible.
};

/// State of a RayCluster.
struct ClusterStatus {
  std::string name;
  std::string state;  ///< "ready", "starting", "suspending", "suspended" or "failed".
  std::string
      reason;  ///< Kubernetes' reason for a pod or container that does not run; often empty.
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

  /// Checks that the cluster answers, and permits the creation of all objects of a release.
  /// @param with_operator  Whether the release contains KubeRay's operator.
  /// @return kInvalidArgument, with the kinds, when a permission is missing.
  Result<void> check_access(const std::string& name_space, bool with_operator) const;
  /// Finds the KubeRay operator.
  /// @param name_space  Namespace of the release that asks.
  /// @return kInvalidArgument for a KubeRay older than 1.6, which the chart does not support.
  Result<KubeRayOperator> find_operator(const std::string& name_space) const;
  /// Applies KubeRay's resource definitions, and marks them as Lido's. Helm installs definitions
  /// once and never upgrades them.
  Result<void> apply_definitions(const std::string& folder) const;
  /// Creates the namespace, under the restricted pod security standard.
  Result<void> make_namespace(const std::string& name) const;
  /// Installs or upgrades the chart's release.
  Result<void> install(const Release& release) const;
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
  /// @return kInvalidArgument, and nothing is deleted, when the release contains the operator of
  ///         clusters in other namespaces.
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
