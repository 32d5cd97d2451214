// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_shape.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/dataset/label_boxes.h"
#include "lido/dataset/labeller.h"

namespace lido::dataset {
namespace {

Result<void> visit_pool(const OnClipName& on_clip) {
  on_clip("/pool/a.mp4");
  on_clip("/pool/deep/a.mkv");
  return {};
}

/// Four frames from the clip's start, at 4 a second.
SampleRow sample_at_start() {
  SampleRow sample;
  sample.clip = "/pool/a.mp4";
  sample.pts.resize(4);
  return sample;
}

Labeller shaping_labeller(std::string_view text, std::string_view boxes = {}) {
  auto file = parse_labels(text);
  EXPECT_TRUE(file) << file.error().message;
  if (!boxes.empty()) {
    const auto added = add_label_boxes(*file, boxes);
    EXPECT_TRUE(added) << added.error().message;
  }
  Vocabulary vocabulary;
  return *Labeller::make(file->labels, visit_pool, {4, 1}, vocabulary);
}

constexpr std::string_view kBoxedHeader = "clip,start_s,end_s,task,label,track,x,y,width,height\n";

TEST(LabelShape, ALabelWithoutBoxesAsksForFrames) {
  const auto labeller = shaping_labeller(std::string(kBoxedHeader) +
                                         "a.mp4,1,2,behaviour,swimming,,,,,\n"
                                         "a.mp4,1.5,3.1,signal,help,,,,,\n");
  const LabelShape shape = labeller.shape("/pool/a.mp4", 100);
  EXPECT_TRUE(shape.people.empty());
  // 4 to 13: the sampling times 1 s, 1.25 s, ..., 3 s.
  EXPECT_EQ(shape.frames, (std::vector<dataset::Run>{{4, 13}}));
  EXPECT_EQ(labeller.shape("/pool/a.mp4", 6).frames, (std::vector<dataset::Run>{{4, 6}}));
  EXPECT_TRUE(labeller.shape("/pool/deep/a.mkv", 100).empty());
}

TEST(LabelShape, ABoxHoldsForItsRow) {
  const auto labeller = shaping_labeller(std::string(kBoxedHeader) +
                                         "a.mp4,0,0.5,behaviour,swimming,7,10,20,30,40\n"
                                         "a.mp4,0.5,1,behaviour,floating,7,11,20,30,40\n"
                                         "a.mp4,0,1,age,child,3,500,20,30,40\n");
  const LabelShape shape = labeller.shape("/pool/a.mp4", 100);
  ASSERT_EQ(shape.people.size(), 2U);
  EXPECT_EQ(shape.people[0].name, "3");
  EXPECT_EQ(shape.people[1].name, "7");
  EXPECT_EQ(shape.people[1].number, 2);
  const Box first{10, 20, 30, 40}, second{11, 20, 30, 40};
  EXPECT_EQ(shape.people[1].boxes,
            (std::vector<LabelledBox>{{0, first}, {1, first}, {2, second}, {3, second}}));
  EXPECT_TRUE(shape.frames.empty());
  EXPECT_EQ(*parse_label_shape(to_text(shape)), shape);
  const LabelShape part = clip_to(shape, 1, 3);
  ASSERT_EQ(part.people.size(), 2U);
  EXPECT_EQ(part.people[1].boxes, (std::vector<LabelledBox>{{1, first}, {2, second}}));
}

TEST(LabelShape, ALabelBetweenTwoSamplingTimesIsShownAtTheCloserOne) {
  // Sampling times are 0, 0.25 and 0.5 s.
  const auto labeller = shaping_labeller(std::string(kBoxedHeader) +
                                         "a.mp4,0.30,0.40,behaviour,diving,7,10,20,30,40\n"
                                         "a.mp4,0.40,0.45,signal,help,,,,,\n");
  const LabelShape shape = labeller.shape("/pool/a.mp4", 100);
  ASSERT_EQ(shape.people.size(), 1U);
  EXPECT_EQ(shape.people[0].boxes, (std::vector<LabelledBox>{{1, {10, 20, 30, 40}}}));
  EXPECT_EQ(shape.frames, (std::vector<dataset::Run>{{2, 3}}));
  SampleRow sample = sample_at_start();
  EXPECT_TRUE(labeller.apply(sample));
  ASSERT_EQ(sample.labels.size(), 2U);
  for (const SampleLabel& label : sample.labels) EXPECT_EQ(label.overlap, 0.25);
  EXPECT_EQ(sample.labels[0].boxes[4], 10) << "the box at the second frame";
  EXPECT_TRUE(std::isnan(sample.labels[0].boxes[0]));
  SampleRow later = sample_at_start();
  later.first_k = 3;
  labeller.apply(later);
  EXPECT_TRUE(later.labels.empty());
}

TEST(LabelShape, BoxesOfTheirOwnTableAreInterpolated) {
  const auto labeller = shaping_labeller(
      "clip,start_s,end_s,task,label,track\n"
      "a.mp4,0,10,behaviour,swimming,7\n",
      "clip,track,time_s,x,y,width,height\n"
      "a.mp4,7,0,10,20,30,40\na.mp4,7,1,18,20,30,40\n"
      "a.mp4,7,4,0,0,9,9\n");
  const LabelShape shape = labeller.shape("/pool/a.mp4", 100);
  ASSERT_EQ(shape.people.size(), 1U);
  const auto& boxes = shape.people[0].boxes;
  ASSERT_GE(boxes.size(), 5U);
  EXPECT_EQ(boxes[0], (LabelledBox{0, {10, 20, 30, 40}, true}));
  EXPECT_EQ(boxes[2], (LabelledBox{2, {14, 20, 30, 40}, false}));
  EXPECT_EQ(boxes[4], (LabelledBox{4, {18, 20, 30, 40}, true}));
  // Three seconds without a box are no gap to fill: only what is a quarter of a second away.
  std::vector<int64_t> ticks;
  for (const LabelledBox& one : boxes) ticks.push_back(one.k);
  EXPECT_EQ(ticks, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 15, 16, 17}));
}

TEST(LabelShape, OfASampleCutAlongALabelledPersonAreTheirs) {
  // Two people at one place: boxes alone do not separate their labels.
  const auto labeller = shaping_labeller(std::string(kBoxedHeader) +
                                         "a.mp4,0,1,behaviour,drowning,7,10,20,30,40\n"
                                         "a.mp4,0,1,behaviour,swimming,8,12,20,30,40\n"
                                         "a.mp4,0,1,weather,rain,,,,,\n");
  SampleRow sample = sample_at_start();
  sample.scale_x = sample.scale_y = 1, sample.offset_x = 0;
  sample.track = 1;
  sample.person = "7";
  for (int i = 0; i < 4; ++i) {
    sample.cutouts.insert(sample.cutouts.end(), {1, 1, 0, 0});
    sample.boxes.insert(sample.boxes.end(), {10, 20, 30, 40});
  }
  labeller.apply(sample);
  std::vector<std::string> names;
  for (const SampleLabel& label : sample.labels) names.push_back(label.label);
  EXPECT_EQ(names, (std::vector<std::string>{"drowning", "rain"}));
}

TEST(LabelShape, ARepeatedFrameHasTheTimeOfTheFrameThatItRepeats) {
  const auto labeller = shaping_labeller("clip,start_s,end_s,task,label\na.mp4,0.5,1,t,l\n");
  SampleRow sample = sample_at_start();
  sample.repeated = 2;
  labeller.apply(sample);
  EXPECT_TRUE(sample.labels.empty()) << "the last frame is that of 0.25 s, thrice";
}

TEST(LabelShape, RefusesOtherText) {
  EXPECT_TRUE(parse_label_shape("")->empty());
  for (const char* text : {"x", "[]", "{}", R"({"people":[[1]],"frames":[]})"}) {
    const auto read = parse_label_shape(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace lido::dataset
