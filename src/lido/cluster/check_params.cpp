// SPDX-License-Identifier: Apache-2.0
// Start parameters of a group, as KubeRay hands them to a shell and `ray start` reads them.
//
// Source: Ray 2.60, scripts.py and resource_and_label_spec.py; KubeRay 1.6.2, convertParamMap().
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

constexpr std::array kIntegerOptions = {"port",
                                        "object-manager-port",
                                        "node-manager-port",
                                        "min-worker-port",
                                        "max-worker-port",
                                        "ray-client-server-port",
                                        "memory",
                                        "object-store-memory",
                                        "num-cpus",
                                        "num-gpus",
                                        "dashboard-port",
                                        "dashboard-agent-listen-port",
                                        "dashboard-agent-grpc-port",
                                        "runtime-env-agent-port",
                                        "metrics-export-port",
                                        "system-reserved-memory"};
constexpr std::array kFlagOptions = {"head",
                                     "block",
                                     "no-redirect-output",
                                     "enable-object-reconstruction",
                                     "no-monitor",
                                     "ray-debugger-external",
                                     "disable-usage-stats",
                                     "enable-resource-isolation",
                                     "verbose"};
constexpr std::array kTextOptions = {"node-ip-address",
                                     "address",
                                     "node-name",
                                     "redis-username",
                                     "redis-password",
                                     "redis-shard-ports",
                                     "worker-port-list",
                                     "resources",
                                     "include-dashboard",
                                     "dashboard-host",
                                     "plasma-directory",
                                     "object-spilling-directory",
                                     "autoscaling-config",
                                     "temp-dir",
                                     "system-config",
                                     "tracing-startup-hook",
                                     "labels",
                                     "labels-file",
                                     "include-log-monitor",
                                     "system-reserved-cpu",
                                     "cgroup-path",
                                     "proxy-server-url",
                                     "log-style",
                                     "log-color"};

bool contains_option(const auto& options, const std::string& key) {
  return std::ranges::find(options, key) != options.end();
}

/// Whether Python's int() reads a text.
bool is_integer(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() &&
         std::ranges::all_of(text,
                             [](unsigned char c) { return std::isdigit(c) != 0 || c == '_'; }) &&
         text.front() != '_' && text.back() != '_' && !text.contains("__");
}

std::string lower_text(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Checks one parameter whose text does not depend on the pod's environment.
/// @return What `ray start` refuses; empty for nothing.
std::string refusal_of(const std::string& key, const std::string& value) {
  const std::string small = lower_text(value);
  const bool is_boolean = small == "true" || small == "false";
  if (contains_option(kFlagOptions, key)) {
    if (is_boolean) return {};
    return fmt::format("{} is {}, want true or false", key, value);
  }
  if (contains_option(kIntegerOptions, key)) {
    if (small == "false") return {};  // KubeRay leaves the parameter out.
    const bool counts = key.starts_with("num-") || key.ends_with("memory");
    if (is_integer(value) && !(counts && value.starts_with('-'))) return {};
    return fmt::format("{} is {}, want a whole number{}", key, value,
                       key.ends_with("memory") ? " of bytes" : "");
  }
  if (contains_option(kTextOptions, key)) return {};
  return fmt::format("{} is not an option of ray start", key);
}

/// The shell that runs `ray start` takes away one level of quotes; Ray wants JSON then.
void check_resources_param(const YAML::Node& node, Report& report) {
  if (scalar_of(node).empty()) return;
  const auto seen_by_ray = without_shell_quotes(scalar_of(node));
  const auto json = seen_by_ray ? nlohmann::json::parse(*seen_by_ray, nullptr, false)
                                : nlohmann::json(nlohmann::json::value_t::discarded);
  if (!json.is_object()) {
    report.add(rule("resources-unquoted"), node,
               fmt::format("resources is {}; ray start gets {}", scalar_of(node),
                           seen_by_ray.value_or("an open quote")));
    return;
  }
  for (const auto& [name, value] : json.items()) {
    const bool is_count = value.is_number() && value.get<double>() >= 0 &&
                          value.get<double>() == std::floor(value.get<double>());
    if (is_count) continue;
    report.add(rule("param-refused"), node,
               fmt::format("resources has {} of {}, want a whole number, 0 or more",
                           value.is_number() ? fmt::format("{:g}", value.get<double>())
                                             : "a value that is not a number",
                           name));
  }
}

}  // namespace

void check_start_params(const YAML::Node& group, Report& report) {
  const YAML::Node params = child(group, "rayStartParams");
  for (const auto& [key, node] : entries_of(params)) {
    if (is_set(node) && !is_text(node)) {
      report.add(rule("param-not-text"), node,
                 fmt::format("{} is {} without quotes", key, scalar_of(node)));
      continue;
    }
    const std::string value = scalar_of(node);
    const auto number = quantity_of(node);
    const bool counts = key == "num-cpus" || key == "num-gpus";
    if (counts && number && *number != std::floor(*number)) {
      report.add(rule("cpus-fractional"), node, fmt::format("{} is {}", key, value));
      continue;
    }
    // A shell fills in variables and commands.
    if (value.contains('$') || value.contains('`')) continue;
    const auto seen_by_ray = without_shell_quotes(value);
    const std::string refusal = refusal_of(key, seen_by_ray.value_or(value));
    if (!refusal.empty()) report.add(rule("param-refused"), node, refusal);
  }
  const YAML::Node resources = child(params, "resources");
  if (!scalar_of(resources).contains('$')) check_resources_param(resources, report);
}

}  // namespace lido::cluster::manifest
