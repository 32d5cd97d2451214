// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/labelling.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

class Labelling : public testing::Test {
 protected:
  Labelling() : clips_(*ClipDb::open()) {
    EXPECT_TRUE(clips_->add_clip({.input = {.uri = "/pool/a.mp4"}}));
    EXPECT_TRUE(clips_->number_clips());
    ClipRecord clip{.plan = {.input = *clips_->input(0), .spans = {{}}}, .span_parts = {"p"}};
    EXPECT_TRUE(clips_->store_plan(clip));
  }

  Result<RequestLabels> make(const std::string& csv) {
    EXPECT_TRUE(folder_.store().write_text("labels.csv", csv));
    request_.labels = folder_.path("labels.csv");
    return make_labeller(request_, *clips_, nullptr, 0, vocabulary_);
  }

  TestStoreFolder folder_;
  std::unique_ptr<ClipDb> clips_;
  Request request_;
  dataset::Vocabulary vocabulary_;
};

TEST_F(Labelling, ALabelStandsOnTheSamplesItOverlaps) {
  const auto labeller = make("clip,start_s,end_s,task,label\na.mp4,1,2,behaviour,swimming\n");
  ASSERT_TRUE(labeller) << labeller.error().message;
  // Four frames a second: from 1 s and from 5 s on.
  dataset::SampleRow inside{.clip = "/pool/a.mp4", .first_k = 4, .pts = std::vector<int64_t>(4)};
  dataset::SampleRow after{.clip = "/pool/a.mp4", .first_k = 20, .pts = std::vector<int64_t>(4)};
  labeller->labeller.apply(inside);
  labeller->labeller.apply(after);
  ASSERT_EQ(inside.labels.size(), 1U);
  EXPECT_EQ(inside.labels[0].label, "swimming");
  EXPECT_TRUE(after.labels.empty());
}

TEST_F(Labelling, ALabelOfAnUnknownClipIsCounted) {
  const auto labeller = make("clip,start_s,end_s,task,label\nb.mp4,1,2,behaviour,swimming\n");
  ASSERT_TRUE(labeller) << labeller.error().message;
  EXPECT_TRUE(labeller->remarks.empty());
  EXPECT_FALSE(labeller->labeller.has_clip("/pool/a.mp4"));
}

TEST_F(Labelling, ABadLineIsNamedWithTheFile) {
  const auto labeller = make("clip,start_s,end_s,task,label\na.mp4,2,1,behaviour,swimming\n");
  ASSERT_FALSE(labeller);
  EXPECT_TRUE(labeller.error().message.starts_with(request_.labels + ": line 2: "))
      << labeller.error().message;
  EXPECT_EQ(make("clip,start_s,end_s,task,label\n")->remarks.size(), 1U);
}

TEST_F(Labelling, WithoutALabelsFileNothingIsLabelled) {
  const auto labeller = make_labeller(request_, *clips_, nullptr, 0, vocabulary_);
  ASSERT_TRUE(labeller);
  dataset::SampleRow row{.clip = "/pool/a.mp4"};
  labeller->labeller.apply(row);
  EXPECT_TRUE(row.labels.empty());
}

TEST_F(Labelling, AMissingLabelsFileIsNotFound) {
  request_.labels = folder_.path("none.csv");
  const auto labeller = make_labeller(request_, *clips_, nullptr, 0, vocabulary_);
  ASSERT_FALSE(labeller);
  EXPECT_EQ(labeller.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lido::ingest
