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
/// 0.30 an hour (0.06 on spot), head and driver together 0.15.
Values small_values() {
  RayClusterValues data{.name = "data", .enabled = true, .idle_timeout_s = 60};
  data.head = {.cpu = 1, .memory_gib = 5};
  data.groups = {{.name = "driver", .pod = {.cpu = 1, .memory_gib = 5}, .max = 4},
                 {.name = "cpu", .pod = {.cpu = 4, .memory_gib = 20}, .max = 10}};
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
  // Head and driver stay half an hour longer each time.
  EXPECT_NEAR(data.up_hours, 3 + 5, 1e-9);
  EXPECT_NEAR(data.scaled_usd, 3 * 3.0 + 8 * 0.15, 1e-9);
  EXPECT_NEAR(data.duty, 2.5 / 730, 1e-12);
  EXPECT_NEAR(month->scaled_usd, data.scaled_usd + 73, 1e-9);
  EXPECT_NEAR(month->per_tb_usd, 100 * 3.15 / 40, 1e-9);
}

TEST(Price, UsesSpotPricesOnlyForSpotGroups) {
  Values values = small_values();
  values.clusters[0].groups[1].pod.spot = true;
  const auto month = price_month(values, table(), kWork);
  ASSERT_TRUE(month);
  EXPECT_NEAR(month->clusters[0].scaled_usd, 3 * 0.6 + 8 * 0.15, 1e-9);
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
  EXPECT_NE(month.error().message.find("no price for tpu-v9, want one of autopilot-vcpu"),
            std::string::npos);
}

TEST(Price, NamesTheLineOfABadTable) {
  const std::string header = "sku,region,unit,on_demand_usd,spot_usd,as_of,source\n";
  for (const auto& [row, said] :
       {std::pair("a,r,h,cheap,,2026-09-01,s\n", "p.csv: line 2 (a): on_demand_usd is no price"),
        {"a,r,h,1,,yesterday,s\n", "want a date like 2026-09-01"},
        {"a,r,h,1,,2026-02-30,s\n", "want a date like 2026-09-01"},
        {"a,r,h,1,-0.01,2026-09-01,s\n", "spot_usd is no price"},
        {"a,r,h,-0.01,,2026-09-01,s\n", "on_demand_usd is no price"},
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

}  // namespace
}  // namespace lido::cluster
