// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cluster.h"
#include "lido/cluster/plot.h"
#include "lido/cluster/price.h"
#include "lido/cluster/simulate.h"
#include "lido/report/html.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHonesty =
    "Simulated: Ray's and Kubernetes' times are measured on one machine, the cloud's are assumed.";

struct Flags {
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

/// What a run's pods cost, its head's too.
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

Json to_json(const cluster::Spread& spread) {
  return {{"median_s", spread.median_s}, {"most95_s", spread.most95_s}, {"most_s", spread.most_s}};
}

Json to_json(const cluster::ClusterRun& run, double usd) {
  Json groups = Json::array();
  for (const auto& group : run.groups)
    groups.push_back({{"group", group.name},
                      {"most_pods", group.most_pods},
                      {"pod_hours", group.pod_hours},
                      {"busy_share", group.busy_share},
                      {"spot_losses", group.spot_losses}});
  return {{"cluster", run.name},
          {"jobs", run.jobs},
          {"spans", run.spans},
          {"spans_again", run.spans_again},
          {"first_worker_s", run.first_worker_s},
          {"all_workers_s", run.all_workers_s},
          {"end_s", run.end_s},
          {"zero_s", run.zero_s},
          {"first_span", to_json(run.first_span)},
          {"turnaround", to_json(run.turnaround)},
          {"head_hours", run.head_hours},
          {"groups", groups},
          {"usd", usd},
          {"events", run.events}};
}

void print(const cluster::ClusterRun& run, double usd) {
  fmt::print("{}: {} job(s) of {} span(s), done after {}; ${:.2f}\n", run.name, run.jobs, run.spans,
             duration(run.end_s), usd);
  fmt::print("  first worker {}, all of them {}, none again {} after the work\n",
             duration(run.first_worker_s), duration(run.all_workers_s), duration(run.zero_s));
  for (const auto& [name, spread] :
       {std::pair("arrival to first span", &run.first_span), {"arrival to end", &run.turnaround}})
    fmt::print("  {:<24} median {:<10} 95% {:<10} most {}\n", name, duration(spread->median_s),
               duration(spread->most95_s), duration(spread->most_s));
  for (const auto& group : run.groups)
    fmt::print("  {:<24} at most {} pod(s), {:.1f} pod-hours, busy {:.0f}%{}\n",
               "group " + group.name, group.most_pods, group.pod_hours, 100 * group.busy_share,
               group.spot_losses > 0 ? fmt::format(", {} lost as spot, {} span(s) done again",
                                                   group.spot_losses, run.spans_again)
                                     : "");
  fmt::print("  {:<24} {:.1f} h\n", "head", run.head_hours);
}

cluster::Plot plot_of(const cluster::ClusterRun& run, const std::string& title) {
  const double most_h = run.step_s * static_cast<double>(run.steps.size()) / 3600;
  const bool minutes = most_h < 3;
  cluster::Plot plot{.title = title,
                     .x_name = fmt::format("{} since the first job; each step of {} shows its most",
                                           minutes ? "minutes" : "hours", duration(run.step_s)),
                     .x_most = minutes ? most_h * 60 : most_h,
                     .x_text = [](double x) { return fmt::format("{:g}", x); },
                     .y_text = [](double y) { return fmt::format("{:g}", y); },
                     .height = 300};
  return plot;
}

/// A curve of steps.
cluster::Curve curve_of(const cluster::ClusterRun& run, const cluster::Plot& plot, const char* name,
                        const char* colour, auto value) {
  cluster::Curve curve{.name = name, .colour = colour};
  const double width = plot.x_most / static_cast<double>(run.steps.size());
  for (size_t i = 0; i < run.steps.size(); ++i) {
    const auto y = static_cast<double>(value(run.steps[i]));
    curve.points.emplace_back(static_cast<double>(i) * width, y);
    curve.points.emplace_back(static_cast<double>(i + 1) * width, y);
  }
  return curve;
}

std::string report(const std::string& name, const std::vector<cluster::ClusterRun>& runs,
                   const std::vector<double>& usd, const cluster::Timings& timings) {
  std::string body = fmt::format("<h1>{}, simulated</h1><p>{}</p>", report::escape(name), kHonesty);
  for (size_t i = 0; i < runs.size(); ++i) {
    const cluster::ClusterRun& run = runs[i];
    body += fmt::format("<h2>{}</h2><div class=cards>", report::escape(run.name));
    for (const auto& [value, label] :
         {std::pair(report::count(run.jobs), "jobs"),
          {report::count(run.spans), "spans"},
          {duration(run.end_s), "first arrival to last end"},
          {duration(run.first_span.median_s), "arrival to first span, median"},
          {duration(run.turnaround.most95_s), "arrival to end, 95%"},
          {fmt::format("${:.2f}", usd[i]), "at list prices"}})
      body += report::card(value, label);
    body += "</div>";
    cluster::Plot pods = plot_of(run, "Pods, driver pods included");
    pods.curves = {curve_of(run, pods, "pods", "#0369a1", [](const auto& s) { return s.pods; })};
    cluster::Plot queue = plot_of(run, "What waits");
    queue.curves = {curve_of(run, queue, "spans without a CPU", "#c2410c",
                             [](const auto& s) { return s.waiting; }),
                    curve_of(run, queue, "jobs without a driver", "#15803d",
                             [](const auto& s) { return s.drivers; })};
    for (const cluster::Plot* plot : {&pods, &queue})
      body += "<div class=panel style='margin-top:14px;background:#fff'>" + cluster::draw(*plot) +
              "</div>";
    body +=
        "<h2>Groups</h2><div class=panel><table><tr><th>group<th class=n>most pods<th class=n>"
        "pod-hours<th class=n>busy<th class=n>lost as spot</tr>";
    for (const auto& group : run.groups)
      body += fmt::format(
          "<tr><td>{}<td class=n>{}<td class=n>{:.1f}<td class=n>{:.0f}%<td class=n>{}</tr>",
          report::escape(group.name), group.most_pods, group.pod_hours, 100 * group.busy_share,
          group.spot_losses);
    body += "</table></div>";
  }
  body += "<h2>Timings</h2><div class=panel><table>";
  cluster::Timings::fields(
      timings, [&](std::string_view key, const auto& value, const auto&, std::string_view about) {
        body += fmt::format("<tr><td><code>{}</code><td class=n>{:g}<td>{}</tr>", key,
                            static_cast<double>(value), report::escape(about));
      });
  return report::page(report::escape(name) + ", simulated", body + "</table></div>");
}

Result<int> run(const Flags& flags) {
  if (flags.example) {
    fmt::print("{}", cluster::initial_workload());
    return kDone;
  }
  if (flags.values.empty() || flags.workload.empty())
    return fail(ErrorCode::kInvalidArgument,
                "want a values file and --workload FILE; --example prints a workload");
  const auto values = LIDO_TRY(read_values(flags.values));
  const auto workload =
      LIDO_TRY(cluster::read_workload(LIDO_TRY(read_text(flags.workload)), flags.workload, values));
  const auto prices = LIDO_TRY(read_prices(flags.prices.file));
  const auto runs = LIDO_TRY(cluster::simulate(values, workload, flags.timings));
  std::vector<double> usd;
  usd.reserve(runs.size());
  for (const auto& one : runs) usd.push_back(LIDO_TRY(cost_of(one, values, prices)));
  LIDO_TRY(refuse_old(prices, flags.prices.max_age_days));
  if (!flags.out.empty())
    LIDO_TRY(write_text(flags.out, report(values.name, runs, usd, flags.timings)));
  if (flags.json) {
    Json clusters = Json::array();
    for (size_t i = 0; i < runs.size(); ++i) clusters.push_back(to_json(runs[i], usd[i]));
    fmt::print("{}\n",
               Json{{"clusters", clusters}, {"timings", lido::to_json(flags.timings)}}.dump());
    return kDone;
  }
  fmt::print("{}\n\n", kHonesty);
  for (size_t i = 0; i < runs.size(); ++i) print(runs[i], usd[i]);
  if (!flags.out.empty()) fmt::print("\nopen {}\n", flags.out);
  return kDone;
}

}  // namespace

void add_cluster_simulate(CLI::App& command, int& exit) {
  auto flags = std::make_shared<Flags>();
  CLI::App* sub = command.add_subcommand(
      "simulate", "Say how clusters will scale and what it costs, before a cent is spent");
  sub->add_option("values", flags->values, "Values file; lido cluster init writes one");
  sub->add_option("--workload", flags->workload, "What arrives (YAML); --example prints one");
  sub->add_flag("--example", flags->example,
                "Print a workload to begin with: ten terabytes and a million clips in a month");
  add_price_flags(*sub, flags->prices);
  sub->add_option("--out", flags->out, "Write a page with plots to this HTML file");
  sub->add_flag("--json", flags->json, "Print the result as JSON");
  bind(*sub, flags->timings, "How long things take that are not the work");
  sub->callback([flags, &exit] {
    const Result<int> result = run(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
