// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/shard_rewriter.h"

#include <gtest/gtest.h>

#include <set>

#include "lido/base/process.h"
#include "lido/dataset/forget_fixture.h"

namespace lido::dataset {
namespace {

class ForgetShards : public ForgetFixture {};

TEST_F(ForgetShards, DamageElsewhereDoesNotKeepItFromRemoving) {
  const SampleRow other = samples(1)[7], same_shard = samples(1)[0];
  for (const SampleRow& row : {other, same_shard}) {
    std::string bytes = read(row.shard);
    bytes[static_cast<size_t>(row.offset + row.length / 2)] ^= 1;
    ASSERT_TRUE(dataset_->store().write_text(row.shard, bytes));
  }
  ASSERT_TRUE(dataset_->store().write_text("report.html", "page"));
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(proof_.damaged.size(), 2U);
  EXPECT_EQ(samples(2).size(), 7U) << "the damaged samples stay as they are";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "report.html"));
}

TEST_F(ForgetShards, AnAbsurdLengthOfAnotherSampleTakesNoMemory) {
  const std::string name = "generations/000001/manifest.parquet";
  std::vector<SampleRow> rows = samples(1);
  rows[0].length = int64_t{1} << 60;
  auto manifest = *TableWriter<SampleRow>::create(dataset_->store(), name);
  for (const SampleRow& row : rows) ASSERT_TRUE(manifest.append(row));
  ASSERT_TRUE(manifest.commit());
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  const auto summary = run.remove();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  const std::vector<SampleRow> kept = samples(2);
  ASSERT_EQ(kept.size(), 7U);
  EXPECT_FALSE(dataset_->read_sample(kept[0])) << "its length is as absurd as before";
  EXPECT_EQ(read(kept[0].shard).find("a_00000002"), std::string::npos);
  for (size_t i = 1; i < kept.size(); ++i) EXPECT_TRUE(dataset_->read_sample(kept[i])) << i;
}

/// Rewrites the shards of some rows. @return The rows that stay, with their new places.
class ShardRewriting : public DatasetFixture {
 protected:
  std::vector<SampleRow> rewrite(const std::vector<SampleRow>& rows,
                                 const std::set<std::string>& removed) {
    auto manifest = *TableWriter<SampleRow>::create(dataset_->store(), "kept.parquet");
    const auto find = [&](const SampleRow& row) {
      return removed.contains(row.sample) ? std::vector<size_t>{0} : std::vector<size_t>();
    };
    ShardRewriter rewriter(*dataset_, 2, find, manifest, records_);
    for (const SampleRow& row : rows) EXPECT_TRUE(rewriter.add(row));
    EXPECT_TRUE(rewriter.finish());
    EXPECT_TRUE(manifest.commit());
    return *read_table<SampleRow>(dataset_->store(), "kept.parquet");
  }

  std::vector<Forgotten> records_{{.clip = "/pool/a.mp4"}};
};

TEST_F(ShardRewriting, KeptSamplesFollowOneAnotherInANewShard) {
  const auto before = samples(1);
  const auto kept = rewrite(before, {"a_00000002"});
  ASSERT_EQ(kept.size(), 7U);
  const std::string old_shard = before[0].shard, shard = "shards/g000001-train-000000-f000002.tar";
  int64_t offset = 0;
  for (size_t i = 0; i < 3; ++i) {
    const SampleRow& was = before[i == 0 ? 0 : i + 1];
    EXPECT_EQ(kept[i].sample, was.sample);
    EXPECT_EQ(kept[i].shard, shard);
    EXPECT_EQ(kept[i].offset, offset);
    EXPECT_EQ(
        read(shard).substr(static_cast<size_t>(offset), static_cast<size_t>(was.length)),
        read(old_shard).substr(static_cast<size_t>(was.offset), static_cast<size_t>(was.length)));
    offset += was.length;
  }
  EXPECT_EQ(read(shard).substr(static_cast<size_t>(offset)), tar_end());
  EXPECT_EQ(kept[3].shard, before[4].shard) << "the other shard is as it was";
  // Checksums of the program sha256sum.
  const auto sum = [&](const std::string& name) {
    return run_process({"sha256sum", (folder_ / name).string()})->out.substr(0, 64);
  };
  EXPECT_EQ(records_[0].shards_before, std::vector{old_shard + " " + sum(old_shard)});
  EXPECT_EQ(records_[0].shards_after, std::vector{shard + " " + sum(shard)});
}

TEST_F(ShardRewriting, AShardWithoutSamplesIsNotWritten) {
  const auto kept = rewrite(samples(1), {"a_00000000", "a_00000002", "a_00000004", "a_00000006"});
  EXPECT_EQ(kept.size(), 4U);
  EXPECT_EQ(records_[0].shards_before.size(), 1U);
  EXPECT_TRUE(records_[0].shards_after.empty());
}

TEST_F(ShardRewriting, AMissingShardIsRecordedAndItsRowsStay) {
  const auto before = samples(1);
  ASSERT_TRUE(dataset_->store().remove(before[0].shard));
  const auto kept = rewrite(before, {"a_00000002"});
  ASSERT_EQ(kept.size(), 7U);
  EXPECT_EQ(kept[0].shard, before[0].shard);
  EXPECT_EQ(records_[0].shards_before, std::vector{before[0].shard + " missing"});
  EXPECT_TRUE(records_[0].shards_after.empty());
}

TEST_F(ShardRewriting, PiecesOfOneShardGetNamesOfTheirOwn) {
  // Rows of a manifest that go back to a shard, which another program may have written.
  const auto all = samples(1);
  std::vector<SampleRow> rows;
  for (size_t i = 0; i < 4; ++i) {
    rows.push_back(all[i]);
    SampleRow removed = all[i];
    removed.sample = "removed";
    rows.push_back(removed);
    rows.push_back(all[i + 4]);
  }
  const auto kept = rewrite(rows, {"removed"});
  ASSERT_EQ(kept.size(), 8U);
  std::set<std::string> shards;
  for (const SampleRow& row : kept) {
    shards.insert(row.shard);
    EXPECT_TRUE(dataset_->read_sample(row)) << row.sample << " in " << row.shard;
  }
  EXPECT_EQ(shards.size(), 5U) << "four pieces, and the shard that stays";
}

}  // namespace
}  // namespace lido::dataset
