// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <thread>

#include "cluster.h"
#include "lido/base/json_text.h"
#include "lido/cluster/check.h"
#include "lido/cluster/kube.h"
#include "lido/cluster/values.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct ClusterLifecycleFlags {
  std::string values;
  std::string cluster;
  std::string kubeconfig;
  std::string context;
  double wait_s = 600;
  bool dry_run = false;
  bool yes = false;
  bool json = false;

  cluster::Kube kube() const { return {kubeconfig, context}; }
};

/// Returns the release of a values file.
/// @return kInvalidArgument for values without an image.
Result<cluster::Release> release_of(const cluster::Values& values, const std::string& file) {
  if (!values.missing_image.empty())
    return fail(ErrorCode::kInvalidArgument, "{}", values.missing_image);
  return cluster::Release{.chart = LIDO_TRY(shared_file("chart")),
                          .values_file = file,
                          .name = values.name,
                          .install_operator = values.install_operator == "true",
                          .operator_namespace = {}};
}

/// Renders the manifests, and refuses manifests in which `check` finds an error.
Result<std::string> checked_manifests(const cluster::Release& release) {
  const std::string& file = release.values_file;
  std::string manifests = LIDO_TRY(cluster::render_chart(release));
  const auto check = LIDO_TRY(cluster::check_manifest(manifests, file));
  for (const auto& finding : check.findings) {
    if (finding.rule->severity != cluster::Severity::kError) {
      fmt::print(stderr, "lido: {}: {}: {} [{}]\n", cluster::name_of(finding.rule->severity),
                 finding.object, finding.found, finding.rule->id);
      continue;
    }
    return fail(ErrorCode::kInvalidArgument, "{}: {}: {} [{}]. Fix: {}", file, finding.object,
                finding.found, finding.rule->id, finding.rule->fix);
  }
  return manifests;
}

OrderedJson describe(const cluster::ClusterStatus& status) {
  OrderedJson groups = OrderedJson::array();
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
    OrderedJson list = OrderedJson::array();
    for (const auto& status : all) list.push_back(describe(status));
    fmt::print("{}\n", json_text(list));
    return;
  }
  if (all.empty()) fmt::print("no clusters\n");
  for (const auto& status : all) {
    fmt::print("{:<18}{:<12}", status.name, status.state);
    for (const auto& group : status.groups)
      fmt::print("{} {}/{} (max {})  ", group.name, group.ready, group.wanted, group.max);
    fmt::print("{}\n", status.reason);
  }
}

/// Waits until each cluster is ready, or suspended as its values demand.
Result<void> wait_until_ready(const cluster::Kube& kube, const cluster::Values& values,
                              double wait_s) {
  const auto start = std::chrono::steady_clock::now();
  std::string last;
  while (true) {
    std::string pending;
    for (const auto& status : LIDO_TRY(kube.status(values.name))) {
      const auto wanted = values.find(status.name);
      if (!wanted) continue;
      const bool is_ready = status.state == ((*wanted)->suspend ? "suspended" : "ready");
      if (!is_ready) pending = fmt::format("{} is {} {}", status.name, status.state, status.reason);
    }
    if (pending.empty()) return {};
    if (pending != last) fmt::print(stderr, "{}\n", pending);
    last = pending;
    if (interruption().stop_requested())
      return fail(ErrorCode::kCancelled, "stopped waiting; the clusters keep starting");
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (taken.count() > wait_s)
      return fail(ErrorCode::kUnavailable, "not ready after {:.0f} s: {}", wait_s, pending);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

/// Decides whether the release contains KubeRay's operator; a cluster must have exactly one.
Result<bool> decide_operator(const cluster::Values& values, cluster::OperatorOwner owner) {
  using enum cluster::OperatorOwner;
  if (values.install_operator == "true" && owner == kOther)
    return fail(ErrorCode::kInvalidArgument,
                "operator.install is true, want auto: this Kubernetes has a KubeRay operator, and "
                "two operators overwrite each other's changes");
  if (values.install_operator == "false" && owner == kNone)
    return fail(ErrorCode::kInvalidArgument,
                "operator.install is false, want auto: this Kubernetes has no KubeRay operator. "
                "Or enable GKE's Ray operator add-on.");
  return owner != kOther && values.install_operator != "false";
}

/// Suspends and resumes clusters as their values demand: a change of the manifests alone does not
/// wake a cluster that the suspender has suspended.
Result<void> apply_suspension(const cluster::Kube& kube, const cluster::Values& values) {
  for (const auto& status : LIDO_TRY(kube.status(values.name))) {
    const auto wanted = values.find(status.name);
    if (!wanted) continue;
    const bool is_suspended = status.state == "suspended" || status.state == "suspending";
    if (is_suspended == (*wanted)->suspend) continue;
    fmt::print(stderr, "{} is {}; it is {}\n", status.name, status.state,
               is_suspended ? "resumed" : "suspended");
    LIDO_TRY(kube.set_suspended(values.name, status.name, (*wanted)->suspend));
  }
  return {};
}

Result<int> up(const ClusterLifecycleFlags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  // The file before the connection: its faults need no cluster.
  auto release = LIDO_TRY(release_of(values, flags.values));
  const auto kube = flags.kube();
  LIDO_TRY(kube.check_access(values.name, false));
  const auto found = LIDO_TRY(kube.find_operator(values.name));
  release.install_operator = LIDO_TRY(decide_operator(values, found.owner));
  if (release.install_operator) LIDO_TRY(kube.check_access(values.name, true));
  if (values.operator_namespace.empty() && !release.install_operator)
    release.operator_namespace = found.name_space;
  const std::string manifests = LIDO_TRY(checked_manifests(release));
  if (flags.dry_run) {
    fmt::print("{}", manifests);
    fmt::print(stderr,
               "dry run: up would apply these manifests to namespace {}, with {} operator\n",
               values.name, release.install_operator ? "Lido's" : "the existing");
    return kDone;
  }
  stop_on_signals("the clusters keep starting");
  if (release.install_operator) LIDO_TRY(kube.apply_definitions(LIDO_TRY(shared_file("crds"))));
  LIDO_TRY(kube.make_namespace(values.name));
  LIDO_TRY(kube.install(release));
  LIDO_TRY(apply_suspension(kube, values));
  if (flags.wait_s > 0) LIDO_TRY(wait_until_ready(kube, values, flags.wait_s));
  print(LIDO_TRY(kube.status(values.name)), flags.json);
  return kDone;
}

Result<int> status(const ClusterLifecycleFlags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  print(LIDO_TRY(flags.kube().status(values.name)), flags.json);
  return kDone;
}

Result<int> set_suspended(const ClusterLifecycleFlags& flags, bool suspended) {
  const auto values = LIDO_TRY(read_values(flags.values));
  std::vector<std::string> clusters = {flags.cluster};
  if (flags.cluster.empty()) {
    clusters.clear();
    for (const auto& cluster : values.clusters) {
      if (cluster.enabled) clusters.push_back(cluster.name);
    }
  }
  for (const std::string& name : clusters) (void)LIDO_TRY(values.find(name));
  const auto kube = flags.kube();
  for (const std::string& name : clusters)
    LIDO_TRY(kube.set_suspended(values.name, name, suspended));
  print(LIDO_TRY(kube.status(values.name)), flags.json);
  return kDone;
}

Result<int> down(const ClusterLifecycleFlags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  const auto kube = flags.kube();
  if (!flags.yes) {
    if (::isatty(STDIN_FILENO) == 0)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: down deletes the clusters. Give --yes without a terminal.", values.name);
    fmt::print(stderr, "Delete the clusters of {} and their jobs? [y/N] ", values.name);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "yes") return fail(ErrorCode::kCancelled, "nothing was changed");
  }
  LIDO_TRY(kube.uninstall(values.name));
  fmt::print("{} is down; its namespace and other objects in the namespace remain\n", values.name);
  return kDone;
}

}  // namespace

namespace {

/// Makes a subcommand run a function and report its error.
void on_run(CLI::App* command, int& exit, std::function<Result<int>()> work) {
  command->callback([&exit, work = std::move(work)] {
    const Result<int> result = work();
    exit = result ? *result : report_error(result.error());
  });
}

using SharedFlags = std::shared_ptr<ClusterLifecycleFlags>;

CLI::App* add_with_values(CLI::App& parent, const SharedFlags& flags, const char* name,
                          const char* help) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->add_option("values", flags->values, "Values file; lido cluster init writes one")
      ->required();
  return command;
}

/// Adds a subcommand that talks to Kubernetes.
CLI::App* add_with_kube(CLI::App& parent, const SharedFlags& flags, const char* name,
                        const char* help) {
  CLI::App* command = add_with_values(parent, flags, name, help);
  command
      ->add_option("--kubeconfig", flags->kubeconfig,
                   "Kubeconfig file; without it, KUBECONFIG or ~/.kube/config")
      ->check(CLI::ExistingFile);
  command->add_option("--context", flags->context,
                      "Context of the kubeconfig; without it, the current one");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  return command;
}

/// Notes that the price of the file's GPUs will be missing. A missing table is found by `price`.
void note_gpu_price(const cluster::InitOptions& options) {
  if (!options.training && !options.reconstruction) return;
  const auto file = shared_file("prices.csv");
  const auto text = file ? read_text(*file) : std::unexpected(file.error());
  const auto prices =
      text ? cluster::PriceTable::parse(*text, *file) : std::unexpected(text.error());
  if (!prices) return;
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::string note =
      cluster::gpu_price_note(*prices, options.gpu, today, PriceFlags().max_age_days);
  if (!note.empty()) print_note(note);
}

void add_init(CLI::App& parent, int& exit) {
  auto flags = std::make_shared<std::pair<std::string, cluster::InitOptions>>();
  CLI::App* command = parent.add_subcommand(
      "init", "Print a values file with the decisions that a new cluster needs");
  command->add_option("name", flags->first, "Namespace and release, like pool-a")->required();
  bind(*command, flags->second, "Decisions");
  on_run(command, exit, [flags, command]() -> Result<int> {
    if (command->count("--gpu") > 0 && !flags->second.training && !flags->second.reconstruction)
      return fail(ErrorCode::kInvalidArgument,
                  "--gpu: no use without --training or --reconstruction, which have GPUs");
    fmt::print("{}", LIDO_TRY(cluster::initial_values(flags->first, flags->second)));
    note_gpu_price(flags->second);
    return kDone;
  });
}

void add_up(CLI::App& parent, const SharedFlags& flags, int& exit) {
  CLI::App* command = add_with_kube(parent, flags, "up",
                                    "Create clusters, or update them to match the values file");
  command
      ->add_option("--wait-s", flags->wait_s,
                   "Seconds to wait until the clusters are ready; 0: do not wait")
      ->check(CLI::Range(0.0, 86400.0))
      ->check(kIsNumber)
      ->capture_default_str();
  command->add_flag("--dry-run", flags->dry_run, "Check all, print the manifests, change nothing");
  on_run(command, exit, [flags] { return up(*flags); });
}

}  // namespace

void add_cluster_lifecycle(CLI::App& command, int& exit) {
  auto flags = std::make_shared<ClusterLifecycleFlags>();
  add_init(command, exit);
  CLI::App* render =
      add_with_values(command, flags, "render", "Print the manifests that `up` applies");
  on_run(render, exit, [flags]() -> Result<int> {
    const auto values = LIDO_TRY(read_values(flags->values));
    fmt::print("{}", LIDO_TRY(checked_manifests(LIDO_TRY(release_of(values, flags->values)))));
    if (values.install_operator == "auto")
      print_note(
          "where Kubernetes has no KubeRay operator, up adds Lido's; operator: {install: true} "
          "renders its manifests too");
    return kDone;
  });
  add_up(command, flags, exit);
  on_run(add_with_kube(command, flags, "status", "Print the state of each cluster"), exit,
         [flags] { return status(*flags); });
  for (const bool suspended : {true, false}) {
    CLI::App* sub = add_with_kube(command, flags, suspended ? "suspend" : "resume",
                                  suspended ? "Delete the pods and keep the clusters; pods are no "
                                              "longer billed"
                                            : "Start suspended clusters");
    sub->add_option("--cluster", flags->cluster, "Name of one cluster; without it, all clusters");
    on_run(sub, exit, [flags, suspended] { return set_suspended(*flags, suspended); });
  }
  CLI::App* down_command =
      add_with_kube(command, flags, "down", "Delete the clusters; keep the namespace");
  down_command->add_flag("--yes", flags->yes, "Do not ask for confirmation");
  on_run(down_command, exit, [flags] { return down(*flags); });
}

}  // namespace lido::cli
