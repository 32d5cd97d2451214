// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/storage/memory_reader.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

class Disk : public testing::Test {
 protected:
  Disk() : folder_(fs::temp_directory_path() / fmt::format("lido-store-{}", ::getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Disk() override { fs::remove_all(folder_); }

  void put(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << name;
  }
  std::vector<std::string> listed(const std::string& pattern) {
    std::vector<std::string> names;
    const auto entries = list((folder_ / pattern).string());
    if (!entries) return {name_of(entries.error().code)};
    for (const Entry& entry : *entries)
      names.push_back(entry.uri.substr(folder_.string().size() + 1));
    return names;
  }

  fs::path folder_;
};

using Names = std::vector<std::string>;

TEST_F(Disk, NothingAppearsBeforeCommit) {
  auto store = *open_store(folder_.string());
  {
    auto writer = *store->create("deep/er/file");
    ASSERT_TRUE(writer->append("half"));
    EXPECT_FALSE(*store->exists("deep/er/file"));
    EXPECT_TRUE(store->list("")->empty());
  }
  EXPECT_FALSE(*store->exists("deep/er/file"));
  ASSERT_TRUE(store->write_text("deep/er/file", "whole"));
  EXPECT_EQ(*store->read_text("deep/er/file"), "whole");
  EXPECT_EQ(store->list("deep")->size(), 1U);
}

TEST_F(Disk, WhatIsMissingIsNotFound) {
  auto store = *open_store(folder_.string());
  EXPECT_EQ(store->open("nothing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_reader((folder_ / "nothing").string()).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(store->remove("nothing"));
  EXPECT_TRUE(store->remove_all("nothing"));
  EXPECT_TRUE(store->list("nothing")->empty());
}

TEST_F(Disk, RemovesOnlyBelowThePrefix) {
  auto store = *open_store(folder_.string());
  for (const char* name : {"a/1", "a/b/2", "ab/3"}) put(name);
  ASSERT_TRUE(store->remove_all("a"));
  EXPECT_FALSE(*store->exists("a/b/2"));
  EXPECT_TRUE(*store->exists("ab/3"));
}

TEST_F(Disk, ReadsByRange) {
  auto store = *open_store(folder_.string());
  ASSERT_TRUE(store->write_text("x", "0123456789"));
  auto reader = *store->open("x");
  std::array<std::byte, 4> into{};
  EXPECT_EQ(*reader->read_at(3, into), 4U);
  EXPECT_EQ(std::to_integer<char>(into[0]), '3');
  EXPECT_EQ(*reader->read_at(8, into), 2U);
  EXPECT_EQ(*reader->read_at(10, into), 0U);
  EXPECT_EQ(*reader->read_at(INT64_MAX, into), 0U);
  EXPECT_FALSE(read_all(*reader, 9));
}

TEST_F(Disk, GlobsNameWhatShellsWould) {
  for (const char* name : {"a.mp4", "b.mp4", "b.txt", "deep/c.mp4", "deep/er/d.mp4", "[x].mp4"})
    put(name);
  EXPECT_EQ(listed("*.mp4"), (Names{"[x].mp4", "a.mp4", "b.mp4"}));
  EXPECT_EQ(listed("[ab].mp4"), (Names{"a.mp4", "b.mp4"}));
  EXPECT_EQ(listed("?.txt"), Names{"b.txt"});
  EXPECT_EQ(listed("*/c.mp4"), Names{"deep/c.mp4"});
  EXPECT_EQ(listed("**/d.mp4"), Names{"deep/er/d.mp4"});
  EXPECT_EQ(listed("deep"), (Names{"deep/c.mp4", "deep/er/d.mp4"}));
  EXPECT_EQ(listed("[x].mp4"), Names{"[x].mp4"}) << "a file of that very name comes first";
  EXPECT_EQ(listed("nothing*"), Names{"not_found"});
}

TEST_F(Disk, OneLockAtATime) {
  auto store = *open_store(folder_.string());
  put("lido.json");
  auto held = store->lock("lido.json");
  ASSERT_TRUE(held);
  EXPECT_EQ(store->lock("lido.json").error().code, ErrorCode::kUnavailable);
  held->reset();
  EXPECT_TRUE(store->lock("lido.json"));
}

TEST(Uri, HasOneAbsoluteForm) {
  EXPECT_EQ(absolute("/a/./b/../c/"), "/a/c");
  EXPECT_EQ(absolute("file:///a/b"), "/a/b");
  EXPECT_EQ(absolute("gs://bucket/a/"), "gs://bucket/a");
  EXPECT_EQ(absolute("x"), (fs::current_path() / "x").string());
  EXPECT_TRUE(is_remote("s3://b"));
  EXPECT_FALSE(is_remote("/s3:"));
  EXPECT_EQ(open_store("ftp://host/x").error().code, ErrorCode::kInvalidArgument);
}

TEST(MemoryReader, EndsWhereTheBytesEnd) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  MemoryReader reader(bytes);
  std::array<std::byte, 8> into{};
  EXPECT_EQ(*reader.read_at(1, into), 2U);
  EXPECT_EQ(*reader.read_at(3, into), 0U);
  EXPECT_EQ(*reader.read_at(-1, into), 0U);
}

}  // namespace
}  // namespace lido::storage
