// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/crash.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace lido::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::array kCrashSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// What a signal handler can reach: where this thread's span notes its crashes. Empty while it has
// none.
thread_local std::array<char, 4096> crash_note{};

volatile sig_atomic_t child_process = 0;

void note_crash(int signal) {
  if (crash_note[0] != '\0') {
    const int file = ::open(crash_note.data(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file >= 0) {
      [[maybe_unused]] const ssize_t written = ::write(file, "x", 1);
      ::close(file);
    }
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void pass_on(int signal) {
  if (child_process > 0) ::kill(child_process, signal);
}

fs::path crashes_folder(const std::string& out) { return fs::path(out) / ".work" / "crashes"; }
fs::path in_flight_folder(const std::string& out) { return fs::path(out) / ".work" / "in_flight"; }

uintmax_t count_crashes(const std::string& out) {
  uintmax_t count = 0;
  std::error_code error;
  for (fs::directory_iterator entry(crashes_folder(out), error), end; !error && entry != end;
       entry.increment(error)) {
    count += entry->file_size(error);
  }
  return count;
}

/// Killed from outside (for memory, most likely): it was one of the spans in flight.
void blame_all_in_flight(const std::string& out) {
  std::error_code error;
  fs::create_directories(crashes_folder(out), error);
  for (fs::directory_iterator entry(in_flight_folder(out), error), end; !error && entry != end;
       entry.increment(error)) {
    if (FILE* file = std::fopen((crashes_folder(out) / entry->path().filename()).c_str(), "a")) {
      std::fputc('x', file);
      std::fclose(file);
    }
  }
}

[[noreturn]] void be_child(pid_t parent, const std::function<int(bool)>& work, bool careful) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  for (const int signal : kCrashSignals) ::signal(signal, note_crash);
  std::exit(work(careful));
}

}  // namespace

CrashGuard::CrashGuard(const storage::Store& store, const std::string& part) {
  if (storage::is_remote(store.uri())) return;
  const fs::path name = fs::path(part).filename();
  const fs::path note = crashes_folder(store.uri()) / name;
  const fs::path in_flight = in_flight_folder(store.uri()) / name;
  std::error_code error;
  fs::create_directories(note.parent_path(), error);
  fs::create_directories(in_flight.parent_path(), error);
  const auto size = fs::file_size(note, error);
  crashes_ = error ? 0 : static_cast<int>(size);
  if (note.native().size() < crash_note.size())
    note.native().copy(crash_note.data(), crash_note.size() - 1);
  const int file = ::open(in_flight.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file >= 0) ::close(file);
  in_flight_ = in_flight;
}

CrashGuard::~CrashGuard() {
  crash_note[0] = '\0';
  if (!in_flight_.empty()) ::unlink(in_flight_.c_str());
}

int supervise(const std::string& out, const std::function<int(bool)>& work) {
  const std::string folder = storage::absolute(out);
#ifdef __SANITIZE_THREAD__  // It cannot follow a fork beside the allocator's thread.
  return work(false);
#endif
  if (storage::is_remote(folder)) return work(false);
  bool careful = false;
  std::error_code ignored;
  for (;;) {
    const uintmax_t crashes_before = count_crashes(folder);
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return work(false);
    if (child == 0) be_child(parent, work, careful);
    child_process = child;
    // A terminal's Ctrl-C reaches the child by itself; what reaches only us is passed on.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, pass_on);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    child_process = 0;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    const int signal = WTERMSIG(status);
    if (signal == SIGINT || signal == SIGTERM) return 128 + signal;
    const bool noted = count_crashes(folder) > crashes_before;
    if (!noted) blame_all_in_flight(folder);
    const bool blamed = count_crashes(folder) > crashes_before;
    fs::remove_all(in_flight_folder(folder), ignored);
    std::fprintf(stderr, "lido: the worker process was ended by signal %d (%s)%s\n", signal,
                 strsignal(signal), blamed ? "; going on without redoing what is done" : "");
    if (!blamed) return 128 + signal;
    careful = careful || !noted;
  }
}

void crash_if_asked(const std::string& clip) {
  static const char* const wanted = std::getenv("LIDO_TEST_CRASH");
  if (wanted != nullptr && clip.find(wanted) != std::string::npos) std::abort();
}

}  // namespace lido::ingest
