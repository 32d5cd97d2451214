// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "lido/base/result.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// A span whose clip took the whole process down this often is rejected.
inline constexpr int kMostCrashes = 3;

/// Says on disk which span this thread works on, so that a crash can be laid at its door.
/// Does nothing for a dataset in a bucket.
class CrashGuard {
 public:
  CrashGuard(const storage::Store& store, const std::string& part);
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

  /// How often the process went down while at this span.
  int crashes() const { return crashes_; }

 private:
  std::string in_flight_;
  int crashes_ = 0;
};

/// Runs `work` in a child process and, when a signal takes that down, runs it again; what the crash
/// is laid to is counted (CrashGuard), so this ends. The child dies with its parent. SIGINT and
/// SIGTERM reach the child once.
///
/// @param out   The dataset; a bucket gets no child, `work` is called right here.
/// @param work  Returns the exit code. `careful` asks for one worker, so that the culprit shows.
int supervise(const std::string& out, const std::function<int(bool careful)>& work);

/// For tests of the above: crashes when the environment variable LIDO_TEST_CRASH holds a part of
/// the clip's name.
void crash_if_asked(const std::string& clip);

}  // namespace lido::ingest
