// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_tables.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "lido/base/test_folder.h"

namespace lido::reconstruct {
namespace {

using dataset::ClipRow;
using dataset::PoseRow;

constexpr const char* kCoco =
    "nose,left_eye,right_eye,left_ear,right_ear,left_shoulder,right_shoulder,left_elbow,"
    "right_elbow,left_wrist,right_wrist,left_hip,right_hip,left_knee,right_knee,left_ankle,"
    "right_ankle";

/// Keypoint i at (10 i, 20 i) with a score of 0.05 i, in a box of 30 x 400 pixels.
PoseRow pose(const std::string& clip, int64_t k, double time_s, int64_t track = 1) {
  PoseRow row{.clip = clip, .k = k, .time_s = time_s, .track = track, .seen = true};
  row.width = 30, row.height = 400;
  row.names = kCoco;
  for (int i = 0; i < 17; ++i)
    row.keypoints.insert(row.keypoints.end(), {10.0 * i, 20.0 * i, 0.05 * i});
  return row;
}

ClipRow clip(const std::string& name, const std::string& camera, const char* start = nullptr) {
  ClipRow row{.clip = name, .width = 640, .height = 360};
  row.camera = camera;
  row.site = "pool-a";
  if (start != nullptr) row.start_utc = *dataset::parse_utc(start);
  return row;
}

/// A site with two cameras, and a dataset of their clips.
class PoseTables : public ::testing::Test {
 protected:
  PoseTables() {
    site_.use.name = "pool-a";
    site_.cameras = {{.name = "deck"}, {.name = "lane"}};
    site_.cameras[1].clock = {.offset_s = 0.5};
  }

  void publish(const std::vector<ClipRow>& clips, const std::vector<PoseRow>& poses) {
    auto made = dataset::Dataset::open_or_create(folder_.string(), {{"fps", "10"}});
    ASSERT_TRUE(made) << made.error().message;
    dataset_.emplace(std::move(*made));
    const std::string scene = dataset::scene_folder(1);
    if (!poses.empty()) {
      ASSERT_TRUE(dataset::write_table(dataset_->store(),
                                       dataset::scene_table<dataset::PoseRow>(scene), poses));
    }
    auto tables = *dataset_->begin_tables(1);
    for (const ClipRow& one : clips) ASSERT_TRUE(tables.clips.append(one));
    const auto published = dataset_->publish({.number = 1, .scenes = {scene}}, tables);
    ASSERT_TRUE(published) << published.error().message;
  }

  Result<CameraFrames> read() { return read_dataset_poses(*dataset_, site_, {.sigma_px = 3}); }
  std::string refused() {
    const auto frames = read();
    return frames ? "read" : frames.error().message;
  }

  TestFolder folder_;
  geometry::Site site_;
  std::optional<dataset::Dataset> dataset_;
};

TEST_F(PoseTables, TakesTimesFromTheWallClock) {
  publish({clip("/v/1.mp4", "lane", "2026-07-01T06:30:00.5Z"),
           clip("/v/2.mp4", "deck", "2026-07-01T08:30:01+02:00"),
           clip("/v/3.mp4", "deck", "2026-07-01T06:31:00Z"), clip("/v/4.mp4", "gate")},
          {pose("/v/1.mp4", 0, 0), pose("/v/1.mp4", 3, 0.3, 2), pose("/v/1.mp4", 3, 0.3, 9),
           pose("/v/3.mp4", 1, 0.1), pose("/v/2.mp4", 0, 0), pose("/v/4.mp4", 0, 0)});
  const auto frames = read();
  ASSERT_TRUE(frames) << frames.error().message;
  ASSERT_EQ((*frames)[0].size(), 2U);
  ASSERT_EQ((*frames)[1].size(), 2U);
  // The earliest clip begins at 0 by the wall clock; the clock of lane is half a second ahead.
  EXPECT_NEAR((*frames)[1][0].time_s, -0.5, 1e-9);
  EXPECT_NEAR((*frames)[1][1].time_s, 0.3 - 0.5, 1e-9);
  EXPECT_NEAR((*frames)[0][0].time_s, 0.5, 1e-9);
  EXPECT_NEAR((*frames)[0][1].time_s, 59.5 + 0.1, 1e-9);
  ASSERT_EQ((*frames)[1][1].people.size(), 2U);
  EXPECT_EQ((*frames)[1][1].people[1].track, 9);
  EXPECT_EQ((*frames)[1][1].people[1].camera, 1U);
  // From a reference that is a time.
  for (geometry::Camera& one : site_.cameras) one.clock.reference = "2026-07-01T06:00:00Z";
  EXPECT_NEAR((*read())[0][0].time_s, 1801, 1e-9);
  site_.cameras[0].clock.reference = "noon";
  EXPECT_EQ(refused(),
            "the clocks of some cameras of the site have a time as reference, want that for all "
            "or none");
}

TEST_F(PoseTables, TrustsKeypointsByScoreAndBox) {
  publish({clip("/v/deck.mp4", ""), clip("/v/lane.mp4", "")},
          {pose("/v/deck.mp4", 2, 0.2), pose("/v/lane.mp4", 2, 0.2)});
  const auto frames = read();
  ASSERT_TRUE(frames) << frames.error().message;
  // Without start_utc a clip begins at 0 by its camera's clock.
  EXPECT_NEAR((*frames)[0][0].time_s, 0.2, 1e-9);
  EXPECT_NEAR((*frames)[1][0].time_s, -0.3, 1e-9);
  const PersonView& person = (*frames)[0][0].people[0];
  EXPECT_FALSE(person.keypoints[5].is_seen());  // a score of 0.25
  EXPECT_EQ(person.keypoints[7].pixel, Eigen::Vector2d(70, 140));
  EXPECT_NEAR(person.keypoints[7].sigma_px, std::hypot(3, 0.02 * 400), 1e-12);
}

TEST_F(PoseTables, NamesClipsWithoutTimes) {
  publish({clip("/v/1.mp4", "deck"), clip("/v/2.mp4", "deck")}, {pose("/v/1.mp4", 0, 0)});
  EXPECT_EQ(refused(),
            "/v/2.mp4: no start_utc in the list of clips, want it for all clips when a camera has "
            "several");
}

TEST_F(PoseTables, NamesClipsOfWhichOthersHaveTimes) {
  publish({clip("/v/1.mp4", "deck"), clip("/v/2.mp4", "lane", "2026-07-01T06:30:00Z")},
          {pose("/v/1.mp4", 0, 0)});
  EXPECT_EQ(refused(),
            "/v/1.mp4: no start_utc in the list of clips, want it for all clips when one has it");
}

TEST_F(PoseTables, TakesClipsOfTheSite) {
  auto other = clip("/v/2.mp4", "deck");
  other.site = "pool-b";
  publish({clip("/v/1.mp4", "deck"), other}, {pose("/v/1.mp4", 0, 0), pose("/v/2.mp4", 0, 1)});
  const auto frames = read();
  ASSERT_TRUE(frames) << frames.error().message;
  ASSERT_EQ((*frames)[0].size(), 1U);
  EXPECT_EQ((*frames)[0][0].time_s, 0);
  site_.use.name = "pool-c";
  EXPECT_EQ(refused(), dataset_->store().uri() +
                           ": its clips are of the sites \"pool-a\", \"pool-b\", want one of them "
                           "as `name` of the site.yaml, which has \"pool-c\"");
}

TEST_F(PoseTables, RefusesImagesOfAnotherSize) {
  publish({clip("/v/1.mp4", "deck")}, {pose("/v/1.mp4", 0, 0)});
  site_.cameras[0].width = 1280, site_.cameras[0].height = 720;
  EXPECT_EQ(refused(),
            "/v/1.mp4: has 640x360 pixels, want 1280x720 as camera deck of the site has");
  // A clip that is stored lying on its side.
  site_.cameras[0].width = 360, site_.cameras[0].height = 640;
  EXPECT_EQ(refused(), "read");
}

TEST_F(PoseTables, NamesADatasetWithoutPoses) {
  publish({clip("/v/1.mp4", "deck")}, {});
  EXPECT_EQ(refused(), dataset_->store().uri() +
                           ": a dataset without poses, want one that was made with --poses");
}

TEST_F(PoseTables, NamesADatasetOfOtherCameras) {
  publish({clip("/v/1.mp4", "gate")}, {pose("/v/1.mp4", 0, 0)});
  EXPECT_EQ(refused(), dataset_->store().uri() +
                           ": no clip of the site's cameras deck, lane, want their names as "
                           "`camera` in the list of clips, or as names of the files; it has gate");
}

TEST_F(PoseTables, NamesRowsThatAreNoPoses) {
  PoseRow spots = pose("/v/1.mp4", 0, 0);
  spots.names = "bright,dark";
  publish({clip("/v/1.mp4", "deck")}, {spots});
  const std::string table = dataset_->store().uri() + "/scenes/g000001/poses.parquet";
  EXPECT_EQ(refused(), table +
                           ": its keypoints are \"bright,dark\", want 4 of COCO's or more, "
                           "such as left_shoulder");
  PoseRow few = pose("/v/1.mp4", 0, 0), never = few, mixed = few;
  few.keypoints.pop_back();
  never.time_s = INFINITY;
  mixed.clip = "/v/9.mp4";
  auto& store = dataset_->store();
  ASSERT_TRUE(dataset::write_table<PoseRow>(store, "deck/poses.parquet", {few}));
  const auto read_clip = [&]() {
    const auto frames = read_clip_poses(store, "deck/poses.parquet", site_.cameras[0], 0, {});
    return frames ? "read" : frames.error().message;
  };
  const std::string file = store.uri() + "/deck/poses.parquet";
  EXPECT_EQ(read_clip(), file + ": a row has 50 numbers for 17 keypoints, want 3 of each");
  ASSERT_TRUE(dataset::write_table<PoseRow>(store, "deck/poses.parquet", {never}));
  EXPECT_EQ(read_clip(), file + ": a row's time_s is inf, want seconds in the clip");
  ASSERT_TRUE(
      dataset::write_table<PoseRow>(store, "deck/poses.parquet", {pose("/v/1.mp4", 0, 0), mixed}));
  EXPECT_EQ(read_clip(), file + ": poses of /v/1.mp4 and /v/9.mp4, want those of one clip");
}

TEST_F(PoseTables, ReadsATableOfOneClip) {
  const auto store = *storage::open_store(folder_.string());
  ASSERT_TRUE(dataset::write_table<PoseRow>(*store, "lane/poses.parquet",
                                            {pose("/v/x.mp4", 5, 0.5), pose("/v/x.mp4", 4, 0.4)}));
  const auto frames = read_poses(folder_.string(), site_, {});
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_TRUE((*frames)[0].empty());
  ASSERT_EQ((*frames)[1].size(), 2U);
  EXPECT_NEAR((*frames)[1][0].time_s, -0.1, 1e-9);
  EXPECT_NEAR((*frames)[1][1].time_s, 0, 1e-9);
}

}  // namespace
}  // namespace lido::reconstruct
