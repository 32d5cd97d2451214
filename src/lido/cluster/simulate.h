// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lido/base/options.h"
#include "lido/cluster/values.h"
#include "lido/cluster/workload.h"

namespace lido::cluster {

/// How long things take that are not the work itself.
struct Timings {
  double decide_s = 2.1;
  double pod_start_s = 9.2;
  double driver_s = 0.6;
  double span_s = 0.004;
  double end_s = 1.2;
  double idle_slack_s = 2.0;
  double head_start_s = 12;
  double node_start_s = 75;
  double node_keep_s = 600;
  int warm_nodes = 0;
  double spot_losses_per_hour = 0.03;
  int workers_ahead = 1;
  double seed = 1;

  /// From work that waits to a worker that takes it, where there is no node yet.
  double worker_start_s() const { return decide_s + node_start_s + pod_start_s; }

  static void fields(auto& self, auto&& visit) {
    visit("decide_s", self.decide_s, Within{0.1, 600},
          "From work that waits to the autoscaler's asking for pods (measured)");
    visit("pod_start_s", self.pod_start_s, Within{0, 3600},
          "From asking for a pod to its joining Ray, on a node that has the image (measured)");
    visit("driver_s", self.driver_s, Within{0, 3600},
          "From a job's place on a driver pod to its first span (measured)");
    visit("overhead_s", self.span_s, Within{0, 60}, "Ray's own time for each span (measured)");
    visit("end_s", self.end_s, Within{0, 3600}, "From a job's last span to its end (measured)");
    visit("idle_slack_s", self.idle_slack_s, Within{0, 600},
          "From a pod's idle timeout to its being gone (measured)");
    visit("head_start_s", self.head_start_s, Within{0, 3600},
          "A suspended cluster's head, until it takes jobs (measured)");
    visit("node_start_s", self.node_start_s, Within{0, 3600},
          "A new node for a pod, image pulled (an assumption: the cloud's)");
    visit("node_keep_s", self.node_keep_s, Within{0, 86400},
          "How long an empty node is kept (an assumption: the cloud's)");
    visit("warm_nodes", self.warm_nodes, Within{0, 100000},
          "Nodes a group finds when it begins, a pod on each");
    visit("spot_losses_per_hour", self.spot_losses_per_hour, Within{0, 60},
          "How often a spot pod's node is taken away (an assumption: the cloud's)");
    visit("workers_ahead", self.workers_ahead, Within{0, 1},
          "Workers that a job asks for as it arrives, before its driver does: lido ingest --on "
          "k8s: asks for one");
    visit("seed", self.seed, Within{0, 1e9}, "Of all that is random");
  }
};

/// Middle, 95% and most of many durations, seconds.
struct Spread {
  double median_s = 0, most95_s = 0, most_s = 0;
};

/// What became of one group's pods.
struct GroupRun {
  std::string name;
  int most_pods = 0;
  double pod_hours = 0;   ///< From being asked for to being gone.
  double busy_share = 0;  ///< Of these pods' CPUs while paid for.
  int64_t spot_losses = 0;
};

/// What became of one cluster's work.
struct ClusterRun {
  std::string name;
  int64_t jobs = 0;
  int64_t spans = 0;
  int64_t spans_again = 0;    ///< Lost with a spot node, and done again.
  Spread first_span;          ///< From a job's arrival to its first span's begin.
  Spread turnaround;          ///< From its arrival to its end.
  double first_worker_s = 0;  ///< From the first arrival to the first worker that is ready.
  double all_workers_s = 0;   ///< To the most workers that are ever ready.
  double end_s = 0;           ///< To the last job's end.
  double zero_s = 0;          ///< From there to the last worker's being gone.
  double head_hours = 0;
  std::vector<GroupRun> groups;
  /// Along time, alike steps: most in each.
  struct Step {
    int pods = 0;
    int64_t waiting = 0;  ///< Spans without a CPU.
    int drivers = 0;      ///< Jobs without a driver pod.
  };
  double step_s = 0;
  std::vector<Step> steps;
  int64_t events = 0;
};

/// Discrete events over a values file: arrivals, drivers, queues, autoscaler, cold starts, spot
/// losses, idle timeouts, suspension. Pure: the same arguments give the same result.
/// @return kInvalidArgument for timings out of range.
Result<std::vector<ClusterRun>> simulate(const Values& values, const Workload& workload,
                                         const Timings& timings);

}  // namespace lido::cluster
