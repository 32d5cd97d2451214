// SPDX-License-Identifier: Apache-2.0
// supervise_test.cpp covers steps that hang, and those of a process that is started again.
#include "lido/ingest/step.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "lido/base/test_folder.h"

namespace lido::ingest {
namespace {

#ifndef __SANITIZE_THREAD__

/// Runs `work` in a child process whose steps this process sees. @return The signal that ended the
/// child; 0 for none.
int run_in_child(const std::function<void()>& work) {
  EXPECT_TRUE(share_steps());
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(Step, AnEndedStepIsNotToBlame) {
  const int signal = run_in_child([] {
    {
      const Step ended(StepKind::kSpan, "ended", "/a");
    }
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(signal, SIGKILL);
  EXPECT_FALSE(blame_steps().was_working);
  EXPECT_EQ(failures_of(StepKind::kSpan, "ended").kills, 0);
}

TEST(Step, ACrashMarksTheStepOfItsThreadAlone) {
  const TestFolder folder;
  const std::string note = (folder / "note").string(), other = (folder / "other").string();
  const int signal = run_in_child([&] {
    mark_steps_that_crash();
    const Step innocent(StepKind::kSpan, "innocent", "/b", other);
    std::thread([&] {
      const Step step(StepKind::kSpan, "crashing", "/a", note);
      std::abort();
    }).join();
  });
  EXPECT_EQ(signal, SIGABRT) << "the signal is passed on";
  const Blame blame = blame_steps();
  EXPECT_TRUE(blame.was_working);
  EXPECT_TRUE(blame.culprit_known);
  EXPECT_EQ(failures_of(StepKind::kSpan, "crashing").crashes, 1);
  EXPECT_EQ(failures_of(StepKind::kSpan, "innocent").crashes, 0);
  EXPECT_EQ(failures_of(StepKind::kSpan, "innocent").kills, 0);
  EXPECT_EQ(std::filesystem::file_size(note), 1U);
  EXPECT_FALSE(std::filesystem::exists(other));
}

TEST(Step, AKillFromOutsideCountsForEveryStepUnderWay) {
  for (const int times : {1, 2}) {
    run_in_child([] {
      const Step one(StepKind::kPlan, "one", "/a");
      const Step two(StepKind::kTrack, "two", "/b");
      ::kill(::getpid(), SIGKILL);
    });
    const Blame blame = blame_steps();
    EXPECT_TRUE(blame.was_working);
    EXPECT_FALSE(blame.culprit_known);
    EXPECT_EQ(failures_of(StepKind::kPlan, "one").kills, times);
    EXPECT_EQ(failures_of(StepKind::kTrack, "two").kills, times);
    EXPECT_EQ(failures_of(StepKind::kTrack, "one").kills, 0) << "another kind of step";
    EXPECT_FALSE(blame_steps().was_working) << "each failure counts once";
  }
}

TEST(Step, APlaceIsUsedAgain) {
  const int signal = run_in_child([] {
    // More than there are places.
    for (int i = 0; i < 3000; ++i) const Step step(StepKind::kSpan, "early", "/a");
    const Step last(StepKind::kSpan, "last", "/b");
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(signal, SIGKILL);
  EXPECT_TRUE(blame_steps().was_working);
  EXPECT_EQ(failures_of(StepKind::kSpan, "early").kills, 0);
  EXPECT_EQ(failures_of(StepKind::kSpan, "last").kills, 1);
}

TEST(Step, BeginsWithProgressAndWithoutAWait) {
  ASSERT_TRUE(share_steps());
  int64_t before = 0;
  {
    const Step step(StepKind::kSpan, "waits at its end", "/a");
    before = ++step.heartbeat();
    EXPECT_EQ(before % 2, 1) << "waits for storage";
  }
  const Step next(StepKind::kSpan, "next", "/b");
  EXPECT_EQ(next.heartbeat() % 2, 0);
  EXPECT_GT(next.heartbeat(), before);
}

#endif

}  // namespace
}  // namespace lido::ingest
