// SPDX-License-Identifier: Apache-2.0
#include "target_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
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

bool is_cluster(const std::string& on) {
  return on.starts_with("k8s:") || on.starts_with("https://") || on.starts_with("http://");
}

void add_place(CLI::App& command, TargetOptions& target) {
  command
      .add_option("--on", target.on,
                  "Where the work runs: here; ray (on this machine, or in the cluster that "
                  "RAY_ADDRESS names); k8s:NAMESPACE/CLUSTER; or https://HOST of a Ray Jobs API")
      ->check([](const std::string& on) {
        const bool known = on == "here" || on == "ray" || is_cluster(on);
        return known ? ""
                     : fmt::format("got {}, want here, ray, k8s:NAMESPACE/CLUSTER or https://HOST",
                                   on);
      })
      ->capture_default_str();
  command.add_option("--token-file", target.token_file,
                     "File with the token for --on https://HOST");
  add_kube_flags(command, target);
}

void add_kube_flags(CLI::App& command, TargetOptions& target) {
  command
      .add_option("--kubeconfig", target.kubeconfig,
                  "Kubeconfig file for k8s:; without it, KUBECONFIG or ~/.kube/config")
      ->check(CLI::ExistingFile);
  command.add_option("--context", target.context,
                     "Context of the kubeconfig; without it, the current one");
}

Result<void> check_target_flags(const TargetOptions& target,
                                const std::vector<std::string>& given) {
  const auto check = [&](std::string_view flag, bool has_use, const char* want) -> Result<void> {
    if (has_use || std::ranges::find(given, flag) == given.end()) return {};
    return fail(ErrorCode::kInvalidArgument, "{}: no use with --on {}, want {}", flag, target.on,
                want);
  };
  LIDO_TRY(check("--token-file", target.on.starts_with("http"), "--on https://HOST"));
  for (const char* flag : {"--kubeconfig", "--context"})
    LIDO_TRY(check(flag, target.on.starts_with("k8s:"), "--on k8s:NAMESPACE/CLUSTER"));
  return {};
}

}  // namespace lido::cli
