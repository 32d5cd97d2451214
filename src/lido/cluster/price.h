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

/// Price of one unit of a product, with its source.
struct Price {
  std::string sku;  ///< Product, like "autopilot-vcpu".
  std::string region;
  std::string unit;  ///< Like "vcpu-hour".
  double on_demand_usd = 0;
  double spot_usd = 0;      ///< on_demand_usd when no spot price is known.
  bool spot_known = false;  ///< Whether the table has a spot price.
  std::chrono::sys_days as_of;
  std::string source;  ///< Never empty.
};

/// List prices of a cloud. Remembers the prices that were looked up. Not thread-safe.
class PriceTable {
 public:
  /// Reads a CSV with columns sku, region, unit, on_demand_usd, spot_usd, as_of, source.
  /// @param file  File name for errors.
  /// @return kInvalidArgument that names the line, also of a second row of one product.
  static Result<PriceTable> parse(std::string_view csv, const std::string& file);

  /// Looks up a price.
  /// @return kInvalidArgument, with all known products, for an unknown one.
  Result<const Price*> find(std::string_view sku) const;
  /// Looks up the price of a machine with GPUs.
  /// @return kInvalidArgument, with all machines with GPUs, for an unknown one.
  Result<const Price*> find_gpus(std::string_view sku) const;
  /// Prices that were looked up so far, each once, in the order of the table.
  std::vector<const Price*> used() const;
  /// File name that parse() got.
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::vector<Price> prices_;
  mutable std::vector<bool> used_;
};

/// Checks the dates of the prices that were looked up.
/// @return kInvalidArgument for a price that is older than `max_age_days`, or of a day after today.
Result<void> check_dates(const PriceTable& prices, std::chrono::sys_days today,
                         double max_age_days);

/// Returns the price of a pod per hour, USD, as GKE bills it: a pod of Autopilot by its raised
/// requests, a pod with GPUs by its machine, a pod of a custom compute class by a whole node.
///
/// Products: "autopilot-vcpu" and "autopilot-memory", for other classes "autopilot-CLASS-vcpu" and
/// "autopilot-CLASS-memory"; "compute-class-NAME" for a node of a custom class. A machine with GPUs
/// is "TYPE" for one GPU, "TYPE-xCOUNT" for more; Autopilot's premiums, where the table has them,
/// are "autopilot-TYPE-premium" per GPU, and "-vcpu-premium" and "-memory-premium" for the
/// machine's.
/// @return kInvalidArgument when a price is missing, and for a pod that does not fit the machine
///         whose price the table has.
Result<double> hourly_usd(const PodShape& pod, const PriceTable& prices, bool on_spot);

/// Returns why `lido cluster price` will refuse a GPU type: "no dated price for TYPE: ..."; empty
/// for a price that is new enough.
/// @param prices  Not used for an estimate: their use is remembered.
std::string gpu_price_note(const PriceTable& prices, const std::string& gpu_type,
                           std::chrono::sys_days today, double max_age_days);

/// Work of one month, and the constants that turn the work into hours.
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
    visit("tb", self.tb, Within{0, 1e6}, "Terabytes (1e12 bytes) of raw video per month");
    visit("jobs", self.jobs, Within{0, 1e10},
          "Small jobs per month in addition, each a clip of a few seconds");
    visit("cpu_hours_per_tb", self.cpu_hours_per_tb, Within{0, 1e6},
          "CPU-hours per terabyte: 57 for frames alone, 240 with people found; measured on 1080p30 "
          "H.264 of 6 Mbit/s at 4 fps (docs/measurements.md)");
    visit("cpu_s_per_job", self.cpu_s_per_job, Within{0, 1e6},
          "CPU-seconds per small job (assumed: measure your own)");
    visit("gpu_hours", self.gpu_hours, Within{0, 1e6},
          "Hours per month in which all pods of each GPU group work");
    visit(
        "runs", self.runs, Within{0, 1e5},
        "Times per month that work starts and the workers scale up from zero: submissions that do "
        "not overlap. Give the number with --jobs, since each run pays start and idle time");
    visit("cold_start_s", self.cold_start_s, Within{0, 3600},
          "Seconds from a waiting span to a ready worker on a new node");
    visit("cpu_efficiency", self.cpu_efficiency, Within{0.1, 1},
          "Share of the workers' paid CPU time that does work, while there is work");
  }
};

/// Small jobs of one run in the workload that `lido cluster simulate --example` prints.
inline constexpr double kJobsPerRun = 1000;

/// Returns work whose small jobs arrive in runs of their own, of kJobsPerRun each: each such run
/// pays the start and the idle time of the workers.
WorkOptions with_runs_of_jobs(WorkOptions work);

/// Cost of one cluster per month.
struct ClusterCost {
  std::string name;  ///< "job NAME" for the own cluster of a RayJob.
  /// Cost of all workers at their maximum, on demand, around the clock, with head and driver.
  double always_on_usd = 0;
  /// Cost as configured: workers from their minimum, suspended without work; 0 for a cluster that
  /// the values suspend.
  double scaled_usd = 0;
  double worker_hours = 0;  ///< Paid pod-hours of workers.
  double up_hours = 0;      ///< Hours in which the head runs.
  double duty = 0;          ///< Share of the month in which all workers would be busy, 0 to 1.
  double spot_share = 0;    ///< Share of the workers' possible spot discount that is used, 0 to 1.
  /// Share of always_on_usd that scaling saves; 0 when always_on_usd is 0.
  double saving() const { return always_on_usd > 0 ? 1 - scaled_usd / always_on_usd : 0; }
};

/// Cost of all clusters per month.
struct MonthCost {
  std::vector<ClusterCost> clusters;
  double fee_usd = 0;        ///< Fee of the Kubernetes cluster, part of both sums.
  double always_on_usd = 0;  ///< Sum, with the fee.
  double scaled_usd = 0;     ///< Sum, with the fee.
  /// Cost of a terabyte on busy workers without GPUs; 0 without such workers.
  double per_tb_usd = 0;
  /// Cost of a small job on busy workers without GPUs; 0 without such workers.
  double per_job_usd = 0;
  /// Cost of the month at another duty.
  struct Point {
    double duty;            ///< 0 to 1.
    double configured_usd;  ///< With workers on spot as configured.
    double on_demand_usd;   ///< With all workers on demand.
  };
  std::vector<Point> over_duty;  ///< From 0 to 1.
  /// Cost point of the priced work itself: mean duty of the clusters' workers, weighted by price.
  Point priced{};
  /// Largest duty at which scaling saves 91% of always_on_usd, as configured; negative for none.
  double duty_for_91 = 0;
  /// Largest duty at which scaling saves 91% of always_on_usd, with all workers on spot; negative
  /// for none.
  double duty_for_91_on_spot = 0;
};

/// Hours per month: 365 x 24 / 12.
constexpr double kMonth_h = 730;

/// Computes the cost of a month. Pure, except that `prices` remembers the used prices.
///
/// All CPUs that Ray schedules on workers without GPUs share the terabytes and the small jobs, in
/// clusters that are not suspended and in the RayJobs' own. All workers with GPUs work `gpu_hours`.
/// A group's minimum runs around the clock, and keeps its cluster from being suspended.
/// @return kInvalidArgument for a GPU type without a price, for options out of range, for work
///         that the clusters cannot finish within a month, and for work without CPUs.
Result<MonthCost> price_month(const Values& values, const PriceTable& prices,
                              const WorkOptions& work);

/// Draws cost over duty as an SVG file.
std::string plot_cost(const MonthCost& cost, const std::string& name);

}  // namespace lido::cluster
