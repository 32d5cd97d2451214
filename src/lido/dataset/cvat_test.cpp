// SPDX-License-Identifier: Apache-2.0
// The truth is CVAT's documentation of "CVAT for videos 1.1", and arithmetic.
#include "lido/dataset/cvat.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::dataset {
namespace {

std::string cvat_message_of(std::string_view text) {
  const auto labels = parse_cvat(text);
  return labels ? "no error" : labels.error().message;
}

std::string cvat(const std::string& tracks) {
  return "<?xml version=\"1.0\"?>\n<annotations><meta><task><source>a.mp4</source></task></meta>" +
         tracks + "</annotations>";
}

std::string box_at(int frame, bool outside = false) {
  return fmt::format(R"(<box frame="{}" outside="{}" xtl="10" ytl="20" xbr="40" ybr="80"/>)", frame,
                     outside ? 1 : 0);
}

TEST(Cvat, ATrackThatLeavesAndComesBackIsTwoLabels) {
  const auto labels = parse_cvat(cvat("<track id=\"3\" label=\"swimming\">" + box_at(5) +
                                      box_at(8) + box_at(9, true) + box_at(20) + "</track>"));
  ASSERT_TRUE(labels) << labels.error().message;
  ASSERT_EQ(labels->labels.size(), 2U);
  const Label& first = labels->labels[0];
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
  EXPECT_EQ(labels->labels[1].start_s, 20);
  EXPECT_EQ(labels->labels[1].end_s, 21) << "a last box holds for its frame";
}

TEST(Cvat, MistakesHaveTheirTrackOrLine) {
  EXPECT_EQ(cvat_message_of(cvat("<track id=\"3\">" + box_at(5) + "</track>")),
            "track \"3\": the track has no label");
  EXPECT_EQ(
      cvat_message_of(cvat("<track id=\"3\" label=\"l\">" + box_at(5) + box_at(5) + "</track>")),
      "track \"3\": the box at frame 5 is out of order, want whole numbers that rise from 0");
  EXPECT_EQ(cvat_message_of(cvat("<track id=\"3\" label=\"l\"><box frame=\"x\"/></track>")),
            "track \"3\": the box's frame: \"x\" is not a number");
  EXPECT_TRUE(cvat_message_of("<annotations>\n<x\n").starts_with("line "));
}

/// A track with one shape at frame 5, which leaves at frame 8.
std::string shape(const std::string& name, const std::string& attributes,
                  const std::string& inside = "") {
  const auto at = [&](int frame, int outside) {
    return fmt::format(R"(<{0} frame="{1}" outside="{2}" {3}>{4}</{0}>)", name, frame, outside,
                       attributes, inside);
  };
  return cvat("<track id=\"1\" label=\"l\">" + at(5, 0) + at(8, 1) + "</track>");
}

/// The box of a file's one label.
Box box_of(const std::string& text) {
  const auto file = parse_cvat(text);
  EXPECT_TRUE(file) << file.error().message;
  if (!file || file->labels.size() != 1 || file->labels[0].boxes.size() != 1) return {-1, -1, 0, 0};
  EXPECT_EQ(file->labels[0].start_s, 5);
  EXPECT_EQ(file->labels[0].end_s, 8);
  return file->labels[0].boxes[0].box;
}

TEST(Cvat, ShapesCountByTheirBounds) {
  for (const char* name : {"polygon", "polyline", "points"})
    EXPECT_EQ(box_of(shape(name, R"(points="3,4;10.5,2;7,20")")), (Box{3, 2, 7.5, 18})) << name;
  EXPECT_EQ(box_of(shape("points", R"(points="3,4")")), (Box{3, 4, 0, 0}));
  EXPECT_EQ(box_of(shape("ellipse", R"(cx="50" cy="40" rx="10" ry="5")")), (Box{40, 35, 20, 10}));
  EXPECT_EQ(box_of(shape("mask", R"(rle="3, 5" left="7" top="8" width="4" height="2")")),
            (Box{7, 8, 4, 2}));
  EXPECT_EQ(box_of(shape("cuboid", R"(xtl1="1" ytl1="9" xbl1="1" ybl1="19" xtr1="8" ytr1="9" )"
                                   R"(xbr1="8" ybr1="19" xtl2="4" ytl2="5" xbl2="4" ybl2="15" )"
                                   R"(xtr2="11" ytr2="5" xbr2="11" ybr2="15")")),
            (Box{1, 5, 10, 14}));
}

TEST(Cvat, ASkeletonCountsByItsVisibleElements) {
  EXPECT_EQ(box_of(shape("skeleton", "",
                         R"(<points label="1" outside="0" points="3,4"/>)"
                         R"(<points label="2" outside="1" points="500,500"/>)"
                         R"(<points label="3" outside="0" points="9,24"/>)")),
            (Box{3, 4, 6, 20}));
  // Without a visible element, the object has left the frame.
  const auto file = parse_cvat(cvat(
      R"(<track id="1" label="l"><skeleton frame="5"><points outside="0" points="1,2"/>)"
      R"(</skeleton><skeleton frame="9"><points outside="1" points="1,2"/></skeleton></track>)"));
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->labels.size(), 1U);
  EXPECT_EQ(file->labels[0].end_s, 9);
}

TEST(Cvat, ARotatedBoxHasTheBoundsOfItsCorners) {
  const Box box = box_of(shape("box", R"(xtl="10" ytl="20" xbr="50" ybr="40" rotation="30")"));
  // Corners (+-20, +-10) around (30, 30), turned by 30 degrees.
  const double x = 20 * std::cos(M_PI / 6) + 10 * std::sin(M_PI / 6);
  const double y = 20 * std::sin(M_PI / 6) + 10 * std::cos(M_PI / 6);
  EXPECT_NEAR(box.x, 30 - x, 1e-9);
  EXPECT_NEAR(box.y, 30 - y, 1e-9);
  EXPECT_NEAR(box.width, 2 * x, 1e-9);
  EXPECT_NEAR(box.height, 2 * y, 1e-9);
}

TEST(Cvat, WhatItIsNotIsNamed) {
  EXPECT_EQ(cvat_message_of(shape("hexagon", "")),
            "track \"1\": frame 5: <hexagon> is not a shape, want box, polygon, polyline, points, "
            "ellipse, cuboid, mask or skeleton");
  EXPECT_TRUE(cvat_message_of(shape("polygon", R"(points="1,2;3")"))
                  .starts_with("track \"1\": frame 5: the polygon has the point \"3\""));
  EXPECT_TRUE(
      cvat_message_of(shape("polygon", "")).ends_with("the polygon has no points, want 1 or more"));
  EXPECT_TRUE(
      cvat_message_of(cvat(R"(<image id="0" name="a.jpg"/>)")).starts_with("CVAT for images"));
  EXPECT_EQ(cvat_message_of(cvat("<tag frame=\"3\" label=\"l\"/>")),
            "<tag> is not read, want <track>");
  EXPECT_TRUE(
      cvat_message_of("<annotations><meta><project><tasks><task><source>a.mp4</source></task>"
                      "</tasks></project></meta></annotations>")
          .contains("Export each task by itself"));
  EXPECT_TRUE(cvat_message_of(cvat("<track id=\"1\" label=\"\xe9\"/>")).contains("not UTF-8"));
}

TEST(Cvat, AttributesAndEmptyFilesAreRemarked) {
  const auto file = parse_cvat(shape("box", R"(xtl="1" ytl="2" xbr="3" ybr="4")",
                                     "<attribute name=\"age\">child</attribute>"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->remarks,
            std::vector<std::string>{"2 attributes of shapes are not read: \"age\""});
  EXPECT_EQ(parse_cvat(cvat(""))->remarks,
            std::vector<std::string>{"no labels, only the name of the clip"});
}

}  // namespace
}  // namespace lido::dataset
