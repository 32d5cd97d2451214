// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/supervise.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lido/ingest/step.h"

namespace lido::ingest {
namespace {

volatile sig_atomic_t child_process = 0;
volatile sig_atomic_t stop_signal_of_child = 0;
/// A signal that asked to stop while there was no child.
volatile sig_atomic_t missed_stop = 0;

/// Passes a signal on. A terminal sends Ctrl-C to the child too; SIGTERM reaches this process
/// alone.
void on_stop(int signal) {
  if (child_process == 0)
    missed_stop = signal;
  else if (signal == SIGTERM)
    ::kill(child_process, stop_signal_of_child);
}

/// Handlers of the signals that ask to stop, as they were before supervision.
struct StopHandlers {
  struct sigaction interrupt = {};
  struct sigaction terminate = {};

  StopHandlers() {
    ::sigaction(SIGINT, nullptr, &interrupt);
    ::sigaction(SIGTERM, nullptr, &terminate);
  }
  /// Puts on_stop() in their place.
  static void replace() {
    ::signal(SIGINT, on_stop);
    ::signal(SIGTERM, on_stop);
  }
  void restore() const {
    ::sigaction(SIGINT, &interrupt, nullptr);
    ::sigaction(SIGTERM, &terminate, nullptr);
  }
};

/// Holds back the signals that ask to stop while it exists. They are delivered afterwards.
class HeldStops {
 public:
  HeldStops() {
    sigset_t stops;
    ::sigemptyset(&stops);
    ::sigaddset(&stops, SIGINT);
    ::sigaddset(&stops, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &stops, &before_);
  }
  ~HeldStops() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldStops(const HeldStops&) = delete;
  HeldStops& operator=(const HeldStops&) = delete;

  /// Whether a Ctrl-C waits.
  static bool has_interrupt() {
    sigset_t waiting;
    ::sigpending(&waiting);
    return ::sigismember(&waiting, SIGINT) == 1;
  }

 private:
  sigset_t before_{};
};

/// Forks. A signal that asks to stop reaches the child, also when it comes between two children or
/// while this function runs. @return As fork().
pid_t start_child(const StopHandlers& handlers, const SuperviseOptions& options) {
  const HeldStops held;
  StopHandlers::replace();
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  options.before_fork();
  const bool was_interrupted = missed_stop == SIGINT || HeldStops::has_interrupt();
  const pid_t child = ::fork();
  if (child == 0) {
    options.after_fork_in_child();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
  } else {
    options.after_fork_in_parent();
  }
  if (child <= 0) {
    handlers.restore();
    return child;
  }
  child_process = child;
  stop_signal_of_child = options.stop_signal;
  if (was_interrupted) ::kill(child, SIGINT);
  if (missed_stop == SIGTERM) ::kill(child, options.stop_signal);
  missed_stop = 0;
  return child;
}

/// Waits for the child. @return Its status, as waitpid() gives it.
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  child_process = 0;
  return status;
}

}  // namespace

int supervise(const std::function<int(bool)>& work, const SuperviseOptions& options) {
#ifdef __SANITIZE_THREAD__
  return work(false);  // ThreadSanitizer cannot follow a fork while the allocator has a thread
#endif
  if (!share_steps()) return work(false);
  const StopHandlers handlers;
  bool careful = false;
  for (;;) {
    const pid_t child = start_child(handlers, options);
    if (child == 0) {
      mark_steps_that_crash();
      std::exit(work(careful));
    }
    if (child < 0) return work(false);
    const int status = wait_for(child);
    const Blame blame = blame_steps();
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const bool again = signal != 0 && signal != SIGINT && signal != SIGTERM && blame.was_working;
    if (signal != 0 && signal != SIGINT && signal != SIGTERM) {
      std::fprintf(stderr, "lido: warning: the worker process was ended by signal %d (%s)%s\n",
                   signal, strsignal(signal), again ? "; it restarts with the work left" : "");
    }
    if (!again) {
      handlers.restore();
      return signal == 0 ? WEXITSTATUS(status) : 128 + signal;
    }
    careful = careful || !blame.culprit_known;
  }
}

}  // namespace lido::ingest
