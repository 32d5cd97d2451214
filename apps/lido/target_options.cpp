// SPDX-License-Identifier: Apache-2.0
#include "target_options.h"

#include <fmt/format.h>

#include <utility>

namespace lido::cli {

std::string TargetOptions::flags() const {
  std::string text = "--on " + on;
  for (const auto& [flag, value] : {std::pair("--token-file", &token_file),
                                    {"--kubeconfig", &kubeconfig},
                                    {"--context", &context}}) {
    if (!value->empty()) text += fmt::format(" {} {}", flag, *value);
  }
  return text;
}

void add_kube_flags(CLI::App& command, TargetOptions& target) {
  command
      .add_option("--kubeconfig", target.kubeconfig,
                  "Kubeconfig file for k8s:; without it, KUBECONFIG or ~/.kube/config")
      ->check(CLI::ExistingFile);
  command.add_option("--context", target.context,
                     "Context of the kubeconfig; without it, the current one");
}

}  // namespace lido::cli
