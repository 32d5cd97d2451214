// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "cluster.h"
#include "lido/cluster/check.h"
#include "lido/cluster/kube.h"
#include "lido/cluster/values.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Flags {
  std::string values;
  std::string cluster;
  std::string kubeconfig;
  std::string context;
  double wait_s = 600;
  bool dry_run = false;
  bool yes = false;
  bool json = false;

  cluster::Kube kube() const { return cluster::Kube::with(kubeconfig, context); }
};

/// The manifests, once nothing in them will bite.
Result<std::string> checked_manifests(const cluster::Values& values, const std::string& file,
                                      bool install_operator) {
  std::string manifests = LIDO_TRY(
      cluster::render_chart(LIDO_TRY(shared_file("chart")), file, values.name, install_operator));
  for (const auto& finding : LIDO_TRY(cluster::check_manifest(manifests, file))) {
    if (finding.rule->severity != cluster::Severity::kError) continue;
    return fail(ErrorCode::kInvalidArgument, "{}: {}: {} [{}]; mend: {}", file, finding.object,
                finding.what, finding.rule->id, finding.rule->mend);
  }
  return manifests;
}

Json describe(const cluster::ClusterStatus& status) {
  Json groups = Json::array();
  for (const auto& group : status.groups)
    groups.push_back({{"group", group.name},
                      {"wanted", group.wanted},
                      {"ready", group.ready},
                      {"max", group.max}});
  return {{"cluster", status.name},
          {"state", status.state},
          {"reason", status.reason},
          {"head_ready", status.head_ready},
          {"groups", groups}};
}

void print(const std::vector<cluster::ClusterStatus>& all, bool json) {
  if (json) {
    Json list = Json::array();
    for (const auto& status : all) list.push_back(describe(status));
    fmt::print("{}\n", list.dump());
    return;
  }
  if (all.empty()) fmt::print("no clusters\n");
  for (const auto& status : all) {
    fmt::print("{:<18}{:<12}", status.name, status.state);
    for (const auto& group : status.groups)
      fmt::print("{} {}/{} (at most {})  ", group.name, group.ready, group.wanted, group.max);
    fmt::print("{}\n", status.reason);
  }
}

/// Waits until each cluster is ready, or suspended where that is wanted.
Result<void> wait_until_there(const cluster::Kube& kube, const cluster::Values& values,
                              double wait_s) {
  const auto begun = std::chrono::steady_clock::now();
  std::string last;
  while (true) {
    std::string missing;
    for (const auto& status : LIDO_TRY(kube.status(values.name))) {
      const auto wanted = values.find(status.name);
      if (!wanted) continue;
      const bool there = status.state == ((*wanted)->suspend ? "suspended" : "ready");
      if (!there) missing = fmt::format("{} is {} {}", status.name, status.state, status.reason);
    }
    if (missing.empty()) return {};
    if (missing != last) fmt::print(stderr, "{}\n", missing);
    last = missing;
    if (interruption().stop_requested())
      return fail(ErrorCode::kCancelled, "stopped waiting; the clusters come up without us");
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    if (taken.count() > wait_s)
      return fail(ErrorCode::kUnavailable, "not there after {:.0f} s: {}", wait_s, missing);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

Result<int> up(const Flags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  const auto kube = flags.kube();
  LIDO_TRY(kube.check_access(values.name));
  const auto owner = LIDO_TRY(kube.operator_owner());
  using enum cluster::OperatorOwner;
  if (values.install_operator == "true" && owner == kSomebodyElse)
    return fail(ErrorCode::kInvalidArgument,
                "operator.install is true, and somebody else runs KubeRay's operator here: two "
                "would fight over every cluster; want auto");
  if (values.install_operator == "false" && owner == kNobody)
    return fail(ErrorCode::kInvalidArgument,
                "operator.install is false, and this Kubernetes has no KubeRay; want auto, or "
                "GKE's Ray operator add-on");
  const bool install = owner != kSomebodyElse && values.install_operator != "false";
  const std::string manifests = LIDO_TRY(checked_manifests(values, flags.values, install));
  if (flags.dry_run) {
    fmt::print("{}", manifests);
    fmt::print(stderr, "would apply this to namespace {}, with {} operator\n", values.name,
               install ? "Lido's" : "the present");
    return kDone;
  }
  stop_on_signals("the clusters come up without us");
  if (install) LIDO_TRY(kube.apply_definitions(LIDO_TRY(shared_file("crds"))));
  LIDO_TRY(kube.make_namespace(values.name));
  LIDO_TRY(kube.install(LIDO_TRY(shared_file("chart")), flags.values, values.name, install));
  if (flags.wait_s > 0) LIDO_TRY(wait_until_there(kube, values, flags.wait_s));
  print(LIDO_TRY(kube.status(values.name)), flags.json);
  return kDone;
}

Result<int> status(const Flags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  print(LIDO_TRY(flags.kube().status(values.name)), flags.json);
  return kDone;
}

Result<int> set_suspended(const Flags& flags, bool suspended) {
  const auto values = LIDO_TRY(read_values(flags.values));
  std::vector<std::string> clusters = {flags.cluster};
  if (flags.cluster.empty()) {
    clusters.clear();
    for (const auto& one : values.clusters) {
      if (one.enabled) clusters.push_back(one.name);
    }
  }
  for (const std::string& name : clusters) (void)LIDO_TRY(values.find(name));
  const auto kube = flags.kube();
  for (const std::string& name : clusters)
    LIDO_TRY(kube.set_suspended(values.name, name, suspended));
  print(LIDO_TRY(kube.status(values.name)), flags.json);
  return kDone;
}

Result<int> down(const Flags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  const auto kube = flags.kube();
  if (!flags.yes) {
    if (::isatty(STDIN_FILENO) == 0)
      return fail(ErrorCode::kInvalidArgument, "{}: taking the clusters down wants --yes",
                  values.name);
    fmt::print(stderr, "Take down the clusters of {} and whatever runs on them? [y/N] ",
               values.name);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "yes") return fail(ErrorCode::kCancelled, "nothing was done");
  }
  LIDO_TRY(kube.uninstall(values.name));
  fmt::print("{} is down; its namespace is left, with whatever else is in it\n", values.name);
  return kDone;
}

}  // namespace

void add_cluster_lifecycle(CLI::App& command, int& exit) {
  auto flags = std::make_shared<Flags>();
  const auto run = [&exit](CLI::App* sub, const auto& work) {
    sub->callback([&exit, work] {
      const Result<int> result = work();
      exit = result ? *result : report_error(result.error());
    });
  };

  auto init = std::make_shared<std::pair<std::string, cluster::InitOptions>>();
  CLI::App* sub = command.add_subcommand("init", "Write a values file with what one must decide");
  sub->add_option("name", init->first, "Namespace and release, like pool-a")->required();
  bind(*sub, init->second, "Decisions");
  run(sub, [init]() -> Result<int> {
    fmt::print("{}", LIDO_TRY(cluster::initial_values(init->first, init->second)));
    return kDone;
  });

  const auto with_values = [&](const char* name, const char* help) {
    CLI::App* one = command.add_subcommand(name, help);
    one->add_option("values", flags->values, "Values file; lido cluster init writes one")
        ->required();
    return one;
  };
  const auto reaching = [&](const char* name, const char* help) {
    CLI::App* one = with_values(name, help);
    one->add_option("--kubeconfig", flags->kubeconfig, "As kubectl's");
    one->add_option("--context", flags->context, "Of the kubeconfig");
    one->add_flag("--json", flags->json, "Print the result as JSON");
    return one;
  };
  sub = with_values("render", "Print the manifests that `up` applies");
  run(sub, [flags]() -> Result<int> {
    const auto values = LIDO_TRY(read_values(flags->values));
    fmt::print("{}", LIDO_TRY(checked_manifests(values, flags->values,
                                                values.install_operator == "true")));
    return kDone;
  });
  sub = reaching("up", "Bring clusters up, or to what the file says now");
  sub->add_option("--wait-s", flags->wait_s, "Wait so long until they are ready; 0: not at all")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  sub->add_flag("--dry-run", flags->dry_run,
                "Look at everything, print the manifests, change nothing");
  run(sub, [flags] { return up(*flags); });
  run(reaching("status", "Say what runs"), [flags] { return status(*flags); });
  for (const bool suspended : {true, false}) {
    sub = reaching(suspended ? "suspend" : "resume",
                   suspended ? "Delete the pods, keep the clusters: nothing is paid for"
                             : "Bring suspended clusters back");
    sub->add_option("--cluster", flags->cluster, "One of them; else all");
    run(sub, [flags, suspended] { return set_suspended(*flags, suspended); });
  }
  sub = reaching("down", "Take everything down but the namespace");
  sub->add_flag("--yes", flags->yes, "Do not ask");
  run(sub, [flags] { return down(*flags); });
}

}  // namespace lido::cli
