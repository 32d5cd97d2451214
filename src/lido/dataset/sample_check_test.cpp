// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/sample_check.h"

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

class SampleChecks : public DatasetFixture {
 protected:
  /// Reads all samples of the first generation.
  SampleCheck check() {
    SampleCheck found;
    for (const SampleRow& row : samples(1)) EXPECT_TRUE(found.read(*dataset_, row)) << row.sample;
    return found;
  }
  /// Changes a byte in the middle of a sample.
  void damage(const SampleRow& row) {
    std::string bytes = read(row.shard);
    bytes[static_cast<size_t>(row.offset + row.length / 2)] ^= 1;
    ASSERT_TRUE(dataset_->store().write_text(row.shard, bytes));
  }
};

TEST_F(SampleChecks, AWholeDatasetHasNoDamage) {
  const SampleCheck found = check();
  EXPECT_EQ(found.samples(), 8);
  EXPECT_EQ(found.damaged(), 0);
  EXPECT_EQ(found.warning(), "");
}

TEST_F(SampleChecks, EachDamagedSampleIsCountedAndTheFirstThreeAreNamed) {
  const auto rows = samples(1);
  for (const size_t i : {0, 2, 3, 5}) damage(rows[i]);
  const SampleCheck found = check();
  EXPECT_EQ(found.samples(), 8);
  EXPECT_EQ(found.damaged(), 4);
  EXPECT_EQ(found.shards(), (std::set<std::string>{rows[0].shard, rows[5].shard}));
  ASSERT_EQ(found.first().size(), 3U);
  const auto line = [&](size_t i) {
    return fmt::format("{}: sample {}: the checksum differs from the manifest", rows[i].shard,
                       rows[i].sample);
  };
  EXPECT_EQ(found.first()[2], line(3));
  EXPECT_EQ(found.warning(),
            fmt::format("4 of 8 samples are damaged, in 2 shards; the first: {}; {}; {}; ... Copy "
                        "the shard from a backup, or ingest the clips into a new dataset.",
                        line(0), line(2), line(3)));
}

TEST_F(SampleChecks, SamplesOfALostShardAreDamaged) {
  const auto rows = samples(1);
  std::filesystem::remove(folder_ / rows[0].shard);
  const SampleCheck found = check();
  EXPECT_EQ(found.damaged(), 4);
  EXPECT_TRUE(
      found.first()[0].starts_with(fmt::format("{}: sample {}: ", rows[0].shard, rows[0].sample)))
      << found.first()[0];
}

TEST_F(SampleChecks, AnImageThatDoesNotDecodeIsDamageWithItsPlace) {
  SampleRow row = samples(1)[0];
  std::string sample;
  append_tar_entry(sample, "a.000.jpg", "no image");
  row.offset = 0;
  row.length = std::ssize(sample);
  row.sha256 = sha256_hex(sample);
  ASSERT_TRUE(dataset_->store().write_text(row.shard, sample));
  SampleCheck found;
  ASSERT_TRUE(found.read(*dataset_, row));
  ASSERT_EQ(found.damaged(), 1);
  EXPECT_TRUE(found.first()[0].contains(row.sample + ": not a JPEG")) << found.first()[0];
}

TEST_F(SampleChecks, ANameThatLeadsOutOfTheDatasetIsAnError) {
  SampleRow row = samples(1)[0];
  row.shard = "../outside.tar";
  SampleCheck found;
  const auto refused = found.read(*dataset_, row);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("leads out of this folder"));
  EXPECT_EQ(found.samples(), 0);
}

}  // namespace
}  // namespace lido::dataset
