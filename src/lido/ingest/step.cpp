// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/step.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "lido/base/hash.h"

namespace lido::ingest {
namespace {

constexpr std::array kCrashSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
/// Names of the kinds, for tests and keys.
constexpr std::array kKindNames = {"plan", "span", "track", "label"};
/// Steps at a time; more than the largest number of workers.
constexpr size_t kMaxSteps = 1100;

enum State : int { kFree, kBusy, kCrashed };

/// A place for a step, in memory shared with the supervising process.
struct Place {
  std::atomic<int> state = kFree;
  std::atomic<int64_t> heartbeat = 0;
  std::array<char, 48> key{};
  std::array<char, 256> clip{};        // start of the URI, for messages
  std::array<char, 4096> note_path{};  // empty for none
};
static_assert(std::atomic<int>::is_always_lock_free);
using Places = std::array<Place, kMaxSteps>;

std::atomic<Places*> shared_places = nullptr;
thread_local Place* place_of_thread = nullptr;
std::array<struct sigaction, kCrashSignals.size()> earlier_actions;
/// Failures of this run, by key. Grows in the supervising process only; children have a copy.
std::map<std::string, Failures> counted;

/// The places, made when the first step begins in a process that has no supervisor.
Places* places() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (shared_places == nullptr) (void)share_steps();
  });
  return shared_places;
}

std::string key_of(StepKind kind, std::string_view name) {
  return fmt::format("{}:{}", kKindNames[static_cast<size_t>(kind)],
                     sha256_hex(name).substr(0, 32));
}

template <size_t N>
void copy_into(std::array<char, N>& into, std::string_view text) {
  const size_t length = std::min(text.size(), N - 1);
  text.copy(into.data(), length);
  into[length] = '\0';
}

/// Marks a place and its note. Safe in a signal handler.
void mark(Place& place) {
  place.state = kCrashed;
  if (place.note_path[0] == '\0') return;
  const int file = ::open(place.note_path.data(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(file, "x", 1);
  ::close(file);
}

void on_crash(int signal) {
  if (place_of_thread != nullptr) mark(*place_of_thread);
  for (size_t i = 0; i < kCrashSignals.size(); ++i) {
    if (kCrashSignals[i] == signal) ::sigaction(signal, &earlier_actions[i], nullptr);
  }
  ::raise(signal);
}

/// For tests: LIDO_TEST_FAULT=crash:span:NAME crashes, hangs ("hang") or kills ("kill") the process
/// in that kind of step on clips whose URI has NAME in it; "node" kills the parent process too.
/// With a further ":FILE" only while that file exists.
void fail_if_asked(StepKind kind, std::string_view clip) {
  static const char* const wanted = std::getenv("LIDO_TEST_FAULT");
  if (wanted == nullptr) return;
  std::array<std::string, 4> fields;
  std::string_view rest(wanted);
  for (std::string& field : fields) {
    const size_t length = std::min(rest.find(':'), rest.size());
    field = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  const auto& [fault, step, name, file] = fields;
  if (step != kKindNames[static_cast<size_t>(kind)] || !clip.contains(name)) return;
  if (!file.empty() && ::access(file.c_str(), F_OK) != 0) return;
  if (fault == "crash") std::abort();
  if (fault == "node") ::kill(::getppid(), SIGKILL);
  if (fault == "kill" || fault == "node") ::kill(::getpid(), SIGKILL);
  while (fault == "hang") ::pause();
}

/// Looks at all steps again and again. Counts the watchdog's own periods, not the time of a clock:
/// a process or machine that was suspended made no progress, and hangs nowhere.
[[noreturn]] void watch(double hang_s) {
  struct Seen {
    int64_t heartbeat = -1;
    double idle_s = 0;  // periods without progress
  };
  std::vector<Seen> seen(kMaxSteps);
  const double period_s = std::min(1.0, hang_s / 10);
  for (;; std::this_thread::sleep_for(std::chrono::duration<double>(period_s))) {
    for (size_t i = 0; i < kMaxSteps; ++i) {
      Place& place = (*places())[i];
      const int64_t heartbeat = place.heartbeat;
      const bool waits = heartbeat % 2 != 0;
      if (place.state != kBusy || waits || heartbeat != seen[i].heartbeat) {
        seen[i] = {heartbeat, 0};
        continue;
      }
      seen[i].idle_s += period_s;
      if (seen[i].idle_s < hang_s) continue;
      mark(place);
      std::fprintf(stderr, "lido: warning: %s: no progress for %g s\n", place.clip.data(), hang_s);
      ::kill(::getpid(), SIGKILL);
    }
  }
}

}  // namespace

Step::Step(StepKind kind, std::string_view name, const std::string& clip,
           const std::string& note_path) {
  if (Places* all = places(); all != nullptr) {
    for (Place& place : *all) {
      int free = kFree;
      if (!place.state.compare_exchange_strong(free, kBusy)) continue;
      copy_into(place.key, key_of(kind, name));
      copy_into(place.clip, clip);
      copy_into(place.note_path, note_path.size() < place.note_path.size() ? note_path : "");
      place.heartbeat += 2 - place.heartbeat % 2;
      place_ = place_of_thread = &place;
      heartbeat_ = &place.heartbeat;
      break;
    }
  }
  fail_if_asked(kind, clip);
}

Step::~Step() {
  place_of_thread = nullptr;
  if (place_ != nullptr) static_cast<Place*>(place_)->state = kFree;
}

Failures failures_of(StepKind kind, std::string_view name) {
  const auto found = counted.find(key_of(kind, name));
  return found == counted.end() ? Failures{} : found->second;
}

void start_watchdog(double hang_s) {
  // A forked process has none of the threads of its parent.
  static std::atomic<pid_t> watched_process = 0;
  const pid_t process = ::getpid();
  if (places() == nullptr || watched_process.exchange(process) == process) return;
  std::thread(watch, hang_s).detach();
}

void mark_steps_that_crash() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_handler = on_crash;
    for (size_t i = 0; i < kCrashSignals.size(); ++i)
      ::sigaction(kCrashSignals[i], &action, &earlier_actions[i]);
    // Lack of memory is no fault of the clip that was read just then.
    std::set_new_handler([] { ::kill(::getpid(), SIGKILL); });
  });
}

bool share_steps() {
  void* memory =
      ::mmap(nullptr, sizeof(Places), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  shared_places = new (memory) Places;
  return true;
}

Blame blame_steps() {
  Blame blame;
  if (shared_places == nullptr) return blame;
  for (const Place& place : *shared_places) {
    blame.was_working = blame.was_working || place.state != kFree;
    blame.culprit_known = blame.culprit_known || place.state == kCrashed;
  }
  for (Place& place : *shared_places) {
    const int state = place.state.exchange(kFree);
    if (state == kFree) continue;
    Failures& failures = counted[place.key.data()];
    if (state == kCrashed) ++failures.crashes;
    if (state == kBusy && !blame.culprit_known) ++failures.kills;
  }
  return blame;
}

}  // namespace lido::ingest
