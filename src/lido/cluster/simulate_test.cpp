// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lido::cluster {
namespace {

Values one_cluster(int pods, int cpus) {
  RayClusterValues data{.name = "data", .enabled = true, .idle_timeout_s = 20};
  data.groups = {{.name = "driver", .max = 1, .drivers = 1},
                 {.name = "cpu", .pod = {.cpu = double(cpus)}, .max = pods, .cpus = cpus}};
  return {.name = "pool-a", .suspend_after_min = 1, .clusters = {data}};
}

Workload of(Work work) {
  work.name = "w";
  work.cluster = "data";
  work.group = "cpu";
  return {.work = {work}};
}

Timings timings() {
  return {.decide_s = 1,
          .pod_start_s = 2,
          .driver_s = 3,
          .overhead_s = 0,
          .end_s = 1,
          .idle_slack_s = 0,
          .head_start_s = 10,
          .node_start_s = 100,
          .warm_nodes = 10,
          .spot_losses_per_hour = 0,
          .workers_ahead = 0};
}

TEST(Simulate, MatchesATimelineByHand) {
  const auto runs =
      simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), timings());
  ASSERT_TRUE(runs);
  const ClusterRun& run = runs->at(0);
  // Head 10, decision 1, pod 2, driver 3: requests a worker at 16 (decision 1), ready at 18.
  EXPECT_DOUBLE_EQ(run.first_worker_s, 18);
  EXPECT_DOUBLE_EQ(run.first_span.max_s, 18);
  // Two rounds of 10 on two CPUs, and the end.
  EXPECT_DOUBLE_EQ(run.end_s, 39);
  // The worker idles from 38 for 20 s; the driver's pod from 39.
  EXPECT_DOUBLE_EQ(run.scale_down_s, 58 - 39);
  EXPECT_DOUBLE_EQ(run.groups.at(1).pod_hours, (58 - 16) / 3600.0);
  EXPECT_DOUBLE_EQ(run.groups.at(1).busy_share, 40 / (2.0 * (58 - 16)));
  EXPECT_DOUBLE_EQ(run.groups.at(0).pod_hours, (59 - 11) / 3600.0);
  // Suspended a minute after the last job's end.
  EXPECT_DOUBLE_EQ(run.head_hours, 99 / 3600.0);
}

TEST(Simulate, StartsAnEarlyWorkerBesideTheDriver) {
  Timings ahead = timings();
  ahead.workers_ahead = 1;
  const auto runs = simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), ahead);
  const ClusterRun& run = runs->at(0);
  // Head 10, decision 1, pods 2 for both; the first span starts 3 later, with the driver.
  EXPECT_DOUBLE_EQ(run.first_worker_s, 13);
  EXPECT_DOUBLE_EQ(run.first_span.max_s, 16);
  EXPECT_DOUBLE_EQ(run.end_s, 37);
  // While a worker has a free CPU, jobs request no further worker.
  const auto two = simulate(one_cluster(4, 2), of({.jobs = 2, .spans = 1, .span_s = 10}), ahead);
  EXPECT_EQ(two->at(0).groups.at(1).max_pods, 1);
}

TEST(Simulate, AddsTheStartOfColdNodes) {
  Timings cold = timings();
  cold.warm_nodes = 0;
  const auto runs = simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), cold);
  // One start for the driver's node, one for the worker's.
  EXPECT_DOUBLE_EQ(runs->at(0).end_s, 39 + 200);
}

TEST(Simulate, RunsJobsOneByOneWithOneDriver) {
  const auto runs =
      simulate(one_cluster(4, 1), of({.jobs = 3, .spans = 1, .span_s = 10}), timings());
  const ClusterRun& run = runs->at(0);
  EXPECT_EQ(run.jobs, 3);
  EXPECT_EQ(run.groups.at(0).max_pods, 1);
  EXPECT_EQ(run.groups.at(1).max_pods, 1);  // one job at a time has one span
  // The first job takes 29; each later job has a worker, and waits only for its driver's start.
  EXPECT_DOUBLE_EQ(run.end_s, 29 + 2 * (3 + 10 + 1));
}

TEST(Simulate, RunsDriversOnTheGroupThatOffersThem) {
  Values values = one_cluster(4, 1);
  values.clusters[0].groups[0].name = "conductor";
  const Workload work = of({.jobs = 3, .spans = 1, .span_s = 10});
  EXPECT_EQ(simulate(values, work, timings())->at(0).groups.at(0).max_pods, 1);
  // With two drivers per pod, the second job starts beside the first, and the third after them.
  values.clusters[0].groups[0].drivers = 2;
  const auto two = simulate(values, work, timings());
  EXPECT_EQ(two->at(0).groups.at(0).max_pods, 1);
  EXPECT_DOUBLE_EQ(two->at(0).end_s, 29 + (3 + 10 + 1));
}

TEST(Simulate, RetriesTheSpansOfALostSpotNode) {
  Values values = one_cluster(8, 2);
  values.clusters[0].groups[1].pod.spot = true;
  Timings lossy = timings();
  lossy.spot_losses_per_hour = 6;
  const auto runs = simulate(
      values, of({.jobs = 5, .to_h = 1, .spans = 200, .span_s = 60, .spread = 0.5}), lossy);
  const ClusterRun& run = runs->at(0);
  EXPECT_EQ(run.jobs, 5);
  EXPECT_EQ(run.spans, 1000);
  EXPECT_GT(run.spans_retried, 0);
  EXPECT_GT(run.groups.at(1).spot_losses, 0);
  EXPECT_EQ(run.groups.at(1).max_pods, 8);
  EXPECT_EQ(run.groups.at(0).spot_losses, 0);
}

TEST(Simulate, RepeatsItselfForTheSameSeed) {
  const Workload work = of({.jobs = 50, .to_h = 5, .spans = 30, .span_s = 20, .spread = 1});
  Timings first = timings(), second = timings(), other = timings();
  other.seed = 2;
  const auto a = simulate(one_cluster(5, 4), work, first)->at(0);
  const auto b = simulate(one_cluster(5, 4), work, second)->at(0);
  const auto c = simulate(one_cluster(5, 4), work, other)->at(0);
  EXPECT_EQ(a.end_s, b.end_s);
  EXPECT_EQ(a.events, b.events);
  EXPECT_NE(a.end_s, c.end_s);
}

TEST(Simulate, KeepsTheMinimumOfAGroupAndEnds) {
  Values values = one_cluster(4, 1);
  values.clusters[0].groups[1].min = 2;
  values.clusters[0].groups[1].pod.spot = true;
  Timings lossy = timings();
  lossy.spot_losses_per_hour = 30;
  const auto runs = simulate(values, of({.jobs = 1, .spans = 1, .span_s = 1}), lossy);
  EXPECT_EQ(runs->at(0).jobs, 1);
  EXPECT_GE(runs->at(0).groups.at(1).max_pods, 2);
}

TEST(Simulate, FinishesAllSpansOfRandomClusters) {
  for (int seed = 0; seed < 200; ++seed) {
    Values values = one_cluster(1 + seed % 7, 1 + seed % 3);
    values.clusters[0].groups[0].max = 1 + seed % 3;
    values.clusters[0].groups[1].pod.spot = seed % 2 == 0;
    values.suspend_after_min = seed % 5;
    if (seed % 11 == 0) values.clusters[0].groups.erase(values.clusters[0].groups.begin());
    Timings random = timings();
    random.seed = seed;
    random.spot_losses_per_hour = seed % 4 * 3;
    random.warm_nodes = seed % 3;
    random.node_keep_s = seed * 10 % 300;
    const auto runs = simulate(values,
                               of({.jobs = 1 + seed % 20,
                                   .to_h = seed % 13 / 2.0,
                                   .spans = 1 + seed % 17,
                                   .span_s = 1.0 + seed % 90,
                                   .spread = seed % 4 / 2.0}),
                               random);
    const ClusterRun& run = runs->at(0);
    EXPECT_EQ(run.jobs, 1 + seed % 20) << seed;
    EXPECT_EQ(run.spans, run.jobs * (1 + seed % 17)) << seed;
    EXPECT_LE(run.steps.size(), 600u);
    for (const GroupRun& group : run.groups) {
      EXPECT_LE(group.busy_share, 1 + 1e-9) << seed;
      EXPECT_LE(group.max_pods, group.name == "driver" ? 1 + seed % 3 : 1 + seed % 7) << seed;
    }
  }
}

TEST(Simulate, RecordsThePodsOfEachStep) {
  const auto runs =
      simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), timings());
  const ClusterRun& run = runs->at(0);
  double pod_s = 0, paid_h = 0;
  for (const ClusterRun::Step& step : run.steps) {
    EXPECT_LE(step.mean_pods, step.pods + 1e-9);
    pod_s += step.mean_pods * run.step_s;
  }
  for (const GroupRun& group : run.groups) paid_h += group.pod_hours;
  // The means of the steps hold the same pod-hours as the groups.
  EXPECT_NEAR(pod_s, paid_h * 3600, 1e-6);
  const auto most = std::ranges::max(run.steps, {}, &ClusterRun::Step::pods);
  EXPECT_EQ(most.pods, 2);
}

TEST(Simulate, KeepsPodHoursWhenStepsAreJoined) {
  const auto runs = simulate(one_cluster(6, 2),
                             of({.jobs = 40, .to_h = 30, .spans = 20, .span_s = 60}), timings());
  const ClusterRun& run = runs->at(0);
  EXPECT_GT(run.step_s, 1);
  double pod_s = 0, paid_h = 0;
  for (const ClusterRun::Step& step : run.steps) pod_s += step.mean_pods * run.step_s;
  for (const GroupRun& group : run.groups) paid_h += group.pod_hours;
  EXPECT_NEAR(pod_s / 3600, paid_h, 1e-6 * paid_h);
}

TEST(Simulate, RefusesTimingsOutOfRange) {
  Timings bad = timings();
  bad.pod_start_s = -1;
  const auto runs = simulate(one_cluster(1, 1), of({.jobs = 1, .spans = 1, .span_s = 1}), bad);
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().message, "pod_start_s is -1, want 0 to 3600");
}

}  // namespace
}  // namespace lido::cluster
