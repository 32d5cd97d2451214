// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_clips.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"

namespace lido::reconstruct {
namespace {

class ClipsOfPoses : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = *storage::open_store(folder_.string());
    site_.use.name = "pool-a";
    site_.cameras = {{.name = "deck"}, {.name = "lane"}, {.name = "gate"}};
  }
  std::string refused(const std::vector<std::string>& clips) {
    const auto named = name_clips(clips, site_, {});
    return named ? "taken" : named.error().message;
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  geometry::Site site_;
};

TEST_F(ClipsOfPoses, OfASimulatedFilmStartWithItsFirstFrame) {
  dataset::FilmedRow lost, first;
  lost.frame = -1, lost.clock_s = 9.9;
  first.clip = "clips/lane.mp4", first.clock_s = 10;
  ASSERT_TRUE(
      dataset::write_table<dataset::FilmedRow>(*store_, "frames/lane.parquet", {lost, first}));
  ASSERT_TRUE(dataset::write_table<dataset::SeenRow>(*store_, "truth/lane.parquet", {}));
  const auto found = find_pose_clips(folder_.string(), site_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_simulated && found->are_exact);
  ASSERT_EQ(found->clips.size(), 1U);
  EXPECT_EQ(found->clips[0].camera, 1U);
  EXPECT_EQ(found->clips[0].clip, (folder_ / "clips/lane.mp4").string());
  EXPECT_EQ(found->clips[0].start_s, 10);
}

TEST_F(ClipsOfPoses, OfASceneAreThoseOfItsTable) {
  dataset::PoseRow row;
  row.clip = "/v/yesterday.mp4";
  ASSERT_TRUE(dataset::write_table<dataset::PoseRow>(*store_, "gate/poses.parquet", {row}));
  ASSERT_TRUE(dataset::write_table<dataset::PoseRow>(*store_, "deck/poses.parquet", {}));
  const auto found = find_pose_clips(folder_.string(), site_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->is_simulated || found->are_exact);
  ASSERT_EQ(found->clips.size(), 1U);
  EXPECT_EQ(found->clips[0].camera, 2U);
  EXPECT_EQ(found->clips[0].clip, "/v/yesterday.mp4");
  EXPECT_EQ(found->clips[0].start_s, 0);
}

TEST_F(ClipsOfPoses, OfADatasetHaveTheReadingsOfTheirClocks) {
  const auto publish = [&](const std::string& site) {
    auto made = *dataset::Dataset::open_or_create((folder_ / site).string(), {{"fps", "10"}});
    auto tables = *made.begin_tables(1);
    for (const auto& [name, start] :
         {std::pair("deck", "2026-07-01T06:30:00Z"), std::pair("lane", "2026-07-01T06:30:02.5Z")}) {
      dataset::ClipRow row{.clip = fmt::format("/v/{}.mp4", name), .width = 640, .height = 360};
      row.camera = name, row.site = site;
      row.start_utc = *dataset::parse_utc(start);
      ASSERT_TRUE(tables.clips.append(row));
    }
    const auto published = made.publish({.number = 1}, tables);
    ASSERT_TRUE(published) << published.error().message;
  };
  publish("simulated");
  publish("pool-a");
  const auto found = find_pose_clips((folder_ / "simulated").string(), site_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_simulated);
  EXPECT_FALSE(found->are_exact);
  ASSERT_EQ(found->clips.size(), 2U);
  EXPECT_EQ(found->clips[1].clip, "/v/lane.mp4");
  EXPECT_NEAR(found->clips[1].start_s - found->clips[0].start_s, 2.5, 1e-9);
  EXPECT_FALSE(find_pose_clips((folder_ / "pool-a").string(), site_)->is_simulated);
}

TEST_F(ClipsOfPoses, OfCocoFilesAreNotKnown) {
  ASSERT_TRUE(store_->write_text("deck.json", "{}"));
  const auto found = find_pose_clips(folder_.string(), site_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->clips.empty());
}

TEST_F(ClipsOfPoses, AreNamedLikeTheirCameras) {
  PoseClips known;
  known.clips = {{2, "/v/old.mp4", 12.5}};
  const auto named = name_clips({"b/gate.mkv", "gs://x/deck.mp4"}, site_, known);
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ((*named)[0].camera, 2U);
  EXPECT_EQ((*named)[0].clip, "b/gate.mkv");
  EXPECT_EQ((*named)[0].start_s, 12.5);
  EXPECT_EQ((*named)[1].camera, 0U);
  EXPECT_EQ((*named)[1].start_s, 0);
  EXPECT_EQ(refused({"b/roof.mp4"}),
            "b/roof.mp4: named like no camera of the site, want a file named like one of deck, "
            "lane, gate");
  EXPECT_EQ(refused({"a/deck.mp4", "b/deck.mp4"}),
            "b/deck.mp4: camera deck has the clip a/deck.mp4 already, want one");
}

}  // namespace
}  // namespace lido::reconstruct
