// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/removal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/dataset/forget_fixture.h"

namespace lido::dataset {
namespace {

class ForgetFrames : public ForgetFixture {};

TEST_F(ForgetFrames, GoesByTheFramesAndNotByTheTimesOfSampling) {
  // Second 4 and 5 of b.mp4 show the frame of 3.5 s.
  auto tables = *dataset_->begin_tables(2);
  ASSERT_TRUE(dataset_->visit<ClipRow>(1, [&](ClipRow& row) {
    row.time_base_den = 10;
    row.source_fps = 1;
    return tables.clips.append(row);
  }));
  ASSERT_TRUE(dataset_->visit<SampleRow>(1, [&](SampleRow& row) {
    for (int64_t& pts : row.pts) pts *= 10;
    if (row.sample == "b_00000004") row.pts = {35, 35};
    return tables.samples.append(row);
  }));
  ASSERT_TRUE(dataset_->publish({.number = 2}, tables));
  const auto summary = forget("b.mp4", 3.5, 3.6);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 2) << "b_00000002, whose frame of 3 s is on show, and b_00000004";
  for (const SampleRow& row : samples(3)) EXPECT_NE(row.sample, "b_00000004");
}

TEST_F(ForgetFrames, APlateGoesWithAnyFootageOfItsClips) {
  add_scene();
  const auto summary = forget("b.mp4", 7, 8);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->plates, 1);
  const auto pictures =
      *read_scene_pictures(dataset_->store(), dataset_->read_latest()->scenes.at(0));
  EXPECT_TRUE(pictures.plates.empty()) << "a median may show any of its frames";
  EXPECT_EQ(pictures.views.size(), 2U);
}

TEST_F(ForgetFrames, ObjectsAndViewsOfOneFrameGoTogether) {
  add_scene({.object_k = 9, .view_k = 9});
  // No sample has the frame of second 9: it may be on show since second 7.
  ASSERT_TRUE(forget("a.mp4", 7, 8));
  const std::string next = dataset_->read_latest()->scenes.at(0);
  const auto objects = *read_table<ObjectRow>(dataset_->store(), scene_table<ObjectRow>(next));
  for (const ObjectRow& row : objects) EXPECT_FALSE(row.clip == "/pool/a.mp4" && row.k == 9);
  const auto pictures = *read_scene_pictures(dataset_->store(), next);
  for (const SceneView& view : pictures.views) EXPECT_NE(view.clip, "/pool/a.mp4");
}

TEST_F(ForgetFrames, FramesBesideTheStretchArePartOfNoProofThatItIsThere) {
  add_scene();
  // The sample of seconds 2 and 3 goes, and with it the time of the view at second 3.
  const auto summary = forget("a.mp4", 2, 2.5);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
}

/// Decisions about the fixture's clips, of one tick a second and 25 frames a second: a frame is on
/// show for 0.99 / 25 s, 0.0396 s.
class RemovalTest : public DatasetFixture {
 protected:
  Removal removal_of(double start_s, double end_s) {
    return *Removal::make(*dataset_, 1,
                          {{.clip = "/pool/a.mp4", .start_s = start_s, .end_s = end_s}});
  }
  std::vector<std::string> removed(const Removal& removal) {
    std::vector<std::string> names;
    for (const SampleRow& row : samples(1)) {
      if (!removal.find(row).empty()) names.push_back(row.sample);
    }
    return names;
  }
};

TEST_F(RemovalTest, ASampleGoesWithAnyOfItsFrames) {
  using Samples = std::vector<std::string>;
  EXPECT_EQ(removed(removal_of(3, 4)), Samples{"a_00000002"});
  EXPECT_EQ(removed(removal_of(3, 4.01)), (Samples{"a_00000002", "a_00000004"}));
  EXPECT_EQ(removed(removal_of(0, INFINITY)).size(), 4U);
  EXPECT_TRUE(removed(removal_of(8, 9)).empty());
}

TEST_F(RemovalTest, AFrameIsOnShowUntilTheNextOne) {
  EXPECT_EQ(removed(removal_of(3.03, 3.5)), std::vector<std::string>{"a_00000002"});
  EXPECT_TRUE(removed(removal_of(3.05, 3.5)).empty());
}

TEST_F(RemovalTest, NamesTheFramesOfASample) {
  const SampleRow row = samples(1)[1];  // seconds 2 and 3
  const Removal removal = removal_of(3, 4);
  EXPECT_FALSE(removal.holds_frame(row, 0));
  EXPECT_TRUE(removal.holds_frame(row, 1));
  EXPECT_FALSE(removal.holds_frame(row, 2)) << "there is no third frame";
}

TEST_F(RemovalTest, RowsOfScenesGoByTheirFrames) {
  const Removal removal = removal_of(3, 4);
  const auto goes = [&](const auto& row) { return !removal.find(row).empty(); };
  // Samples that stay have the frames of 1 and 4 s: those are on show at their own times alone.
  EXPECT_FALSE(goes(ObjectRow{.clip = "/pool/a.mp4", .k = 1}));
  EXPECT_TRUE(goes(ObjectRow{.clip = "/pool/a.mp4", .k = 3}));
  EXPECT_FALSE(goes(ObjectRow{.clip = "/pool/a.mp4", .k = 4}));
  EXPECT_FALSE(goes(ObjectRow{.clip = "/pool/b.mp4", .k = 3}));
  EXPECT_TRUE(goes(PoseRow{.clip = "/pool/a.mp4", .k = 3}));
  EXPECT_TRUE(goes(MotionRow{.clip = "/pool/a.mp4", .k = 3}));
  EXPECT_TRUE(goes(SceneView{.clip = "/pool/a.mp4", .k = 3}));
  EXPECT_TRUE(goes(TrackRow{.clip = "/pool/a.mp4", .first_k = 1, .last_k = 6}));
  EXPECT_FALSE(goes(TrackRow{.clip = "/pool/a.mp4", .first_k = 4, .last_k = 6}));
  EXPECT_FALSE(goes(TrackRow{.clip = "/pool/a.mp4", .first_k = 0, .last_k = 1}));
  EXPECT_TRUE(goes(QualityRow{.clip = "/pool/a.mp4", .first_k = 0, .end_k = 4}));
  EXPECT_FALSE(goes(QualityRow{.clip = "/pool/a.mp4", .first_k = 5, .end_k = 7}));
  EXPECT_TRUE(goes(ScenePlate{.clips = {"/pool/b.mp4", "/pool/a.mp4"}}));
  EXPECT_FALSE(goes(ScenePlate{.clips = {"/pool/b.mp4"}}));
}

TEST_F(RemovalTest, NamesEachRecordThatRemovesARow) {
  const auto removal = *Removal::make(*dataset_, 1,
                                      {{.clip = "/pool/b.mp4", .start_s = 0, .end_s = INFINITY},
                                       {.clip = "/pool/a.mp4", .start_s = 2, .end_s = 3},
                                       {.clip = "/pool/a.mp4", .start_s = 3, .end_s = 4}});
  EXPECT_EQ(removal.find(samples(1)[1]), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(removal.find(samples(1)[5]), std::vector<size_t>{0});
}

}  // namespace
}  // namespace lido::dataset
