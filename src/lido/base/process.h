// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido {

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
