// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/options.h"

namespace lido::cluster {

/// What one pod asks for.
struct PodShape {
  double cpu = 0;
  double memory_gib = 0;
  double object_store_gib = 0;
  double spill_gib = 0;
  std::string gpu_type;  ///< Empty for none.
  int gpus = 0;
  bool spot = false;
};

/// A group of alike workers.
struct WorkerGroup {
  std::string name;
  PodShape pod;
  int min = 0;
  int max = 0;
  int cpus = 0;  ///< What Ray is told a pod has: tasks that run on it at a time.
};

/// One RayCluster.
struct RayClusterValues {
  std::string name;
  bool enabled = false;
  bool suspend = false;
  double idle_timeout_s = 0;
  PodShape head;
  std::vector<WorkerGroup> groups;
};

/// What a values file says, with the chart's defaults where it says nothing.
struct Values {
  std::string name;  ///< Namespace and release.
  std::string platform;
  std::string image;
  std::string install_operator;  ///< "auto", "true" or "false".
  double suspend_after_min = 0;
  std::vector<RayClusterValues> clusters;  ///< In the order of the file.

  /// @return kInvalidArgument that lists the names when there is no such enabled cluster.
  Result<const RayClusterValues*> find(std::string_view cluster) const;
};

/// Reads a values file over the chart's defaults. Types and ranges beyond what is needed here are
/// checked by the chart's schema.
/// @param file  Named in errors.
/// @return kInvalidArgument with file and line.
Result<Values> read_values(std::string_view text, const std::string& file,
                           std::string_view defaults);

/// What somebody must decide before a cluster exists.
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
          "Where the clusters will run");
    visit("image", self.image, Anything{},
          "Image with Ray and Lido, repository:tag (deploy/image/Dockerfile makes it)");
    visit("bucket", self.bucket, Anything{},
          "Bucket with the footage, gs://NAME: for the notes on access");
    visit("gpu", self.gpu, Anything{}, "GPU type of reconstruction and training");
    visit("training", self.training, Anything{}, "Have the training cluster");
    visit("reconstruction", self.reconstruction, Anything{}, "Have the reconstruction cluster");
    visit("spot", self.spot, Anything{},
          "Run data workers on spot nodes: a third of the price; a span in flight is lost with its "
          "node");
  }
};

/// A values file with what was decided and why the rest is as it is.
/// @return kInvalidArgument for a name that Kubernetes would refuse.
Result<std::string> initial_values(const std::string& name, const InitOptions& options);

}  // namespace lido::cluster
