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

std::string cvat(const std::string& tracks) {
  return "<?xml version=\"1.0\"?>\n<annotations><meta><task><source>a.mp4</source></task></meta>" +
         tracks + "</annotations>";
}

std::string box(int frame, bool outside = false) {
  return fmt::format(R"(<box frame="{}" outside="{}" xtl="10" ytl="20" xbr="40" ybr="80"/>)", frame,
                     outside ? 1 : 0);
}

TEST(Cvat, ATrackThatLeavesAndComesBackIsTwoLabels) {
  const auto labels = parse_labels(cvat("<track id=\"3\" label=\"swimming\">" + box(5) + box(8) +
                                        box(9, true) + box(20) + "</track>"));
  ASSERT_TRUE(labels) << labels.error().message;
  ASSERT_EQ(labels->size(), 2U);
  const Label& first = (*labels)[0];
  EXPECT_EQ(first.clip, "a.mp4");
  EXPECT_EQ(first.task, "behaviour");
  EXPECT_EQ(first.label, "swimming");
  EXPECT_EQ(first.track, "3");
  EXPECT_TRUE(first.in_frames);
  EXPECT_EQ(first.start_s, 5);
  EXPECT_EQ(first.end_s, 9) << "exclusive: outside from frame 9 on";
  ASSERT_EQ(first.boxes.size(), 2U);
  EXPECT_EQ(first.boxes[1].time_s, 8);
  EXPECT_EQ(first.boxes[1].box, (Box{10, 20, 30, 60}));
  EXPECT_EQ((*labels)[1].start_s, 20);
  EXPECT_EQ((*labels)[1].end_s, 21) << "a last box holds for its frame";
}

TEST(Cvat, MistakesHaveTheirTrackOrLine) {
  EXPECT_EQ(label_error(cvat("<track id=\"3\">" + box(5) + "</track>")),
            "track \"3\": the track has no label");
  EXPECT_EQ(label_error(cvat("<track id=\"3\" label=\"l\">" + box(5) + box(5) + "</track>")),
            "track \"3\": the box at frame 5 is empty or out of order");
  EXPECT_EQ(label_error(cvat("<track id=\"3\" label=\"l\"><box frame=\"x\"/></track>")),
            "track \"3\": a box's frame: \"x\" is not a number");
  EXPECT_TRUE(label_error("<annotations>\n<x\n").starts_with("line "));
}

TEST(Labels, QuotesAndLineEndsAreThoseOfCsv) {
  const auto labels =
      parse_labels("clip,start_s,end_s,task,label\r\n\"a, b.mp4\",0,1,t,\"say \"\"l\"\"\"\r\n");
  ASSERT_TRUE(labels) << labels.error().message;
  EXPECT_EQ((*labels)[0].clip, "a, b.mp4");
  EXPECT_EQ((*labels)[0].label, "say \"l\"");
}

}  // namespace
}  // namespace lido::dataset
