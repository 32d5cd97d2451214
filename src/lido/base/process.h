// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido {

/// A child process, and this process's ends of the pipes to the child. The caller closes the pipes
/// and waits for the child.
struct Child {
  pid_t pid = 0;
  int in = -1;   ///< File descriptor that writes to its standard input.
  int out = -1;  ///< File descriptor that reads its standard output.
  int err = -1;  ///< File descriptor that reads its standard error; -1 with share_err.
};

/// Surroundings of a child process.
struct SpawnOptions {
  /// Working directory; empty: that of this process.
  std::string folder;
  /// "NAME=value" lines; empty: the environment of this process.
  std::optional<std::vector<std::string>> environment;
  /// The child writes to the standard error of this process.
  bool share_err = false;
};

/// Starts a program, which is looked up in PATH. SIGINT, SIGTERM and SIGPIPE have their default
/// effect on it, also when this process ignores or blocks them. Thread-safe.
/// @param arguments  N >= 1; the first is the program.
/// @return kNotFound when there is no such program; kUnavailable when no pipe can be made.
Result<Child> spawn(const std::vector<std::string>& arguments, const SpawnOptions& options = {});

/// Exit code and output of a program that has ended.
struct ProcessOutcome {
  int exit_code = 0;  ///< 128 + N after signal N.
  std::string out;    ///< Standard output.
  std::string err;    ///< Standard error.
};

/// Runs a program, which is looked up in PATH, to its end. From then on this process ignores
/// SIGPIPE. Thread-safe.
/// @param arguments  N >= 1; the first is the program.
/// @param input      Standard input of the program.
/// @param folder     Working directory; empty: that of this process.
/// @return kNotFound when there is no such program. A program that fails is not an error here.
Result<ProcessOutcome> run_process(const std::vector<std::string>& arguments,
                                   std::string_view input = {}, const std::string& folder = {});

/// Returns the last line that is not blank; empty when there is none.
std::string last_line(std::string_view text);

/// A program that runs beside this one. The destructor sends it SIGTERM and waits for it. Not
/// thread-safe.
class BackgroundProcess {
 public:
  /// Starts a program, like spawn(), without standard input.
  static Result<BackgroundProcess> start(const std::vector<std::string>& arguments);
  BackgroundProcess(BackgroundProcess&& other) noexcept;
  BackgroundProcess& operator=(BackgroundProcess&& other) noexcept;
  ~BackgroundProcess();

  /// Returns the next line of its standard output, without the line end.
  /// @return kUnavailable when it ended or wrote no line in time; the message is the last line of
  ///         its standard error, where it wrote one.
  Result<std::string> read_line(std::chrono::milliseconds timeout);
  /// Discards the output so far: a program that writes more than a pipe holds would wait for ever.
  /// @return False when the program has ended or closed its standard output.
  bool discard_output();

 private:
  BackgroundProcess(pid_t pid, int out, int err) : pid_(pid), out_(out), err_(err) {}
  void end();

  pid_t pid_ = 0;
  int out_ = -1, err_ = -1;
  std::string pending_;
};

}  // namespace lido
