// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/cluster/rules.h"

namespace lido::cluster {

/// Returns "error", "warning" or "note".
std::string_view name_of(Severity severity);

/// A place in a manifest that breaks a rule.
struct Finding {
  const Rule* rule = nullptr;  ///< Never null; an element of kRules.
  std::string file;            ///< Name of its ManifestFile.
  int line = 0;                ///< From 1.
  std::string object;          ///< "RayCluster pool-a, worker group cpu".
  std::string found;           ///< The setting at fault: "num-cpus is 4".
};

/// Result of a check.
struct ManifestCheck {
  std::vector<Finding> findings;  ///< In order of files, then of lines.
  int ray_objects = 0;            ///< RayClusters, RayJobs, RayCronJobs and RayServices.
};

/// Where the objects of a manifest run.
struct CheckOptions {
  /// Whether all pods run on GKE Autopilot. Without it, pods that select nodes of GKE, and objects
  /// with the annotation `lido/platform: gke-autopilot`, are checked for Autopilot.
  bool autopilot = false;
};

/// A file with Kubernetes objects.
struct ManifestFile {
  std::string text;  ///< Any number of YAML documents; merge keys (`<<`) are resolved.
  std::string name;  ///< For findings and errors.
};

/// Checks the Ray objects of manifests, and the services, ingresses, routes and operators beside
/// them, against kRules. An object in one file may refer to objects in the others. Ignores all
/// other objects. Pure.
///
/// @return kInvalidArgument, with the line, when a text is not YAML or check_yaml_text() refuses
///         the text; also when a text is empty.
Result<ManifestCheck> check_manifests(const std::vector<ManifestFile>& files,
                                      const CheckOptions& options = {});

/// Checks one manifest as check_manifests() does.
Result<ManifestCheck> check_manifest(std::string_view text, const std::string& file,
                                     const CheckOptions& options = {});

/// Parses a Kubernetes quantity: "500m", "2Gi", "1e3", "4G".
/// @return kInvalidArgument when the text is not a quantity.
Result<double> parse_quantity(std::string_view text);

}  // namespace lido::cluster
