// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/part_samples.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

class VisitPart : public testing::Test {
 protected:
  VisitPart()
      : dataset_(*dataset::Dataset::open_or_create(folder_.path("d"), {})),
        clips_(*ClipDb::open()) {
    sampling_.fps.rate = {4, 1};
    sampling_.windows = {.window = 4, .stride = 4};
    clip_.plan.input = {.uri = "/a.mp4", .start_utc = dataset::UtcTime{1'000'000}};
    clip_.plan.info.time_base = {1, 100};
    clip_.plan.info.source_fps = 25;
    clip_.split = "val";
    // Samples that last from second 0 to 0.75, 1 to 1.75, and 2 to 2.75.
    part::PartRecord record{.start_pts = 1000};
    for (const int64_t k : {0, 4, 8}) {
      record.samples.push_back(
          {.key = fmt::format("k{}", k), .first_k = k, .geometry = {1, 1, 2, 3, 4, 5}});
      for (int64_t i = k; i < k + 4; ++i) record.samples.back().pts.push_back(1000 + 25 * i);
    }
    const auto writer = *dataset_.store().create("part");
    EXPECT_TRUE(part::commit_part(*writer, record));
  }

  std::vector<std::string> keys(const std::vector<dataset::Forgotten>& forgotten = {}) {
    const JobContext job{.dataset = dataset_,
                         .clips = *clips_,
                         .sampling = sampling_,
                         .options = options_,
                         .forgotten = forgotten};
    std::vector<std::string> keys;
    const auto on_sample = [&](const part::PartSample& sample,
                               dataset::SampleRow& row) -> Result<void> {
      keys.push_back(sample.key);
      last_ = row;
      return {};
    };
    result_ = visit_part(job, clip_, "part", on_sample);
    return keys;
  }

  using Keys = std::vector<std::string>;
  TestStoreFolder folder_;
  dataset::Dataset dataset_;
  std::unique_ptr<ClipDb> clips_;
  part::SampleOptions sampling_;
  JobOptions options_;
  ClipRecord clip_;
  dataset::SampleRow last_;
  Result<part::PartRecord> result_;
};

TEST_F(VisitPart, GivesEachSampleItsRow) {
  EXPECT_EQ(keys(), (Keys{"k0", "k4", "k8"}));
  EXPECT_EQ(last_.split, "val");
  EXPECT_EQ(last_.start_s, 2);
  EXPECT_EQ(last_.end_s, 2.75);
  EXPECT_EQ(last_.start_utc->us, 3'000'000);
  EXPECT_EQ(last_.scale_y, 3);
  EXPECT_EQ(last_.offset_x, 4);
}

TEST_F(VisitPart, ARejectedClipGivesNothing) {
  clip_.failure = part::Failure{part::FailureKind::kContent, "no video"};
  EXPECT_TRUE(keys().empty());
  clip_.failure.reset();
  clip_.gaps = {{100, 101, "cut short"}};
  EXPECT_EQ(keys().size(), 3U);
  options_.drop_broken = true;
  EXPECT_TRUE(keys().empty());
}

TEST_F(VisitPart, NoSampleTouchesAGap) {
  for (const int64_t k : {4, 5, 7}) {
    clip_.gaps = {{k, k + 1, "damaged"}};
    EXPECT_EQ(keys(), (Keys{"k0", "k8"})) << k;
  }
  clip_.gaps = {{3, 5, "damaged"}};
  EXPECT_EQ(keys(), (Keys{"k8"}));
  clip_.gaps = {{8, INT64_MAX, "cut short"}};
  EXPECT_EQ(keys(), (Keys{"k0", "k4"}));
}

TEST_F(VisitPart, AForgottenStretchIsLeftOut) {
  EXPECT_EQ(keys({{.clip = "/a.mp4", .start_s = 1.5, .end_s = 1.6}}), (Keys{"k0", "k8"}));
  EXPECT_EQ(keys({{.clip = "/b.mp4", .start_s = 0, .end_s = 9}}).size(), 3U);
}

TEST_F(VisitPart, AForgottenFrameIsLeftOutWhereverItWasSampled) {
  // A frame of 1 s, on show until 2 s: sampled four times from 1 s on.
  part::PartRecord record{.start_pts = 1000};
  record.samples.push_back({.key = "late", .first_k = 6, .pts = {1100, 1100, 1200, 1200}});
  ASSERT_TRUE(part::commit_part(**dataset_.store().create("part"), record));
  EXPECT_EQ(keys(), Keys{"late"});
  EXPECT_TRUE(keys({{.clip = "/a.mp4", .start_s = 1, .end_s = 1.2}}).empty());
  EXPECT_EQ(keys({{.clip = "/a.mp4", .start_s = 0.5, .end_s = 1}}), Keys{"late"});
}

TEST_F(VisitPart, AChangedPartIsCorrupt) {
  ASSERT_TRUE(dataset_.store().write_text("part", "x"));
  EXPECT_TRUE(keys().empty());
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace lido::ingest
