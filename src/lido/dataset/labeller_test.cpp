// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labeller.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/dataset/label_boxes.h"

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
  on_clip("/pool/a.mp4");
  on_clip("/pool/deep/a.mkv");
  on_clip("/else/a.mkv");
  return {};
}

Result<std::vector<SampleLabel>> labels_on(std::string_view text, int64_t first_k = 0,
                                           size_t frames = 4) {
  const auto labels = LIDO_TRY(parse_labels(text));
  auto samples = one_sample(first_k, frames);
  Vocabulary vocabulary;
  LIDO_TRY(Labeller::make(labels.labels, visit_clips, {4, 1}, vocabulary)).apply(samples[0]);
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
  EXPECT_TRUE(unclear.error().message.starts_with("line 2: ")) << unclear.error().message;
  EXPECT_TRUE(labels_on("clip,start_s,end_s,task,label\nnowhere.mp4,0,1,t,l\n")->empty());
}

Result<Labeller> labeller_of(std::string_view rows) {
  const auto labels = LIDO_TRY(parse_labels("clip,start_s,end_s,task,label\n" + std::string(rows)));
  Vocabulary vocabulary;
  return Labeller::make(labels.labels, visit_clips, {4, 1}, vocabulary);
}

TEST(Labeller, SkipsLabelsOfClipsThatAreNotInTheDataset) {
  const auto labeller = labeller_of("a.mp4,0,1,t,l\nlater.mp4,0,1,t,l\nlatest.mp4,0,1,t,l\n");
  ASSERT_TRUE(labeller) << labeller.error().message;
  SampleRow sample = one_sample(0, 4)[0];
  EXPECT_TRUE(labeller->apply(sample));
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

/// Frames every 40 ms, with a pause of 4 s after ten of them; ticks of 1 ms that start at 500.
Result<media::FrameTimes> paused_times(const std::string&) {
  media::FrameTimes times{.pts = {}, .time_base = {1, 1000}};
  for (int64_t n = 0; n < 20; ++n) times.pts.push_back(500 + 40 * n + (n < 10 ? 0 : 4000));
  return times;
}

Label frames_label(double start, double end) {
  Label label{.clip = "a.mp4", .start_s = start, .end_s = end, .task = "t", .label = "l"};
  label.in_frames = true;
  return label;
}

TEST(Labeller, FrameNumbersCountTheClipsFrames) {
  Label label = frames_label(10, 12);  // at 500 + 4400 and 4440 ms
  label.boxes = {{10, {0, 0, 2, 2}}, {11, {8, 0, 2, 2}}};
  Vocabulary vocabulary;
  const auto labeller = Labeller::make({label}, visit_clips, {4, 1}, vocabulary, paused_times);
  ASSERT_TRUE(labeller) << labeller.error().message;
  // The frames' PTS count, not their sampling times: k = 17, 18, 19 at 4.25, 4.5, 4.75 s.
  SampleRow sample = one_sample(17, 4)[0];
  sample.pts = {860, 4900, 4940, 4980};
  EXPECT_TRUE(labeller->apply(sample));
  ASSERT_EQ(sample.labels.size(), 1U);
  EXPECT_EQ(sample.labels[0].overlap, 0.5);
  EXPECT_TRUE(std::isnan(sample.labels[0].boxes[0])) << "frame 9";
  EXPECT_EQ(sample.labels[0].boxes[4], 0 * 0.5 - 10);
  EXPECT_EQ(sample.labels[0].boxes[8], 8 * 0.5 - 10);
  EXPECT_TRUE(std::isnan(sample.labels[0].boxes[12])) << "frame 12";
}

TEST(Labeller, AClipThatCannotBeReadKeepsItsLabels) {
  const auto fails = [](ErrorCode code) {
    return [code](const std::string& clip) -> Result<media::FrameTimes> {
      return fail(code, "{}: gone", clip);
    };
  };
  Vocabulary vocabulary;
  const auto labeller = Labeller::make({frames_label(0, 5)}, visit_clips, {4, 1}, vocabulary,
                                       fails(ErrorCode::kNotFound));
  ASSERT_TRUE(labeller) << labeller.error().message;
  EXPECT_EQ(labeller->unreadable().at("/pool/a.mp4"), "/pool/a.mp4: gone");
  SampleRow sample = one_sample(0, 4)[0];
  sample.labels = {{"t", "old", 1, "", {}}};
  EXPECT_FALSE(labeller->apply(sample));
  EXPECT_EQ(sample.labels[0].label, "old");
  EXPECT_FALSE(Labeller::make({frames_label(0, 5)}, visit_clips, {4, 1}, vocabulary,
                              fails(ErrorCode::kUnavailable)))
      << "the network may work the next time";
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

TEST(Labeller, APointLabelsThePersonAroundIt) {
  Label label{.clip = "a.mp4", .start_s = 0, .end_s = 1, .task = "t", .label = "l"};
  label.boxes = {{0, {50, 60, 0, 0}}};
  Vocabulary vocabulary;
  const auto labeller = *Labeller::make({label}, visit_clips, {4, 1}, vocabulary);
  SampleRow around = person_sample({40, 0, 100, 100}), beside = person_sample({51, 0, 100, 100});
  EXPECT_TRUE(labeller.apply(around));
  EXPECT_FALSE(labeller.apply(beside));
}

// ── Labels that shape samples ──

Labeller labeller_of(std::string_view text, std::string_view boxes = {}) {
  auto file = parse_labels(text);
  EXPECT_TRUE(file) << file.error().message;
  if (!boxes.empty()) {
    const auto added = add_label_boxes(*file, boxes);
    EXPECT_TRUE(added) << added.error().message;
  }
  Vocabulary vocabulary;
  return *Labeller::make(file->labels, visit_clips, {4, 1}, vocabulary);
}

constexpr std::string_view kHeader = "clip,start_s,end_s,task,label,track,x,y,width,height\n";

TEST(LabelShape, ALabelWithoutBoxesAsksForFrames) {
  const auto labeller = labeller_of(std::string(kHeader) +
                                    "a.mp4,1,2,behaviour,swimming,,,,,\n"
                                    "a.mp4,1.5,3.1,signal,help,,,,,\n");
  const LabelShape shape = labeller.shape("/pool/a.mp4", 100);
  EXPECT_TRUE(shape.people.empty());
  // 4 to 13: the sampling times 1 s, 1.25 s, ..., 3 s.
  EXPECT_EQ(shape.frames, (std::vector<Run>{{4, 13}}));
  EXPECT_EQ(labeller.shape("/pool/a.mp4", 6).frames, (std::vector<Run>{{4, 6}}));
  EXPECT_TRUE(labeller.shape("/pool/deep/a.mkv", 100).empty());
}

TEST(LabelShape, ABoxHoldsForItsRow) {
  const auto labeller = labeller_of(std::string(kHeader) +
                                    "a.mp4,0,0.5,behaviour,swimming,7,10,20,30,40\n"
                                    "a.mp4,0.5,1,behaviour,floating,7,11,20,30,40\n"
                                    "a.mp4,0,1,age,child,3,500,20,30,40\n");
  const LabelShape shape = labeller.shape("/pool/a.mp4", 100);
  ASSERT_EQ(shape.people.size(), 2U);
  EXPECT_EQ(shape.people[0].name, "3");
  EXPECT_EQ(shape.people[1].name, "7");
  EXPECT_EQ(shape.people[1].number, 2);
  const Box first{10, 20, 30, 40}, second{11, 20, 30, 40};
  EXPECT_EQ(shape.people[1].boxes, (std::vector<LabelledBox>{
                                       {0, first}, {1, first}, {2, second}, {3, second}}));
  EXPECT_TRUE(shape.frames.empty());
  EXPECT_EQ(*parse_label_shape(to_text(shape)), shape);
  const LabelShape part = clip_to(shape, 1, 3);
  ASSERT_EQ(part.people.size(), 2U);
  EXPECT_EQ(part.people[1].boxes, (std::vector<LabelledBox>{{1, first}, {2, second}}));
}

TEST(LabelShape, BoxesOfTheirOwnTableAreInterpolated) {
  const auto labeller = labeller_of("clip,start_s,end_s,task,label,track\n"
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

TEST(Labels, OfASampleCutAlongALabelledPersonAreTheirs) {
  // Two people at one place: boxes alone cannot tell whose label it is.
  const auto labeller = labeller_of(std::string(kHeader) +
                                    "a.mp4,0,1,behaviour,drowning,7,10,20,30,40\n"
                                    "a.mp4,0,1,behaviour,swimming,8,12,20,30,40\n"
                                    "a.mp4,0,1,weather,rain,,,,,\n");
  SampleRow sample = one_sample(0, 4)[0];
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

TEST(Labels, ARepeatedFrameHasTheTimeOfTheFrameThatItRepeats) {
  const auto labeller = labeller_of("clip,start_s,end_s,task,label\na.mp4,0.5,1,t,l\n");
  SampleRow sample = one_sample(0, 4)[0];
  sample.repeated = 2;
  labeller.apply(sample);
  EXPECT_TRUE(sample.labels.empty()) << "the last frame is that of 0.25 s, thrice";
}

}  // namespace
}  // namespace lido::dataset
