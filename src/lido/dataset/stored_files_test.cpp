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
    EXPECT_TRUE(visit_stored(dataset_->store(), [&](const std::string& name) -> Result<void> {
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
  EXPECT_EQ(*sweep(*dataset_, *dataset_->read(1)), 3);
  std::set<std::string> expected = before;
  expected.insert(stay.begin(), stay.end());
  EXPECT_EQ(stored(), expected);
  EXPECT_FALSE(std::filesystem::exists(folder_ / ".work"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scenes/g000009"));
}

}  // namespace
}  // namespace lido::dataset
