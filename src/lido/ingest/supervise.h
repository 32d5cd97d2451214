// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace lido::ingest {

/// Runs `work` in a child process, and again after a signal took the child down. The ledger of
/// attempts counts which span crashed, so the repetition ends. The child dies with its parent.
/// SIGINT and SIGTERM reach the child once.
///
/// @param out   URI of the dataset. For a bucket, `work` runs once in this process.
/// @param work  Returns the exit code. With `careful`, `work` should use one worker, so that a
///              process that was killed from outside was reading exactly one span.
/// @return The exit code of `work`, or 128 + signal.
int supervise(const std::string& out, const std::function<int(bool careful)>& work);

}  // namespace lido::ingest
