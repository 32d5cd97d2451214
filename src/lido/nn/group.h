// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::nn {

/// Which of a run's workers this process is, and where they meet. Worker 0 listens.
struct Rendezvous {
  int rank = 0;         ///< Number of this worker, from 0.
  int workers = 1;      ///< 1 or more; with 1 the rest is not used.
  std::string host;     ///< Name or address of worker 0's machine.
  int port = 0;         ///< Port of worker 0.
  int listen_fd = -1;   ///< Worker 0: a socket that listens at the port; -1: open one.
  std::string attempt;  ///< Equal for all workers, and new each time that they start.
  /// Time for which a worker waits for the others to start.
  std::chrono::milliseconds start_timeout = std::chrono::minutes(5);
  /// Time for which a worker waits for another one in a collective: as long as a hung one is
  /// unnoticed.
  std::chrono::milliseconds timeout = std::chrono::seconds(50);
};

/// The workers of a run, which compute one sum together. Every worker calls the same functions in
/// the same order. Gloo sends the values over TCP; a single worker sends nothing.
///
/// A worker that ends or hangs makes the calls of the others fail with kUnavailable, at once or
/// after the timeout. Not thread-safe.
class Group {
 public:
  /// Waits for all workers. @return kUnavailable when one does not come; kInvalidArgument for a
  /// rank outside 0 to workers - 1.
  static Result<Group> join(const Rendezvous& rendezvous);
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;
  ~Group();

  int rank() const;
  int workers() const;
  /// Whether this worker is the one that writes.
  bool is_first() const { return rank() == 0; }

  /// Returns every worker's values, by rank. @param own  As many in each worker.
  Result<std::vector<std::vector<double>>> gather(std::span<const double> own);

  /// Adds vectors of equal lengths, from the first to the last: the bits of the sum do not depend
  /// on the number of workers.
  /// @param own    This worker's vectors: those whose number modulo workers() is rank(), ascending.
  /// @param count  Vectors of all workers, 1 or more.
  Result<std::vector<float>> sum(const std::vector<std::vector<float>>& own, int count);

  /// Runs `work` in worker 0 while the others wait, for as long as worker 0 is alive.
  /// @return Worker 0: the result of `work`, or kUnavailable. Others: kUnavailable when it failed.
  Result<void> in_first(const std::function<Result<void>()>& work);

 private:
  struct State;
  explicit Group(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::nn
