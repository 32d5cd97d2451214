// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <cmath>

#include "lido/cluster/check.h"

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

Result<cluster::Values> read_values(const std::string& file) {
  const std::string chart = LIDO_TRY(shared_file("chart"));
  return cluster::read_values(LIDO_TRY(read_text(file)), file,
                              LIDO_TRY(read_text(chart + "/values.yaml")));
}

Result<cluster::PriceTable> read_prices(const std::string& file) {
  const std::string chosen = file.empty() ? LIDO_TRY(shared_file("prices.csv")) : file;
  return cluster::PriceTable::parse(LIDO_TRY(read_text(chosen)), chosen);
}

void add_price_flags(CLI::App& command, PriceFlags& flags) {
  command.add_option("--prices", flags.file,
                     "Price table (CSV); default: Lido's own, dated, each row with its source");
  command.add_option("--max-age-days", flags.max_age_days, "Refuse prices that are older")
      ->check(CLI::Range(0.0, 36500.0))
      ->capture_default_str();
}

std::string day(std::chrono::sys_days days) {
  const std::chrono::year_month_day date(days);
  return fmt::format("{}-{:02}-{:02}", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()));
}

Result<void> refuse_old(const cluster::PriceTable& prices, double max_age_days) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  for (const cluster::Price* price : prices.used()) {
    const double age = static_cast<double>((today - price->as_of).count());
    if (age > max_age_days)
      return fail(
          ErrorCode::kInvalidArgument,
          "{}: the price of {} is of {}, {:.0f} days old; want one of the last {:.0f} days, or "
          "--max-age-days {:.0f}",
          prices.file(), price->sku, day(price->as_of), age, max_age_days, std::ceil(age));
  }
  return {};
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
