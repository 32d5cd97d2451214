// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scene_removal.h"

#include <gtest/gtest.h>

#include "lido/dataset/forget_fixture.h"

namespace lido::dataset {
namespace {

class ForgetScenes : public ForgetFixture {};

TEST_F(ForgetScenes, WritesSceneFoldersAgainWithoutTheStretch) {
  add_scene();
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  const std::string scene = "scenes/g000002-f000003";
  EXPECT_EQ(dataset_->read_latest()->scenes, std::vector<std::string>{scene});
  auto& store = dataset_->store();
  const auto objects = *read_table<ObjectRow>(store, scene_table<ObjectRow>(scene));
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].k, 1);
  EXPECT_EQ(objects[1].clip, "/pool/b.mp4");
  const auto tracks = *read_table<TrackRow>(store, scene_table<TrackRow>(scene));
  ASSERT_EQ(tracks.size(), 1U) << "a track that overlaps the stretch goes as a whole";
  EXPECT_EQ(tracks[0].track, 1);
  const auto poses = *read_table<PoseRow>(store, scene_table<PoseRow>(scene));
  ASSERT_EQ(poses.size(), 1U);
  EXPECT_EQ(poses[0].k, 1);
  const auto pictures = *read_scene_pictures(store, scene);
  ASSERT_EQ(pictures.views.size(), 1U);
  EXPECT_EQ(pictures.views[0].file, "views/b.jpg");
  EXPECT_EQ(pictures.plates.size(), 1U) << "the plate of another clip stays";
  EXPECT_EQ(read(scene + "/plates/b.jpg"), "plates/b.jpg");
  EXPECT_FALSE(*store.exists(scene + "/views/a.jpg"));
}

TEST_F(ForgetScenes, SceneFoldersWithoutTheStretchStay) {
  add_scene();
  ASSERT_TRUE(forget("a.mp4", 5, 6));
  EXPECT_EQ(dataset_->read_latest()->scenes, std::vector<std::string>{scene_folder(2)});
}

TEST_F(ForgetScenes, CountsWhatAFolderLoses) {
  add_scene();
  const std::vector<Forgotten> stretches = {{.clip = "/pool/a.mp4", .start_s = 2, .end_s = 4},
                                            {.clip = "/pool/b.mp4", .start_s = 3, .end_s = 4}};
  const auto removal = *Removal::make(*dataset_, 2, stretches);
  std::vector<Forgotten> records = stretches;
  auto& store = dataset_->store();
  const auto loses = count_in_scene(store, scene_folder(2), removal, records);
  ASSERT_TRUE(loses) << loses.error().message;
  EXPECT_TRUE(*loses);
  EXPECT_EQ(records[0].rows, 3) << "an object, a track and a pose";
  EXPECT_EQ(records[0].views, 1);
  EXPECT_EQ(records[0].plates, 0);
  EXPECT_EQ(records[1].rows, 1) << "an object";
  EXPECT_EQ(records[1].views, 1);
  EXPECT_EQ(records[1].plates, 1);
  const auto none =
      *Removal::make(*dataset_, 2, {{.clip = "/pool/a.mp4", .start_s = 7, .end_s = 8}});
  records.resize(1);
  EXPECT_FALSE(*count_in_scene(store, scene_folder(2), none, records));
  EXPECT_EQ(count_in_scene(store, "scenes/g000009", removal, records).error().code,
            ErrorCode::kNotFound);
}

TEST_F(ForgetScenes, AnImageThatWasLostBeforeIsNoError) {
  add_scene();
  auto& store = dataset_->store();
  ASSERT_TRUE(store.remove(scene_folder(2) + "/views/b.jpg"));
  const auto removal =
      *Removal::make(*dataset_, 2, {{.clip = "/pool/a.mp4", .start_s = 2, .end_s = 4}});
  const auto written = rewrite_scene(store, scene_folder(2), "scenes/next", removal);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(read_scene_pictures(store, "scenes/next")->views.size(), 1U);
  EXPECT_FALSE(*store.exists("scenes/next/views/b.jpg"));
  EXPECT_EQ(read("scenes/next/plates/b_activity.jpg"), "plates/b_activity.jpg");
}

TEST(RewrittenScene, IsNamedByTheGenerationThatWritesIt) {
  EXPECT_EQ(rewritten_scene("scenes/g000001", 2), "scenes/g000001-f000002");
  EXPECT_EQ(rewritten_scene("scenes/g000001-f000002", 13), "scenes/g000001-f000013");
}

}  // namespace
}  // namespace lido::dataset
