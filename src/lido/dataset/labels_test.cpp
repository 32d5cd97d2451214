// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/labels.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

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

// Unicode's composed form of "e" with an accent after it is "é".
TEST(Labels, NamesThatLookEqualAreEqual) {
  const auto file = parse_labels(
      "clip,start_s,end_s,task,label\na.mp4,0,1,b,swim\na.mp4,1,2, b,swim \n"
      "a.mp4,2,3,b,\xc3\xa9\na.mp4,3,4,b,e\xcc\x81\n");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->labels.size(), 4U);
  EXPECT_EQ(file->labels[1].task, "b");
  EXPECT_EQ(file->labels[1].label, "swim");
  EXPECT_EQ(file->labels[2].label, "\xc3\xa9");
  EXPECT_EQ(file->labels[3].label, "\xc3\xa9");
}

std::string label_error(std::string_view text) {
  const auto labels = parse_labels(text);
  return labels ? "no error" : labels.error().message;
}

TEST(Labels, MistakesHaveTheLineOfTheFile) {
  const std::string header = "clip,start_s,end_s,task,label,track,x,y,width,height\n";
  const std::string good = "a.mp4,0,1,t,l,,,,,\n\n";
  EXPECT_EQ(label_error(header + good + "a.mp4,3,1,t,l,,,,,\n"),
            "line 4: from 3 s to 1 s, want 0 <= start_s < end_s");
  EXPECT_EQ(label_error(header + "a.mp4,0,soon,t,l,,,,,\n"),
            "line 2: end_s: \"soon\" is not a number, want seconds");
  EXPECT_EQ(label_error(header + good + "a.mp4,0,1,t,,,,,,\n"), "line 4: label is empty");
  EXPECT_EQ(label_error(header + "a.mp4,0,1,t,l,,1,2,3,four\n"),
            "line 2: height: \"four\" is not a number");
  for (const char* box : {"1,2,,", ",,3,4", "1,2,3,0", "1,2,-3,4"}) {
    EXPECT_TRUE(label_error(header + "a.mp4,0,1,t,l,," + box + "\n")
                    .starts_with("line 2: the box is not whole"))
        << box;
  }
}

TEST(Labels, BinaryFilesAreRefusedWithoutTheirBytes) {
  const std::string video("\x1a\x45\xdf\xa3\x01\x00\x00", 7);
  EXPECT_EQ(label_error(video), "neither CSV nor Parquet: byte 0 is 0x1a, want UTF-8 text");
}

TEST(Labels, RowsThatRepeatAnEarlierOneCountOnce) {
  const std::string header = "clip,start_s,end_s,task,label,track,x,y,width,height\n";
  const std::string row = "a.mp4,0,1,t,l,7,1,2,3,4\n";
  const auto file = parse_labels(header + row + "a.mp4,0,1,t,l,8,1,2,3,4\n" + row + "\n" + row +
                                 "a.mp4,0,1,t,l,7,1,2,3,5\n");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->labels.size(), 3U);
  EXPECT_EQ(file->labels[0].place, "line 2");
  EXPECT_EQ(file->labels[1].track, "8");
  EXPECT_EQ(file->labels[2].place, "line 7");
  EXPECT_EQ(file->remarks, std::vector<std::string>{
                               "2 rows repeat an earlier one and count once, the first: line 4"});
}

TEST(Labels, AHeaderAloneIsRemarked) {
  const auto file = parse_labels("clip,start_s,end_s,task,label\n");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->labels.empty());
  EXPECT_EQ(file->remarks, std::vector<std::string>{"no labels, only a header"});
}

TEST(Labels, QuotesAndLineEndsAreThoseOfCsv) {
  const auto labels =
      parse_labels("clip,start_s,end_s,task,label\r\n\"a, b.mp4\",0,1,t,\"say \"\"l\"\"\"\r\n");
  ASSERT_TRUE(labels) << labels.error().message;
  EXPECT_EQ(labels->labels[0].clip, "a, b.mp4");
  EXPECT_EQ(labels->labels[0].label, "say \"l\"");
}

}  // namespace
}  // namespace lido::dataset
