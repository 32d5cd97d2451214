// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/frame_truth.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

/// 4 x 3 pixels: subject 1 in the second column, subject 2 in one corner.
Render small_render() {
  Render render{{4, 3, std::vector<uint8_t>(36)}, std::vector<uint8_t>(12)};
  render.subject_of_pixel[1] = render.subject_of_pixel[5] = render.subject_of_pixel[9] = 1;
  render.subject_of_pixel[11] = 2;
  return render;
}

dataset::SeenRow seen_row() {
  dataset::SeenRow row{.clip = "clips/a.mp4",
                       .frame = 50,
                       .time_s = 2,
                       .person = 7,
                       .age_group = "child",
                       .behaviour = "playing",
                       .danger = "none",
                       .signal = "ok"};
  row.whole = {10, 20, 30, 40};
  row.visible = {11, 21, 20, 30};
  row.share = 0.25;
  row.through_waves.assign(2 * kKeypoints, 5.126);
  row.visibility.assign(kKeypoints, 2);
  row.visibility[3] = 0;
  return row;
}

TEST(PixelBox, GrowsAroundItsPoints) {
  PixelBox box;
  EXPECT_TRUE(box.empty());
  EXPECT_TRUE(box.xywh().empty());
  box.add(3, 8);
  box.add(1, 9);
  EXPECT_EQ(box.xywh(), (std::vector<double>{1, 8, 2, 1}));
}

TEST(VisibleParts, CountAndEncloseEachSubjectsPixels) {
  const auto parts = visible_parts(small_render(), 3);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].pixels, 3);
  EXPECT_EQ(parts[0].box.xywh(), (std::vector<double>{1, 0, 1, 3}));
  EXPECT_EQ(parts[1].box.xywh(), (std::vector<double>{3, 2, 1, 1}));
  EXPECT_EQ(parts[2].pixels, 0);
  EXPECT_TRUE(parts[2].box.empty());
  EXPECT_EQ(visible_parts(small_render(), 1).size(), 1u);  // subject 2 is left out
}

TEST(ShutterMoments, GrowWithTheWay) {
  EXPECT_EQ(shutter_moments(0), 1);
  EXPECT_EQ(shutter_moments(1), 3);
  EXPECT_EQ(shutter_moments(30), 5);
}

TEST(MotLine, CountsFramesFromOne) {
  EXPECT_EQ(mot_line(seen_row()), "51,7,10.00,20.00,30.00,40.00,1,1,0.250\n");
}

TEST(CocoWriter, WritesKeypointsAsCocoHasThem) {
  SimulatedCamera camera;
  camera.name = "a";
  CocoWriter writer;
  writer.add_image(camera, 50, 2);
  writer.add_person(seen_row());
  const auto coco = nlohmann::json::parse(writer.to_text());
  ASSERT_EQ(coco["images"].size(), 1u);
  EXPECT_EQ(coco["images"][0]["file_name"], "a-000050");
  ASSERT_EQ(coco["annotations"].size(), 1u);
  const auto& person = coco["annotations"][0];
  EXPECT_EQ(person["image_id"], coco["images"][0]["id"]);
  EXPECT_EQ(person["num_keypoints"], 16);  // one is outside the image
  ASSERT_EQ(person["keypoints"].size(), 51u);
  EXPECT_EQ(person["keypoints"][0], 5.13);  // rounded to hundredths of a pixel
  EXPECT_EQ(person["keypoints"][9], 0);     // and 0, 0, 0 for the one outside
  EXPECT_EQ(person["keypoints"][11], 0);
  EXPECT_EQ(coco["categories"][0]["keypoints"][0], "nose");
  EXPECT_EQ(person["area"], 600);
}

TEST(ClipOf, IsNamedAfterItsCamera) {
  SimulatedCamera camera;
  camera.name = "cam3";
  EXPECT_EQ(clip_of(camera), "clips/cam3.mp4");
}

}  // namespace
}  // namespace lido::synth
