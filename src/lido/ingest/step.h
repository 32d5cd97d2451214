// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "lido/ingest/failures.h"

namespace lido::ingest {

/// Work on one clip that may crash or hang inside a codec.
enum class StepKind { kPlan, kSpan, kTrack, kLabel };

/// Marks the calling thread's work on a clip for as long as the object lives. When the process
/// crashes on this thread, is killed, or makes no progress in the step, the step is to blame. A
/// process has a fixed number of places for steps; further ones are not marked.
class Step {
 public:
  /// @param name       Distinguishes steps of one kind: the clip, or the span's part.
  /// @param clip       URI of the clip.
  /// @param note_path  File that a crash appends to; empty for none.
  Step(StepKind kind, std::string_view name, const std::string& clip,
       const std::string& note_path = {});
  ~Step();
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  /// Counter of the step's progress. Odd values mean that the step waits for storage, which has
  /// time limits of its own.
  std::atomic<int64_t>& heartbeat() const { return *heartbeat_; }

 private:
  void* place_ = nullptr;
  std::atomic<int64_t> unwatched_ = 0;
  std::atomic<int64_t>* heartbeat_ = &unwatched_;
};

/// The failed attempts at a step in this run, as the supervising process counted them.
Failures failures_of(StepKind kind, std::string_view name);

/// Ends this process with SIGKILL when a step makes no progress, after a line on standard error.
/// Thread-safe; further calls do nothing. A forked process needs a call of its own.
/// @param hang_s  Time without progress while the process runs, seconds.
void start_watchdog(double hang_s);

/// Installs handlers for the signals of a crash. They mark the step of the crashing thread, then
/// pass the signal on to the handlers that were there before. Lack of memory ends the process with
/// SIGKILL. Further calls do nothing.
void mark_steps_that_crash();

// For the supervising process.

/// Makes the places for steps in memory that child processes share. @return False when there is no
/// memory.
bool share_steps();

/// Steps of a child process that a signal ended.
struct Blame {
  bool was_working = false;    ///< A step was under way.
  bool culprit_known = false;  ///< A step crashed or hung; otherwise each step may be to blame.
};
/// Counts the failures of the steps that were under way when a child process ended, and clears
/// them.
Blame blame_steps();

}  // namespace lido::ingest
