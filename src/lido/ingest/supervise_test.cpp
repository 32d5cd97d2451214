// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/supervise.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "lido/ingest/step.h"
#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

/// Each run of the child adds a line, since the child's memory is its own.
int runs(TestStoreFolder& folder) { return folder.files("runs"); }

void count_run(TestStoreFolder& folder, bool careful) {
  (void)folder.store().write_text(fmt::format("runs/{}{}", ::getpid(), careful ? "careful" : ""),
                                  "");
}

#ifndef __SANITIZE_THREAD__

/// Waits for the watchdog, and no longer than a minute: a test fails, and does not hang.
int wait_to_be_ended() {
  for (int i = 0; i < 600; ++i) ::usleep(100'000);
  return 9;
}

TEST(Supervise, ReturnsTheExitCode) {
  EXPECT_EQ(supervise([](bool) { return 3; }), 3);
}

TEST(Supervise, RestartsAfterACrashInAStep) {
  TestStoreFolder folder;
  const int code = supervise([&](bool careful) {
    count_run(folder, careful);
    if (failures_of(StepKind::kPlan, "/a").crashes >= 2) return careful ? 1 : 0;
    const Step innocent(StepKind::kPlan, "/b", "/b");
    std::thread([] {
      const Step step(StepKind::kPlan, "/a", "/a");
      std::abort();
    }).join();
    return 9;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(runs(folder), 3);
}

TEST(Supervise, BlamesOnlyTheStepThatCrashed) {
  const int code = supervise([&](bool) {
    if (failures_of(StepKind::kSpan, "crash").crashes == 0) {
      const Step innocent(StepKind::kSpan, "innocent", "/b");
      std::thread([] {
        const Step step(StepKind::kSpan, "crash", "/a");
        std::abort();
      }).join();
    }
    const Failures innocent = failures_of(StepKind::kSpan, "innocent");
    return innocent.crashes + innocent.kills;
  });
  EXPECT_EQ(code, 0);
}

TEST(Supervise, GivesUpAfterACrashOutsideSteps) {
  TestStoreFolder folder;
  const int code = supervise([&](bool careful) -> int {
    count_run(folder, careful);
    {
      const Step ended(StepKind::kSpan, "ended", "/a");
    }
    std::abort();
  });
  EXPECT_EQ(code, 128 + SIGABRT);
  EXPECT_EQ(runs(folder), 1);
}

TEST(Supervise, IsCarefulAfterAKillFromOutside) {
  TestStoreFolder folder;
  const int code = supervise([&](bool careful) {
    count_run(folder, careful);
    if (failures_of(StepKind::kTrack, "t").kills > 0) return careful ? 5 : 6;
    const Step step(StepKind::kTrack, "t", "/a");
    ::kill(::getpid(), SIGKILL);
    return 7;
  });
  EXPECT_EQ(code, 5);
  EXPECT_EQ(runs(folder), 2);
}

TEST(Supervise, EndsAStepWithoutProgress) {
  TestStoreFolder folder;
  const int code = supervise([&](bool careful) {
    if (failures_of(StepKind::kSpan, "slow").crashes > 0) return careful ? 6 : 5;
    start_watchdog(1);
    const Step step(StepKind::kSpan, "slow", "/slow.mp4");
    for (int i = 0; i < 30; ++i) {  // three seconds of progress
      step.heartbeat() += 2;
      ::usleep(100'000);
    }
    count_run(folder, careful);
    return wait_to_be_ended();
  });
  EXPECT_EQ(code, 5);
  EXPECT_EQ(runs(folder), 1) << "it was not ended while it made progress";
}

TEST(Supervise, EndsAStepWithoutProgressBelowAProcessThatIsWatchedItself) {
  start_watchdog(1000);  // its thread is not in the child
  const int code = supervise([&](bool) {
    if (failures_of(StepKind::kSpan, "still").crashes > 0) return 5;
    start_watchdog(0.5);
    const Step step(StepKind::kSpan, "still", "/still.mp4");
    return wait_to_be_ended();
  });
  EXPECT_EQ(code, 5);
}

TEST(Supervise, WaitingForStorageIsNoHang) {
  const int code = supervise([&](bool) {
    start_watchdog(0.2);
    const Step step(StepKind::kSpan, "waits", "/a");
    ++step.heartbeat();
    ::usleep(800'000);
    return 4;
  });
  EXPECT_EQ(code, 4);
}

#ifndef __SANITIZE_ADDRESS__  // which ends a process that asks for so much
TEST(Supervise, LackOfMemoryIsNoCrash) {
  const int code = supervise([&](bool) {
    const Failures failures = failures_of(StepKind::kSpan, "large");
    if (failures.kills + failures.crashes > 0) return failures.crashes;
    const Step step(StepKind::kSpan, "large", "/a");
    return static_cast<int>(std::string(size_t{1} << 60, 'x').size());
  });
  EXPECT_EQ(code, 0);
}
#endif

TEST(Supervise, PassesOnTheSignalThatIsAskedFor) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::_exit(supervise(
        [](bool) {
          ::signal(SIGINT, [](int) { ::_exit(42); });
          ::kill(::getppid(), SIGTERM);
          for (;;) ::pause();
          return 0;
        },
        {.stop_signal = SIGINT}));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(Supervise, ACtrlCBeforeTheChildBeginsReachesTheChild) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const pid_t parent = ::fork();
    if (parent == 0) {
      static pid_t supervisor = 0;
      supervisor = ::getpid();
      for (const int each : {SIGINT, SIGTERM})
        ::signal(each, [](int) { ::_exit(::getpid() == supervisor ? 41 : 42); });
      ::_exit(supervise(
          [](bool) {
            for (int i = 0; i < 100; ++i) ::usleep(50'000);
            return 43;
          },
          {.before_fork = [signal] { ::raise(signal); }}));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(parent, &status, 0), parent);
    ASSERT_TRUE(WIFEXITED(status)) << signal;
    EXPECT_EQ(WEXITSTATUS(status), 42) << signal;
  }
}

TEST(Supervise, ASuspendedProcessDoesNotHang) {
  const int code = supervise([&](bool) {
    if (failures_of(StepKind::kSpan, "suspended").crashes > 0) return 5;
    start_watchdog(1);
    const Step step(StepKind::kSpan, "suspended", "/a");
    const pid_t worker = ::getpid();
    const pid_t suspender = ::fork();
    if (suspender == 0) {
      ::kill(worker, SIGSTOP);
      ::usleep(3'000'000);
      ::kill(worker, SIGCONT);
      ::_exit(0);
    }
    ::waitpid(suspender, nullptr, 0);  // it is suspended meanwhile
    return 4;
  });
  EXPECT_EQ(code, 4);
}

#endif

}  // namespace
}  // namespace lido::ingest
