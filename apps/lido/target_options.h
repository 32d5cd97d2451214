// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

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

/// Adds --kubeconfig and --context to a command.
void add_kube_flags(CLI::App& command, TargetOptions& target);

}  // namespace lido::cli
