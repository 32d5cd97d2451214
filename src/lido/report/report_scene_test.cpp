// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report_scene.h"

#include "lido/report/small_dataset.h"

namespace lido::report {
namespace {

constexpr const char* kFolder = "scenes/g000001";

class ReportSceneTest : public SmallDataset {
 protected:
  /// Writes the scene tables of a clip with two tracks, and returns the section.
  std::string section() {
    storage::Store& store = dataset_->store();
    const std::string clip = "/raw/b.mp4";
    const auto write = [&]<typename Row>(const std::vector<Row>& rows) {
      EXPECT_TRUE(dataset::write_table(store, dataset::scene_table<Row>(kFolder), rows));
    };
    write(std::vector<dataset::ObjectRow>{
        {clip, 3, 0.75, "person", "detector", 0.9, 1, 10, 20, 30, 40},
        {clip, 4, 1, "person", "detector", 0.9, 1, 12, 20, 30, 40},
        {clip, 4, 1, "", "motion", 0, 0, 100, 100, 20, 20}});
    write(std::vector<dataset::TrackRow>{{clip, 1, "person", 3, 4, 0.75, 1, 2, 0.9, 0.1},
                                         {clip, 2, "bench", 0, 8, 0, 2, 9, 0.5, 0}});
    dataset::PoseRow pose{.clip = clip, .k = 4, .track = 1};
    pose.names = "left_wrist,left_elbow,nose";
    pose.keypoints = {50, 60, 0.9, 55, 65, 0.8, 20, 25, 0.1};
    write(std::vector<dataset::PoseRow>{pose});
    std::vector<dataset::MotionRow> motions;
    for (int64_t k = 0; k < 4; ++k)
      motions.push_back({clip, k, static_cast<double>(k) / 4, k < 3 ? "still" : "pan"});
    write(motions);
    write(std::vector<dataset::QualityRow>{{clip, "blurred", 0, 8, 0, 2}});
    EXPECT_TRUE(store.write_text(std::string(kFolder) + "/view.jpg", jpeg(200)));
    EXPECT_TRUE(store.write_text(std::string(kFolder) + "/plate.jpg", jpeg(100)));
    EXPECT_TRUE(dataset::write_scene_pictures(
        store, kFolder,
        {.views = {{clip, 4, 1, "view.jpg", 320, 240}},
         .plates = {{"site/deck", "06-12 UTC", "plate.jpg", "plate.jpg", {clip}, 31}}}));
    add_samples();
    const auto generation = publish({kFolder});
    const ReportData data = *read_report_data(*dataset_, generation);
    const auto html =
        scene_section(*dataset_, generation, data, {{"behaviour: swimming", "#123456"}});
    EXPECT_TRUE(html) << html.error().message;
    return html.value_or("");
  }
};

TEST_F(ReportSceneTest, IsEmptyWithoutScenes) {
  const auto generation = publish();
  EXPECT_EQ(scene_section(*dataset_, generation, {}, {}).value(), "");
}

TEST_F(ReportSceneTest, DrawsBoxesAndTrailsInSourcePixels) {
  const std::string html = section();
  EXPECT_NE(html.find("viewBox=\"0 0 320 240\""), std::string::npos);
  EXPECT_NE(html.find("<rect x=12 y=20 width=30 height=40"), std::string::npos) << html;
  // The bottom middle of the person's two boxes.
  EXPECT_NE(html.find("points=\"25,60 27,60 \""), std::string::npos);
  EXPECT_NE(html.find(">person 1</text>"), std::string::npos);
  EXPECT_EQ(occurrences(html, "stroke-dasharray"), 1);
}

TEST_F(ReportSceneTest, DrawsKeypointsOfAGoodScore) {
  const std::string html = section();
  EXPECT_NE(html.find("<line x1=55 y1=65 x2=50 y2=60"), std::string::npos) << html;
  EXPECT_NE(html.find("<circle cx=50 cy=60"), std::string::npos);
  EXPECT_EQ(occurrences(html, "<circle"), 2) << "the nose is uncertain";
}

TEST_F(ReportSceneTest, ShowsTracksLabelsCameraAndFaultsAlongTime) {
  const std::string html = section();
  for (const char* row : {">bench 2<", ">person 1<", ">behaviour: swimming<", ">camera motion<",
                          ">skipped<", ">blurred<"})
    EXPECT_NE(html.find(row), std::string::npos) << row;
  EXPECT_NE(html.find("fill=\"#123456\""), std::string::npos);
}

TEST_F(ReportSceneTest, SumsTracksMotionAndFaults) {
  const std::string html = section();
  EXPECT_NE(html.find("<b>1</b><span>track of a person"), std::string::npos) << html;
  EXPECT_NE(html.find("<b>1</b><span>track of another object"), std::string::npos);
  EXPECT_NE(html.find("<b>1</b><span>moving box of no known class"), std::string::npos);
  EXPECT_NE(html.find("<b>75.0%</b><span>of the time with a still camera"), std::string::npos);
  EXPECT_NE(html.find("<b>0:02.0</b><span>with a view fault"), std::string::npos);
}

TEST_F(ReportSceneTest, ShowsBackgroundPlatesWithTheirFrames) {
  const std::string html = section();
  EXPECT_NE(html.find("deck, 06-12 UTC, background of 31 frames"), std::string::npos) << html;
  EXPECT_NE(html.find("deck, 06-12 UTC, motion of 31 frames"), std::string::npos);
}

}  // namespace
}  // namespace lido::report
