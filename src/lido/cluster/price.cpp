// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/price.h"

#include <algorithm>
#include <cmath>

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
  return fail(ErrorCode::kInvalidArgument, "as_of is \"{}\", want a day like 2026-09-01", text);
}

/// A cluster's pods and what an hour of them costs.
struct Rates {
  double head_usd = 0;        ///< Head and one driver: what runs whenever the cluster is up.
  double configured_usd = 0;  ///< All workers at once, spot where it is configured.
  double on_demand_usd = 0;
  double spot_usd = 0;
  double workers = 0;
  double cpus = 0;
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

/// Hours of the month in which pods are paid for.
struct Hours {
  double busy = 0;  ///< All workers together, at work.
  double paid = 0;  ///< All workers together, start and idle time included.
  double up = 0;    ///< Head and driver.
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
  // Nobody suspends a cluster at 0: its head stays.
  hours.up = suspend_after_min > 0 ? std::min(kMonth_h, hours.paid + runs * suspend_after_min / 60)
                                   : kMonth_h;
  return hours;
}

/// The most duty at which a straight line from `base` by `slope` reaches a cost; negative for none.
double most_duty(double base, double slope, double cost) {
  if (base > cost) return -1;
  return slope > 0 ? std::min(1.0, (cost - base) / slope) : 1;
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
    if (!on_demand || *on_demand < 0) return refuse("on_demand_usd is no price");
    price.on_demand_usd = price.spot_usd = *on_demand;
    if (const auto cell = table->cell("spot_usd", row); !cell.empty()) {
      const auto spot = dataset::parse_number(cell);
      if (!spot || *spot < 0) return refuse("spot_usd is no price");
      price.spot_usd = *spot;
      price.spot_known = true;
    }
    const auto day = parse_day(table->cell("as_of", row));
    if (!day) return refuse(day.error().message);
    price.as_of = *day;
    if (price.source.empty()) return refuse("no source: who says so?");
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
  return fail(ErrorCode::kInvalidArgument, "{}: no price for {}, there are: {}", file_, sku,
              fmt::join(names, ", "));
}

std::vector<const Price*> PriceTable::used() const {
  std::vector<const Price*> all;
  for (size_t i = 0; i < prices_.size(); ++i) {
    if (used_[i]) all.push_back(&prices_[i]);
  }
  return all;
}

Result<double> hourly_usd(const PodShape& pod, const PriceTable& prices, bool on_spot) {
  const auto usd = [on_spot](const Price& price) {
    return on_spot ? price.spot_usd : price.on_demand_usd;
  };
  if (pod.gpus > 0) {
    // A GPU's price is that of its whole machine; Autopilot adds its own.
    double sum = pod.gpus * usd(*LIDO_TRY(prices.find(pod.gpu_type)));
    if (const auto premium = prices.find("autopilot-" + pod.gpu_type + "-premium"))
      sum += pod.gpus * (*premium)->on_demand_usd;
    return sum;
  }
  return pod.cpu * usd(*LIDO_TRY(prices.find("autopilot-vcpu"))) +
         pod.memory_gib * usd(*LIDO_TRY(prices.find("autopilot-memory")));
}

Result<MonthCost> price_month(const Values& values, const PriceTable& prices,
                              const WorkOptions& work) {
  LIDO_TRY(validate(work));
  MonthCost month;
  month.fee_usd = kMonth_h * LIDO_TRY(prices.find("gke-cluster-fee"))->on_demand_usd;
  month.always_on_usd = month.scaled_usd = month.fee_usd;
  // Over duty: a base that is there at no duty, and what all clusters add at full duty.
  double base = month.fee_usd, slope = 0, slope_on_demand = 0, slope_spot = 0;
  for (const RayClusterValues& cluster : values.clusters) {
    if (!cluster.enabled) continue;
    const Rates rates = LIDO_TRY(rates_of(cluster, prices));
    const Hours hours = hours_of(cluster, rates, work, values.suspend_after_min);
    if (hours.busy > kMonth_h) {
      return fail(
          ErrorCode::kInvalidArgument,
          "cluster {}: this work keeps all {} workers busy for {:.0f} h of a month of {:.0f}: "
          "raise max",
          cluster.name, rates.workers, hours.busy, kMonth_h);
    }
    ClusterCost cost{.name = cluster.name};
    cost.always_on_usd = kMonth_h * (rates.head_usd + rates.on_demand_usd);
    cost.scaled_usd = hours.paid * rates.configured_usd + hours.up * rates.head_usd;
    cost.worker_hours = hours.paid * rates.workers;
    cost.up_hours = hours.up;
    cost.duty = hours.busy / kMonth_h;
    const double on_spot = rates.on_demand_usd - rates.configured_usd;
    const double could = rates.on_demand_usd - rates.spot_usd;
    cost.spot_share = could > 0 ? on_spot / could : 0;
    month.always_on_usd += cost.always_on_usd;
    month.scaled_usd += cost.scaled_usd;
    const double beside = hours.up - hours.paid;  // up without workers: before it is suspended
    base += beside * rates.head_usd +
            (hours.paid - hours.busy) * (rates.configured_usd + rates.head_usd);
    slope += kMonth_h * (rates.configured_usd + rates.head_usd);
    slope_on_demand += kMonth_h * (rates.on_demand_usd + rates.head_usd);
    slope_spot += kMonth_h * (rates.spot_usd + rates.head_usd);
    if (cluster.name == "data" && rates.cpus > 0) {
      const double cpu_hour_usd =
          (rates.configured_usd + rates.head_usd) / rates.cpus / work.cpu_efficiency;
      month.per_tb_usd = work.cpu_hours_per_tb * cpu_hour_usd;
      month.per_job_usd = work.cpu_s_per_job / 3600 * cpu_hour_usd;
    }
    month.clusters.push_back(cost);
  }
  constexpr int kPoints = 50;
  for (int i = 0; i <= kPoints; ++i) {
    const double duty = static_cast<double>(i) / kPoints;
    month.over_duty.push_back({duty, std::min(base + duty * slope, month.always_on_usd),
                               std::min(base + duty * slope_on_demand, month.always_on_usd)});
  }
  constexpr double kLeft = 0.09;
  month.duty_for_91 = most_duty(base, slope, kLeft * month.always_on_usd);
  month.duty_for_91_on_spot = most_duty(base, slope_spot, kLeft * month.always_on_usd);
  return month;
}

std::string plot_cost(const MonthCost& cost, const std::string& name) {
  Plot plot{.title = fmt::format(
                "{}: cost of a month over the share of it in which all workers are busy", name),
            .x_name = "duty",
            .curves = {{"always on, on demand", "#444", {}, "6 4"},
                       {"from zero, on demand", "#c2410c", {}, ""},
                       {"as configured", "#0369a1", {}, ""},
                       {"9% of always on", "#15803d", {}, "2 3"}},
            .x_text = [](double duty) { return fmt::format("{:.0f}%", 100 * duty); },
            .y_text = [](double usd) { return fmt::format("${:.0f}", usd); }};
  for (const auto& point : cost.over_duty) {
    plot.curves[0].points.emplace_back(point.duty, cost.always_on_usd);
    plot.curves[1].points.emplace_back(point.duty, point.on_demand_usd);
    plot.curves[2].points.emplace_back(point.duty, point.configured_usd);
    plot.curves[3].points.emplace_back(point.duty, 0.09 * cost.always_on_usd);
  }
  return draw(plot);
}

}  // namespace lido::cluster
