// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labeller.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/dataset/dataset_fixture.h"

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
      labels_on("clip,start_s,end_s,task,label\na.mp4,0.9,1.1,behaviour,swimming\n")->empty());
}

TEST(Labels, CopiesOfTheLastFrameDoNotCount) {
  const auto labels = parse_labels("clip,start_s,end_s,task,label\na.mp4,0.25,9,t,late\n");
  Vocabulary vocabulary;
  const auto labeller = *Labeller::make(labels->labels, visit_clips, {4, 1}, vocabulary);
  SampleRow sample = one_sample(0, 3)[0];  // frames at 0, 0.25 and 0.5 s
  sample.pts.resize(6, sample.pts.back());
  sample.repeated = 3;
  EXPECT_TRUE(labeller.apply(sample));
  ASSERT_EQ(sample.labels.size(), 1U);
  EXPECT_DOUBLE_EQ(sample.labels[0].overlap, 2.0 / 3) << "two of the three frames, not five of six";
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

using LabelsOfBrokenClips = DatasetFixture;

TEST_F(LabelsOfBrokenClips, NameTheFaultAndNotTheEnd) {
  auto tables = *dataset_->begin_tables(2);
  ASSERT_TRUE(
      dataset_->visit<ClipRow>(1, [&](const ClipRow& row) { return tables.clips.append(row); }));
  ASSERT_TRUE(tables.gaps.append({"/pool/a.mp4", 9, -1, 9, 9, "the file is cut off"}));
  ASSERT_TRUE(tables.gaps.append({"/pool/b.mp4", 2, 4, 2, 4, "cannot decode"}));
  ASSERT_TRUE(dataset_->publish({.number = 2}, tables));
  const auto labels = parse_labels(
      "clip,start_s,end_s,task,label\na.mp4,10,12,t,l\na.mp4,6,12,t,l\nb.mp4,2.5,3,t,l\n"
      "b.mp4,20,21,t,l\n");
  ASSERT_TRUE(labels) << labels.error().message;
  Vocabulary vocabulary;
  const auto visit = [](const OnClipName& on_clip) -> Result<void> {
    on_clip("/pool/a.mp4");
    on_clip("/pool/b.mp4");
    return {};
  };
  const auto labeller = Labeller::make(labels->labels, visit, {1, 1}, vocabulary);
  ASSERT_TRUE(labeller) << labeller.error().message;
  SampleRow sample = samples(1)[3];  // from 6 s to 7 s
  ASSERT_EQ(sample.clip, "/pool/a.mp4");
  labeller->apply(sample);
  const auto outcome = labeller->outcome(*dataset_, 2);
  ASSERT_TRUE(outcome) << outcome.error().message;
  // Its second label is in a sample, and reaches into the gap at the clip's end.
  EXPECT_EQ(outcome->beyond_end, 0);
  ASSERT_EQ(outcome->lost.size(), 3U);
  EXPECT_EQ(outcome->lost[0].reason, "the clip is broken from 9.00 s: the file is cut off");
  EXPECT_EQ(outcome->lost[1].reason, "the clip is broken from 2.00 s to 4.00 s: cannot decode");
  EXPECT_EQ(outcome->lost[2].reason, "the clip ends at 8.04 s");
}

}  // namespace
}  // namespace lido::dataset
