// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/options.h"

namespace lido::cluster {

/// Resources that one pod requests.
struct PodShape {
  double cpu = 0;  ///< CPUs.
  double memory_gib = 0;
  double object_store_gib = 0;  ///< Part of memory_gib that Ray's object store takes.
  double spill_gib = 0;         ///< Disk for logs and spilled objects.
  std::string gpu_type;         ///< Like "nvidia-l4"; empty without GPUs.
  int gpus = 0;                 ///< 0 to 16.
  bool spot = false;            ///< Whether the pod runs on spot nodes.
  bool autopilot = false;       ///< Whether Autopilot raises and bills the pod's requests.
  std::string compute_class;    ///< Value of cloud.google.com/compute-class; often empty.
};

/// A group of identical worker pods.
struct WorkerGroup {
  std::string name;
  PodShape pod;
  int min = 0;      ///< Pods that always run.
  int max = 0;      ///< Upper limit of pods.
  int cpus = 0;     ///< CPUs per pod that Ray schedules: tasks that run on a pod at a time.
  int drivers = 0;  ///< Drivers of jobs per pod, by the pod's resource "driver"; 0 for none.

  /// Whether only drivers of jobs run on its pods.
  bool is_for_drivers() const { return drivers > 0 && cpus == 0; }
};

/// Values of one RayCluster.
struct RayClusterValues {
  std::string name;
  bool enabled = false;
  bool suspend = false;       ///< Whether `up` suspends the cluster.
  double idle_timeout_s = 0;  ///< Time without work after which the autoscaler removes a worker.
  PodShape head;              ///< With the autoscaler's container.
  std::vector<WorkerGroup> groups;  ///< In the order of the file.

  /// Returns the first group that only drivers of jobs run on; null for none.
  const WorkerGroup* drivers() const;
};

/// A RayJob: runs once, on a cluster of its own.
struct JobValues {
  std::string name;
  std::string cluster;  ///< Cluster whose values its own cluster has, enabled or not.
  double keep_s = 60;   ///< Time from the job's end to the deletion of its cluster.
};

/// A values file, completed with the chart's defaults.
struct Values {
  std::string name;  ///< Namespace and release.
  std::string platform;
  std::string image;                       ///< Repository; empty while undecided.
  std::string missing_image;               ///< Why pods have no image; empty when they have one.
  std::string install_operator;            ///< "auto", "true" or "false".
  std::string operator_namespace;          ///< Empty: `up` finds the operator.
  double suspend_after_min = 0;            ///< 0: clusters are never suspended.
  std::vector<RayClusterValues> clusters;  ///< In the order of the file.
  std::vector<JobValues> jobs;             ///< In the order of the file.
  /// Consequences that a user may not expect, a line each: the file is usable.
  std::vector<std::string> warnings;

  /// Returns the enabled cluster of this name.
  /// @return kInvalidArgument, with the names of all enabled clusters, when there is none.
  Result<const RayClusterValues*> find(std::string_view cluster) const;
};

/// Files of the Helm chart that a values file is read with.
struct ChartFiles {
  std::string defaults;  ///< Text of values.yaml.
  std::string schema;    ///< Text of values.schema.json.
};

/// Reads a values file over the chart's defaults, after a check against the chart's schema.
/// @param text  YAML.
/// @param file  File name for errors.
/// @return kInvalidArgument, with file and line, for an empty file, an unknown key, a value of the
///         wrong type or out of range, and pods that cannot start; kCorrupt when a chart file is
///         broken.
Result<Values> read_values(std::string_view text, const std::string& file, const ChartFiles& chart);

/// Whether a text is a values file rather than a manifest: a map with clusters and without a kind.
bool is_values_text(std::string_view text);

/// Decisions that a new cluster needs.
struct InitOptions {
  std::string cloud = "gke-autopilot";
  std::string image;
  std::string bucket;
  std::string gpu = "nvidia-l4";
  bool training = false;
  bool reconstruction = false;
  bool spot = false;

  static void fields(auto& self, auto&& visit) {
    visit("cloud", self.cloud, OneOf{{"gke-autopilot", "kubernetes"}},
          "Platform of the clusters; gke-autopilot adds spot nodes and GPU selectors");
    visit("image", self.image, Anything{},
          "Image with Ray and Lido, repository:tag; deploy/image/Dockerfile builds one");
    visit("bucket", self.bucket, Anything{},
          "Bucket with the footage, gs://NAME or s3://NAME; adds how workers get access");
    visit("gpu", self.gpu, Anything{}, "GPU type of the reconstruction and training clusters");
    visit("training", self.training, Anything{}, "Enable the training cluster");
    visit("reconstruction", self.reconstruction, Anything{}, "Enable the reconstruction cluster");
    visit("spot", self.spot, Anything{},
          "Run data workers on spot nodes, for a third of the price; a reclaimed node loses its "
          "current spans, which are retried");
  }
};

/// Writes a values file with these decisions, each with its reason in a comment.
/// @param name  Namespace and release.
/// @return kInvalidArgument for a name or an image that Kubernetes would refuse.
Result<std::string> initial_values(const std::string& name, const InitOptions& options);

}  // namespace lido::cluster
