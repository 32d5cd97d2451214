// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/options.h"
#include "lido/cluster/simulate.h"
#include "lido/cluster/values.h"

namespace lido::cluster {

/// What one unit of something costs, and who says so.
struct Price {
  std::string sku;
  std::string region;
  std::string unit;
  double on_demand_usd = 0;
  double spot_usd = 0;  ///< As on demand where no spot price is known.
  bool spot_known = false;
  std::chrono::sys_days as_of;
  std::string source;
};

class PriceTable {
 public:
  /// Reads a CSV with columns sku, region, unit, on_demand_usd, spot_usd, as_of, source.
  /// @param file  Named in errors.
  /// @return kInvalidArgument that names the row.
  static Result<PriceTable> parse(std::string_view csv, const std::string& file);

  /// @return kInvalidArgument that lists what is there.
  Result<const Price*> find(std::string_view sku) const;
  /// Prices that were asked for until now, each once, in the order of the table.
  std::vector<const Price*> used() const;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::vector<Price> prices_;
  mutable std::vector<bool> used_;
};

/// What a pod of a shape costs an hour.
/// @return kInvalidArgument for what has no price.
Result<double> hourly_usd(const PodShape& pod, const PriceTable& prices, bool on_spot);

/// A month's work, and what turns it into hours.
struct WorkOptions {
  double tb = 10;
  double jobs = 0;
  double cpu_hours_per_tb = 240;
  double cpu_s_per_job = 2;
  double gpu_hours = 0;
  double runs = 30;
  double cold_start_s = Timings().worker_start_s();
  double cpu_efficiency = 0.93;

  static void fields(auto& self, auto&& visit) {
    visit("tb", self.tb, Within{0, 1e6}, "Raw video in a month, terabytes (1e12 bytes)");
    visit("jobs", self.jobs, Within{0, 1e10},
          "Small jobs in a month beside it: clips of a few seconds");
    visit(
        "cpu_hours_per_tb", self.cpu_hours_per_tb, Within{0, 1e6},
        "CPU-hours that a terabyte takes: 57 for frames alone, 240 with people found, measured on "
        "1080p30 H.264 of 6 Mbit/s at 4 fps (docs/measurements.md)");
    visit("cpu_s_per_job", self.cpu_s_per_job, Within{0, 1e6},
          "CPU-seconds of a small job: an assumption, measure your own");
    visit("gpu_hours", self.gpu_hours, Within{0, 1e6},
          "Hours a month in which each GPU group's pods all work");
    visit("runs", self.runs, Within{0, 1e5},
          "How often a month work begins: each time workers come from nothing");
    visit("cold_start_s", self.cold_start_s, Within{0, 3600},
          "From work that waits to a worker that takes it, node included");
    visit("cpu_efficiency", self.cpu_efficiency, Within{0.1, 1},
          "Share of workers' paid CPU time that is work, while there is some");
  }
};

/// What one cluster costs in a month.
struct ClusterCost {
  std::string name;
  double always_on_usd =
      0;  ///< All workers it may have, on demand, day and night, head and driver too.
  double scaled_usd = 0;    ///< Workers from zero, as configured, suspended without work.
  double worker_hours = 0;  ///< Of paid pods.
  double up_hours = 0;      ///< In which head and driver run.
  double duty = 0;          ///< Share of the month in which all workers would be busy.
  double spot_share = 0;    ///< Of workers' always-on cost that may run on spot.
  double saving() const { return always_on_usd > 0 ? 1 - scaled_usd / always_on_usd : 0; }
};

struct MonthCost {
  std::vector<ClusterCost> clusters;
  double fee_usd = 0;  ///< The Kubernetes cluster's own, in both.
  double always_on_usd = 0;
  double scaled_usd = 0;
  double per_tb_usd =
      0;  ///< Of the data cluster, if it had nothing but terabytes to do; 0 without any.
  double per_job_usd = 0;  ///< Its small jobs alone.
  /// The same at other duties: how much of the month all workers are busy, 0 to 1, as configured
  /// and with everything on demand.
  struct Point {
    double duty, configured_usd, on_demand_usd;
  };
  std::vector<Point> over_duty;
  /// Most duty at which the month still costs 9% of always-on, as configured; negative for never.
  double duty_for_91 = 0;
  /// The same with every worker on spot.
  double duty_for_91_on_spot = 0;
};

constexpr double kMonth_h = 730;

/// Pure. @return kInvalidArgument for a GPU type without a price.
Result<MonthCost> price_month(const Values& values, const PriceTable& prices,
                              const WorkOptions& work);

/// A picture of cost over duty.
std::string plot_cost(const MonthCost& cost, const std::string& name);

}  // namespace lido::cluster
