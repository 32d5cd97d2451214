// SPDX-License-Identifier: Apache-2.0
#include "lido/base/process.h"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <thread>

namespace lido {
namespace {

TEST(Process, GivesBothStreamsAndTheCode) {
  const auto done = run_process({"sh", "-c", "cat; echo bad >&2; exit 7"}, "in");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->out, "in");
  EXPECT_EQ(done->err, "bad\n");
  EXPECT_EQ(done->exit_code, 7);
}

TEST(Process, MuchInputAndOutputDoNotBlockEachOther) {
  const std::string much(5 << 20, 'x');
  const auto done = run_process({"cat"}, much);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->out, much);
  EXPECT_EQ(run_process({"true"}, much)->exit_code, 0);  // one that reads none of it
}

TEST(Process, AProgramThatIsNotThereIsNamed) {
  const auto done = run_process({"no-such-program"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(done.error().message, "no-such-program: No such file or directory");
}

TEST(Process, ASignalIsAFailure) {
  EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"})->exit_code, 137);
}

TEST(Process, RunsBesideUsUntilItIsLetGo) {
  pid_t pid = 0;
  {
    auto process = BackgroundProcess::start({"sh", "-c", "echo $$; exec sleep 1000"});
    ASSERT_TRUE(process);
    const auto line = process->read_line(std::chrono::seconds(10));
    ASSERT_TRUE(line);
    pid = static_cast<pid_t>(std::stol(*line));
    EXPECT_EQ(::kill(pid, 0), 0);
    const auto more = process->read_line(std::chrono::milliseconds(20));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().message, "no output in time");
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, DiscardsOutputThatWouldFillThePipe) {
  // A pipe holds 64 KiB; the program writes 1 MB to both, then its last line to a file.
  auto process = BackgroundProcess::start(
      {"sh", "-c",
       "for i in 1 2 3 4 5; do head -c 200000 /dev/zero; head -c 200000 /dev/zero >&2; done"});
  ASSERT_TRUE(process);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (process->discard_output()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(process->discard_output());
}

TEST(Process, OneThatEndsSaysWhy) {
  auto process = BackgroundProcess::start({"sh", "-c", "echo first; echo the reason >&2"});
  ASSERT_TRUE(process);
  EXPECT_EQ(*process->read_line(std::chrono::seconds(10)), "first");
  EXPECT_EQ(process->read_line(std::chrono::seconds(10)).error().message, "the reason");
}

TEST(Process, TheLastLineIsTheOneThatSaysSomething) {
  EXPECT_EQ(last_line("a\nb\n \n"), "b");
  EXPECT_EQ(last_line(""), "");
}

TEST(Process, RunsInTheFolderAndEnvironmentAskedFor) {
  EXPECT_EQ(run_process({"pwd"}, {}, "/")->out, "/\n");
  const auto child = spawn({"sh", "-c", "echo $LIDO_X"}, {.environment = {{"LIDO_X=7"}}});
  ASSERT_TRUE(child);
  char text[8] = {};
  EXPECT_EQ(::read(child->out, text, sizeof text), 2);
  EXPECT_STREQ(text, "7\n");
  for (const int fd : {child->in, child->out, child->err}) ::close(fd);
  EXPECT_EQ(::waitpid(child->pid, nullptr, 0), child->pid);
}

TEST(Process, AChildDoesNotInheritBlockedSignals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto done = run_process({"sh", "-c", "kill -TERM $$; exit 7"});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(done->exit_code, 128 + SIGTERM);
}

TEST(Process, AChildDoesNotInheritIgnoredSignals) {
  ::signal(SIGTERM, SIG_IGN);
  EXPECT_EQ(run_process({"sh", "-c", "kill -TERM $$"})->exit_code, 128 + SIGTERM);
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace
}  // namespace lido
