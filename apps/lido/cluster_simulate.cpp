// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cluster.h"
#include "lido/base/json_text.h"
#include "lido/cluster/plot.h"
#include "lido/cluster/price.h"
#include "lido/cluster/simulate.h"
#include "lido/report/html.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kHonesty =
    "Simulated. Times of Ray and Kubernetes are measured on one machine; times of the cloud are "
    "assumed.";

struct ClusterSimulateFlags {
  std::string values;
  std::string workload;
  PriceFlags prices;
  std::string out;
  bool json = false;
  bool example = false;
  cluster::Timings timings;
};

std::string duration(double s) {
  if (s < 120) return fmt::format("{:.1f} s", s);
  if (s < 7200) return fmt::format("{:.1f} min", s / 60);
  if (s < 48 * 3600) return fmt::format("{:.1f} h", s / 3600);
  return fmt::format("{:.1f} days", s / 86400);
}

/// Returns the price of a run's pods and head, USD.
Result<double> cost_of(const cluster::ClusterRun& run, const cluster::Values& values,
                       const cluster::PriceTable& prices) {
  const auto* cluster = LIDO_TRY(values.find(run.name));
  double usd = run.head_hours * LIDO_TRY(cluster::hourly_usd(cluster->head, prices, false));
  for (const cluster::GroupRun& group : run.groups) {
    const auto found = std::ranges::find(cluster->groups, group.name, &cluster::WorkerGroup::name);
    usd += group.pod_hours * LIDO_TRY(cluster::hourly_usd(found->pod, prices, found->pod.spot));
  }
  return usd;
}

OrderedJson to_json(const cluster::Durations& durations) {
  return {{"median_s", durations.median_s}, {"p95_s", durations.p95_s}, {"max_s", durations.max_s}};
}

OrderedJson to_json(const cluster::ClusterRun& run, double usd) {
  OrderedJson groups = OrderedJson::array();
  for (const auto& group : run.groups)
    groups.push_back({{"group", group.name},
                      {"max_pods", group.max_pods},
                      {"pod_hours", group.pod_hours},
                      {"busy_share", group.busy_share},
                      {"spot_losses", group.spot_losses}});
  return {{"cluster", run.name},
          {"jobs", run.jobs},
          {"spans", run.spans},
          {"spans_retried", run.spans_retried},
          {"first_worker_s", run.first_worker_s},
          {"all_workers_s", run.all_workers_s},
          {"end_s", run.end_s},
          {"scale_down_s", run.scale_down_s},
          {"first_span", to_json(run.first_span)},
          {"turnaround", to_json(run.turnaround)},
          {"head_hours", run.head_hours},
          {"groups", groups},
          {"usd", usd},
          {"events", run.events}};
}

void print(const cluster::ClusterRun& run, double usd) {
  fmt::print("{}: {} of {}, done after {}; ${:.2f}\n", run.name, counted(run.jobs, "job"),
             counted(run.spans, "span"), duration(run.end_s), usd);
  fmt::print("  first worker after {}, all workers after {}, no workers {} after the last job\n",
             duration(run.first_worker_s), duration(run.all_workers_s), duration(run.scale_down_s));
  for (const auto& [name, times] :
       {std::pair("arrival to first span", &run.first_span), {"arrival to end", &run.turnaround}})
    fmt::print("  {:<24} median {:<10} 95% {:<10} max {}\n", name, duration(times->median_s),
               duration(times->p95_s), duration(times->max_s));
  for (const auto& group : run.groups)
    fmt::print("  {:<24} max {}, {:.1f} pod-hours, busy {:.0f}%{}\n", "group " + group.name,
               counted(group.max_pods, "pod"), group.pod_hours, 100 * group.busy_share,
               group.spot_losses > 0 ? fmt::format(", {} reclaimed, {} retried",
                                                   counted(group.spot_losses, "spot pod"),
                                                   counted(run.spans_retried, "span"))
                                     : "");
  fmt::print("  {:<24} {:.1f} h\n", "head", run.head_hours);
}

/// Returns an empty plot over the time of a run.
cluster::Plot time_plot(const cluster::ClusterRun& run, const std::string& title) {
  const double hours = run.step_s * static_cast<double>(run.steps.size()) / 3600;
  const bool in_minutes = hours < 3;
  return {.title = title,
          .x_name = fmt::format("{} since the first job, in steps of {}",
                                in_minutes ? "minutes" : "hours", duration(run.step_s)),
          .max_x = in_minutes ? hours * 60 : hours,
          .x_text = [](double x) { return fmt::format("{:g}", x); },
          .y_text = [](double y) { return fmt::format("{:g}", y); },
          .height = 300};
}

/// Returns a curve with one level per step of the run.
cluster::Curve curve_of(const cluster::ClusterRun& run, const cluster::Plot& plot, const char* name,
                        const char* colour, auto value) {
  cluster::Curve curve{.name = name, .colour = colour};
  const double width = plot.max_x / static_cast<double>(run.steps.size());
  for (size_t i = 0; i < run.steps.size(); ++i) {
    const auto y = static_cast<double>(value(run.steps[i]));
    curve.points.emplace_back(static_cast<double>(i) * width, y);
    curve.points.emplace_back(static_cast<double>(i + 1) * width, y);
  }
  return curve;
}

/// Returns the plots of pods and of queues.
std::string plots_of(const cluster::ClusterRun& run) {
  cluster::Plot pods = time_plot(run, "Pods, with driver pods");
  pods.curves = {
      curve_of(run, pods, "maximum of each step", "#93b7cc", [](const auto& s) { return s.pods; }),
      curve_of(run, pods, "mean", "#1d8fc9", [](const auto& s) { return s.mean_pods; })};
  cluster::Plot queues = time_plot(run, "Queues, maximum of each step");
  queues.curves = {curve_of(run, queues, "spans without a CPU", "#d9622b",
                            [](const auto& s) { return s.waiting; }),
                   curve_of(run, queues, "jobs without a driver", "#2c9a56",
                            [](const auto& s) { return s.drivers; })};
  std::string html;
  for (const cluster::Plot* plot : {&pods, &queues})
    html += "<div class=\"panel plot\">" + cluster::draw(*plot) + "</div>";
  return html;
}

std::string groups_table(const cluster::ClusterRun& run) {
  std::string html =
      "<h2>Worker groups</h2><div class=\"panel scroll\"><table><tr><th>group<th class=n>max pods"
      "<th class=n>pod-hours<th class=n>busy<th class=n>spot pods reclaimed</tr>";
  for (const auto& group : run.groups)
    html += fmt::format(
        "<tr><td>{}<td class=n>{}<td class=n>{:.1f}<td class=n>{:.0f}%<td class=n>{}</tr>",
        report::escape(group.name), group.max_pods, group.pod_hours, 100 * group.busy_share,
        group.spot_losses);
  return html + "</table></div>";
}

std::string section_of(const cluster::ClusterRun& run, double usd) {
  std::string html = fmt::format("<h2>Cluster {}</h2><div class=cards>", report::escape(run.name));
  for (const auto& [value, label] :
       {std::pair(report::count(run.jobs), "jobs"),
        {report::count(run.spans), "spans"},
        {duration(run.end_s), "first arrival to last end"},
        {duration(run.first_span.median_s), "arrival to first span, median"},
        {duration(run.turnaround.p95_s), "arrival to end, 95th percentile"},
        {fmt::format("${:.2f}", usd), "at list prices"}})
    html += report::card(value, label);
  return html + "</div>" + plots_of(run) + groups_table(run);
}

std::string page_of(const std::string& name, const std::vector<cluster::ClusterRun>& runs,
                    const std::vector<double>& usd, const cluster::Timings& timings) {
  const std::string title = report::escape(name) + ", simulated";
  std::string body = fmt::format("<h1>{}</h1><p>{}</p>", title, kHonesty);
  for (size_t i = 0; i < runs.size(); ++i) body += section_of(runs[i], usd[i]);
  body += "<h2>Timings</h2><div class=\"panel scroll\"><table>";
  cluster::Timings::fields(
      timings, [&](std::string_view key, const auto& value, const auto&, std::string_view about) {
        body += fmt::format("<tr><td><code>{}</code><td class=n>{:g}<td>{}</tr>", key,
                            static_cast<double>(value), report::escape(about));
      });
  return report::page(title, body + "</table></div>");
}

Result<int> run(const ClusterSimulateFlags& flags) {
  if (flags.example) {
    fmt::print("{}", cluster::initial_workload());
    return kDone;
  }
  if (flags.values.empty())
    return fail(ErrorCode::kInvalidArgument,
                "values is missing, want a values file; lido cluster init writes one");
  if (flags.workload.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--workload is missing, want a file of jobs; --example prints one");
  const auto values = LIDO_TRY(read_values(flags.values));
  const auto workload =
      LIDO_TRY(cluster::read_workload(LIDO_TRY(read_text(flags.workload)), flags.workload, values));
  const auto prices = LIDO_TRY(read_prices(flags.prices, values));
  const auto runs = LIDO_TRY(cluster::simulate(values, workload, flags.timings));
  std::vector<double> usd;
  usd.reserve(runs.size());
  for (const auto& each : runs) usd.push_back(LIDO_TRY(cost_of(each, values, prices)));
  LIDO_TRY(check_dates(prices, flags.prices.max_age_days));
  if (!flags.out.empty())
    LIDO_TRY(write_text(flags.out, page_of(values.name, runs, usd, flags.timings)));
  if (flags.json) {
    OrderedJson clusters = OrderedJson::array();
    for (size_t i = 0; i < runs.size(); ++i) clusters.push_back(to_json(runs[i], usd[i]));
    fmt::print("{}\n", json_text(OrderedJson{{"clusters", clusters},
                                             {"timings", lido::to_json(flags.timings)}}));
    return kDone;
  }
  fmt::print("{}\n\n", kHonesty);
  for (size_t i = 0; i < runs.size(); ++i) print(runs[i], usd[i]);
  if (!flags.out.empty()) print_page(flags.out);
  return kDone;
}

}  // namespace

void add_cluster_simulate(CLI::App& command, int& exit) {
  auto flags = std::make_shared<ClusterSimulateFlags>();
  CLI::App* sub = command.add_subcommand(
      "simulate", "Simulate how clusters scale under a workload, and what the work costs");
  sub->add_option("values", flags->values, "Values file; lido cluster init writes one");
  sub->add_option("--workload", flags->workload,
                  "Jobs that arrive (YAML); --example prints a workload");
  sub->add_flag("--example", flags->example,
                "Print an example of a workload: ten terabytes and a million clips per month");
  add_price_flags(*sub, flags->prices);
  sub->add_option("--out", flags->out, "Write a page with plots to this HTML file");
  sub->add_flag("--json", flags->json, "Print the result as JSON");
  bind(*sub, flags->timings, "Overheads of the clusters");
  sub->callback([flags, &exit] {
    const Result<int> result = run(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
