// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <map>

#include "lido/base/json_text.h"
#include "lido/cluster/check.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct ClusterFlags {
  std::vector<std::string> files;
  bool autopilot = false;
  bool rules = false;
  bool json = false;
};

OrderedJson describe(const cluster::Rule& rule) {
  return {{"rule", rule.id},
          {"severity", cluster::name_of(rule.severity)},
          {"reason", rule.reason},
          {"fix", rule.fix},
          {"source", rule.source}};
}

void print_rules(bool json) {
  OrderedJson list = OrderedJson::array();
  for (const cluster::Rule& rule : cluster::kRules) {
    list.push_back(describe(rule));
    if (!json)
      fmt::print("{:<24}{}\n  {}\n  Fix: {}\n  Source: {}\n", rule.id,
                 cluster::name_of(rule.severity), rule.reason, rule.fix, rule.source);
  }
  if (json) fmt::print("{}\n", json_text(list));
}

/// Checks all files together, since an object may refer to one in another file, and returns their
/// findings in order.
Result<std::vector<cluster::Finding>> check_files(const std::vector<std::string>& files,
                                                  const cluster::CheckOptions& options) {
  std::vector<cluster::ManifestFile> manifests;
  for (const std::string& file : files) manifests.push_back({LIDO_TRY(read_text(file)), file});
  auto check = LIDO_TRY(cluster::check_manifests(manifests, options));
  // A check that found nothing to check must not pass. A route to a head is found without the head.
  if (check.ray_objects == 0 && check.findings.empty()) {
    for (const cluster::ManifestFile& manifest : manifests) {
      if (!cluster::is_values_text(manifest.text)) continue;
      return fail(ErrorCode::kInvalidArgument,
                  "{0}: a values file, want manifests: lido cluster render {0} | lido cluster "
                  "check -",
                  manifest.name == "-" ? "FILE" : manifest.name);
    }
    return fail(ErrorCode::kInvalidArgument,
                "{}: no RayCluster, RayJob, RayService or RayCronJob found",
                fmt::join(files, ", "));
  }
  return std::move(check.findings);
}

void print_finding(const cluster::Finding& finding) {
  const cluster::Rule& rule = *finding.rule;
  fmt::print("{}:{}: {}: {} [{}]\n  {}\n  {}\n  Fix: {}\n", finding.file, finding.line,
             cluster::name_of(rule.severity), finding.found, rule.id, finding.object, rule.reason,
             rule.fix);
}

/// Prints the number of findings of each rule, errors first.
void print_summary(const std::vector<cluster::Finding>& findings) {
  std::map<const cluster::Rule*, int> counts;
  for (const cluster::Finding& finding : findings) ++counts[finding.rule];
  std::vector<std::pair<const cluster::Rule*, int>> rows(counts.begin(), counts.end());
  std::ranges::sort(rows, {}, [](const auto& row) {
    return std::tuple(row.first->severity, -row.second, row.first->id);
  });
  for (const auto& [rule, count] : rows)
    fmt::print("{:<9}{:<24}{:>5}  {}\n", cluster::name_of(rule->severity), rule->id, count,
               rule->reason.substr(0, rule->reason.find(". ")));
}

Result<int> check(const ClusterFlags& flags) {
  if (flags.rules) {
    print_rules(flags.json);
    return kDone;
  }
  if (flags.files.empty())
    return fail(ErrorCode::kInvalidArgument,
                "files is missing, want YAML files, or - for standard input");
  const auto findings = LIDO_TRY(check_files(flags.files, {.autopilot = flags.autopilot}));
  std::array<int, 3> counts{};
  OrderedJson list = OrderedJson::array();
  for (const cluster::Finding& finding : findings) {
    ++counts[static_cast<size_t>(finding.rule->severity)];
    OrderedJson json = describe(*finding.rule);
    json["file"] = finding.file;
    json["line"] = finding.line;
    json["object"] = finding.object;
    json["found"] = finding.found;
    list.push_back(std::move(json));
    if (!flags.json) print_finding(finding);
  }
  if (flags.json) {
    fmt::print("{}\n", json_text(list));
  } else {
    if (!findings.empty()) fmt::print("\n");
    print_summary(findings);
    fmt::print("{}, {}, {} in {}\n", counted(counts[0], "error"), counted(counts[1], "warning"),
               counted(counts[2], "note"), counted(std::ssize(flags.files), "file"));
  }
  return counts[0] > 0 ? kFindings : kDone;
}

}  // namespace

Result<cluster::Values> read_values(const std::string& file) {
  const std::string chart = LIDO_TRY(shared_file("chart"));
  auto values = LIDO_TRY(
      cluster::read_values(LIDO_TRY(read_text(file)), file,
                           {.defaults = LIDO_TRY(read_text(chart + "/values.yaml")),
                            .schema = LIDO_TRY(read_text(chart + "/values.schema.json"))}));
  for (const std::string& warning : values.warnings)
    print_warning(fmt::format("{}: {}", file, warning));
  return values;
}

Result<cluster::PriceTable> read_prices(const PriceFlags& flags, const cluster::Values& values) {
  if (flags.file.empty() && values.platform != "gke-autopilot")
    print_warning(
        fmt::format("platform is {}: these are prices of GKE Autopilot. Give --prices for another "
                    "cloud.",
                    values.platform));
  const std::string chosen = flags.file.empty() ? LIDO_TRY(shared_file("prices.csv")) : flags.file;
  return cluster::PriceTable::parse(LIDO_TRY(read_text(chosen)), chosen);
}

void add_price_flags(CLI::App& command, PriceFlags& flags) {
  command.add_option("--prices", flags.file,
                     "Price table (CSV); without it, Lido's table of dated list prices");
  command
      .add_option("--max-age-days", flags.max_age_days,
                  "Refuse prices that are older than this, days")
      ->check(CLI::Range(0.0, 36500.0))
      ->check(kIsNumber)
      ->capture_default_str();
}

std::string day(std::chrono::sys_days days) {
  const std::chrono::year_month_day date(days);
  return fmt::format("{}-{:02}-{:02}", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()));
}

Result<void> check_dates(const cluster::PriceTable& prices, double max_age_days) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return cluster::check_dates(prices, today, max_age_days);
}

void add_cluster(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ClusterFlags>();
  CLI::App* command = app.add_subcommand("cluster", "Ray clusters on Kubernetes");
  command->require_subcommand(1);
  add_cluster_lifecycle(*command, exit);
  add_cluster_price(*command, exit);
  add_cluster_simulate(*command, exit);
  CLI::App* sub =
      command->add_subcommand("check",
                              "Find common misconfigurations in manifests of RayCluster, RayJob, "
                              "RayService and RayCronJob; exit code 3 when there are errors");
  sub->add_option("files", flags->files, "YAML files, or - for standard input");
  sub->add_flag("--rules", flags->rules, "List the rules, each with its reason, fix and source");
  sub->add_flag("--autopilot", flags->autopilot,
                "Check all pods for GKE Autopilot; without it, pods that select nodes of GKE and "
                "objects of Lido's chart");
  sub->add_flag("--json", flags->json, "Print the result as JSON");
  sub->callback([flags, &exit] {
    const Result<int> result = check(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
