// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/orphans.h"

#include <gtest/gtest.h>

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

using Names = std::vector<std::string>;

class Orphans : public DatasetFixture {
 protected:
  void put(const std::string& name) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << name;
  }
};

TEST_F(Orphans, AWholeDatasetHasNone) {
  for (const char* name :
       {"report.html", "notes.txt", ".work/parts/x", "lido.json.lease", "training_runs/p1-0a.json"})
    put(name);
  EXPECT_EQ(*find_orphans(*dataset_), Names());
  EXPECT_EQ(*find_duplicates(*dataset_, 1), Names());
}

TEST_F(Orphans, FilesThatNoGenerationUsesAreFound) {
  const Names left = {"generations/.x.partial", "generations/000002/manifest.parquet",
                      "scenes/g000002/objects.parquet", "shards/g000002-train-000000.tar"};
  for (const std::string& name : left) put(name);
  EXPECT_EQ(*find_orphans(*dataset_), left);
}

TEST_F(Orphans, OnlyTheUnpublishedGenerationIsRemoved) {
  const auto before = *dataset_->store().list("");
  for (const char* name :
       {"generations/000002/manifest.parquet", "scenes/g000002/plates/a.jpg",
        "shards/g000002-train-000007.tar", "shards/g000001-train-000000-f000002.tar"})
    put(name);
  ASSERT_TRUE(remove_unpublished(*dataset_, 2));
  const auto after = *dataset_->store().list("");
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].uri, before[i].uri);
}

TEST_F(Orphans, SamplesWithTwoRowsAreFound) {
  Generation second = *dataset_->read(1);
  second.number = 2;
  auto tables = *dataset_->begin_tables(2);
  auto rows = samples(1);
  const std::string key = rows.back().sample;
  rows.push_back(rows.back());
  for (SampleRow& row : rows) ASSERT_TRUE(tables.samples.append(std::move(row)));
  ASSERT_TRUE(dataset_->publish(second, tables));
  EXPECT_EQ(*find_duplicates(*dataset_, 2), Names{key});
  EXPECT_EQ(*find_duplicates(*dataset_, 1), Names());
}

TEST_F(Orphans, AGenerationIsPublishedOnce) {
  Generation second = *dataset_->read(1);
  second.number = 2;
  auto mine = *dataset_->begin_tables(2);
  auto theirs = *dataset_->begin_tables(2);
  ASSERT_TRUE(dataset_->publish(second, theirs));
  const auto late = dataset_->publish(second, mine);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(late.error().message.find("published this generation meanwhile"), std::string::npos);
}

}  // namespace
}  // namespace lido::dataset
