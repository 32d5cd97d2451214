// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/stored_files.h"

#include <gtest/gtest.h>

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

class StoredFilesTest : public DatasetFixture {
 protected:
  void put(const std::string& name) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << name;
  }
  std::set<std::string> stored() {
    std::set<std::string> names;
    EXPECT_TRUE(
        visit_stored(dataset_->store(), [&](const std::string& name, const auto&) -> Result<void> {
          names.insert(name);
          return {};
        }));
    return names;
  }
};

TEST_F(StoredFilesTest, EachFileHasItsRole) {
  const auto files = *StoredFiles::make(*dataset_, *dataset_->read(1));
  using enum FileRole;
  for (const auto& [name, role] : {std::pair("lido.json", kOwn),
                                   {"lido.json.lease", kOwn},
                                   {"forgotten.json", kOwn},
                                   {"generations/000001/manifest.parquet", kOwn},
                                   {"generations/000001/generation.json", kOwn},
                                   {"generations/000001/notes.txt", kForeign},
                                   {"training_runs/p1-0a.json", kOwn},
                                   {"training_runs/p1/run.json", kForeign},
                                   {"training_runs/.p1-0a.json.partial", kLeftover},
                                   {"report.html", kPage},
                                   {"contact_sheet.html", kPage},
                                   {"sub/report.html", kForeign},
                                   {".work/parts/x", kLeftover},
                                   {".report.html.partial", kLeftover},
                                   {"shards/.train.tar.partial", kLeftover},
                                   {"shards/unnamed.tar", kLeftover},
                                   {"scenes/g000009/objects.parquet", kLeftover},
                                   {"generations/000002/manifest.parquet", kLeftover},
                                   {"partial", kForeign},
                                   {"holiday.mp4", kForeign}})
    EXPECT_EQ(files.role(name), role) << name;
  for (const SampleRow& row : samples(1)) EXPECT_EQ(files.role(row.shard), kOwn) << row.shard;
}

TEST_F(StoredFilesTest, TheSweepTakesLeftoversAndNothingElse) {
  const std::set<std::string> before = stored();
  const std::set<std::string> stay = {"report.html", "holiday.mp4", "generations/000001/notes.txt",
                                      "training_runs/p1-0a.json"};
  for (const std::string& name : stay) put(name);
  for (const char* name : {".work/parts/x", ".work/runs/1/rows/y", "shards/.a.partial",
                           "shards/unnamed.tar", "scenes/g000009/plates/a.jpg"})
    put(name);
  EXPECT_EQ(*count_unfinished(dataset_->store()), 3) << "two in .work, one .partial";
  EXPECT_EQ(sweep(*dataset_, *dataset_->read(1))->unfinished, 3);
  std::set<std::string> expected = before;
  expected.insert(stay.begin(), stay.end());
  EXPECT_EQ(stored(), expected);
  EXPECT_FALSE(std::filesystem::exists(folder_ / ".work"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scenes/g000009"));
}

TEST_F(StoredFilesTest, FoldersMayBeLinksToFoldersElsewhere) {
  const std::set<std::string> before = stored();
  const TestFolder disk, pool;
  namespace fs = std::filesystem;
  fs::create_directory(folder_ / "scenes");
  for (const char* name : {"shards", "generations"}) {
    fs::copy(folder_ / name, disk / name, fs::copy_options::recursive);
    fs::remove_all(folder_ / name);
    fs::create_directory_symlink(disk / name, folder_ / name);
  }
  fs::create_directory_symlink(folder_.path(), folder_ / "scenes/loop");
  fs::create_directory_symlink(pool.path(), folder_ / "raw");  // not a folder of Lido's
  std::ofstream(pool / "clip.mp4") << "clip";
  std::set<std::string> expected = before;
  expected.insert({"raw", "scenes/loop"});
  EXPECT_EQ(stored(), expected);
}

TEST_F(StoredFilesTest, TheSweepCountsFilesWithFurtherNames) {
  put("shards/unnamed.tar");
  std::filesystem::create_hard_link(folder_ / "shards/unnamed.tar", folder_ / "kept.tar");
  const auto swept = sweep(*dataset_, *dataset_->read(1));
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(swept->shared, 1);
  EXPECT_EQ(swept->first_shared, folder_.string() + "/shards/unnamed.tar");
}

TEST_F(StoredFilesTest, APageOfARemovedGenerationIsNotKept) {
  ASSERT_TRUE(write_page(*dataset_, 1, kReportFile, "page"));
  EXPECT_EQ(read(kReportFile), "page");
  std::filesystem::remove(folder_ / "generations/000001/generation.json");
  const auto late = write_page(*dataset_, 1, kReportFile, "late");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(folder_ / kReportFile));
}

TEST_F(StoredFilesTest, LinksAreNamed) {
  namespace fs = std::filesystem;
  const TestFolder disk;
  EXPECT_TRUE(check_no_links(dataset_->store()));
  fs::create_symlink(disk / "nothing", folder_ / "shards/lost.tar");
  fs::create_symlink(folder_ / "lido.json", folder_ / "mine.json");
  EXPECT_TRUE(check_no_links(dataset_->store())) << "links to nothing, and the user's own";
  const std::string shard = samples(1)[0].shard;
  fs::rename(folder_ / shard, disk / "shard.tar");
  fs::create_symlink(disk / "shard.tar", folder_ / shard);
  const auto checked = check_no_links(dataset_->store());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(checked.error().message.starts_with(fmt::format(
      "{}/{}: a link to {}/shard.tar, where a removal", folder_.string(), shard, disk.string())))
      << checked.error().message;
}

}  // namespace
}  // namespace lido::dataset
