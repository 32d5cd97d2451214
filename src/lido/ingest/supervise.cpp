// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/supervise.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lido/ingest/attempts.h"
#include "lido/storage/store.h"

namespace lido::ingest {
namespace {

volatile sig_atomic_t child_process = 0;

void forward_to_child(int signal) {
  if (child_process > 0) ::kill(child_process, signal);
}

[[noreturn]] void run_child(pid_t parent, const std::function<int(bool)>& work, bool careful) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  mark_attempts_that_crash();
  std::exit(work(careful));
}

/// Waits for the child. @return Its status, as waitpid() gives it.
int wait_for(pid_t child) {
  child_process = child;
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

int supervise(const std::string& out, const std::function<int(bool)>& work) {
  const std::string folder = storage::absolute(out);
#ifdef __SANITIZE_THREAD__
  return work(false);  // ThreadSanitizer cannot follow a fork while the allocator has a thread
#endif
  if (storage::is_remote(folder)) return work(false);
  bool careful = false;
  for (;;) {
    const int64_t marked_before = count_marked_attempts(folder);
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return work(false);
    if (child == 0) run_child(parent, work, careful);
    const int status = wait_for(child);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    const int signal = WTERMSIG(status);
    if (signal == SIGINT || signal == SIGTERM) return 128 + signal;
    const bool culprit_known = count_marked_attempts(folder) > marked_before;
    if (!culprit_known) mark_all_attempts(folder);
    clear_unmarked_attempts(folder);
    const bool was_reading = count_marked_attempts(folder) > marked_before;
    std::fprintf(stderr, "lido: the worker process was ended by signal %d (%s)%s\n", signal,
                 strsignal(signal), was_reading ? "; it restarts with the spans left" : "");
    if (!was_reading) return 128 + signal;
    careful = careful || !culprit_known;
  }
}

}  // namespace lido::ingest
