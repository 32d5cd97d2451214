// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/price.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lido/cluster/autopilot.h"
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

/// A cluster's pods, and their price per hour.
struct Rates {
  double head_usd = 0;        ///< Head and one driver: the pods of a cluster without work.
  double configured_usd = 0;  ///< All workers, on spot as configured.
  double on_demand_usd = 0;   ///< All workers on demand.
  double spot_usd = 0;        ///< All workers on spot.
  double workers = 0;         ///< Largest number of worker pods.
  double cpus = 0;            ///< CPUs of all workers.
  bool has_gpus = false;
};

Result<Rates> rates_of(const RayClusterValues& cluster, const PriceTable& prices) {
  Rates rates;
  rates.head_usd = LIDO_TRY(hourly_usd(cluster.head, prices, false));
  for (const WorkerGroup& group : cluster.groups) {
    const double on_demand = LIDO_TRY(hourly_usd(group.pod, prices, false));
    if (group.name == "driver") {
      rates.head_usd += on_demand;
      continue;
    }
    const double spot = LIDO_TRY(hourly_usd(group.pod, prices, true));
    rates.on_demand_usd += group.max * on_demand;
    rates.spot_usd += group.max * spot;
    rates.configured_usd += group.max * (group.pod.spot ? spot : on_demand);
    rates.workers += group.max;
    rates.cpus += group.max * group.pod.cpu;
    rates.has_gpus |= group.pod.gpus > 0;
  }
  return rates;
}

/// Hours of a month in which pods run.
struct Hours {
  double busy = 0;  ///< Hours in which all workers work.
  double paid = 0;  ///< busy, with start and idle time.
  double up = 0;    ///< Hours in which head and driver run.
};

Hours hours_of(const RayClusterValues& cluster, const Rates& rates, const WorkOptions& work,
               double suspend_after_min) {
  Hours hours;
  if (rates.has_gpus) {
    hours.busy = work.gpu_hours;
  } else if (rates.cpus > 0) {
    const double cpu_hours =
        work.tb * work.cpu_hours_per_tb + work.jobs * work.cpu_s_per_job / 3600;
    hours.busy = cpu_hours / work.cpu_efficiency / rates.cpus;
  }
  const double runs = hours.busy > 0 ? work.runs : 0;
  hours.paid =
      std::min(kMonth_h, hours.busy + runs * (work.cold_start_s + cluster.idle_timeout_s) / 3600);
  // At 0 the cluster is never suspended: its head stays.
  hours.up = suspend_after_min > 0 ? std::min(kMonth_h, hours.paid + runs * suspend_after_min / 60)
                                   : kMonth_h;
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

ClusterCost cost_of(const std::string& name, const Rates& rates, const Hours& hours) {
  ClusterCost cost{.name = name};
  cost.always_on_usd = kMonth_h * (rates.head_usd + rates.on_demand_usd);
  cost.scaled_usd = hours.paid * rates.configured_usd + hours.up * rates.head_usd;
  cost.worker_hours = hours.paid * rates.workers;
  cost.up_hours = hours.up;
  cost.duty = hours.busy / kMonth_h;
  const double discount = rates.on_demand_usd - rates.configured_usd;
  const double max_discount = rates.on_demand_usd - rates.spot_usd;
  cost.spot_share = max_discount > 0 ? discount / max_discount : 0;
  return cost;
}

/// Adds a cluster to the month's cost over duty.
void add_to(Lines& lines, const Rates& rates, const Hours& hours) {
  const double waiting_h = hours.up - hours.paid;  // Up without workers, before the suspension.
  const double base = waiting_h * rates.head_usd +
                      (hours.paid - hours.busy) * (rates.configured_usd + rates.head_usd);
  for (Line* line : {&lines.configured, &lines.on_demand, &lines.spot}) line->base_usd += base;
  lines.configured.slope_usd += kMonth_h * (rates.configured_usd + rates.head_usd);
  lines.on_demand.slope_usd += kMonth_h * (rates.on_demand_usd + rates.head_usd);
  lines.spot.slope_usd += kMonth_h * (rates.spot_usd + rates.head_usd);
}

/// Adds the points, limits and the priced work's own point to a month.
void add_duties(MonthCost& month, const Lines& lines) {
  constexpr int kPoints = 50;
  constexpr double kRest = 0.09;  // Share of the cost that is left after a saving of 91%.
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
      return refuse("on_demand_usd is no price, want a number of 0 or more");
    price.on_demand_usd = price.spot_usd = *on_demand;
    if (const auto cell = table->cell("spot_usd", row); !cell.empty()) {
      const auto spot = dataset::parse_number(cell);
      if (!spot || *spot < 0)
        return refuse("spot_usd is no price, want a number of 0 or more, or nothing");
      price.spot_usd = *spot;
      price.spot_known = true;
    }
    const auto day = parse_day(table->cell("as_of", row));
    if (!day) return refuse(day.error().message);
    price.as_of = *day;
    if (price.source.empty()) return refuse("source is empty, want where the price was read");
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

std::vector<const Price*> PriceTable::used() const {
  std::vector<const Price*> all;
  for (size_t i = 0; i < prices_.size(); ++i) {
    if (used_[i]) all.push_back(&prices_[i]);
  }
  return all;
}

namespace {

/// Machine of one GPU that the price table names, and the CPUs and memory that pods can have on it:
/// GKE's kubelet, system and DaemonSets use the rest.
struct GpuMachine {
  std::string_view gpu_type;
  std::string_view machine;
  double max_cpu;
  double max_memory_gib;
};
constexpr std::array kGpuMachines = {GpuMachine{"nvidia-l4", "g2-standard-8", 7.25, 27},
                                     GpuMachine{"nvidia-tesla-a100", "a2-highgpu-1g", 11, 75},
                                     GpuMachine{"nvidia-h100-80gb", "a3-highgpu-1g", 24.5, 215}};

/// Refuses a pod that needs a larger machine than the one whose price the table has.
Result<void> check_machine(const PodShape& pod) {
  const auto machine = std::ranges::find(kGpuMachines, pod.gpu_type, &GpuMachine::gpu_type);
  if (machine == kGpuMachines.end()) return {};
  if (pod.cpu <= pod.gpus * machine->max_cpu &&
      pod.memory_gib <= pod.gpus * machine->max_memory_gib)
    return {};
  return fail(
      ErrorCode::kInvalidArgument,
      "{:g} CPUs and {:g} GiB with {} {}: want {:g} CPUs and {:g} GiB or less per GPU, which "
      "fit {}, the machine whose price is known",
      pod.cpu, pod.memory_gib, pod.gpus, pod.gpu_type, machine->max_cpu, machine->max_memory_gib,
      machine->machine);
}

}  // namespace

Result<double> hourly_usd(const PodShape& pod, const PriceTable& prices, bool on_spot) {
  const auto usd = [on_spot](const Price& price) {
    return on_spot ? price.spot_usd : price.on_demand_usd;
  };
  if (pod.gpus > 0) {
    LIDO_TRY(check_machine(pod));
    // A GPU's price is that of its whole machine; Autopilot adds its own.
    double sum = pod.gpus * usd(*LIDO_TRY(prices.find(pod.gpu_type)));
    if (const auto premium = prices.find("autopilot-" + pod.gpu_type + "-premium"))
      sum += pod.gpus * (*premium)->on_demand_usd;
    return sum;
  }
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

Result<MonthCost> price_month(const Values& values, const PriceTable& prices,
                              const WorkOptions& work) {
  LIDO_TRY(validate(work));
  MonthCost month;
  month.fee_usd = kMonth_h * LIDO_TRY(prices.find("gke-cluster-fee"))->on_demand_usd;
  month.always_on_usd = month.scaled_usd = month.fee_usd;
  Lines lines;
  for (Line* line : {&lines.configured, &lines.on_demand, &lines.spot})
    line->base_usd = month.fee_usd;
  for (const RayClusterValues& cluster : values.clusters) {
    if (!cluster.enabled) continue;
    const Rates rates = LIDO_TRY(rates_of(cluster, prices));
    const Hours hours = hours_of(cluster, rates, work, values.suspend_after_min);
    if (hours.busy > kMonth_h) {
      return fail(ErrorCode::kInvalidArgument,
                  "cluster {}: the work takes all {} workers {:.0f} h, want {:.0f} h or less, a "
                  "month. Raise max.",
                  cluster.name, rates.workers, hours.busy, kMonth_h);
    }
    month.clusters.push_back(cost_of(cluster.name, rates, hours));
    month.always_on_usd += month.clusters.back().always_on_usd;
    month.scaled_usd += month.clusters.back().scaled_usd;
    add_to(lines, rates, hours);
    if (cluster.name == "data" && rates.cpus > 0) {
      const double cpu_hour_usd =
          (rates.configured_usd + rates.head_usd) / rates.cpus / work.cpu_efficiency;
      month.per_tb_usd = work.cpu_hours_per_tb * cpu_hour_usd;
      month.per_job_usd = work.cpu_s_per_job / 3600 * cpu_hour_usd;
    }
  }
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
