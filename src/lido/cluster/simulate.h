// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lido/base/options.h"
#include "lido/cluster/values.h"
#include "lido/cluster/workload.h"

namespace lido::cluster {

/// Overheads of a cluster: scheduling, pod start, job start and end, spot losses.
struct Timings {
  double decide_s = 2.1;
  double pod_start_s = 9.2;
  double driver_s = 0.6;
  double overhead_s = 0.004;
  double end_s = 1.2;
  double idle_slack_s = 2.0;
  double head_start_s = 12;
  double node_start_s = 75;
  double node_keep_s = 600;
  int warm_nodes = 0;
  double spot_losses_per_hour = 0.03;
  int workers_ahead = 1;
  int64_t seed = 1;

  /// Returns the time from a waiting span to a ready worker when no node is free, seconds.
  double worker_start_s() const { return decide_s + node_start_s + pod_start_s; }

  static void fields(auto& self, auto&& visit) {
    visit("decide_s", self.decide_s, Within{0.1, 600},
          "Seconds from a waiting span to the autoscaler's request for pods (measured)");
    visit("pod_start_s", self.pod_start_s, Within{0, 3600},
          "Seconds from the request for a pod to a ready Ray worker, on a node that has the image "
          "(measured)");
    visit("driver_s", self.driver_s, Within{0, 3600},
          "Seconds from a job's start on a driver pod to the job's first span (measured)");
    visit("overhead_s", self.overhead_s, Within{0, 60},
          "Seconds that Ray adds to each span (measured)");
    visit("end_s", self.end_s, Within{0, 3600},
          "Seconds from a job's last span to the job's end (measured)");
    visit("idle_slack_s", self.idle_slack_s, Within{0, 600},
          "Seconds from a pod's idle timeout to the pod's removal (measured)");
    visit("head_start_s", self.head_start_s, Within{0, 3600},
          "Seconds until the head of a suspended cluster accepts jobs (measured)");
    visit("node_start_s", self.node_start_s, Within{0, 3600},
          "Seconds until a new node is ready, with the image pulled (assumed; depends on the "
          "cloud)");
    visit("node_keep_s", self.node_keep_s, Within{0, 86400},
          "Seconds that the cloud keeps an empty node (assumed; depends on the cloud)");
    visit("warm_nodes", self.warm_nodes, Within{0, 100000},
          "Nodes that each group has at the start; a node holds one pod");
    visit("spot_losses_per_hour", self.spot_losses_per_hour, Within{0, 60},
          "Reclaims of a spot pod's node per hour (assumed; depends on the cloud)");
    visit("workers_ahead", self.workers_ahead, Within{0, 1},
          "Workers that a job requests on arrival, before its driver runs; lido ingest --on k8s: "
          "requests one");
    visit("seed", self.seed, Within{0, 1e9}, "Seed of the random numbers");
  }
};

/// Distribution of durations, seconds; zero when there are none.
struct Durations {
  double median_s = 0;
  double p95_s = 0;
  double max_s = 0;
};

/// Simulated pods of one worker group.
struct GroupRun {
  std::string name;
  int max_pods = 0;       ///< Largest number of pods at one time.
  double pod_hours = 0;   ///< Sum over pods, from request to removal.
  double busy_share = 0;  ///< Share of the pods' CPU time that spans used, 0 to 1.
  int64_t spot_losses = 0;
};

/// Simulated work of one cluster. Times start at the arrival of the first job.
struct ClusterRun {
  std::string name;
  int64_t jobs = 0;
  int64_t spans = 0;
  int64_t spans_retried = 0;  ///< Spans lost with a spot node.
  Durations first_span;       ///< From a job's arrival to the start of its first span.
  Durations turnaround;       ///< From a job's arrival to its end.
  double first_worker_s = 0;  ///< Time of the first ready worker.
  double all_workers_s = 0;   ///< Time at which the most workers are ready.
  double end_s = 0;           ///< End of the last job.
  double scale_down_s = 0;    ///< From the end of the last job to the removal of the last worker.
  double head_hours = 0;      ///< Hours in which the head runs.
  std::vector<GroupRun> groups;
  /// Largest values within one step of time.
  struct Step {
    int pods = 0;
    int64_t waiting = 0;   ///< Spans without a CPU.
    int drivers = 0;       ///< Jobs without a driver pod.
    double mean_pods = 0;  ///< Mean over the step's time.
  };
  double step_s = 0;        ///< Length of a step.
  std::vector<Step> steps;  ///< At most 600.
  int64_t events = 0;       ///< Simulated events.
};

/// Simulates the enabled clusters of a values file under a workload, event by event: arrivals,
/// drivers, queues, autoscaler, cold starts, spot losses, idle timeouts, suspension.
///
/// Pure, so safe from any thread: the same arguments give the same result.
/// @param workload  Names only clusters and groups of `values`, as read_workload() ensures.
/// @return One run per cluster with jobs; kInvalidArgument for timings out of range.
Result<std::vector<ClusterRun>> simulate(const Values& values, const Workload& workload,
                                         const Timings& timings);

}  // namespace lido::cluster
