// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report_data.h"

#include "lido/report/small_dataset.h"

namespace lido::report {
namespace {

class ReportDataTest : public SmallDataset {};

TEST(SpreadFrames, CoversAllSamplesFromFirstToLastFrame) {
  const auto frames = spread_frames(3, 4, 3);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].sample, 0);
  EXPECT_EQ(frames[0].frame, 0u);
  // The middle of the frames 0 to 11 is 5: frame 1 of sample 1.
  EXPECT_EQ(frames[1].sample, 1);
  EXPECT_EQ(frames[1].frame, 1u);
  EXPECT_EQ(frames[2].sample, 2);
  EXPECT_EQ(frames[2].frame, 3u);
}

TEST(SpreadFrames, ReturnsEachFrameOnceWhenThereAreFew) {
  EXPECT_EQ(spread_frames(1, 2, 8).size(), 2u);
  EXPECT_EQ(spread_frames(1, 1, 8).size(), 1u);
  EXPECT_TRUE(spread_frames(0, 4, 8).empty());
}

TEST_F(ReportDataTest, CountsASampleOncePerLabel) {
  add_samples();
  const ReportData data = *read_report_data(*dataset_, publish());
  const auto& labels = data.samples.labels;
  EXPECT_EQ(labels.at("behaviour: drowning").samples.at("train"), 2);
  EXPECT_EQ(labels.at("behaviour: swimming").samples.at("train"), 2);
  EXPECT_EQ(labels.at("behaviour: swimming").samples.at("test"), 1);
  EXPECT_EQ(labels.at("no label").samples.at("train"), 1);
  EXPECT_EQ(data.samples.samples.at("train"), 4);
}

TEST_F(ReportDataTest, CountsOverlappingTimeOnce) {
  add_samples();
  const ReportData data = *read_report_data(*dataset_, publish());
  // Drowning: 0 to 1 and 0.5 to 1.5. Swimming: 0.5 to 1.5, 4 to 5, and 2 to 3 of another clip.
  EXPECT_DOUBLE_EQ(data.samples.labels.at("behaviour: drowning").covered_s, 1.5);
  EXPECT_DOUBLE_EQ(data.samples.labels.at("behaviour: swimming").covered_s, 3);
  EXPECT_DOUBLE_EQ(total_s(data.samples.clips.at("/raw/a<1>.mp4").covered), 2.5);
}

TEST_F(ReportDataTest, SumsAllClipsAndSamples) {
  add_samples();
  const ReportData data = *read_report_data(*dataset_, publish());
  EXPECT_EQ(data.clips.duration_s, 30);
  EXPECT_EQ(data.clips.max_duration_s, 10);
  EXPECT_EQ(data.clips.skipped_s, 4);
  EXPECT_EQ(data.clips.frames, 120);
  EXPECT_EQ(data.clips.with_samples, 2);
  EXPECT_EQ(data.samples.bytes, std::ssize(shard_));
  EXPECT_EQ(data.samples.shards.size(), 1u);
  EXPECT_EQ(data.samples.groups.at("train").size(), 2u);
  ASSERT_EQ(data.rejected.first.size(), 1u);
  EXPECT_EQ(data.rejected.broken_at_s.at("/raw/broken.mp4"), 3.5);
}

TEST_F(ReportDataTest, KeepsOnlyTheRowsOfShownFrames) {
  for (int i = 0; i < 50; ++i) add_sample("/raw/b.mp4", i, {});
  const ReportData data = *read_report_data(*dataset_, publish());
  const ShownSamples& samples = data.samples.clips.at("/raw/b.mp4");
  EXPECT_EQ(samples.seen, 50);
  EXPECT_LE(samples.by_number.size(), kMaxStripFrames);
  EXPECT_TRUE(samples.by_number.contains(0));
  EXPECT_TRUE(samples.by_number.contains(49));
}

TEST_F(ReportDataTest, IsEmptyForADatasetWithoutAGeneration) {
  const ReportData data = *read_report_data(*dataset_, {});
  EXPECT_TRUE(data.samples.samples.empty());
  EXPECT_TRUE(data.clips.timelines.empty());
}

}  // namespace
}  // namespace lido::report
