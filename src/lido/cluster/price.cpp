// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/price.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lido/cluster/autopilot.h"
#include "lido/cluster/gpus.h"
#include "lido/cluster/plot.h"
#include "lido/dataset/csv.h"

namespace lido::cluster {
namespace {

Result<std::chrono::sys_days> parse_day(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0;
  const std::string owned(text);
  char end = 0;
  if (std::sscanf(owned.c_str(), "%4d-%2u-%2u%c", &year, &month, &day, &end) == 3) {
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (date.ok()) return std::chrono::sys_days(date);
  }
  return fail(ErrorCode::kInvalidArgument, "as_of is \"{}\", want a date like 2026-09-01", text);
}

/// Worker pods of one group, and the price of a pod per hour, USD.
struct Workers {
  double min = 0, max = 0;    ///< Pods.
  double configured_usd = 0;  ///< On spot as configured.
  double on_demand_usd = 0;
  double spot_usd = 0;
  bool has_gpus = false;
};

/// Pods of a cluster, or of the own cluster of a RayJob.
struct Fleet {
  std::string name;
  double head_usd = 0;     ///< Per hour.
  double driver_usd = 0;   ///< Price of a driver pod per hour; 0 without a group of drivers.
  double min_drivers = 0;  ///< Driver pods that always run.
  std::vector<Workers> workers;
  double cpus = 0;            ///< CPUs that Ray schedules on workers without GPUs.
  double idle_s = 0;          ///< Time without work after which a worker stops.
  double grace_h = 0;         ///< Time without work after which the head stops.
  bool is_suspended = false;  ///< No pod runs.
  bool is_of_job = false;     ///< All pods end with the job.
  bool stays = false;         ///< The head is never suspended.
};

/// Adds the pods of a worker group.
Result<void> add_group(Fleet& fleet, const WorkerGroup& group, const PriceTable& prices) {
  Workers workers{.min = double(group.min), .max = double(group.max)};
  workers.on_demand_usd = LIDO_TRY(hourly_usd(group.pod, prices, false));
  workers.spot_usd = LIDO_TRY(hourly_usd(group.pod, prices, true));
  workers.configured_usd = group.pod.spot ? workers.spot_usd : workers.on_demand_usd;
  workers.has_gpus = group.pod.gpus > 0;
  if (!workers.has_gpus) fleet.cpus += group.max * group.cpus;
  fleet.workers.push_back(workers);
  return {};
}

Result<Fleet> fleet_of(const RayClusterValues& cluster, const PriceTable& prices,
                       double suspend_after_min) {
  Fleet fleet{.name = cluster.name,
              .idle_s = cluster.idle_timeout_s,
              .grace_h = suspend_after_min / 60,
              .is_suspended = cluster.suspend,
              .stays = suspend_after_min <= 0};
  const auto of = [&](std::string_view pods) {
    return fmt::format("clusters.{}.{}", cluster.name, pods);
  };
  const auto head = hourly_usd(cluster.head, prices, false);
  if (!head) return with_context(of("head"), head.error());
  fleet.head_usd = *head;
  const WorkerGroup* drivers = cluster.drivers();
  for (const WorkerGroup& group : cluster.groups) {
    fleet.stays |= group.min > 0;  // A cluster with workers is not suspended.
    if (!group.is_for_drivers()) {
      if (const auto added = add_group(fleet, group, prices); !added)
        return with_context(of("groups." + group.name), added.error());
      continue;
    }
    const auto usd = hourly_usd(group.pod, prices, false);
    if (!usd) return with_context(of("groups." + group.name), usd.error());
    if (&group == drivers) fleet.driver_usd = *usd;
    // Pods of a second group of drivers count as drivers of the first one's price.
    fleet.min_drivers += fleet.driver_usd > 0 ? group.min * *usd / fleet.driver_usd : 0;
  }
  return fleet;
}

/// Hours of a month in which a cluster's pods run.
struct Hours {
  double busy = 0;      ///< Hours in which all workers without GPUs work.
  double gpu_busy = 0;  ///< Hours in which all workers with GPUs work.
  double paid = 0;      ///< busy, with start and idle time.
  double gpu_paid = 0;
  double active = 0;  ///< Hours in which some work runs, with start and idle time.
  double up = 0;      ///< Hours in which the head runs.
  double alive = 0;   ///< Hours in which the minimum of each group runs.

  double busy_of(const Workers& workers) const { return workers.has_gpus ? gpu_busy : busy; }
  double paid_of(const Workers& workers) const { return workers.has_gpus ? gpu_paid : paid; }
  double max_busy() const { return std::max(busy, gpu_busy); }
};

/// @param cpu_busy_h  Hours in which all CPUs of all clusters work.
Hours hours_of(const Fleet& fleet, const WorkOptions& work, double cpu_busy_h) {
  Hours hours;
  if (fleet.is_suspended) return hours;
  if (fleet.cpus > 0) hours.busy = cpu_busy_h;
  if (std::ranges::any_of(fleet.workers, &Workers::has_gpus)) hours.gpu_busy = work.gpu_hours;
  const auto paid = [&](double busy) {
    const double runs = busy > 0 ? work.runs : 0;
    return std::min(kMonth_h, busy + runs * (work.cold_start_s + fleet.idle_s) / 3600);
  };
  hours.paid = paid(hours.busy);
  hours.gpu_paid = paid(hours.gpu_busy);
  // Work with and without GPUs starts together.
  hours.active = std::max(hours.paid, hours.gpu_paid);
  const double runs = hours.active > 0 ? work.runs : 0;
  hours.up = std::min(kMonth_h, hours.active + runs * fleet.grace_h);
  if (fleet.stays && !fleet.is_of_job) hours.up = kMonth_h;
  hours.alive = fleet.is_of_job ? hours.up : kMonth_h;
  return hours;
}

/// Cost of a month as a straight line over duty.
struct Line {
  double base_usd = 0;   ///< At no duty.
  double slope_usd = 0;  ///< Added at full duty.

  double at(double duty) const { return base_usd + duty * slope_usd; }
  /// Returns the largest duty whose cost is at most `usd`; -1 for none.
  double max_duty(double usd) const {
    if (base_usd > usd) return -1;
    return slope_usd > 0 ? std::min(1.0, (usd - base_usd) / slope_usd) : 1;
  }
};

/// Cost of a month over duty, with workers on spot as configured, never, and always.
struct Lines {
  Line configured, on_demand, spot;
};

/// Price of a pod in one of the three lines.
using UsdOf = double Workers::*;

/// Returns the cost of the month's hours.
double usd_of(const Fleet& fleet, const Hours& hours, UsdOf usd) {
  double sum = hours.up * fleet.head_usd +
               fleet.driver_usd * (fleet.min_drivers * hours.alive +
                                   std::max(0.0, 1 - fleet.min_drivers) * hours.active);
  for (const Workers& each : fleet.workers)
    sum += each.*usd * (each.min * hours.alive + (each.max - each.min) * hours.paid_of(each));
  return sum;
}

ClusterCost cost_of(const Fleet& fleet, const Hours& hours) {
  ClusterCost cost{.name = fleet.name};
  double on_demand = 0, discount = 0, max_discount = 0;
  for (const Workers& each : fleet.workers) {
    on_demand += each.max * each.on_demand_usd;
    discount += each.max * (each.on_demand_usd - each.configured_usd);
    max_discount += each.max * (each.on_demand_usd - each.spot_usd);
    if (!fleet.is_suspended)
      cost.worker_hours += each.min * hours.alive + (each.max - each.min) * hours.paid_of(each);
  }
  cost.always_on_usd =
      kMonth_h * (fleet.head_usd + on_demand + std::max(1.0, fleet.min_drivers) * fleet.driver_usd);
  cost.scaled_usd = fleet.is_suspended ? 0 : usd_of(fleet, hours, &Workers::configured_usd);
  cost.up_hours = hours.up;
  cost.duty = hours.max_busy() / kMonth_h;
  cost.spot_share = max_discount > 0 ? discount / max_discount : 0;
  return cost;
}

/// Adds a cluster to the month's cost over duty.
void add_to(Lines& lines, const Fleet& fleet, const Hours& hours) {
  if (fleet.is_suspended) return;
  const bool head_scales = !fleet.stays || fleet.is_of_job;
  for (const auto& [line, usd] : {std::pair(&lines.configured, &Workers::configured_usd),
                                  {&lines.on_demand, &Workers::on_demand_usd},
                                  {&lines.spot, &Workers::spot_usd}}) {
    // Cost per hour of what grows with the work, and what the work's own hours cost.
    double slope = (head_scales ? fleet.head_usd : 0) +
                   std::max(0.0, 1 - fleet.min_drivers) * fleet.driver_usd;
    double work_usd = hours.max_busy() * slope;
    for (const Workers& each : fleet.workers) {
      slope += (each.max - each.min) * each.*usd;
      work_usd += hours.busy_of(each) * (each.max - each.min) * each.*usd;
    }
    line->slope_usd += kMonth_h * slope;
    line->base_usd += usd_of(fleet, hours, usd) - work_usd;
  }
}

/// Adds the points, limits and the priced work's own point to a month.
void add_duties(MonthCost& month, const Lines& lines) {
  constexpr int kPoints = 50;
  constexpr double kRest = 0.09;  // Share of the cost that is left at the goal, a saving of 91%.
  const auto point_at = [&](double duty) -> MonthCost::Point {
    return {duty, std::min(lines.configured.at(duty), month.always_on_usd),
            std::min(lines.on_demand.at(duty), month.always_on_usd)};
  };
  for (int i = 0; i <= kPoints; ++i)
    month.over_duty.push_back(point_at(static_cast<double>(i) / kPoints));
  const Line& line = lines.configured;
  const double duty =
      line.slope_usd > 0 ? std::clamp((month.scaled_usd - line.base_usd) / line.slope_usd, 0.0, 1.0)
                         : 0;
  month.priced = {duty, month.scaled_usd, lines.on_demand.at(duty)};
  month.duty_for_91 = line.max_duty(kRest * month.always_on_usd);
  month.duty_for_91_on_spot = lines.spot.max_duty(kRest * month.always_on_usd);
}

}  // namespace

Result<PriceTable> PriceTable::parse(std::string_view csv, const std::string& file) {
  const auto table = dataset::parse_table(
      csv, {"sku", "region", "unit", "on_demand_usd", "spot_usd", "as_of", "source"}, {});
  if (!table) return with_context(file, table.error());
  PriceTable prices;
  prices.file_ = file;
  for (size_t row = 0; row < table->rows; ++row) {
    Price price{.sku = std::string(table->cell("sku", row)),
                .region = std::string(table->cell("region", row)),
                .unit = std::string(table->cell("unit", row)),
                .source = std::string(table->cell("source", row))};
    const auto refuse = [&](std::string_view why) {
      return fail(ErrorCode::kInvalidArgument, "{}: {} ({}): {}", file, table->place(row),
                  price.sku, why);
    };
    const auto on_demand = dataset::parse_number(table->cell("on_demand_usd", row));
    if (!on_demand || *on_demand < 0)
      return refuse("on_demand_usd is not a price, want a number of 0 or more");
    price.on_demand_usd = price.spot_usd = *on_demand;
    if (const auto cell = table->cell("spot_usd", row); !cell.empty()) {
      const auto spot = dataset::parse_number(cell);
      if (!spot || *spot < 0)
        return refuse("spot_usd is not a price, want a number of 0 or more, or nothing");
      price.spot_usd = *spot;
      price.spot_known = true;
    }
    const auto day = parse_day(table->cell("as_of", row));
    if (!day) return refuse(day.error().message);
    price.as_of = *day;
    if (price.source.empty()) return refuse("source is empty, want where the price was read");
    const auto same = std::ranges::find(prices.prices_, price.sku, &Price::sku);
    if (same != prices.prices_.end())
      return refuse(
          fmt::format("region is {}, want one row for each sku: {} has the region {}. "
                      "Keep the rows of one region.",
                      price.region, table->place(same - prices.prices_.begin()), same->region));
    prices.prices_.push_back(std::move(price));
  }
  prices.used_.resize(prices.prices_.size());
  return prices;
}

Result<const Price*> PriceTable::find(std::string_view sku) const {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < prices_.size(); ++i) {
    names.push_back(prices_[i].sku);
    if (prices_[i].sku != sku) continue;
    used_[i] = true;
    return &prices_[i];
  }
  return fail(ErrorCode::kInvalidArgument, "{}: no price for {}, want one of {}", file_, sku,
              fmt::join(names, ", "));
}

Result<const Price*> PriceTable::find_gpus(std::string_view sku) const {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < prices_.size(); ++i) {
    const std::string_view name = prices_[i].sku;
    const bool is_other = name.starts_with("autopilot-") || name.starts_with("gke-") ||
                          name.starts_with("compute-class-");
    if (!is_other) names.push_back(name);
    if (name != sku) continue;
    used_[i] = true;
    return &prices_[i];
  }
  return fail(ErrorCode::kInvalidArgument,
              "{}: no price for {}, want a machine with GPUs that has one ({}), or --prices FILE",
              file_, sku, fmt::join(names, ", "));
}

std::string gpu_price_note(const PriceTable& prices, const std::string& gpu_type,
                           std::chrono::sys_days today, double max_age_days) {
  if (!prices.find_gpus(gpu_type))
    return fmt::format("no dated price for {}: lido cluster price wants --prices FILE", gpu_type);
  if (const auto dated = check_dates(prices, today, max_age_days); !dated)
    return dated.error().message;
  return "";
}

Result<void> check_dates(const PriceTable& prices, std::chrono::sys_days today,
                         double max_age_days) {
  const auto text = [](std::chrono::sys_days days) {
    const std::chrono::year_month_day date(days);
    return fmt::format("{}-{:02}-{:02}", int(date.year()), unsigned(date.month()),
                       unsigned(date.day()));
  };
  for (const Price* price : prices.used()) {
    const double age = static_cast<double>((today - price->as_of).count());
    if (age < 0)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: as_of of {} is {}, want a day up to today, {}: the day on which the price "
                  "was read",
                  prices.file(), price->sku, text(price->as_of), text(today));
    if (age > max_age_days)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: the price of {} is from {}, {:.0f} days old, want {:.0f} days or less. Give "
                  "--max-age-days {:.0f} to use the price anyway.",
                  prices.file(), price->sku, text(price->as_of), age, max_age_days, std::ceil(age));
  }
  return {};
}

std::vector<const Price*> PriceTable::used() const {
  std::vector<const Price*> all;
  for (size_t i = 0; i < prices_.size(); ++i) {
    if (used_[i]) all.push_back(&prices_[i]);
  }
  return all;
}

namespace {

/// Returns the price of a pod with GPUs: that of its whole machine, and Autopilot's own.
Result<double> gpu_pod_usd(const PodShape& pod, const PriceTable& prices, bool on_spot) {
  const GpuMachine* machine = priced_machine(pod.gpu_type, pod.gpus);
  if (machine != nullptr &&
      (pod.cpu > machine->pod_cpu || pod.memory_gib > machine->pod_memory_gib))
    return fail(ErrorCode::kInvalidArgument,
                "{:g} CPUs and {:g} GiB with {} {}: want {:g} CPUs and {:g} GiB or less, which "
                "fit {}, the machine whose price is known",
                pod.cpu, pod.memory_gib, pod.gpus, pod.gpu_type, machine->pod_cpu,
                machine->pod_memory_gib, machine->name);
  const auto& price = *LIDO_TRY(prices.find_gpus(
      pod.gpus > 1 ? fmt::format("{}-x{}", pod.gpu_type, pod.gpus) : pod.gpu_type));
  double sum = on_spot ? price.spot_usd : price.on_demand_usd;
  const auto add_premium = [&](std::string_view part, double amount) {
    if (const auto premium = prices.find(fmt::format("autopilot-{}-{}", pod.gpu_type, part)))
      sum += amount * (*premium)->on_demand_usd;
  };
  add_premium("premium", pod.gpus);
  if (machine != nullptr) {
    add_premium("vcpu-premium", machine->cpu);
    add_premium("memory-premium", machine->memory_gib);
  }
  return sum;
}

/// Clusters of a month: those that are enabled, and the RayJobs' own.
Result<std::vector<Fleet>> fleets_of(const Values& values, const PriceTable& prices) {
  std::vector<Fleet> fleets;
  for (const RayClusterValues& cluster : values.clusters) {
    if (cluster.enabled)
      fleets.push_back(LIDO_TRY(fleet_of(cluster, prices, values.suspend_after_min)));
  }
  for (const JobValues& job : values.jobs) {
    const auto cluster = std::ranges::find(values.clusters, job.cluster, &RayClusterValues::name);
    if (cluster == values.clusters.end()) continue;
    Fleet fleet = LIDO_TRY(fleet_of(*cluster, prices, values.suspend_after_min));
    fleet.name = "job " + job.name;
    fleet.grace_h = job.keep_s / 3600;
    fleet.is_suspended = false;
    fleet.is_of_job = true;
    fleets.push_back(std::move(fleet));
  }
  return fleets;
}

/// CPUs on which video is processed, of clusters that are not suspended.
double total_cpus(const std::vector<Fleet>& fleets) {
  double cpus = 0;
  for (const Fleet& fleet : fleets) cpus += fleet.is_suspended ? 0 : fleet.cpus;
  return cpus;
}

/// Returns the hours in which all CPUs of all clusters work. The clusters share the work.
Result<double> cpu_busy_hours(const std::vector<Fleet>& fleets, const WorkOptions& work) {
  const double cpus = total_cpus(fleets);
  const double cpu_hours = work.tb * work.cpu_hours_per_tb + work.jobs * work.cpu_s_per_job / 3600;
  if (cpu_hours <= 0) return 0;
  if (cpus <= 0)
    return fail(ErrorCode::kInvalidArgument,
                "tb is {:g} and jobs is {:g}, want 0: no cluster that runs has workers with CPUs "
                "and without GPUs. Enable one, or give --tb 0.",
                work.tb, work.jobs);
  const double busy = cpu_hours / work.cpu_efficiency / cpus;
  if (busy <= kMonth_h) return busy;
  std::vector<std::string_view> names;
  for (const Fleet& fleet : fleets) {
    if (!fleet.is_suspended && fleet.cpus > 0) names.push_back(fleet.name);
  }
  return fail(ErrorCode::kInvalidArgument,
              "cluster {}: the work takes all {:g} CPUs {:.0f} h, want {:.0f} h or less, a "
              "month. Raise max.",
              fmt::join(names, ", "), cpus, busy, kMonth_h);
}

/// Refuses work for GPUs that no cluster has.
Result<void> check_gpu_hours(const std::vector<Fleet>& fleets, const WorkOptions& work) {
  const bool has_gpus = std::ranges::any_of(fleets, [](const Fleet& fleet) {
    return !fleet.is_suspended && std::ranges::any_of(fleet.workers, &Workers::has_gpus);
  });
  if (work.gpu_hours <= 0 || has_gpus) return {};
  return fail(ErrorCode::kInvalidArgument,
              "gpu_hours is {:g}, want 0: no cluster that runs has workers with GPUs. Enable one, "
              "such as training.",
              work.gpu_hours);
}

/// Adds the cost of a terabyte and of a small job on workers that are all busy.
void add_unit_costs(MonthCost& month, const std::vector<Fleet>& fleets, const WorkOptions& work) {
  const double cpus = total_cpus(fleets);
  if (cpus <= 0) return;
  double usd = 0;
  for (const Fleet& fleet : fleets) {
    if (fleet.is_suspended || fleet.cpus <= 0) continue;
    usd += fleet.head_usd + std::max(1.0, fleet.min_drivers) * fleet.driver_usd;
    for (const Workers& each : fleet.workers)
      usd += each.has_gpus ? 0 : each.max * each.configured_usd;
  }
  const double cpu_hour_usd = usd / cpus / work.cpu_efficiency;
  month.per_tb_usd = work.cpu_hours_per_tb * cpu_hour_usd;
  month.per_job_usd = work.cpu_s_per_job / 3600 * cpu_hour_usd;
}

}  // namespace

Result<double> hourly_usd(const PodShape& pod, const PriceTable& prices, bool on_spot) {
  const auto usd = [on_spot](const Price& price) {
    return on_spot ? price.spot_usd : price.on_demand_usd;
  };
  if (pod.gpus > 0) return gpu_pod_usd(pod, prices, on_spot);
  if (pod.autopilot && is_custom_class(pod.compute_class))
    return usd(*LIDO_TRY(prices.find("compute-class-" + pod.compute_class)));
  PodRequests billed{pod.cpu, pod.memory_gib, pod.spill_gib};
  const AutopilotClass* limits = autopilot_class(pod.compute_class);
  if (pod.autopilot && limits != nullptr) billed = billed_requests(*limits, billed);
  std::string product = "autopilot";
  if (pod.autopilot)
    product = limits != nullptr ? limits->product : fmt::format("autopilot-{}", pod.compute_class);
  return billed.cpu * usd(*LIDO_TRY(prices.find(product + "-vcpu"))) +
         billed.memory_gib * usd(*LIDO_TRY(prices.find(product + "-memory")));
}

WorkOptions with_runs_of_jobs(WorkOptions work) {
  constexpr double kMaxRuns = 1e5;
  work.runs = std::min(kMaxRuns, work.runs + std::ceil(work.jobs / kJobsPerRun));
  return work;
}

Result<MonthCost> price_month(const Values& values, const PriceTable& prices,
                              const WorkOptions& work) {
  LIDO_TRY(validate(work));
  MonthCost month;
  month.fee_usd = kMonth_h * LIDO_TRY(prices.find("gke-cluster-fee"))->on_demand_usd;
  month.always_on_usd = month.scaled_usd = month.fee_usd;
  Lines lines;
  for (Line* line : {&lines.configured, &lines.on_demand, &lines.spot})
    line->base_usd = month.fee_usd;
  const std::vector<Fleet> fleets = LIDO_TRY(fleets_of(values, prices));
  LIDO_TRY(check_gpu_hours(fleets, work));
  const double cpu_busy_h = LIDO_TRY(cpu_busy_hours(fleets, work));
  for (const Fleet& fleet : fleets) {
    const Hours hours = hours_of(fleet, work, cpu_busy_h);
    if (hours.gpu_busy > kMonth_h)
      return fail(ErrorCode::kInvalidArgument,
                  "gpu_hours is {:g}, want {:.0f} or less, the hours of a month", work.gpu_hours,
                  kMonth_h);
    month.clusters.push_back(cost_of(fleet, hours));
    month.always_on_usd += month.clusters.back().always_on_usd;
    month.scaled_usd += month.clusters.back().scaled_usd;
    add_to(lines, fleet, hours);
  }
  add_unit_costs(month, fleets, work);
  add_duties(month, lines);
  return month;
}

std::string plot_cost(const MonthCost& cost, const std::string& name) {
  Plot plot{.title = fmt::format("{}: cost of a month", name),
            .x_name = "duty: share of the month in which all workers are busy",
            .curves = {{"always on, on demand", "#6b7a88", {}, "6 4"},
                       {"as configured", "#1d8fc9", {}, ""},
                       {"without spot pods", "#d9622b", {}, "10 8"},
                       {"9% of always on: saves 91%", "#2c9a56", {}, "2 3"}},
            .marks = {{fmt::format("this month: ${:.0f}", cost.priced.configured_usd),
                       "#1d8fc9",
                       {cost.priced.duty, cost.priced.configured_usd}}},
            .x_text = [](double duty) { return fmt::format("{:.0f}%", 100 * duty); },
            .y_text = [](double usd) { return fmt::format("${:.0f}", usd); }};
  for (const auto& point : cost.over_duty) {
    plot.curves[0].points.emplace_back(point.duty, cost.always_on_usd);
    plot.curves[1].points.emplace_back(point.duty, point.configured_usd);
    plot.curves[2].points.emplace_back(point.duty, point.on_demand_usd);
    plot.curves[3].points.emplace_back(point.duty, 0.09 * cost.always_on_usd);
  }
  return draw(plot);
}

}  // namespace lido::cluster
