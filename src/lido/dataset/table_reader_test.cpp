// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/table_reader.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/table.h"

namespace lido::dataset {
namespace {

class TableReading : public testing::Test {
 protected:
  void SetUp() override { store_ = *storage::open_store(folder_.string()); }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(TableReading, GivesEachRowOnceOverManyRowGroups) {
  constexpr int64_t kRows = 5000;  // more than two row groups
  auto writer = *TableWriter<JointRow>::create(*store_, "t.parquet");
  for (int64_t i = 0; i < kRows; ++i) {
    JointRow row{.time_s = static_cast<double>(i) / 4, .person = i, .joint = "nose"};
    row.cameras = {"a", fmt::format("c{}", i)};
    ASSERT_TRUE(writer.append(std::move(row)));
  }
  ASSERT_TRUE(writer.commit());
  auto reader = *TableReader<JointRow>::open(*store_, "t.parquet");
  for (int64_t i = 0; i < kRows; ++i) {
    const auto row = reader.next();
    ASSERT_TRUE(row) << row.error().message;
    ASSERT_TRUE(*row) << i;
    EXPECT_EQ((*row)->person, i);
    EXPECT_EQ((*row)->time_s, static_cast<double>(i) / 4);
    EXPECT_EQ((*row)->cameras[1], fmt::format("c{}", i));
  }
  for (int again = 0; again < 2; ++again) {
    const auto end = reader.next();
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_FALSE(*end);
  }
}

TEST_F(TableReading, ATableWithoutRowsHasNoFirst) {
  ASSERT_TRUE(write_table<JointRow>(*store_, "t.parquet", {}));
  auto reader = *TableReader<JointRow>::open(*store_, "t.parquet");
  const auto row = reader.next();
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_FALSE(*row);
}

TEST_F(TableReading, ABrokenFileIsNamed) {
  EXPECT_EQ(TableReader<JointRow>::open(*store_, "t.parquet").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store_->write_text("t.parquet", "PAR1 and no more"));
  const auto reader = TableReader<JointRow>::open(*store_, "t.parquet");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(reader.error().message.find("t.parquet: "), 0U) << reader.error().message;
}

}  // namespace
}  // namespace lido::dataset
