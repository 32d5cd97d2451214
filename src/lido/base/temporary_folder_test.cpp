// SPDX-License-Identifier: Apache-2.0
#include "lido/base/temporary_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "lido/base/test_folder.h"

namespace lido {
namespace {

namespace fs = std::filesystem;

/// Each test has a TMPDIR of its own.
class TemporaryFolderTest : public testing::Test {
 protected:
  TemporaryFolderTest() { ::setenv("TMPDIR", folder_.string().c_str(), 1); }
  ~TemporaryFolderTest() override { ::unsetenv("TMPDIR"); }

  fs::path account() const { return folder_ / fmt::format("lido-{}", ::geteuid()); }
  /// Waits until nothing is left in TMPDIR.
  bool becomes_empty() const {
    constexpr int kMaxTries = 1000;
    for (int i = 0; i < kMaxTries && !fs::is_empty(folder_.path()); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return fs::is_empty(folder_.path());
  }

  TestFolder folder_;
};

TEST_F(TemporaryFolderTest, IsThereUntilItsLifeEnds) {
  fs::path path;
  {
    auto made = TemporaryFolder::make("predict-");
    ASSERT_TRUE(made) << made.error().message;
    const TemporaryFolder moved = *std::move(made);
    path = moved.path();
    EXPECT_EQ(path.parent_path(), account());
    EXPECT_TRUE(path.filename().string().starts_with("predict-"));
    std::ofstream(path / "file") << "text";
    EXPECT_TRUE(fs::exists(path / "file"));
    const auto other = TemporaryFolder::make("predict-");
    EXPECT_NE(other->path(), path);
    for (const fs::path& each : {account(), path}) {
      struct stat status{};
      ASSERT_EQ(::stat(each.c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 0777U, 0700U) << each;
    }
  }
  EXPECT_TRUE(fs::is_empty(folder_.path())) << "the account's folder is gone too";
}

TEST_F(TemporaryFolderTest, MakeInTakesAnyFolder) {
  fs::path path;
  {
    const auto made = TemporaryFolder::make_in(folder_.path(), ".fetch-");
    path = made->path();
    EXPECT_EQ(path.parent_path(), folder_.path());
    EXPECT_TRUE(path.filename().string().starts_with(".fetch-"));
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(TemporaryFolderTest, OfAProcessThatIsKilledIsRemoved) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto made = TemporaryFolder::make("predict-");
    fs::create_directories(made->path() / "deep/er");
    std::ofstream(made->path() / "deep/er/picture.jpg") << "picture";
    const bool is_there = fs::exists(made->path() / "deep/er/picture.jpg");
    ::kill(::getpid(), is_there ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL) << "the picture was not there";
  EXPECT_TRUE(becomes_empty());
}

TEST_F(TemporaryFolderTest, OfAForkedProcessStaysUntilBothHaveEnded) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const auto made = TemporaryFolder::make("predict-");
    const pid_t worker = ::fork();
    if (worker == 0) {
      ::close(pipe[1]);
      char end = 0;
      (void)!::read(pipe[0], &end, 1);  // until the test closes its end
      ::_exit(0);
    }
    ::kill(::getpid(), SIGKILL);
  }
  ::close(pipe[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(owner, &status, 0), owner);
  remove_abandoned_folders();
  EXPECT_FALSE(fs::is_empty(account())) << "the worker still writes there";
  ::close(pipe[1]);
  EXPECT_TRUE(becomes_empty());
}

TEST_F(TemporaryFolderTest, TheNextProcessRemovesWhatAPowerCutLeft) {
  const auto held = TemporaryFolder::make("predict-");
  std::ofstream(held->path() / "mine") << "text";
  fs::create_directories(account() / "predict-Left01/deep");
  std::ofstream(account() / "predict-Left01/deep/picture.jpg") << "picture";
  fs::create_directory(folder_ / "outside");
  fs::create_directory_symlink(folder_ / "outside", account() / "link");
  remove_abandoned_folders();
  EXPECT_FALSE(fs::exists(account() / "predict-Left01"));
  EXPECT_TRUE(fs::exists(held->path() / "mine")) << "its owner is alive";
  EXPECT_TRUE(fs::exists(folder_ / "outside")) << "a link is not followed";
}

TEST_F(TemporaryFolderTest, MakingAndRemovingFromManyThreadsLosesNone) {
  constexpr int kThreads = 8, kFolders = 10;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < kFolders; ++n) {
        const auto made = TemporaryFolder::make("predict-");
        ASSERT_TRUE(made) << made.error().message;
        remove_abandoned_folders();
        std::ofstream(made->path() / "file") << "text";
        EXPECT_TRUE(fs::exists(made->path() / "file"));
      }
    });
  threads.clear();
  EXPECT_TRUE(becomes_empty());
}

TEST_F(TemporaryFolderTest, AFolderThatOthersCanWriteToIsRefused) {
  fs::create_directory(account());
  fs::permissions(account(), fs::perms::all);
  const auto made = TemporaryFolder::make("predict-");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(made.error().message.contains("not a folder that this account alone can write to"))
      << made.error().message;
  fs::create_directory(account() / "predict-Left01");
  remove_abandoned_folders();
  EXPECT_TRUE(fs::exists(account() / "predict-Left01"));
  fs::remove_all(account());
  fs::create_directory_symlink("/", account());
  EXPECT_FALSE(TemporaryFolder::make("predict-")) << "a link leads anywhere";
}

TEST_F(TemporaryFolderTest, WithoutAPlaceItIsAnError) {
  const auto nowhere = TemporaryFolder::make_in("/proc/nowhere", "x");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(nowhere.error().message, "/proc/nowhere: cannot be written to");
  ::setenv("TMPDIR", (folder_ / "none").c_str(), 1);
  EXPECT_EQ(TemporaryFolder::make("x").error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace lido
