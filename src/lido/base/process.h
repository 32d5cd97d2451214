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

/// A child with its standard streams; -1 for one that is closed or shared with this process.
struct Child {
  pid_t pid = 0;
  int in = -1, out = -1, err = -1;
};

struct SpawnOptions {
  std::string folder;                                   ///< Where it runs; empty for here.
  std::optional<std::vector<std::string>> environment;  ///< "NAME=value"; without it, this one's.
  bool share_err = false;                               ///< Its standard error is this process's.
};

/// Starts a program, found by PATH. What signals this process ignores it does not.
/// @return kNotFound when there is no such program.
Result<Child> spawn(const std::vector<std::string>& arguments, const SpawnOptions& options = {});

/// What a program that has ended left.
struct ProcessOutcome {
  int exit = 0;  ///< 128 and the signal's number where one ended it.
  std::string out;
  std::string err;
};

/// Runs a program, found by PATH, to its end.
/// @param input  Its standard input.
/// @param folder  Where it runs; empty for here.
/// @return kNotFound when there is no such program. A program that fails is no error here.
Result<ProcessOutcome> run_process(const std::vector<std::string>& arguments,
                                   std::string_view input = {}, const std::string& folder = {});

/// The last line that says something, for messages.
std::string last_line(std::string_view text);

/// A program that runs beside this one and is ended with this object. Its standard error is passed
/// over.
class BackgroundProcess {
 public:
  /// @return kNotFound when there is no such program.
  static Result<BackgroundProcess> start(const std::vector<std::string>& arguments);
  BackgroundProcess(BackgroundProcess&& other) noexcept;
  BackgroundProcess& operator=(BackgroundProcess&& other) noexcept;
  ~BackgroundProcess();

  /// The next line of its output, without its end.
  /// @return kUnavailable with what it said on standard error when it ended or said nothing in
  /// time.
  Result<std::string> read_line(std::chrono::milliseconds timeout);

 private:
  BackgroundProcess(pid_t pid, int out, int err) : pid_(pid), out_(out), err_(err) {}
  void end();

  pid_t pid_ = 0;
  int out_ = -1, err_ = -1;
  std::string pending_;
};

}  // namespace lido
