// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/disk_listing.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

class DiskListing : public testing::Test {
 protected:
  void put(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << name;
  }
  void link(const std::string& target, const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    fs::create_symlink(target, folder_ / name);
  }
  std::string relative(const std::string& path) { return path.substr(folder_.string().size() + 1); }

  /// The files listed, by name; a link has "@" after its name.
  std::vector<std::string> walk() {
    std::vector<std::string> names;
    omissions_.clear();
    VisitRules rules = rules_;
    rules.on_omission = [&](const Omission& omission) {
      omissions_.emplace_back(omission.kind, relative(omission.uri));
    };
    result_ = visit_folder(
        folder_.string(), ".partial",
        [&](const Entry& entry) -> Result<void> {
          names.push_back(relative(entry.uri) + (entry.is_link ? "@" : ""));
          if (on_file_) on_file_(names.back());
          return {};
        },
        rules);
    std::ranges::sort(names);
    return names;
  }

  using Names = std::vector<std::string>;
  using Omissions = std::vector<std::pair<Omission::Kind, std::string>>;
  TestFolder folder_;
  VisitRules rules_;
  std::function<void(const std::string&)> on_file_;
  Omissions omissions_;
  Result<void> result_;
};

TEST_F(DiskListing, LinksToListedFoldersAddNothing) {
  for (const char* name : {"day1/a", "day1/b", "day2/a"}) put(name);
  link("day1", "latest");
  link("..", "day1/up");
  link("..", "day2/up");
  EXPECT_EQ(walk(), (Names{"day1/a", "day1/b", "day2/a"})) << "as os.walk without links";
  EXPECT_EQ(omissions_, (Omissions{{Omission::Kind::kSameFolder, "day1/up"},
                                   {Omission::Kind::kSameFolder, "day2/up"},
                                   {Omission::Kind::kSameFolder, "latest"}}));
}

TEST_F(DiskListing, ALinkToAFolderElsewhereIsFollowedOnce) {
  put("clips/a");
  put("other/x");
  fs::rename(folder_ / "other", folder_.string() + "-other");
  for (const char* name : {"clips/one", "clips/two"}) link(folder_.string() + "-other", name);
  EXPECT_EQ(walk(), (Names{"clips/a", "clips/one/x@"}));
  EXPECT_EQ(omissions_, (Omissions{{Omission::Kind::kSameFolder, "clips/two"}}));
  fs::remove_all(folder_.string() + "-other");
}

TEST_F(DiskListing, NamesOfOneFileHaveOneId) {
  put("a");
  fs::create_hard_link(folder_ / "a", folder_ / "b");
  link("a", "c");
  put("d");
  std::map<std::string, std::string> ids;
  const auto visit = [&](const Entry& entry) -> Result<void> {
    ids[relative(entry.uri)] = entry.file_id;
    return {};
  };
  ASSERT_TRUE(visit_folder(folder_.string(), ".partial", visit, {}));
  EXPECT_EQ(ids["a"], ids["b"]);
  EXPECT_EQ(ids["a"], ids["c"]);
  EXPECT_NE(ids["a"], ids["d"]);
  EXPECT_EQ(find_file((folder_ / "c").string())->file_id, ids["a"]);
}

TEST_F(DiskListing, NamesWhatIsNoFile) {
  put("a");
  link("nowhere", "broken");
  link("self", "self");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, (folder_ / "socket").c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(descriptor);
  EXPECT_EQ(walk(), Names{"a"});
  std::ranges::sort(omissions_);
  EXPECT_EQ(omissions_, (Omissions{{Omission::Kind::kBrokenLink, "broken"},
                                   {Omission::Kind::kBrokenLink, "self"},
                                   {Omission::Kind::kSpecial, "pipe"},
                                   {Omission::Kind::kSpecial, "socket"}}));
}

TEST_F(DiskListing, AFolderRemovedMeanwhileIsNamed) {
  put("a");
  put("z/b");
  on_file_ = [&](const std::string& name) {
    if (name == "a") fs::remove_all(folder_ / "z");
  };
  EXPECT_EQ(walk(), Names{"a"});
  EXPECT_EQ(omissions_, (Omissions{{Omission::Kind::kUnreadable, "z"}}));
  put("z/b");
  const auto remove_z = [&](const Entry&) -> Result<void> {
    fs::remove_all(folder_ / "z");
    return {};
  };
  const auto result = visit_folder(folder_.string(), ".partial", remove_z, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(result.error().message,
            (folder_ / "z").string() + ": removed while it was listed. Run the command again.");
}

TEST_F(DiskListing, AClosedFolderIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every folder";
  put("a");
  put("closed/b");
  fs::permissions(folder_ / "closed", fs::perms::none);
  EXPECT_EQ(walk(), Names{"a"});
  EXPECT_EQ(omissions_, (Omissions{{Omission::Kind::kUnreadable, "closed"}}));
  fs::permissions(folder_ / "closed", fs::perms::owner_all);
}

TEST_F(DiskListing, SkipsWhatTheRulesSkip) {
  put("keep/a");
  put("skip/b");
  link("skip", "keep/skip");
  rules_.skips = [](const std::string& path) { return path.ends_with("/skip"); };
  EXPECT_EQ(walk(), Names{"keep/a"});
}

TEST_F(DiskListing, AMissingFolderAndAFileHoldNothing) {
  put("a");
  const auto refuse = [](const Entry& entry) -> Result<void> {
    return fail(ErrorCode::kCorrupt, "{}", entry.uri);
  };
  EXPECT_TRUE(visit_folder((folder_ / "none").string(), ".partial", refuse, {}));
  EXPECT_TRUE(visit_folder((folder_ / "a").string(), ".partial", refuse, {}));
  EXPECT_EQ(visit_folder(folder_.string(), ".partial", refuse, {}).error().code,
            ErrorCode::kCorrupt)
      << "a visitor's error ends the listing";
}

}  // namespace
}  // namespace lido::storage
