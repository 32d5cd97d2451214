// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labeller.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::dataset {
namespace {

std::vector<SampleRow> one_sample(int64_t first_k, size_t frames) {
  std::vector<SampleRow> samples(1);
  samples[0].clip = "/pool/a.mp4";
  samples[0].first_k = first_k;
  samples[0].pts.resize(frames);
  samples[0].scale_x = 0.5, samples[0].scale_y = 0.5, samples[0].offset_x = -10;
  return samples;
}

Result<void> visit_clips(const OnClipName& on_clip) {
  on_clip("/pool/a.mp4", 25);
  on_clip("/pool/deep/a.mkv", 0);
  on_clip("/else/a.mkv", 0);
  return {};
}

Result<std::vector<SampleLabel>> labels_on(std::string_view text, int64_t first_k = 0,
                                           size_t frames = 4) {
  const auto labels = LIDO_TRY(parse_labels(text));
  auto samples = one_sample(first_k, frames);
  Vocabulary vocabulary;
  LIDO_TRY(Labeller::make(labels, visit_clips, {4, 1}, vocabulary)).apply(samples[0]);
  return samples[0].labels;
}

TEST(Labels, StandOnTheFramesInsideTheInterval) {
  // Frames at 0, 0.25, 0.5, 0.75 s; the end is exclusive.
  const auto labels =
      *labels_on("clip,start_s,end_s,task,label\na.mp4,0.25,0.75,behaviour,swimming\n");
  ASSERT_EQ(labels.size(), 1U);
  EXPECT_EQ(labels[0].label, "swimming");
  EXPECT_DOUBLE_EQ(labels[0].overlap, 0.5);
  EXPECT_TRUE(
      labels_on("clip,start_s,end_s,task,label\na.mp4,0.8,0.9,behaviour,swimming\n")->empty());
}

TEST(Labels, BoxesAreMovedIntoTheSample) {
  const auto labels = *labels_on(
      "clip,start_s,end_s,task,label,track,x,y,width,height\n"
      "a.mp4,0,0.5,behaviour,swimming,7,100,40,20,10\n");
  ASSERT_EQ(labels.size(), 1U);
  ASSERT_EQ(labels[0].boxes.size(), 16U);
  EXPECT_EQ((std::vector<double>(labels[0].boxes.begin(), labels[0].boxes.begin() + 4)),
            (std::vector<double>{40, 20, 10, 5}));
  EXPECT_TRUE(std::isnan(labels[0].boxes[8]));
}

TEST(Labels, AClipIsFoundByItsLastPartsWhenThereIsOne) {
  EXPECT_TRUE(labels_on("clip,start_s,end_s,task,label\ndeep/a.mkv,0,1,t,l\n"));
  const auto unclear = labels_on("clip,start_s,end_s,task,label\na.mkv,0,1,t,l\n");
  ASSERT_FALSE(unclear);
  EXPECT_EQ(unclear.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(unclear.error().message.find("a.mkv"), std::string::npos);
  EXPECT_FALSE(labels_on("clip,start_s,end_s,task,label\nnowhere.mp4,0,1,t,l\n"));
}

Result<Labeller> labeller_of(std::string_view rows) {
  const auto labels = LIDO_TRY(parse_labels("clip,start_s,end_s,task,label\n" + std::string(rows)));
  Vocabulary vocabulary;
  return Labeller::make(labels, visit_clips, {4, 1}, vocabulary);
}

TEST(Labeller, CountsLabelsOfClipsThatAreNotInTheDataset) {
  const auto labeller = labeller_of("a.mp4,0,1,t,l\nlater.mp4,0,1,t,l\nlatest.mp4,0,1,t,l\n");
  ASSERT_TRUE(labeller) << labeller.error().message;
  EXPECT_EQ(labeller->unmatched().labels, 2);
  EXPECT_EQ(labeller->unmatched().first_clip, "later.mp4");
  SampleRow sample = one_sample(0, 4)[0];
  EXPECT_TRUE(labeller->apply(sample));
}

TEST(Labeller, RefusesAFileOfWhichNotOneClipIsThere) {
  const auto labeller = labeller_of("later.mp4,0,1,t,l\n");
  ASSERT_FALSE(labeller);
  EXPECT_EQ(labeller.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(labeller.error().message, "no clip named \"later.mp4\", got 3 other clip(s)");
}

TEST(Labeller, ReplacesEarlierLabelsOfTheClipAndOfNoOther) {
  const auto labeller = labeller_of("a.mp4,5,6,t,l\n");
  SampleRow sample = one_sample(0, 4)[0];
  sample.labels = {{"t", "old", 1, "", {}}};
  SampleRow other = sample;
  other.clip = "/pool/deep/a.mkv";
  EXPECT_TRUE(labeller->apply(sample));
  EXPECT_TRUE(sample.labels.empty()) << "the new label starts later";
  EXPECT_FALSE(labeller->apply(other));
  EXPECT_EQ(other.labels[0].label, "old");
  EXPECT_FALSE(labeller->apply(sample)) << "nothing changes the second time";
}

TEST(Labeller, ConvertsFrameNumbersByTheClipsRate) {
  Label label{.clip = "a.mp4", .start_s = 25, .end_s = 50, .task = "t", .label = "l"};
  label.in_frames = true;  // 25 frames a second: from 1 s to 2 s
  Vocabulary vocabulary;
  const auto labeller = Labeller::make({label}, visit_clips, {4, 1}, vocabulary);
  ASSERT_TRUE(labeller) << labeller.error().message;
  SampleRow early = one_sample(0, 4)[0], late = one_sample(3, 4)[0];
  EXPECT_FALSE(labeller->apply(early));
  EXPECT_TRUE(labeller->apply(late));
  EXPECT_EQ(late.labels[0].overlap, 0.75);
  label.clip = "deep/a.mkv";
  const auto unknown_rate = Labeller::make({label}, visit_clips, {4, 1}, vocabulary);
  ASSERT_FALSE(unknown_rate);
  EXPECT_NE(unknown_rate.error().message.find("frame rate is unknown"), std::string::npos);
}

/// A sample that shows the person in a box, at full scale.
SampleRow person_sample(const Box& box) {
  SampleRow sample = one_sample(0, 4)[0];
  sample.track = 1;
  for (size_t i = 0; i < sample.pts.size(); ++i) {
    sample.cutouts.insert(sample.cutouts.end(), {1, 1, 0, 0});
    sample.boxes.insert(sample.boxes.end(), {box.x, box.y, box.width, box.height});
  }
  return sample;
}

TEST(Labeller, LabelsAPersonOnlyWhereTheBoxesMatch) {
  Label label{.clip = "a.mp4", .start_s = 0, .end_s = 1, .task = "t", .label = "l"};
  label.boxes = {{0, {0, 0, 100, 100}}};
  Vocabulary vocabulary;
  const auto labeller = *Labeller::make({label}, visit_clips, {4, 1}, vocabulary);
  // Boxes of 100 x 100, moved by d: IoU = (100 - d) / (100 + d).
  SampleRow near = person_sample({53, 0, 100, 100}), far = person_sample({55, 0, 100, 100});
  EXPECT_TRUE(labeller.apply(near)) << "IoU 47/153, above 0.3";
  EXPECT_FALSE(labeller.apply(far)) << "IoU 45/155, below 0.3";
  label.boxes.clear();
  const auto of_all = *Labeller::make({label}, visit_clips, {4, 1}, vocabulary);
  EXPECT_TRUE(of_all.apply(far)) << "a label without boxes is of all persons";
}

}  // namespace
}  // namespace lido::dataset
