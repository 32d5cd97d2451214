// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "lido/storage/store.h"

namespace lido::cli {
namespace {

std::stop_source interrupted;

}  // namespace

void stop_on_signals(const char* then) {
  storage::stop_requests_on(interrupted.get_token());
  // A handler may only set a flag; a thread that waits for the signals may call anything.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, then] {
    int signal = 0;
    sigwait(&signals, &signal);
    interrupted.request_stop();
    fmt::print(stderr, "\nlido: note: stopping; {}\n", then);
    sigwait(&signals, &signal);
    _exit(kInterrupted);
  }).detach();
}

std::stop_token interruption() { return interrupted.get_token(); }

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kCorrupt:
    case ErrorCode::kDegenerate:
      return kWrongUse;
    case ErrorCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

int report_error(const Error& error) {
  fmt::print(stderr, "lido: {}\n", printable(error.message));
  return exit_code(error);
}

void print_warning(std::string_view text) {
  fmt::print(stderr, "lido: warning: {}\n", printable(text));
}

void print_warnings(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) print_warning(line);
}

void print_note(std::string_view text) { fmt::print(stderr, "lido: note: {}\n", printable(text)); }

void print_page(std::string_view file, bool to_error) {
  fmt::print(to_error ? stderr : stdout, "open: {}\n", printable(file));
}

void print_written(std::string_view file) { fmt::print("wrote: {}\n", printable(file)); }

Result<std::string> read_text(const std::string& file) {
  if (file == "-") {
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (text.empty())
      return fail(ErrorCode::kInvalidArgument,
                  "standard input: empty, want text. The command before the pipe may have failed.");
    return text;
  }
  const auto reader = LIDO_TRY(storage::open_reader(file));
  return storage::read_all(*reader, int64_t{64} << 20);
}

Result<void> write_text(const std::string& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) return fail(ErrorCode::kUnavailable, "{}: cannot be written", file);
  return {};
}

Result<std::string> shared_file(const std::string& name) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto file = program.parent_path().parent_path() / "share/lido" / name;
  if (!std::filesystem::exists(file, error))
    return fail(ErrorCode::kNotFound,
                "{}: no such file. Lido's own files belong in ../share/lido beside its program; "
                "in a checkout, ./dev setup fetches them.",
                file.string());
  return file.string();
}

}  // namespace lido::cli
