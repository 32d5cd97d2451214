// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <functional>

namespace lido::ingest {

/// How supervise() treats its child process.
struct SuperviseOptions {
  /// Signal that the child gets when this process gets SIGTERM.
  int stop_signal = SIGTERM;
  /// Called around fork(): before it, and after it in both processes. For interpreters.
  std::function<void()> before_fork = [] {};
  std::function<void()> after_fork_in_parent = [] {};
  std::function<void()> after_fork_in_child = [] {};
};

/// Runs `work` in a child process, and again after a signal took the child down in the middle of a
/// Step. Failures of steps are counted, and steps that fail too often are not tried again, so the
/// repetition ends. The child dies with its parent. SIGINT and SIGTERM reach the child once.
///
/// Call before the first thread begins and before a store is opened.
///
/// @param work  Returns the exit code. With `careful`, `work` should use one worker, so that a
///              process that was killed from outside was doing exactly one step.
/// @return The exit code of `work`, or 128 + signal.
int supervise(const std::function<int(bool careful)>& work, const SuperviseOptions& options = {});

}  // namespace lido::ingest
