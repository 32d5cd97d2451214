// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/supervise.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "lido/ingest/attempts.h"
#include "lido/ingest/test_folder.h"

namespace lido::ingest {
namespace {

/// Each run of the child adds a line, since the child's memory is its own.
int runs(TestFolder& folder) { return folder.files("runs"); }

void count_run(TestFolder& folder, bool careful) {
  (void)folder.store().write_text(fmt::format("runs/{}{}", ::getpid(), careful ? "careful" : ""),
                                  "");
}

#ifndef __SANITIZE_THREAD__

TEST(Supervise, ReturnsTheExitCode) {
  TestFolder folder("supervise_exit");
  EXPECT_EQ(supervise(folder.path(), [](bool) { return 3; }), 3);
}

TEST(Supervise, RestartsAfterACrashInASpan) {
  TestFolder folder("supervise_crash");
  const int code = supervise(folder.path(), [&](bool careful) {
    count_run(folder, careful);
    const Attempts attempts = *Attempts::open(folder.store(), kLocalPlace);
    if (attempts.failures("a") >= 2) return careful ? 1 : 0;
    (void)attempts.begin("a");
    std::abort();
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(runs(folder), 3);
}

TEST(Supervise, GivesUpAfterACrashOutsideSpans) {
  TestFolder folder("supervise_outside");
  const int code = supervise(folder.path(), [&](bool careful) -> int {
    count_run(folder, careful);
    std::abort();
  });
  EXPECT_EQ(code, 128 + SIGABRT);
  EXPECT_EQ(runs(folder), 1);
}

TEST(Supervise, IsCarefulAfterAKillFromOutside) {
  TestFolder folder("supervise_kill");
  const int code = supervise(folder.path(), [&](bool careful) {
    count_run(folder, careful);
    const Attempts attempts = *Attempts::open(folder.store(), kLocalPlace);
    if (attempts.failures("a") > 0) return careful ? 5 : 6;
    (void)attempts.begin("a");
    ::kill(::getpid(), SIGKILL);
    return 7;
  });
  EXPECT_EQ(code, 5);
  EXPECT_EQ(runs(folder), 2);
}

#endif

TEST(Supervise, WorksHereForABucket) {
  const pid_t here = ::getpid();
  EXPECT_EQ(supervise("gs://bucket/d", [&](bool) { return ::getpid() == here ? 0 : 1; }), 0);
}

}  // namespace
}  // namespace lido::ingest
