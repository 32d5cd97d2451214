// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::cli {

/// Names of a Ray cluster and of the means to connect to it.
struct TargetOptions {
  std::string on;          ///< "k8s:NAMESPACE/CLUSTER" or "https://HOST".
  std::string token_file;  ///< File with the token of an https:// cluster; empty for none.
  std::string kubeconfig;  ///< For k8s: targets; empty for kubectl's default.
  std::string context;     ///< For k8s: targets; empty for the current one.

  /// Returns the flags that name the same cluster to another command: "--on k8s:a/b --context c".
  std::string flags() const;
};

/// Whether `on` names a cluster: "k8s:NAMESPACE/CLUSTER", "https://HOST" or "http://HOST".
bool is_cluster(const std::string& on);

/// Adds --on to a command, which takes here, ray and clusters.
void add_place(CLI::App& command, TargetOptions& target);

/// Adds --kubeconfig and --context to a command.
void add_kube_flags(CLI::App& command, TargetOptions& target);

/// Checks flags of a command against its place of work.
/// @param given  Flags on the command line.
/// @return kInvalidArgument for a flag that the place has no use for.
Result<void> check_target_flags(const TargetOptions& target, const std::vector<std::string>& given);

}  // namespace lido::cli
