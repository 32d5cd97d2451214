// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

#include <signal.h>
#include <unistd.h>

#include <cmath>
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
    fmt::print(stderr, "\nlido: stopping; {}\n", then);
    sigwait(&signals, &signal);
    _exit(kInterrupted);
  }).detach();
}

std::stop_token interruption() { return interrupted.get_token(); }

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return kWrongUse;
    case ErrorCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

int report_error(const Error& error) {
  fmt::print(stderr, "lido: {}\n", error.message);
  return exit_code(error);
}

std::string human_bytes(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return unit > 0 && bytes < 10 ? fmt::format("{:.1f} {}", bytes, kUnits[unit])
                                : fmt::format("{:.0f} {}", bytes, kUnits[unit]);
}

Result<std::string> read_text(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
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
    return fail(ErrorCode::kNotFound, "{}: not there: Lido's own files lie beside its program",
                file.string());
  return file.string();
}

std::string human_seconds(double seconds) {
  if (seconds < 1) return fmt::format("{:.2f} s", seconds);
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<int64_t>(std::round(seconds / 60));
  return minutes < 90 ? fmt::format("{} min", minutes)
                      : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string human_count(int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), " ");
  return digits;
}

}  // namespace lido::cli
