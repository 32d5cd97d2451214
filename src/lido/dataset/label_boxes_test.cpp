// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_boxes.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

constexpr std::string_view kBoxHeader = "clip,track,time_s,x,y,width,height\n";

LabelsFile labels_of_two() {
  return *parse_labels(
      "clip,start_s,end_s,task,label,track,x,y,width,height\n"
      "a.mp4,0,1,behaviour,swimming,7,,,,\n"
      "a.mp4,0,1,age,child,7,,,,\n"
      "a.mp4,0,1,behaviour,floating,8,1,2,3,4\n");
}

std::string box_refusal(std::string_view rows) {
  LabelsFile file = labels_of_two();
  const auto added = add_label_boxes(file, std::string(kBoxHeader) + std::string(rows));
  return added ? std::string() : added.error().message;
}

TEST(LabelBoxes, BelongToTheLabelsOfTheirTrack) {
  LabelsFile file = labels_of_two();
  ASSERT_TRUE(add_label_boxes(file, std::string(kBoxHeader) +
                                        "a.mp4,7,0.5,1,2,3,4\na.mp4,7,0,5,6,7,8\n"
                                        "a.mp4,8,0,1,1,1,1\nb.mp4,7,0,1,1,1,1\n"));
  ASSERT_TRUE(file.labels[0].track_boxes);
  EXPECT_EQ(file.labels[0].track_boxes, file.labels[1].track_boxes) << "kept once";
  ASSERT_EQ(file.labels[0].track_boxes->size(), 2U);
  EXPECT_EQ(file.labels[0].track_boxes->front().box, (Box{5, 6, 7, 8})) << "by time";
  EXPECT_FALSE(file.labels[2].track_boxes) << "it has a box of its own";
  ASSERT_EQ(file.remarks.size(), 1U);
  EXPECT_EQ(file.remarks[0],
            "the boxes of 1 track belong to no label; the first is \"7\" of \"b.mp4\"");
}

TEST(LabelBoxes, BadRowsAreNamed) {
  EXPECT_EQ(box_refusal("a.mp4,7,0,1,2,0,4\n"),
            "line 2: the box is 0 x 4 pixels, want more than 0");
  EXPECT_EQ(box_refusal("a.mp4,7,-1,1,2,3,4\n"), "line 2: time_s is -1, want 0 or more");
  EXPECT_EQ(box_refusal("a.mp4,,0,1,2,3,4\n"), "line 2: track is empty");
  EXPECT_EQ(box_refusal("a.mp4,7,1,1,2,3,4\na.mp4,7,1,1,2,3,5\n"),
            "track \"7\" of clip \"a.mp4\" has two boxes at 1 s, want one");
  EXPECT_TRUE(box_refusal("a.mp4,7,soon,1,2,3,4\n").starts_with("line 2: time_s: "));
}

TEST(LabelBoxes, LieOnALineBetweenTwoMoments) {
  const std::vector<TimedBox> boxes = {{1, {0, 0, 10, 10}}, {3, {8, 4, 20, 10}}, {6, {0, 0, 1, 1}}};
  EXPECT_EQ(box_between(boxes, 1), (Box{0, 0, 10, 10}));
  EXPECT_EQ(box_between(boxes, 1.5), (Box{2, 1, 12.5, 10}));
  EXPECT_EQ(box_between(boxes, 3.2), (Box{8, 4, 20, 10})) << "a quarter of a second after it";
  EXPECT_FALSE(box_between(boxes, 4.5)) << "three seconds apart";
  EXPECT_EQ(box_between(boxes, 0.8), (Box{0, 0, 10, 10}));
  EXPECT_FALSE(box_between(boxes, 0.5));
  EXPECT_FALSE(box_between(boxes, 7));
  EXPECT_FALSE(box_between({}, 0));
}

}  // namespace
}  // namespace lido::dataset
