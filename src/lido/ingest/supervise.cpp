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
volatile sig_atomic_t signal_for_child = 0;

void forward_to_child(int) {
  if (child_process > 0) ::kill(child_process, signal_for_child);
}

/// Handlers of the signals that ask to stop, as they were before supervision.
struct StopHandlers {
  struct sigaction interrupt = {};
  struct sigaction terminate = {};

  StopHandlers() {
    ::sigaction(SIGINT, nullptr, &interrupt);
    ::sigaction(SIGTERM, nullptr, &terminate);
  }
  void restore() const {
    ::sigaction(SIGINT, &interrupt, nullptr);
    ::sigaction(SIGTERM, &terminate, nullptr);
  }
};

/// Waits for the child. @return Its status, as waitpid() gives it.
int wait_for(pid_t child, int stop_signal) {
  child_process = child;
  signal_for_child = stop_signal;
  // A terminal sends Ctrl-C to the child too; SIGTERM reaches this process alone.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, forward_to_child);
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
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    options.before_fork();
    const pid_t child = ::fork();
    if (child == 0) {
      options.after_fork_in_child();
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      handlers.restore();
      mark_steps_that_crash();
      std::exit(work(careful));
    }
    options.after_fork_in_parent();
    if (child < 0) return work(false);
    const int status = wait_for(child, options.stop_signal);
    const Blame blame = blame_steps();
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const bool again = signal != 0 && signal != SIGINT && signal != SIGTERM && blame.was_working;
    if (signal != 0 && signal != SIGINT && signal != SIGTERM) {
      std::fprintf(stderr, "lido: the worker process was ended by signal %d (%s)%s\n", signal,
                   strsignal(signal), again ? "; it restarts with the work left" : "");
    }
    if (!again) {
      handlers.restore();
      return signal == 0 ? WEXITSTATUS(status) : 128 + signal;
    }
    careful = careful || !blame.culprit_known;
  }
}

}  // namespace lido::ingest
