// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "lido/cluster/check.h"
#include "lido/storage/store.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Flags {
  std::vector<std::string> files;
  bool rules = false;
  bool json = false;
};

Json describe(const cluster::Rule& rule) {
  return {{"rule", rule.id},
          {"severity", cluster::name_of(rule.severity)},
          {"reason", rule.reason},
          {"mend", rule.mend},
          {"source", rule.source}};
}

void print_rules(bool json) {
  Json list = Json::array();
  for (const cluster::Rule& rule : cluster::rules()) {
    list.push_back(describe(rule));
    if (!json)
      fmt::print("{:<22}{}\n  {}\n  Mend: {}\n  Source: {}\n", rule.id,
                 cluster::name_of(rule.severity), rule.reason, rule.mend, rule.source);
  }
  if (json) fmt::print("{}\n", list.dump());
}

Result<int> check(const Flags& flags) {
  if (flags.rules) {
    print_rules(flags.json);
    return kDone;
  }
  if (flags.files.empty())
    return fail(ErrorCode::kInvalidArgument,
                "no manifest given, want files, or - for standard input");
  std::vector<cluster::Finding> findings;
  for (const std::string& file : flags.files) {
    const std::string text = LIDO_TRY(read_text(file));
    std::ranges::move(LIDO_TRY(cluster::check_manifest(text, file)), std::back_inserter(findings));
  }
  std::array<int, 3> counts{};
  Json list = Json::array();
  for (const cluster::Finding& finding : findings) {
    const cluster::Rule& rule = *finding.rule;
    ++counts[static_cast<size_t>(rule.severity)];
    Json json = describe(rule);
    json["file"] = finding.file;
    json["line"] = finding.line;
    json["object"] = finding.object;
    json["what"] = finding.what;
    list.push_back(std::move(json));
    if (flags.json) continue;
    fmt::print("{}:{}: {}: {} [{}]\n  {}\n  {}\n  Mend: {}\n", finding.file, finding.line,
               cluster::name_of(rule.severity), finding.what, rule.id, finding.object, rule.reason,
               rule.mend);
  }
  if (flags.json)
    fmt::print("{}\n", list.dump());
  else
    fmt::print("{} error(s), {} warning(s), {} note(s) in {} file(s)\n", counts[0], counts[1],
               counts[2], flags.files.size());
  return counts[0] > 0 ? kSomeRejected : kDone;
}

}  // namespace

Result<std::string> read_text(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  const auto reader = LIDO_TRY(storage::open_reader(file));
  return storage::read_all(*reader, int64_t{64} << 20);
}

Result<std::string> shared_file(const std::string& name) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto file = program.parent_path().parent_path() / "share/lido" / name;
  if (!std::filesystem::exists(file, error))
    return fail(ErrorCode::kNotFound, "{}: not there: Lido's own files lie beside its program",
                file.string());
  return file.string();
}

void add_cluster(CLI::App& app, int& exit) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("cluster", "Ray clusters on Kubernetes");
  command->require_subcommand(1);
  add_cluster_lifecycle(*command, exit);
  add_cluster_price(*command, exit);
  add_cluster_simulate(*command, exit);
  CLI::App* sub =
      command->add_subcommand("check",
                              "Find what will bite in RayCluster, RayJob and RayService manifests; "
                              "exit code 3 where there are errors");
  sub->add_option("files", flags->files, "YAML files, or - for standard input");
  sub->add_flag("--rules", flags->rules, "List the rules, each with its reason, mend and source");
  sub->add_flag("--json", flags->json, "Print the result as JSON");
  sub->callback([flags, &exit] {
    const Result<int> result = check(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
