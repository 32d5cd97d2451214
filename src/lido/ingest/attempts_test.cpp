// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/attempts.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "lido/ingest/test_folder.h"

namespace lido::ingest {
namespace {

const std::string kPart = ".work/parts/0123";

Attempts open(TestFolder& folder, const std::string& place) {
  return *Attempts::open(folder.store(), place);
}

TEST(Attempts, AnAttemptThatEndedLeavesNothing) {
  TestFolder folder("attempts_ended");
  const Attempts attempts = open(folder, "node1");
  const std::string note = *attempts.begin(kPart);
  EXPECT_TRUE(note.starts_with(".work/attempts/0123@node1."));
  EXPECT_EQ(folder.files(".work/attempts"), 1);
  ASSERT_TRUE(attempts.end(note));
  EXPECT_EQ(open(folder, "node1").failures(kPart), 0);
}

TEST(Attempts, ANoteThatIsLeftIsAFailure) {
  TestFolder folder("attempts_left");
  ASSERT_TRUE(open(folder, "node1").begin(kPart));
  ASSERT_TRUE(open(folder, "node1").begin(kPart));
  ASSERT_TRUE(open(folder, "node2").begin(".work/parts/4567"));
  const Attempts attempts = open(folder, "node3");
  EXPECT_EQ(attempts.failures(kPart), 2);
  EXPECT_EQ(attempts.failures(".work/parts/4567"), 1);
  EXPECT_EQ(attempts.failures(".work/parts/89ab"), 0);
  EXPECT_EQ(attempts.places(), (std::set<std::string>{"node1", "node2"}));
}

TEST(Attempts, AFailureOfADeadNodeDoesNotCount) {
  TestFolder folder("attempts_nodes");
  for (const char* node : {"node1", "node1", "node2"}) ASSERT_TRUE(open(folder, node).begin(kPart));
  Attempts attempts = open(folder, "node3");
  attempts.keep_places({"node2", "node3"});
  EXPECT_EQ(attempts.failures(kPart), 1);
}

TEST(Attempts, ALedgerOfNoneWritesNothing) {
  const Attempts attempts = Attempts::none();
  const auto note = attempts.begin(kPart);
  ASSERT_TRUE(note);
  EXPECT_TRUE(attempts.end(*note));
  EXPECT_EQ(attempts.failures(kPart), 0);
}

/// Runs work in a child process. @return The signal that ended it.
template <typename Work>
int signal_of_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(Attempts, ACrashMarksTheNoteOfItsThread) {
  TestFolder folder("attempts_crash");
  const Attempts attempts = open(folder, kLocalPlace);
  const int signal = signal_of_child([&] {
    mark_attempts_that_crash();
    std::thread([&] { (void)attempts.begin(".work/parts/innocent"); }).join();
    (void)attempts.begin(kPart);
    std::abort();
  });
  EXPECT_EQ(signal, SIGABRT);
  EXPECT_EQ(folder.files(".work/attempts"), 2);
  EXPECT_EQ(count_marked_attempts(folder.path()), 1);
  clear_unmarked_attempts(folder.path());
  const Attempts after = open(folder, kLocalPlace);
  EXPECT_EQ(after.failures(kPart), 1);
  EXPECT_EQ(after.failures(".work/parts/innocent"), 0);
}

TEST(Attempts, AKillFromOutsideMarksAllLocalNotes) {
  TestFolder folder("attempts_kill");
  ASSERT_TRUE(open(folder, kLocalPlace).begin(kPart));
  ASSERT_TRUE(open(folder, kLocalPlace).begin(".work/parts/4567"));
  ASSERT_TRUE(open(folder, "node1").begin(kPart));
  EXPECT_EQ(count_marked_attempts(folder.path()), 0);
  mark_all_attempts(folder.path());
  EXPECT_EQ(count_marked_attempts(folder.path()), 2);
  clear_unmarked_attempts(folder.path());  // leaves the note of the Ray node
  EXPECT_EQ(folder.files(".work/attempts"), 3);
}

TEST(Attempts, AFolderWithoutNotesIsNoError) {
  TestFolder folder("attempts_empty");
  EXPECT_EQ(count_marked_attempts(folder.path("nowhere")), 0);
  clear_unmarked_attempts(folder.path("nowhere"));
  EXPECT_TRUE(open(folder, "node1").places().empty());
}

}  // namespace
}  // namespace lido::ingest
