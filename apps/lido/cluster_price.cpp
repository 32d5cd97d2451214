// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "cluster.h"
#include "lido/base/json_text.h"
#include "lido/cluster/price.h"
#include "text.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct ClusterPriceFlags {
  std::string values;
  PriceFlags prices;
  std::string plot;
  bool json = false;
  bool has_runs = false;  ///< Whether --runs is given.
  cluster::WorkOptions work;
};

std::string duty_text(double duty) {
  return duty < 0 ? "impossible: even without work the clusters cost more"
                  : fmt::format("possible up to a duty of {:.1f}%", 100 * duty);
}

/// Warns of small jobs whose runs are not counted: runs, not jobs, pay start and idle time.
Result<void> warn_of_runs(const cluster::MonthCost& month, const cluster::Values& values,
                          const cluster::PriceTable& prices, const cluster::WorkOptions& work) {
  const cluster::WorkOptions counted_runs = cluster::with_runs_of_jobs(work);
  const auto with_runs = LIDO_TRY(cluster::price_month(values, prices, counted_runs));
  print_warning(fmt::format(
      "--jobs is given and --runs is not: ${:.2f} is for {:g} runs. In {:g} runs, one "
      "more for each {:g} small jobs, the month costs ${:.2f}. Give --runs, or simulate "
      "the workload (lido cluster simulate).",
      month.scaled_usd, work.runs, counted_runs.runs, cluster::kJobsPerRun, with_runs.scaled_usd));
  return {};
}

void print_json(const cluster::MonthCost& month, const cluster::PriceTable& prices,
                const ClusterPriceFlags& flags) {
  OrderedJson clusters = OrderedJson::array();
  for (const auto& cluster : month.clusters)
    clusters.push_back({{"cluster", cluster.name},
                        {"always_on_usd", cluster.always_on_usd},
                        {"scaled_usd", cluster.scaled_usd},
                        {"saving", cluster.saving()},
                        {"worker_hours", cluster.worker_hours},
                        {"up_hours", cluster.up_hours},
                        {"duty", cluster.duty},
                        {"spot_share", cluster.spot_share}});
  OrderedJson used = OrderedJson::array();
  for (const cluster::Price* price : prices.used())
    used.push_back({{"sku", price->sku},
                    {"region", price->region},
                    {"unit", price->unit},
                    {"on_demand_usd", price->on_demand_usd},
                    {"spot_usd", price->spot_known ? OrderedJson(price->spot_usd) : OrderedJson()},
                    {"as_of", day(price->as_of)},
                    {"source", price->source}});
  fmt::print("{}\n", json_text(OrderedJson{{"clusters", clusters},
                                           {"fee_usd", month.fee_usd},
                                           {"always_on_usd", month.always_on_usd},
                                           {"scaled_usd", month.scaled_usd},
                                           {"saving", 1 - month.scaled_usd / month.always_on_usd},
                                           {"per_tb_usd", month.per_tb_usd},
                                           {"per_job_usd", month.per_job_usd},
                                           {"duty_for_91", month.duty_for_91},
                                           {"duty_for_91_on_spot", month.duty_for_91_on_spot},
                                           {"work", lido::to_json(flags.work)},
                                           {"prices", used}}));
}

std::string usd(double amount) { return fmt::format("${:.2f}", amount); }

/// Prints the prices that the estimate used, a line each.
void print_used(const cluster::PriceTable& prices) {
  const auto used = prices.used();
  size_t width = 0;
  for (const cluster::Price* price : used) width = std::max(width, price->sku.size());
  fmt::print("prices\n");
  for (const cluster::Price* price : used)
    fmt::print("  {:<{}}  ${:<10g}spot {:<10} {} {}, {}\n", price->sku, width, price->on_demand_usd,
               price->spot_known ? fmt::format("${:g}", price->spot_usd) : "unknown", price->unit,
               day(price->as_of), price->source);
}

void print(const cluster::MonthCost& month, const cluster::PriceTable& prices,
           const ClusterPriceFlags& flags) {
  fmt::print(
      "Estimate for a month of {:g} TB and {} in {}: list prices, without discounts, storage "
      "and network.\n"
      "Always on: all workers at their maximum, on demand, around the clock.\n"
      "Duty: share of the month in which all workers are busy.\n\n",
      flags.work.tb, counted(std::llround(flags.work.jobs), "small job"),
      counted(std::llround(flags.work.runs), "run"));
  fmt::print("{:<18}{:>12}{:>14}{:>9}{:>14}{:>10}{:>8}\n", "cluster", "always on", "as it scales",
             "saving", "worker hours", "up, h", "duty");
  for (const auto& cluster : month.clusters)
    fmt::print("{:<18}{:>12}{:>14}{:>8.1f}%{:>14.0f}{:>10.0f}{:>7.1f}%\n", cluster.name,
               usd(cluster.always_on_usd), usd(cluster.scaled_usd), 100 * cluster.saving(),
               cluster.worker_hours, cluster.up_hours, 100 * cluster.duty);
  fmt::print("{:<18}{:>12}{:>14}\n", "Kubernetes fee", usd(month.fee_usd), usd(month.fee_usd));
  fmt::print("{:<18}{:>12}{:>14}{:>8.1f}%\n\n", "all", usd(month.always_on_usd),
             usd(month.scaled_usd), 100 * (1 - month.scaled_usd / month.always_on_usd));
  if (month.per_tb_usd > 0)
    fmt::print("On busy workers a terabyte costs ${:.2f}, a small job ${:.6f}.\n", month.per_tb_usd,
               month.per_job_usd);
  fmt::print(
      "A saving of 91%, Lido's goal for its clusters (docs/clusters.md), is {}; with all "
      "workers on spot, {}. This month's duty is {:.1f}%.\n\n",
      duty_text(month.duty_for_91), duty_text(month.duty_for_91_on_spot), 100 * month.priced.duty);
  print_used(prices);
}

Result<int> run(const ClusterPriceFlags& flags) {
  const auto values = LIDO_TRY(read_values(flags.values));
  const auto prices = LIDO_TRY(read_prices(flags.prices, values));
  const auto month = LIDO_TRY(cluster::price_month(values, prices, flags.work));
  LIDO_TRY(check_dates(prices, flags.prices.max_age_days));
  if (flags.work.jobs > 0 && !flags.has_runs)
    LIDO_TRY(warn_of_runs(month, values, prices, flags.work));
  if (!flags.plot.empty()) LIDO_TRY(write_text(flags.plot, cluster::plot_cost(month, values.name)));
  if (flags.json)
    print_json(month, prices, flags);
  else
    print(month, prices, flags);
  if (!flags.plot.empty()) print_page(flags.plot, flags.json);
  return kDone;
}

}  // namespace

void add_cluster_price(CLI::App& command, int& exit) {
  auto flags = std::make_shared<ClusterPriceFlags>();
  CLI::App* sub = command.add_subcommand(
      "price", "Estimate the cost of a month, and compare with clusters that are always on");
  sub->add_option("values", flags->values, "Values file; lido cluster init writes one")->required();
  add_price_flags(*sub, flags->prices);
  sub->add_option("--plot", flags->plot,
                  "Draw cost over duty (the share of busy time) into this SVG file");
  sub->add_flag("--json", flags->json, "Print the result as JSON");
  bind(*sub, flags->work, "Work of a month");
  sub->callback([flags, sub, &exit] {
    flags->has_runs = sub->count("--runs") > 0;
    const Result<int> result = run(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
