// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lido/cluster/jobs.h"
#include "lido/cluster/kube.h"
#include "lido/cluster/log_reader.h"
#include "target_options.h"

namespace lido::cli {

/// Connection to a Ray cluster. Not thread-safe.
struct Target {
  TargetOptions options;
  std::optional<cluster::Kube::Forward> forward;  ///< Keeps the port open; empty for https://.
  cluster::JobsApi api;

  /// Connects anew: with a new forwarded port, and a new token.
  /// @return Errors of connect_to().
  Result<void> reconnect();
  /// Reads the output of the program that forwards the port, which would wait otherwise.
  /// @return False when that program has ended.
  bool keep_forward();
};

/// Connects to a cluster, and checks the version of its Ray.
/// @return kInvalidArgument for a bad name, token or version; kNotFound when there is no such
///         cluster or no kubectl; kUnavailable when the cluster does not answer.
Result<Target> connect_to(const TargetOptions& options);

/// State of a job, and what its log gained.
struct JobUpdate {
  cluster::Job job;
  std::string lines;     ///< New lines of the log.
  bool has_gap = false;  ///< Whether lines before `lines` were left out.
};

/// Follows a job to its end, also through lost connections, expired tokens and restarted heads.
/// Fetches only the end of the log. Not thread-safe.
class JobFollower {
 public:
  /// @param from_beginning  Whether the first update has the whole log so far; its end otherwise.
  JobFollower(Target& target, std::string id, bool from_beginning)
      : target_(target), id_(std::move(id)), from_beginning_(from_beginning) {}

  /// Asks once. After a failure, connects anew and waits longer each time.
  /// @return Empty when the cluster did not answer this time; kUnavailable, with the way to follow
  ///         the job later, when the cluster has not answered for five minutes; kNotFound when the
  ///         cluster has no such job; kInvalidArgument when a new token is refused too.
  Result<std::optional<JobUpdate>> poll();

 private:
  using Clock = std::chrono::steady_clock;

  Result<JobUpdate> ask();
  Result<JobUpdate> read_log(cluster::Job job);
  Result<JobUpdate> read_whole_log(cluster::Job job);
  std::unexpected<Error> lost(const Error& reason) const;

  Target& target_;
  std::string id_;
  bool from_beginning_;
  cluster::LogReader log_;
  int failures_ = 0;  ///< Since the last answer.
  Clock::time_point last_answer_ = Clock::now();
  Clock::time_point next_whole_log_;  ///< A server without the ends of logs is asked rarely.
};

}  // namespace lido::cli
