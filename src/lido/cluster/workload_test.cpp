// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/workload.h"

#include <gtest/gtest.h>

namespace lido::cluster {
namespace {

const Values kValues{.clusters = {{.name = "data",
                                   .enabled = true,
                                   .groups = {{.name = "driver", .drivers = 1},
                                              {.name = "cpu", .max = 4, .cpus = 2}}}}};

TEST(Workload, CountsJobsAndSpans) {
  const auto workload = read_workload(
      "work:\n  - {name: a, cluster: data, group: cpu, jobs: 3, spans: 5, spanSeconds: 2}\n"
      "  - {name: b, cluster: data, group: cpu, jobs: 2, fromHour: 1, spanSeconds: 2}\n",
      "w.yaml", kValues);
  ASSERT_TRUE(workload) << workload.error().message;
  EXPECT_EQ(workload->jobs(), 5);
  EXPECT_EQ(workload->spans(), 17);
  // Without toHour all jobs arrive at once.
  EXPECT_EQ(workload->work[1].from_h, 1);
  EXPECT_EQ(workload->work[1].to_h, 1);
}

TEST(Workload, NamesTheLineOfAnError) {
  const auto error_of = [&](std::string_view text) {
    const auto read = read_workload(text, "w.yaml", kValues);
    return read ? std::string("read") : read.error().message;
  };
  const std::string good =
      "work:\n  - {name: a, cluster: data, group: cpu, jobs: 3, spanSeconds: 2}\n";
  EXPECT_EQ(error_of(good), "read");
  EXPECT_EQ(error_of("work: []"), "w.yaml: the list of work is empty, want one entry or more");
  EXPECT_EQ(error_of("- a"), "w.yaml:1: the file is a list, want a map");
  EXPECT_EQ(error_of("work:\n  - {name: a, cluster: lab, group: cpu, jobs: 3, spanSeconds: 2}\n"),
            "w.yaml:2: work.0.cluster is lab, want a cluster that is enabled and not suspended");
  EXPECT_EQ(
      error_of("work:\n  - {name: a, cluster: data, group: driver, jobs: 3, spanSeconds: 2}\n"),
      "w.yaml:2: work.0.group is driver, want a worker group of that cluster");
  EXPECT_EQ(
      error_of("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1.5, spanSeconds: 2}\n"),
      "w.yaml:2: work.0.jobs is 1.5, want a whole number, 1 to 100000000");
  EXPECT_EQ(
      error_of("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1, spanSecond: 2}\n"),
      "w.yaml:2: work.0.spanSecond is not known here, want one of name, cluster, group, jobs, "
      "fromHour, toHour, spans, spanSeconds, spread");
  EXPECT_EQ(error_of("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1000000, spans: 1000, "
                     "spanSeconds: 2}\n"),
            "w.yaml:2: work.0.jobs is 1000000, want 100000000 spans at most");
  EXPECT_EQ(
      error_of("work:\n  - {name: a, cluster: data, group: cpu, jobs: 1, fromHour: 3, toHour: 2, "
               "spanSeconds: 2}\n"),
      "w.yaml:2: work.0.toHour is 2, want a number, 3 to 8760");
}

TEST(Workload, HasAnExampleOfTenTerabytesAndAMillionClips) {
  const auto workload = read_workload(initial_workload(), "example", kValues);
  ASSERT_TRUE(workload) << workload.error().message;
  EXPECT_EQ(workload->work[1].jobs * workload->work[1].spans, 1'000'000);
  // At 240 CPU-hours a terabyte.
  const Work& raw = workload->work[0];
  EXPECT_NEAR(static_cast<double>(raw.jobs * raw.spans) * raw.span_s / 3600, 2400, 24);
}

}  // namespace
}  // namespace lido::cluster
