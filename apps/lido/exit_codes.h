// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

namespace lido::cli {

// Exit codes.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUse = 2;
inline constexpr int kFindings = 3;
inline constexpr int kNothingUsable = 4;
inline constexpr int kInterrupted = 130;

/// An exit code as help, the man page and docs/cli.md list it.
struct ExitCode {
  int code;
  const char* meaning;
  const char* advice;  ///< Next step for the user; empty for none.
};
inline constexpr std::array kExitCodes = {
    ExitCode{kDone, "done", ""},
    ExitCode{kFailed, "storage, disk or network failed",
             "Run the same command again once they work: what was done is kept."},
    ExitCode{kWrongUse, "wrong use, or input that cannot be read",
             "Change what the line on stderr names; repeating the command does not help."},
    ExitCode{
        kFindings,
        "done, but clips or folders were left out or lost a stretch, a label is in no sample, "
        "`label` skipped labels of other clips, `export` or `inspect --verify` met damaged "
        "samples, `calibrate --check` found a camera that moved, `cluster check` found errors, "
        "trials of `tune` failed, or a clip of `scene`, `predict` or `reconstruct --draw` is "
        "broken",
        "Read the reasons: printed at the end; for an ingest also in `lido inspect` and "
        "report.html."},
    ExitCode{kNothingUsable, "all clips were rejected", "Read the reasons, as for 3."},
    ExitCode{kInterrupted, "interrupted",
             "Run the same command again: it resumes. `train` and `tune` resume with --resume."}};

}  // namespace lido::cli
