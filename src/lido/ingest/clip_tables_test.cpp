// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/clip_tables.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

constexpr const char* kGaps = "generations/000001/gaps.parquet";

/// A clip of two spans with windows of 4 frames: times 0 to 5 and 6 to 11, of which 6 to 8 are in
/// no window. The time base is a thousandth of a second.
class AppendClips : public testing::Test {
 protected:
  AppendClips()
      : dataset_(*dataset::Dataset::open_or_create(folder_.path("d"), {})),
        clips_(*ClipDb::open()) {
    sampling_.fps.rate = {2, 1};
    sampling_.windows = {.window = 4, .stride = 2};
    sampling_.samples = "frame";
    EXPECT_TRUE(clips_->add_clip(
        {.input = {.uri = "/a.mp4", .bytes = 77, .camera = "left", .modified_ns = 5}}));
    EXPECT_TRUE(clips_->set_fingerprint("/a.mp4", {.pieces = "ab", .ends = "cd"}));
    EXPECT_TRUE(clips_->record_copy("/a.mp4", "/copy.mp4"));
    EXPECT_TRUE(clips_->number_clips());
    ClipRecord clip{.plan = {.input = *clips_->input(0)}, .split = "train"};
    clip.plan.info = {.codec = "h264", .time_base = {1, 1000}, .duration_s = 60};
    clip.plan.spans = {{.end_k = 6}, {.first_k = 6}};
    clip.span_parts = {"p0", "p1"};
    EXPECT_TRUE(clips_->store_plan(clip));
    write("p0", {.samples = {{.key = "a", .first_k = 0, .pts = {0, 1, 2, 3}},
                             {.key = "b", .first_k = 2, .pts = {0, 1, 2, 3}}},
                 .runs = {{0, 6}},
                 .start_pts = 1000,
                 .last_pts = 4000});
    write("p1", {.samples = {{.key = "c", .first_k = 8, .pts = {0, 1, 2, 3}}},
                 .runs = {{6, 12}},
                 .skipped = {{12, 16, true}},
                 .start_pts = 1000,
                 .last_pts = 7000});
  }

  void write(const std::string& name, const part::PartRecord& record) {
    const auto writer = *dataset_.store().create(name);
    ASSERT_TRUE(part::commit_part(*writer, record));
  }

  ClipTotals append() {
    const JobContext job{
        .dataset = dataset_, .clips = *clips_, .sampling = sampling_, .options = options_};
    auto tables = *dataset_.begin_tables(1);
    const auto totals = append_clips(job, tables);
    EXPECT_TRUE(totals);
    EXPECT_TRUE(dataset_.publish({.number = 1}, tables));
    EXPECT_TRUE(dataset_.visit<dataset::ClipRow>(1, [&](auto& row) -> Result<void> {
      clip_ = row;
      return {};
    }));
    EXPECT_TRUE(dataset_.visit<dataset::SpanRow>(1, [&](auto& row) -> Result<void> {
      spans_.push_back(row);
      return {};
    }));
    return *totals;
  }

  TestStoreFolder folder_;
  dataset::Dataset dataset_;
  std::unique_ptr<ClipDb> clips_;
  part::SampleOptions sampling_;
  JobOptions options_;
  dataset::ClipRow clip_;
  std::vector<dataset::SpanRow> spans_;
};

TEST_F(AppendClips, AClipsRowSumsItsParts) {
  const ClipTotals totals = append();
  EXPECT_EQ(clip_.clip, "/a.mp4");
  EXPECT_EQ(clip_.bytes, 77);
  EXPECT_EQ(clip_.camera, "left");
  EXPECT_EQ(clip_.fingerprint, "ab");
  EXPECT_EQ(clip_.modified_ns, 5);
  EXPECT_EQ(clip_.copies, std::vector<std::string>{"/copy.mp4"});
  EXPECT_EQ(clip_.start_pts, 1000);
  EXPECT_EQ(clip_.duration_s, 6);  // from 1000 to 7000 thousandths
  EXPECT_EQ(clip_.frames, 12);
  EXPECT_EQ(clip_.samples, 3);
  EXPECT_EQ(clip_.left_over, 2);  // 6 and 7: windows are [0, 4), [2, 6) and [8, 12)
  EXPECT_EQ(totals.unused_frames, 2);
  EXPECT_EQ(totals.samples, 3);
  EXPECT_EQ(totals.spans, 2);
  EXPECT_EQ(totals.hours, 6.0 / 3600);
  EXPECT_EQ(totals.skipped_hours, 2.0 / 3600);
  EXPECT_EQ(totals.rejected, 0);
}

TEST_F(AppendClips, EachSpanHasARow) {
  append();
  ASSERT_EQ(spans_.size(), 2U);
  EXPECT_EQ(spans_[0].samples, 2);
  EXPECT_EQ(spans_[0].end_k, 6);
  EXPECT_EQ(spans_[1].first_k, 6);
  EXPECT_EQ(spans_[1].end_k, -1);
}

TEST_F(AppendClips, SamplesAreRecordedForTheShards) {
  append();
  const auto samples = *clips_->next_samples("train", 0);
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->lengths.size(), 3U);
  EXPECT_EQ(samples->part_counts, (std::vector<uint32_t>{2, 1}));
}

TEST_F(AppendClips, ThePeoplesPartCountsSamplesButNoFrames) {
  // The person is in 5 to 7, and the fourth frame is a copy.
  write("people",
        {.samples = {{.key = "d", .first_k = 5, .pts = {0, 1, 2, 2}, .track = 1, .repeated = 1}}});
  ASSERT_TRUE(clips_->record_people_part(0, "people"));
  const ClipTotals totals = append();
  EXPECT_EQ(totals.samples, 4);
  EXPECT_EQ(totals.frames, 12);
  EXPECT_EQ(clip_.left_over, 2) << "frames in no sample of whole frames";
  EXPECT_EQ(totals.unused_frames, 0) << "a sample of a person has 6 and 7";
  EXPECT_EQ(spans_.size(), 2U);
  EXPECT_EQ((*clips_->next_samples("train", 0))->part_counts, (std::vector<uint32_t>{2, 1, 1}));
}

TEST_F(AppendClips, ABrokenClipLosesWhatTouchesItsGaps) {
  ASSERT_TRUE(clips_->record_gaps(0, 0, {{4, 6, "damaged"}}));
  ASSERT_TRUE(clips_->record_gaps(0, 1, {{6, 7, "cut short"}}));
  const ClipTotals totals = append();
  EXPECT_EQ(totals.rejected, 0);
  EXPECT_EQ(totals.broken, 1);
  EXPECT_EQ(totals.samples, 2);  // not [2, 6)
  EXPECT_EQ(totals.gap_hours, 1.5 / 3600);
  EXPECT_EQ(totals.faults, (std::vector<ClipFault>{{"/a.mp4", 2, "damaged"}}));
  const auto gaps = *dataset::read_table<dataset::GapRow>(dataset_.store(), kGaps);
  ASSERT_EQ(gaps.size(), 1U);  // those of two spans that meet are one
  EXPECT_EQ(gaps[0].first_k, 4);
  EXPECT_EQ(gaps[0].end_k, 7);
  EXPECT_EQ(gaps[0].start_s, 2);
  EXPECT_EQ(gaps[0].end_s, 3.5);
  EXPECT_EQ(gaps[0].reason, "damaged");
}

TEST_F(AppendClips, AGapAtTheEndLastsToTheDurationOfTheHeader) {
  ASSERT_TRUE(clips_->record_gaps(0, 1, {{10, INT64_MAX, "cut short"}}));
  append();
  const auto gaps = *dataset::read_table<dataset::GapRow>(dataset_.store(), kGaps);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].end_k, -1);
  EXPECT_EQ(gaps[0].end_s, 60);
}

TEST_F(AppendClips, ABrokenClipIsDroppedWhenAsked) {
  options_.drop_broken = true;
  ASSERT_TRUE(clips_->record_gaps(0, 1, {{9, 10, "damaged"}}));
  const ClipTotals totals = append();
  EXPECT_EQ(totals.rejected, 1);
  EXPECT_EQ(totals.broken, 0);
  EXPECT_EQ(totals.samples, 0);
  EXPECT_FALSE(*clips_->next_samples("train", 0));
  EXPECT_EQ(totals.faults, (std::vector<ClipFault>{{"/a.mp4", 4.5, "damaged", true}}));
}

TEST_F(AppendClips, AFailedClipIsRejectedWithTheKindOfCause) {
  ASSERT_TRUE(clips_->record_failure(0, 1, {part::FailureKind::kOutside, "no access"}));
  const ClipTotals totals = append();
  EXPECT_EQ(totals.rejected, 1);
  EXPECT_EQ(totals.samples, 0);
  const auto rows = *dataset::read_table<dataset::RejectedRow>(
      dataset_.store(), "generations/000001/rejected.parquet");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].kind, "outside");
  EXPECT_EQ(rows[0].reason, "no access");
  EXPECT_TRUE(totals.faults.at(0).retried);
}

TEST(AddFault, KeepsThreeOfEachKind) {
  std::vector<ClipFault> faults;
  for (const bool rejected : {true, false}) {
    for (int i = 0; i < 5; ++i) add_fault(faults, {.clip = "/a", .rejected = rejected});
  }
  EXPECT_EQ(faults.size(), 6U);
}

}  // namespace
}  // namespace lido::ingest
