// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/cluster/values.h"

namespace lido::cluster {

/// Jobs of one kind: each a driver, and spans that a group's CPUs do one at a time.
struct Work {
  std::string name;
  std::string cluster;
  std::string group;
  int64_t jobs = 0;
  double from_h = 0;  ///< They arrive at random between these hours.
  double to_h = 0;
  int64_t spans = 0;  ///< Of one job.
  double span_s = 0;  ///< Median, on one CPU.
  double spread = 0;  ///< Standard deviation of its natural logarithm.
};

/// What a workload file says.
struct Workload {
  std::vector<Work> work;

  double jobs() const;
  double spans() const;
};

/// Reads a workload file against the clusters that it names.
/// @param file  Named in errors.
/// @return kInvalidArgument with file and line.
Result<Workload> read_workload(std::string_view text, const std::string& file,
                               const Values& values);

/// A workload file to begin with: ten terabytes and a million small clips in a month.
std::string initial_workload();

}  // namespace lido::cluster
