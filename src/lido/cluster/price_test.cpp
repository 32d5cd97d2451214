// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/price.h"

#include <gtest/gtest.h>

namespace lido::cluster {
namespace {

constexpr std::string_view kPrices =
    "sku,region,unit,on_demand_usd,spot_usd,as_of,source\n"
    "autopilot-vcpu,r,vCPU-hour,0.05,0.01,2026-09-01,somebody\n"
    "autopilot-memory,r,GiB-hour,0.005,0.001,2026-09-01,somebody\n"
    "gke-cluster-fee,all,cluster-hour,0.1,,2026-09-01,somebody\n"
    "nvidia-l4,r,GPU-hour,1,,2026-09-01,somebody\n";

PriceTable table() { return *PriceTable::parse(kPrices, "prices.csv"); }

/// Round figures, so that a month can be worked out on paper: a worker of 4 CPUs and 20 GiB costs
/// 0.30 an hour (0.06 on spot), head and driver 0.075 each.
Values small_values() {
  RayClusterValues data{.name = "data", .enabled = true, .idle_timeout_s = 60};
  data.head = {.cpu = 1, .memory_gib = 5};
  data.groups = {{.name = "driver", .pod = {.cpu = 1, .memory_gib = 5}, .max = 4, .drivers = 1},
                 {.name = "cpu", .pod = {.cpu = 4, .memory_gib = 20}, .max = 10, .cpus = 4}};
  return {.name = "pool-a", .suspend_after_min = 30, .clusters = {data}};
}
const WorkOptions kWork{
    .tb = 1, .cpu_hours_per_tb = 100, .runs = 10, .cold_start_s = 120, .cpu_efficiency = 1};

TEST(Price, IsWhatPaperSays) {
  const auto month = price_month(small_values(), table(), kWork);
  ASSERT_TRUE(month);
  const ClusterCost& data = month->clusters.at(0);
  // 730 h of ten workers, a head and a driver.
  EXPECT_NEAR(data.always_on_usd, 730 * (10 * 0.30 + 0.15), 1e-9);
  // 100 CPU-hours on 40 CPUs are 2.5 h; ten times two minutes of start and one of idling are 0.5 h.
  EXPECT_NEAR(data.worker_hours, 10 * 3.0, 1e-9);
  // The head stays half an hour longer each time; the driver stops with the workers.
  EXPECT_NEAR(data.up_hours, 3 + 5, 1e-9);
  EXPECT_NEAR(data.scaled_usd, 3 * (3.0 + 0.075) + 8 * 0.075, 1e-9);
  EXPECT_NEAR(data.duty, 2.5 / 730, 1e-12);
  EXPECT_NEAR(month->scaled_usd, data.scaled_usd + 73, 1e-9);
  EXPECT_NEAR(month->per_tb_usd, 100 * 3.15 / 40, 1e-9);
}

TEST(Price, CountsTheRunsOfSmallJobs) {
  WorkOptions work = kWork;
  EXPECT_EQ(with_runs_of_jobs(work).runs, 10) << "no small jobs";
  work.jobs = 2500;
  EXPECT_EQ(with_runs_of_jobs(work).runs, 13) << "a thousand, a thousand and five hundred";
  // Each of the three runs pays three minutes of ten workers at 0.30 and of head and driver at
  // 0.075 each, and half an hour of the head.
  const auto few = price_month(small_values(), table(), work);
  const auto many = price_month(small_values(), table(), with_runs_of_jobs(work));
  ASSERT_TRUE(few && many);
  EXPECT_NEAR(many->scaled_usd - few->scaled_usd, 3 * (0.05 * (3 + 0.15) + 0.5 * 0.075), 1e-9);
  work.jobs = 1e10;
  EXPECT_TRUE(validate(with_runs_of_jobs(work)));
}

TEST(Price, UsesSpotPricesOnlyForSpotGroups) {
  Values values = small_values();
  values.clusters[0].groups[1].pod.spot = true;
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  EXPECT_NEAR(month->clusters[0].scaled_usd, 3 * (0.6 + 0.075) + 8 * 0.075, 1e-9);
  EXPECT_NEAR(month->clusters[0].spot_share, 1, 1e-12);
}

TEST(Price, IsOfThePodThatAutopilotBills) {
  const PriceTable prices = table();
  const auto usd = [&](const PodShape& pod) { return *hourly_usd(pod, prices, false); };
  // GKE docs: 16 GiB need 16 / 6.5 = 2.46 CPUs, in steps of 0.25.
  EXPECT_NEAR(usd({.cpu = 1, .memory_gib = 16, .autopilot = true}), 2.5 * 0.05 + 16 * 0.005, 1e-9);
  EXPECT_NEAR(usd({.cpu = 1, .memory_gib = 16}), 0.05 + 16 * 0.005, 1e-9);
  // At least 1 GiB per CPU.
  EXPECT_NEAR(usd({.cpu = 4, .memory_gib = 2, .autopilot = true}), 4 * 0.05 + 4 * 0.005, 1e-9);
  EXPECT_NEAR(usd({.cpu = 1.1, .memory_gib = 4, .autopilot = true}), 1.25 * 0.05 + 4 * 0.005, 1e-9);
  EXPECT_NEAR(usd({.cpu = 2, .memory_gib = 13, .autopilot = true}), 2 * 0.05 + 13 * 0.005, 1e-9);
}

TEST(Price, WantsThePricesOfOtherClasses) {
  PodShape pod{.cpu = 4, .memory_gib = 16, .autopilot = true, .compute_class = "mine"};
  const auto missing = hourly_usd(pod, table(), false);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("no price for compute-class-mine"), std::string::npos);
  // GKE bills the node of a custom class, whatever the pod requests.
  const auto with_node = PriceTable::parse(
      std::string(kPrices) + "compute-class-mine,r,node-hour,0.4,0.1,2026-09-01,s\n", "p.csv");
  EXPECT_EQ(*hourly_usd(pod, *with_node, false), 0.4);
  EXPECT_EQ(*hourly_usd(pod, *with_node, true), 0.1);
  pod.compute_class = "Balanced";
  EXPECT_NE(hourly_usd(pod, table(), false).error().message.find("autopilot-Balanced-vcpu"),
            std::string::npos);
}

TEST(Price, RefusesAPodThatDoesNotFitThePricedMachine) {
  // g2-standard-8 has 8 CPUs and 32 GiB, and GKE itself needs some of both.
  PodShape pod{.cpu = 8, .memory_gib = 32, .gpu_type = "nvidia-l4", .gpus = 1};
  const auto refused = hourly_usd(pod, table(), false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("g2-standard-8"), std::string::npos);
  pod.cpu = 7;
  pod.memory_gib = 26;
  EXPECT_EQ(*hourly_usd(pod, table(), false), 1);
}

/// A group of GPU pods: one L4 costs 1 an hour.
const WorkerGroup kGpus{.name = "gpu",
                        .pod = {.cpu = 7, .memory_gib = 26, .gpu_type = "nvidia-l4", .gpus = 1},
                        .max = 2,
                        .cpus = 7};

TEST(Price, BillsTheMinimumOfAGroupAroundTheClock) {
  Values values = small_values();
  values.clusters[0].groups[1].min = 4;
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  // Four of ten workers and the head run 730 h, the other six and the driver 3 h.
  const double usd = 730 * (4 * 0.30 + 0.075) + 3 * (6 * 0.30 + 0.075);
  EXPECT_NEAR(month->clusters[0].scaled_usd, usd, 1e-9);
  EXPECT_NEAR(month->clusters[0].worker_hours, 4 * 730 + 6 * 3, 1e-9);
  EXPECT_EQ(month->clusters[0].up_hours, 730);
  EXPECT_NEAR(month->priced.duty, month->clusters[0].duty, 1e-9);
  // With all of them, work changes nothing but the driver's hours.
  values.clusters[0].groups[1].min = 10;
  EXPECT_NEAR(price_month(values, table(), kWork)->clusters[0].scaled_usd,
              730 * (10 * 0.30 + 0.075) + 3 * 0.075, 1e-9);
  // Drivers have a minimum too, and keep the head.
  values.clusters[0].groups[1].min = 0;
  values.clusters[0].groups[0].min = 4;
  EXPECT_NEAR(price_month(values, table(), kWork)->clusters[0].scaled_usd,
              730 * (4 * 0.075 + 0.075) + 3 * 10 * 0.30, 1e-9);
}

TEST(Price, DividesTheWorkByTheCpusThatRaySchedules) {
  // Two of four CPUs: the same work takes twice the hours, 5 h, and half an hour for the starts.
  Values values = small_values();
  values.clusters[0].groups[1].cpus = 2;
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  EXPECT_NEAR(month->clusters[0].worker_hours, 10 * 5.5, 1e-9);
  EXPECT_NEAR(month->per_tb_usd, 100 * 3.15 / 20, 1e-9);
  values.clusters[0].groups[1].cpus = 0;
  const auto none = price_month(values, table(), kWork);
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().message.starts_with("tb is 1 and jobs is 0, want 0: no cluster"))
      << none.error().message;
  WorkOptions idle = kWork;
  idle.tb = 0;
  EXPECT_TRUE(price_month(values, table(), idle));
}

TEST(Price, ChargesTheSameWorkOnce) {
  // Two clusters of ten workers are as fast as one of twenty: 1.25 h, and half an hour for starts.
  Values values = small_values();
  values.clusters.push_back(values.clusters[0]);
  values.clusters[1].name = "more";
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  for (const ClusterCost& cluster : month->clusters) {
    EXPECT_NEAR(cluster.worker_hours, 10 * 1.75, 1e-9);
    EXPECT_NEAR(cluster.scaled_usd, 1.75 * 3.075 + 6.75 * 0.075, 1e-9);
  }
  // Pods with GPUs beside the CPUs change nothing of the CPUs' bill.
  Values beside = small_values();
  beside.clusters[0].groups.push_back(kGpus);
  EXPECT_NEAR(price_month(beside, table(), kWork)->clusters[0].scaled_usd,
              price_month(small_values(), table(), kWork)->clusters[0].scaled_usd, 1e-9);
  // 7 hours of both GPU pods, and half an hour; the CPUs' work fits into that time.
  WorkOptions both = kWork;
  both.gpu_hours = 7;
  EXPECT_NEAR(price_month(beside, table(), both)->clusters[0].scaled_usd,
              3 * 3.0 + 7.5 * (2 * 1 + 0.075) + 12.5 * 0.075, 1e-9);
}

TEST(Price, OfASuspendedClusterIsNothing) {
  Values values = small_values();
  values.clusters.push_back(values.clusters[0]);
  values.clusters[1].name = "off";
  values.clusters[1].suspend = true;
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  EXPECT_EQ(month->clusters[1].scaled_usd, 0);
  EXPECT_EQ(month->clusters[1].worker_hours, 0);
  EXPECT_NEAR(month->clusters[0].worker_hours, 10 * 3.0, 1e-9);
  values.clusters[0].suspend = true;
  EXPECT_FALSE(price_month(values, table(), kWork));
}

TEST(Price, CountsTheOwnClustersOfJobs) {
  Values values = small_values();
  values.clusters[0].enabled = false;
  values.jobs = {{.name = "night", .cluster = "data", .keep_s = 360}};
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  ASSERT_EQ(month->clusters.size(), 1U);
  EXPECT_EQ(month->clusters[0].name, "job night");
  // As a cluster does, but the head stays six minutes of each of ten times.
  EXPECT_NEAR(month->clusters[0].scaled_usd, 3 * 3.075 + 4 * 0.075, 1e-9);
  // Its minimum ends with it.
  values.clusters[0].groups[1].min = 10;
  EXPECT_NEAR(price_month(values, table(), kWork)->clusters[0].scaled_usd,
              3 * 0.075 + 4 * (3.0 + 0.075), 1e-9);
}

TEST(Price, AgreesWithTheSimulation) {
  // One job of 100 CPU-hours on 40 CPUs, without a wait or a lost pod.
  Values values = small_values();
  values.suspend_after_min = 30;
  const Timings none{.decide_s = 0.1,
                     .pod_start_s = 0,
                     .driver_s = 0,
                     .overhead_s = 0,
                     .end_s = 0,
                     .idle_slack_s = 0,
                     .head_start_s = 0,
                     .node_start_s = 0,
                     .spot_losses_per_hour = 0};
  const Workload job{.work = {{.name = "a",
                               .cluster = "data",
                               .group = "cpu",
                               .jobs = 1,
                               .spans = 40 * 250,
                               .span_s = 36}}};
  WorkOptions work = kWork;
  work.runs = 1;
  work.cold_start_s = 0;
  for (const int cpus : {4, 2}) {
    values.clusters[0].groups[1].cpus = cpus;
    const auto run = simulate(values, job, none)->at(0);
    const double simulated_usd = run.head_hours * 0.075 + run.groups.at(0).pod_hours * 0.075 +
                                 run.groups.at(1).pod_hours * 0.30;
    const double usd = price_month(values, table(), work)->clusters[0].scaled_usd;
    EXPECT_NEAR(usd, simulated_usd, 0.001 * usd) << cpus;
  }
}

TEST(Price, OfSeveralGpusIsThatOfTheirMachine) {
  const auto prices =
      PriceTable::parse(std::string(kPrices) +
                            "nvidia-l4-x2,r,machine-hour,2.5,,2026-09-01,s\n"
                            "autopilot-nvidia-l4-premium,r,GPU-hour,0.067,,2026-09-01,s\n"
                            "autopilot-nvidia-l4-vcpu-premium,r,vCPU-hour,0.003,,2026-09-01,s\n"
                            "autopilot-nvidia-l4-memory-premium,r,GiB-hour,0.00035,,2026-09-01,s\n",
                        "p.csv");
  ASSERT_TRUE(prices) << prices.error().message;
  PodShape pod{.cpu = 7, .memory_gib = 26, .gpu_type = "nvidia-l4", .gpus = 1};
  // g2-standard-8: 8 CPUs, 32 GiB. g2-standard-24: 24 CPUs, 96 GiB.
  EXPECT_NEAR(*hourly_usd(pod, *prices, false), 1 + 0.067 + 8 * 0.003 + 32 * 0.00035, 1e-9);
  pod.gpus = 2;
  EXPECT_NEAR(*hourly_usd(pod, *prices, false), 2.5 + 2 * 0.067 + 24 * 0.003 + 96 * 0.00035, 1e-9);
  pod.gpus = 4;
  EXPECT_NE(hourly_usd(pod, *prices, false).error().message.find("no price for nvidia-l4-x4"),
            std::string::npos);
}

TEST(Price, TablesHaveOneRowOfAProduct) {
  const auto twice = PriceTable::parse(
      std::string(kPrices) + "nvidia-l4,elsewhere,GPU-hour,2,,2026-09-01,somebody\n", "p.csv");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message,
            "p.csv: line 6 (nvidia-l4): region is elsewhere, want one row for each sku: line 5 has "
            "the region r. Keep the rows of one region.");
}

TEST(Price, RefusesDaysOfTheFutureAndOldOnes) {
  using namespace std::chrono;
  const PriceTable prices = table();
  ASSERT_TRUE(prices.find("nvidia-l4"));
  const sys_days read = 2026y / September / 1;
  EXPECT_TRUE(check_dates(prices, read, 0));
  EXPECT_TRUE(check_dates(prices, read + days(30), 30));
  EXPECT_TRUE(check_dates(prices, read + days(31), 30).error().message.contains("31 days old"));
  EXPECT_EQ(check_dates(prices, read - days(1), 1e6).error().message,
            "prices.csv: as_of of nvidia-l4 is 2026-09-01, want a day up to today, 2026-08-31: the "
            "day on which the price was read");
}

TEST(Price, NeverSuspendsAtZeroMinutes) {
  Values values = small_values();
  values.suspend_after_min = 0;
  EXPECT_NEAR(price_month(values, table(), kWork)->clusters[0].up_hours, 730, 1e-9);
}

TEST(Price, FindsTheDutyThatSaves91Percent) {
  const auto month = price_month(small_values(), table(), kWork);
  ASSERT_TRUE(month);
  ASSERT_GT(month->duty_for_91, 0);
  // Work of exactly this duty makes the month cost 9% of always-on.
  WorkOptions more = kWork;
  more.tb = month->duty_for_91 * 730 * 40 / more.cpu_hours_per_tb;
  EXPECT_NEAR(price_month(small_values(), table(), more)->scaled_usd, 0.09 * month->always_on_usd,
              1e-6);
  EXPECT_GE(month->duty_for_91_on_spot, month->duty_for_91);
}

TEST(Price, RefusesWorkThatDoesNotFitIntoAMonth) {
  const auto month = price_month(small_values(), table(), {.tb = 1000, .cpu_hours_per_tb = 240});
  ASSERT_FALSE(month);
  EXPECT_NE(month.error().message.find("Raise max"), std::string::npos);
}

TEST(Price, TakesWorkUpToAWholeMonth) {
  // 40 CPUs work 730 h in a month: 29 200 CPU-hours, or 292 TB at 100 each.
  WorkOptions whole = kWork;
  whole.tb = 292;
  const auto month = price_month(small_values(), table(), whole);
  ASSERT_TRUE(month) << month.error().message;
  EXPECT_NEAR(month->clusters[0].duty, 1, 1e-12);
  // There is no hour left for starts and idling, and none to save.
  EXPECT_NEAR(month->clusters[0].scaled_usd, month->clusters[0].always_on_usd, 1e-6);
  whole.tb = 292.001;
  EXPECT_FALSE(price_month(small_values(), table(), whole));
}

TEST(Price, CapsTheHoursAtTheMonth) {
  // 729.9 h of work, and half an hour of starts and idling: more than a month has.
  WorkOptions nearly = kWork;
  nearly.tb = 729.9 * 40 / 100;
  const auto month = price_month(small_values(), table(), nearly);
  ASSERT_TRUE(month) << month.error().message;
  EXPECT_NEAR(month->clusters[0].worker_hours, 10 * 730, 1e-9);
  EXPECT_NEAR(month->clusters[0].up_hours, 730, 1e-9);
}

TEST(Price, CountsNoStartsWithoutWork) {
  WorkOptions idle = kWork;
  idle.tb = 0;
  const auto month = price_month(small_values(), table(), idle);
  ASSERT_TRUE(month) << month.error().message;
  EXPECT_EQ(month->clusters[0].scaled_usd, 0);
  // A single small job starts the workers.
  idle.jobs = 1;
  EXPECT_GT(price_month(small_values(), table(), idle)->clusters[0].worker_hours, 10 * 0.5);
}

TEST(Price, TakesOptionsToTheEdgesOfTheirRanges) {
  const auto accepted = [](auto WorkOptions::* option, double value) {
    WorkOptions work = kWork;
    work.tb = work.gpu_hours = 0;
    work.*option = value;
    return price_month(small_values(), table(), work).has_value();
  };
  for (const auto& [option, least, most] : {std::tuple(&WorkOptions::cpu_efficiency, 0.1, 1.0),
                                            {&WorkOptions::cold_start_s, 0.0, 3600.0},
                                            {&WorkOptions::runs, 0.0, 1e5},
                                            {&WorkOptions::cpu_hours_per_tb, 0.0, 1e6}}) {
    EXPECT_TRUE(accepted(option, least)) << least;
    EXPECT_TRUE(accepted(option, most)) << most;
    EXPECT_FALSE(accepted(option, least - 1e-6)) << least;
    EXPECT_FALSE(accepted(option, most * (1 + 1e-6))) << most;
  }
}

TEST(Price, RefusesAGpuWithoutAPrice) {
  Values values = small_values();
  values.clusters[0].groups[1].pod.gpus = 1;
  values.clusters[0].groups[1].pod.gpu_type = "tpu-v9";
  const auto month = price_month(values, table(), kWork);
  ASSERT_FALSE(month);
  EXPECT_NE(
      month.error().message.find("no price for tpu-v9, want a machine with GPUs that has one ("),
      std::string::npos);
}

TEST(Price, NamesTheLineOfABadTable) {
  const std::string header = "sku,region,unit,on_demand_usd,spot_usd,as_of,source\n";
  for (const auto& [row, said] :
       {std::pair("a,r,h,cheap,,2026-09-01,s\n", "p.csv: line 2 (a): on_demand_usd is not a price"),
        {"a,r,h,1,,yesterday,s\n", "want a date like 2026-09-01"},
        {"a,r,h,1,,2026-02-30,s\n", "want a date like 2026-09-01"},
        {"a,r,h,1,-0.01,2026-09-01,s\n", "spot_usd is not a price"},
        {"a,r,h,-0.01,,2026-09-01,s\n", "on_demand_usd is not a price"},
        {"a,r,h,1,,2026-13-01,s\n", "want a date like 2026-09-01"},
        {"a,r,h,1,,2026-09-00,s\n", "want a date like 2026-09-01"},
        {"a,r,h,1,,2026-09-01,\n", "source is empty"}}) {
    const auto prices = PriceTable::parse(header + row, "p.csv");
    ASSERT_FALSE(prices) << row;
    EXPECT_NE(prices.error().message.find(said), std::string::npos) << prices.error().message;
  }
}

TEST(Price, TakesThePriceOfNothing) {
  const auto prices = PriceTable::parse(
      "sku,region,unit,on_demand_usd,spot_usd,as_of,source\na,r,h,0,0,2028-02-29,s\n", "p.csv");
  ASSERT_TRUE(prices) << prices.error().message;
  EXPECT_EQ((*prices->find("a"))->on_demand_usd, 0);
  EXPECT_TRUE((*prices->find("a"))->spot_known);
}

TEST(Price, MarksThePricedWorkOnTheCurve) {
  const auto month = price_month(small_values(), table(), kWork);
  ASSERT_TRUE(month);
  EXPECT_EQ(month->priced.configured_usd, month->scaled_usd);
  // One cluster: the duty of the month is the cluster's.
  EXPECT_NEAR(month->priced.duty, month->clusters[0].duty, 1e-9);
  EXPECT_EQ(month->over_duty.front().duty, 0);
  EXPECT_EQ(month->over_duty.back().duty, 1);
  const std::string svg = plot_cost(*month, "pool-a");
  EXPECT_NE(svg.find(fmt::format("this month: ${:.0f}", month->scaled_usd)), std::string::npos);
}

TEST(Price, RemembersTheUsedPricesOnce) {
  const PriceTable prices = table();
  EXPECT_TRUE(prices.used().empty());
  ASSERT_TRUE(prices.find("gke-cluster-fee"));
  ASSERT_TRUE(prices.find("gke-cluster-fee"));
  ASSERT_EQ(prices.used().size(), 1u);
  EXPECT_EQ(prices.used()[0]->sku, "gke-cluster-fee");
}

TEST(Price, OfUnknownGpusListsTheMachinesWithGpus) {
  const auto unknown = hourly_usd({.gpu_type = "nvidia-tesla-t4", .gpus = 1}, table(), false);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message,
            "prices.csv: no price for nvidia-tesla-t4, want a machine with GPUs that has one "
            "(nvidia-l4), or --prices FILE");
}

TEST(Price, RefusesHoursOfGpusThatNoClusterHas) {
  WorkOptions work = kWork;
  work.gpu_hours = 5;
  const auto refused = price_month(small_values(), table(), work);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("gpu_hours is 5, want 0: no cluster"))
      << refused.error().message;
  Values values = small_values();
  values.clusters[0].groups.push_back(kGpus);
  EXPECT_TRUE(price_month(values, table(), work));
}

TEST(Price, OfGpusIsNotedWhereItIsMissingOrOld) {
  using std::chrono::sys_days, std::chrono::year, std::chrono::days;
  const sys_days read = year(2026) / 9 / 1;  // as_of of the table
  EXPECT_EQ(gpu_price_note(table(), "nvidia-l4", read + days(180), 180), "");
  EXPECT_EQ(gpu_price_note(table(), "nvidia-l4", read + days(181), 180),
            "prices.csv: the price of nvidia-l4 is from 2026-09-01, 181 days old, want 180 days or "
            "less. Give --max-age-days 181 to use the price anyway.");
  EXPECT_EQ(gpu_price_note(table(), "nvidia-tesla-t4", read, 180),
            "no dated price for nvidia-tesla-t4: lido cluster price wants --prices FILE");
}

}  // namespace
}  // namespace lido::cluster
