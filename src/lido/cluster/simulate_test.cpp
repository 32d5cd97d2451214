// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/simulate.h"

#include <gtest/gtest.h>

namespace lido::cluster {
namespace {

Values one_cluster(int pods, int cpus) {
  RayClusterValues data{.name = "data", .enabled = true, .idle_timeout_s = 20};
  data.groups = {{.name = "driver", .max = 1},
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
          .span_s = 0,
          .end_s = 1,
          .idle_slack_s = 0,
          .head_start_s = 10,
          .node_start_s = 100,
          .warm_nodes = 10,
          .spot_losses_per_hour = 0,
          .workers_ahead = 0};
}

TEST(Simulate, IsWhatPaperSays) {
  const auto runs =
      simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), timings());
  ASSERT_TRUE(runs);
  const ClusterRun& run = runs->at(0);
  // Head 10, decision 1, pod 2, driver 3: asks for a worker at 16, which is there at 18.
  EXPECT_DOUBLE_EQ(run.first_worker_s, 18);
  EXPECT_DOUBLE_EQ(run.first_span.most_s, 18);
  // Two rounds of 10 on two CPUs, and the end.
  EXPECT_DOUBLE_EQ(run.end_s, 39);
  // The worker idles from 38 for 20 s; the driver's pod from 39.
  EXPECT_DOUBLE_EQ(run.zero_s, 58 - 39);
  EXPECT_DOUBLE_EQ(run.groups.at(1).pod_hours, (58 - 16) / 3600.0);
  EXPECT_DOUBLE_EQ(run.groups.at(1).busy_share, 40 / (2.0 * (58 - 16)));
  EXPECT_DOUBLE_EQ(run.groups.at(0).pod_hours, (59 - 11) / 3600.0);
  // Suspended a minute after the last job's end.
  EXPECT_DOUBLE_EQ(run.head_hours, 99 / 3600.0);
}

TEST(Simulate, AWorkerThatIsAskedForAheadStartsBesideTheDriver) {
  Timings ahead = timings();
  ahead.workers_ahead = 1;
  const auto runs = simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), ahead);
  const ClusterRun& run = runs->at(0);
  // Head 10, decision 1, pods 2 for both; the driver says what to do 3 later.
  EXPECT_DOUBLE_EQ(run.first_worker_s, 13);
  EXPECT_DOUBLE_EQ(run.first_span.most_s, 16);
  EXPECT_DOUBLE_EQ(run.end_s, 37);
  // With a worker there, nothing more is asked for.
  const auto two = simulate(one_cluster(4, 2), of({.jobs = 2, .spans = 1, .span_s = 10}), ahead);
  EXPECT_EQ(two->at(0).groups.at(1).most_pods, 1);
}

TEST(Simulate, AColdNodeCostsItsStart) {
  Timings cold = timings();
  cold.warm_nodes = 0;
  const auto runs = simulate(one_cluster(1, 2), of({.jobs = 1, .spans = 4, .span_s = 10}), cold);
  // Once for the driver's, once for the worker's.
  EXPECT_DOUBLE_EQ(runs->at(0).end_s, 39 + 200);
}

TEST(Simulate, JobsWaitForADriver) {
  const auto runs =
      simulate(one_cluster(4, 1), of({.jobs = 3, .spans = 1, .span_s = 10}), timings());
  const ClusterRun& run = runs->at(0);
  EXPECT_EQ(run.jobs, 3);
  EXPECT_EQ(run.groups.at(0).most_pods, 1);
  EXPECT_EQ(run.groups.at(1).most_pods, 1);  // one job at a time has one span
  // The first as ever; each later one has a worker, and waits for its driver's start alone.
  EXPECT_DOUBLE_EQ(run.end_s, 29 + 2 * (3 + 10 + 1));
}

TEST(Simulate, WhatASpotNodeLosesIsDoneAgain) {
  Values values = one_cluster(8, 2);
  values.clusters[0].groups[1].pod.spot = true;
  Timings lossy = timings();
  lossy.spot_losses_per_hour = 6;
  const auto runs = simulate(
      values, of({.jobs = 5, .to_h = 1, .spans = 200, .span_s = 60, .spread = 0.5}), lossy);
  const ClusterRun& run = runs->at(0);
  EXPECT_EQ(run.jobs, 5);
  EXPECT_EQ(run.spans, 1000);
  EXPECT_GT(run.spans_again, 0);
  EXPECT_GT(run.groups.at(1).spot_losses, 0);
  EXPECT_EQ(run.groups.at(1).most_pods, 8);
  EXPECT_EQ(run.groups.at(0).spot_losses, 0);
}

TEST(Simulate, TheSameSeedGivesTheSame) {
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

TEST(Simulate, GroupsKeepTheirLeastAndItEnds) {
  Values values = one_cluster(4, 1);
  values.clusters[0].groups[1].min = 2;
  values.clusters[0].groups[1].pod.spot = true;
  Timings lossy = timings();
  lossy.spot_losses_per_hour = 30;
  const auto runs = simulate(values, of({.jobs = 1, .spans = 1, .span_s = 1}), lossy);
  EXPECT_EQ(runs->at(0).jobs, 1);
  EXPECT_GE(runs->at(0).groups.at(1).most_pods, 2);
}

TEST(Simulate, NothingIsLostAmongRandomClusters) {
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
      EXPECT_LE(group.most_pods, group.name == "driver" ? 1 + seed % 3 : 1 + seed % 7) << seed;
    }
  }
}

TEST(Workload, SaysWhereItIsWrong) {
  const Values values = one_cluster(4, 2);
  const auto error = [&](std::string_view text) {
    const auto read = read_workload(text, "w.yaml", values);
    return read ? std::string("read") : read.error().message;
  };
  const std::string good =
      "work:\n  - {name: a, cluster: data, group: cpu, jobs: 3, spanSeconds: 2}\n";
  EXPECT_EQ(error(good), "read");
  EXPECT_EQ(error("work: []"), "w.yaml: no work");
  EXPECT_EQ(error("- a"), "w.yaml:1: it is a list, want a map");
  EXPECT_EQ(error("work:\n  - {name: a, cluster: lab, group: cpu, jobs: 3, spanSeconds: 2}\n"),
            "w.yaml:2: work.0.cluster is lab, want an enabled cluster");
  EXPECT_EQ(error("work:\n  - {name: a, cluster: data, group: driver, jobs: 3, spanSeconds: 2}\n"),
            "w.yaml:2: work.0.group is driver, want a group of workers of that cluster");
  EXPECT_EQ(error("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1.5, spanSeconds: 2}\n"),
            "w.yaml:2: work.0.jobs is 1.5, want a whole number, 1 to 100000000");
  EXPECT_EQ(
      error("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1, spanSecond: 2}\n"),
      "w.yaml:2: work.0.spanSecond is not known here, want one of name, cluster, group, jobs, "
      "fromHour, toHour, spans, spanSeconds, spread");
  EXPECT_EQ(error("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1000000, spans: 1000, "
                  "spanSeconds: 2}\n"),
            "w.yaml:2: work.0.jobs is 1000000, want 100000000 spans at most");
  EXPECT_EQ(
      error("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1, fromHour: 3, toHour: 2, "
            "spanSeconds: 2}\n"),
      "w.yaml:2: work.0.toHour is 2, want a number, 3 to 8760");
}

TEST(Workload, TheExampleIsTenTerabytesAndAMillionClips) {
  const auto workload = read_workload(initial_workload(), "example", one_cluster(50, 4));
  ASSERT_TRUE(workload) << workload.error().message;
  EXPECT_EQ(workload->work[1].jobs * workload->work[1].spans, 1'000'000);
  // At 240 CPU-hours a terabyte.
  const Work& raw = workload->work[0];
  EXPECT_NEAR(static_cast<double>(raw.jobs * raw.spans) * raw.span_s / 3600, 2400, 24);
}

}  // namespace
}  // namespace lido::cluster
