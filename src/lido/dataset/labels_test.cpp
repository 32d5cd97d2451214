// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labels.h"

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

Result<void> visit_clips(const TakeClip& take) {
  take("/pool/a.mp4", 25);
  take("/pool/deep/a.mkv", 0);
  take("/else/a.mkv", 0);
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

TEST(Labels, MistakesAreNamed) {
  const std::string header = "clip,start_s,end_s,task,label\n";
  for (const std::string& text :
       {std::string(), std::string("\xef\xbb\xbf"), header + "a.mp4,1,0.5,t,l\n",
        header + "a.mp4,x,1,t,l\n", header + "a.mp4,0,nan,t,l\n", header + "a.mp4,0,1,t\n",
        header + ",0,1,t,l\n", std::string("clip,start_s,end_s,task\na.mp4,0,1,t\n"),
        std::string("clip,start_s,end_s,task,label,colour\n"), std::string("<annotations>"),
        std::string("<x/>"), std::string("PAR1 but no Parquet")}) {
    const auto labels = parse_labels(text);
    ASSERT_FALSE(labels) << text;
    EXPECT_EQ(labels.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(Labels, QuotesAndLineEndsAreThoseOfCsv) {
  const auto labels =
      parse_labels("clip,start_s,end_s,task,label\r\n\"a, b.mp4\",0,1,t,\"say \"\"l\"\"\"\r\n");
  ASSERT_TRUE(labels) << labels.error().message;
  EXPECT_EQ((*labels)[0].clip, "a, b.mp4");
  EXPECT_EQ((*labels)[0].label, "say \"l\"");
}

TEST(Vocabulary, ReadsTasks) {
  const auto read = *parse_vocabulary("behaviour=drowning,swimming;age=child");
  EXPECT_EQ(read, (Vocabulary{{"behaviour", {"drowning", "swimming"}}, {"age", {"child"}}}));
  for (const char* text : {"x", "=y", "x=", "a=b;=c"}) EXPECT_FALSE(parse_vocabulary(text)) << text;
}

}  // namespace
}  // namespace lido::dataset
