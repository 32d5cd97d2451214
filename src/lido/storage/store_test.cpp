// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

class Listing : public testing::Test {
 protected:
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

  TestFolder folder_;
};

using Names = std::vector<std::string>;

TEST_F(Listing, GlobsNameTheFilesThatAShellWould) {
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

TEST_F(Listing, AGlobListsOnlyFoldersThatCanHoldAMatch) {
  for (const char* name : {"a1/x.mp4", "a2/x.mp4", "b/x.mp4", "a1/deep/x.mp4"}) put(name);
  std::vector<std::string> asked;
  VisitRules rules;
  rules.skips = [&](const std::string& folder) {
    asked.push_back(folder.substr(folder_.string().size() + 1));
    return false;
  };
  const auto ignore = [](const Entry&) -> Result<void> { return {}; };
  ASSERT_TRUE(visit((folder_ / "a*/x.mp4").string(), ignore, rules));
  std::ranges::sort(asked);
  EXPECT_EQ(asked, (Names{"a1", "a2"}));
  asked.clear();
  ASSERT_TRUE(visit((folder_ / "**/x.mp4").string(), ignore, rules));
  std::ranges::sort(asked);
  EXPECT_EQ(asked, (Names{"a1", "a1/deep", "a2", "b"}));
}

TEST_F(Listing, ANamedFileIsItsOwnListing) {
  put("deep/c.mp4");
  EXPECT_EQ(listed("deep/c.mp4"), Names{"deep/c.mp4"});
  EXPECT_EQ(list((folder_ / "deep/c.mp4").string())->front().size, 10) << "bytes of its name";
  EXPECT_EQ(listed("deep/no.mp4"), Names{"not_found"});
}

TEST_F(Listing, AnEmptyFolderIsNoError) {
  fs::create_directories(folder_ / "empty");
  EXPECT_TRUE(listed("empty").empty());
}

TEST_F(Listing, EndsAtTheFirstErrorOfTheVisitor) {
  for (const char* name : {"1", "2", "3"}) put(name);
  int visited = 0;
  const auto result = visit(folder_.string(), [&](const Entry&) -> Result<void> {
    ++visited;
    return fail(ErrorCode::kCancelled, "enough");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "enough");
  EXPECT_EQ(visited, 1);
}

TEST_F(Listing, ReadTextNamesTheObjectThatIsTooLarge) {
  put("0123456789");
  const auto store = *open_store(folder_.string());
  const auto text = store->read_text("0123456789", 5);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(text.error().message,
            fmt::format("{}/0123456789: 10 bytes, want 5 at most", folder_.string()));
}

TEST(OpenStore, RefusesAnEmptyName) {
  for (const auto& error : {open_store("").error(), open_store("file://").error(),
                            open_reader("").error(), list("").error()}) {
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.message, "\"\": an empty name, want a path, gs:// or s3://");
  }
}

TEST(CheckName, RefusesNamesThatLeadOut) {
  for (const char* good : {"a", "a/b.tar", "..a/b..", ".work/parts/x", "a b", "\xe9"})
    EXPECT_TRUE(check_name("/d", good)) << good;
  for (const std::string& bad : {std::string(), std::string("/etc/passwd"), std::string("../a"),
                                 std::string("a/../../b"), std::string("a/.."), std::string("a//b"),
                                 std::string("./a"), std::string("a/"), std::string("a\0b", 3)}) {
    const auto checked = check_name("/d", bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_EQ(check_name("/d", "../a").error().message,
            "/d: \"../a\" leads out of this folder, want a name in it");
}

TEST_F(Listing, EveryCallOfAStoreRefusesNamesThatLeadOut) {
  put("inside/x");
  put("outside");
  const auto store = *open_store((folder_ / "inside").string());
  const std::vector<std::string> names = {"../outside"};
  EXPECT_EQ(store->open(names[0]).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->create(names[0]).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->create_new(names[0], "").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->remove(names[0]).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->remove_each(names).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->remove_all("..").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->lock(names[0]).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->list("..").error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(fs::exists(folder_ / "outside"));
}

TEST(Uri, HasOneAbsoluteForm) {
  EXPECT_EQ(absolute("/a/./b/../c/"), "/a/c");
  EXPECT_EQ(absolute("file:///a/b"), "/a/b");
  EXPECT_EQ(absolute("gs://bucket/a/"), "gs://bucket/a");
  EXPECT_EQ(absolute("gs://"), "gs://");
  EXPECT_EQ(absolute("x"), (fs::current_path() / "x").string());
  EXPECT_TRUE(is_remote("s3://b"));
  EXPECT_FALSE(is_remote("/s3:"));
  EXPECT_EQ(open_store("ftp://host/x").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace lido::storage
