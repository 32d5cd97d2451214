// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include "lido/base/test_folder.h"

namespace {
/// Called once, before the next lock of a file.
std::function<void()> before_next_flock;
}  // namespace

/// In place of the C library's flock() in this program.
extern "C" int replaced_flock(int descriptor, int operation) noexcept __asm__("flock");
extern "C" int replaced_flock(int descriptor, int operation) noexcept {
  if (const auto call = std::exchange(before_next_flock, nullptr)) call();
  return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

namespace lido::storage {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Disk : public testing::Test {
 protected:
  Disk() : store_(*open_disk(folder_.string())) {}

  void put(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << name;
  }
  std::vector<std::string> listed(std::string_view prefix) {
    std::vector<std::string> names;
    const auto entries = store_->list(prefix);
    if (!entries) return {name_of(entries.error().code)};
    for (const Entry& entry : *entries)
      names.push_back(entry.uri.substr(folder_.string().size() + 1));
    return names;
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
  int pipe_[2] = {-1, -1};
};

using Names = std::vector<std::string>;

TEST_F(Disk, NothingAppearsBeforeCommit) {
  {
    auto writer = *store_->create("deep/er/file");
    ASSERT_TRUE(writer->append("half"));
    EXPECT_FALSE(*store_->exists("deep/er/file"));
    EXPECT_TRUE(store_->list("")->empty());
  }
  EXPECT_FALSE(*store_->exists("deep/er/file"));
  EXPECT_TRUE(fs::is_empty(folder_ / "deep/er")) << "no partial file stays behind";
  ASSERT_TRUE(store_->write_text("deep/er/file", "whole"));
  EXPECT_EQ(*store_->read_text("deep/er/file"), "whole");
  EXPECT_EQ(store_->list("deep")->size(), 1U);
}

TEST_F(Disk, CommitReplacesAnObjectAndLeavesOpenReadersTheirBytes) {
  ASSERT_TRUE(store_->write_text("x", "old"));
  auto reader = *store_->open("x");
  ASSERT_TRUE(store_->write_text("x", "new and longer"));
  EXPECT_EQ(*read_all(*reader, 100), "old");
  EXPECT_EQ(*store_->read_text("x"), "new and longer");
}

TEST_F(Disk, WritesManyPiecesOfAnySizeInOrder) {
  for (const Durability durability : {Durability::kProcess, Durability::kPower}) {
    std::string expected;
    auto writer = *store_->create("big", durability);
    for (size_t i = 0; i < 40; ++i) {
      // Pieces below, at and above the writer's buffer of 1 MiB.
      const std::string piece(i % 4 == 3 ? (1 << 20) + i : i * 7919,
                              static_cast<char>('a' + i % 26));
      expected += piece;
      ASSERT_TRUE(writer->append(piece));
    }
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(*store_->read_text("big"), expected);
  }
}

TEST_F(Disk, AMissingObjectIsNotFoundAndMayBeRemoved) {
  EXPECT_EQ(store_->open("nothing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_reader((folder_ / "nothing").string()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->lock("nothing").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(store_->remove("nothing"));
  EXPECT_TRUE(store_->remove_all("nothing"));
  EXPECT_TRUE(store_->list("nothing")->empty());
}

TEST_F(Disk, NamesThePathAndTheSystemsReason) {
  const auto error = store_->open("nothing").error();
  EXPECT_EQ(error.message,
            fmt::format("{}/nothing: cannot open: No such file or directory", folder_.string()));
  put("file");
  const auto below_a_file = store_->create("file/x");
  ASSERT_FALSE(below_a_file);
  EXPECT_NE(below_a_file.error().message.find("file"), std::string::npos);
}

TEST_F(Disk, AFolderIsNoObject) {
  put("a/1");
  const auto opened = store_->open("a");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(opened.error().message, folder_.string() + "/a: a folder, want a file");
}

TEST_F(Disk, RemovesOnlyBelowThePrefix) {
  for (const char* name : {"a/1", "a/b/2", "ab/3"}) put(name);
  ASSERT_TRUE(store_->remove_all("a"));
  EXPECT_EQ(listed(""), Names{"ab/3"});
  ASSERT_TRUE(store_->remove("ab/3"));
  EXPECT_TRUE(listed("").empty());
}

TEST_F(Disk, ListsFilesBelowLinksAndNoPartialFilesNorPipes) {
  put("real/1");
  put("unfinished/.2.partial");
  fs::create_directory_symlink(folder_ / "real", folder_ / "link");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(listed(""), Names{"real/1"}) << "each folder once";
  std::set<std::string> raw;
  ASSERT_TRUE(store_->visit_raw([&](Entry entry) -> Result<void> {
    raw.insert(entry.uri.substr(folder_.string().size() + 1));
    return {};
  }));
  EXPECT_EQ(raw, (std::set<std::string>{"link", "pipe", "real/1", "unfinished/.2.partial"}));
}

TEST_F(Disk, ListsTheTimeOfTheLastChange) {
  put("old");
  const timespec times[] = {{1, 2}, {1'000'000'000, 345'678'901}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / "old").c_str(), times, 0), 0);
  EXPECT_EQ(store_->list("")->at(0).modified_ns, 1'000'000'000'345'678'901);
}

TEST_F(Disk, APipeIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const auto& error :
       {store_->open("pipe").error(), find_entry((folder_ / "pipe").string()).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.message, folder_.string() + "/pipe: a named pipe, want a regular file");
  }
}

TEST_F(Disk, ReadsByRange) {
  ASSERT_TRUE(store_->write_text("x", "0123456789"));
  auto reader = *store_->open("x");
  EXPECT_EQ(reader->size(), 10);
  std::array<std::byte, 4> into{};
  EXPECT_EQ(*reader->read_at(3, into), 4U);
  EXPECT_EQ(std::to_integer<char>(into[0]), '3');
  EXPECT_EQ(*reader->read_at(8, into), 2U);
  EXPECT_EQ(*reader->read_at(10, into), 0U);
  EXPECT_EQ(*reader->read_at(-1, into), 0U);
  EXPECT_EQ(*reader->read_at(INT64_MAX, into), 0U);
  EXPECT_EQ(read_all(*reader, 9).error().message, "10 bytes, want 9 at most");
}

TEST_F(Disk, OfManyWhoCreateANameOneDoes) {
  constexpr int kProcesses = 16;
  ASSERT_EQ(::pipe(pipe_), 0);
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    char go = 0;
    ::close(pipe_[1]);
    (void)!::read(pipe_[0], &go, 1);  // returns when the parent closes its end
    const auto made = open_disk(folder_.string()).value()->create_new("x", std::to_string(i));
    ::_exit(!made ? 2 : *made == Created::kNew ? 1 : 0);
  }
  ::close(pipe_[0]);
  ::close(pipe_[1]);
  std::multiset<int> exits;
  for (int i = 0; i < kProcesses; ++i) {
    int status = 0;
    ::wait(&status);
    exits.insert(WEXITSTATUS(status));
  }
  EXPECT_EQ(exits.count(1), 1U);
  EXPECT_EQ(exits.count(0), kProcesses - 1U);
  const std::string text = *store_->read_text("x");
  EXPECT_EQ(*store_->create_new("x", "late"), Created::kExists);
  EXPECT_EQ(*store_->read_text("x"), text);
  EXPECT_EQ(listed(""), Names{"x"});
}

TEST_F(Disk, TwoWritersOfOneNameDoNotMixTheirBytes) {
  auto first = *store_->create("x");
  ASSERT_TRUE(first->append("first"));
  auto second = *store_->create("x");
  ASSERT_TRUE(second->append("second"));
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(*store_->read_text("x"), "first");
  ASSERT_TRUE(second->commit());
  EXPECT_EQ(*store_->read_text("x"), "second");
}

TEST_F(Disk, AFileThatAKilledProcessBeganIsUsedAgain) {
  put(".x.partial");
  ASSERT_TRUE(store_->write_text("x", "whole"));
  EXPECT_FALSE(fs::exists(folder_ / ".x.partial"));
  EXPECT_EQ(*store_->read_text("x"), "whole");
}

TEST_F(Disk, OnlyFilesThatAreBeingWrittenStayUnfinished) {
  put("a/.old.partial");
  put("a/whole");
  auto writer = *store_->create("a/new");
  ASSERT_TRUE(remove_unfinished(folder_.string()));
  EXPECT_FALSE(fs::exists(folder_ / "a/.old.partial"));
  ASSERT_TRUE(writer->append("text"));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(listed(""), (Names{"a/new", "a/whole"}));
  EXPECT_TRUE(remove_unfinished((folder_ / "nothing").string()));
}

TEST_F(Disk, ALockIsOnTheFileOfThatName) {
  put("lido.json");
  put("new");
  before_next_flock = [&] { fs::rename(folder_ / "new", folder_ / "lido.json"); };
  const auto held = store_->lock("lido.json");
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_FALSE(before_next_flock) << "the file was replaced after it was opened";
  EXPECT_FALSE(store_->lock("lido.json", 0ms)) << "the lock is on the file with the name";
  put("newest");
  fs::rename(folder_ / "newest", folder_ / "lido.json");
  EXPECT_TRUE(store_->lock("lido.json", 0ms)) << "the old lock's file has lost its name";
}

TEST_F(Disk, ALockIsWaitedFor) {
  put("lido.json");
  auto held = *store_->lock("lido.json");
  std::atomic<bool> is_released = false;
  const std::jthread releaser([&] {
    std::this_thread::sleep_for(300ms);
    is_released = true;
    held.reset();
  });
  EXPECT_TRUE(store_->lock("lido.json", 60s));
  EXPECT_TRUE(is_released) << "two held it at once";
}

TEST_F(Disk, AWaitForALockEndsWithAStop) {
  put("lido.json");
  const auto held = *store_->lock("lido.json");
  std::stop_source stop;
  stop.request_stop();
  stop_requests_on(stop.get_token());
  const auto stopped = store_->lock("lido.json", 10s);
  stop_requests_on({});
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(Disk, OneLockAtATime) {
  put("lido.json");
  auto held = store_->lock("lido.json");
  ASSERT_TRUE(held);
  const auto refused = store_->lock("lido.json", 0ms);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().message,
            folder_.string() + ": another process is writing here. Wait for it, or stop it.");
  held->reset();
  EXPECT_TRUE(store_->lock("lido.json"));
}

TEST_F(Disk, ALockEndsWithItsProcess) {
  put("lido.json");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = open_disk(folder_.string()).value()->lock("lido.json");
    ::_exit(held ? 0 : 1);  // without a destructor, as if killed
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(store_->lock("lido.json"));
}

}  // namespace
}  // namespace lido::storage
