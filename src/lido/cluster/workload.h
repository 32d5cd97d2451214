// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/cluster/values.h"

namespace lido::cluster {

/// Jobs of one kind. A job has a driver, and spans that a group's CPUs process one at a time.
struct Work {
  std::string name;
  std::string cluster;
  std::string group;  ///< Worker group of the cluster that processes the spans.
  int64_t jobs = 0;
  double from_h = 0;  ///< Jobs arrive at random from this hour on.
  double to_h = 0;    ///< End of the arrivals; from_h for all at once.
  int64_t spans = 0;  ///< Spans per job.
  double span_s = 0;  ///< Median duration of a span on one CPU.
  double spread = 0;  ///< Standard deviation of the natural logarithm of a span's duration.
};

/// A workload file.
struct Workload {
  std::vector<Work> work;

  double jobs() const;   ///< Sum over all work.
  double spans() const;  ///< Sum over all work.
};

/// Reads a workload file.
/// @param file  File name for errors.
/// @param values  Clusters and groups that the file may name.
/// @return kInvalidArgument, with file and line, for an unknown key, cluster or group, or a value
///         out of range.
Result<Workload> read_workload(std::string_view text, const std::string& file,
                               const Values& values);

/// Returns an example of a workload file: ten terabytes and a million small clips in a month.
std::string initial_workload();

}  // namespace lido::cluster
