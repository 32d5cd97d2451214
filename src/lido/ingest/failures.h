// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lido/part/part_file.h"

namespace lido::ingest {

/// Failed attempts at a step before the step is done alone, beside no other.
inline constexpr int kFailuresUntilAlone = 2;
/// Failed attempts at a step before its clip is rejected.
inline constexpr int kFailuresUntilRejected = 3;
/// Nodes that died during a step before the step is done alone. Nodes die for other reasons too, so
/// the bounds are higher.
inline constexpr int kNodeDeathsUntilAlone = 6;
/// Nodes that died during a step before its clip is rejected.
inline constexpr int kNodeDeathsUntilRejected = 8;

/// Failed attempts at one step of a run.
struct Failures {
  int crashes = 0;      ///< The process crashed or hung in this step.
  int kills = 0;        ///< The process was killed from outside, for example for lack of memory.
  int node_deaths = 0;  ///< The process died with its machine.

  /// Whether the step should be done while its process does nothing else.
  bool needs_care() const {
    return crashes + kills >= kFailuresUntilAlone || node_deaths >= kNodeDeathsUntilAlone;
  }
  /// The failure of the clip when the step must not be tried again in this run; else empty. Only
  /// crashes prove that the clip is the cause.
  std::optional<part::Failure> verdict() const;
};

}  // namespace lido::ingest
