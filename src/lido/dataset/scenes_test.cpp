// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scenes.h"

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

class Scenes : public DatasetFixture {
 protected:
  void SetUp() override {
    DatasetFixture::SetUp();
    const auto name = [&](const char* table) { return scene_ + table; };
    auto& store = dataset_->store();
    ASSERT_TRUE(write_table<ObjectRow>(store, name(kObjectsTable),
                                       {{.clip = "/pool/a.mp4", .k = 1, .time_s = 1, .track = 1},
                                        {.clip = "/pool/a.mp4", .k = 3, .time_s = 3, .track = 2},
                                        {.clip = "/pool/b.mp4", .k = 3, .time_s = 3, .track = 1}}));
    ASSERT_TRUE(
        write_table<TrackRow>(store, name(kTracksTable),
                              {{.clip = "/pool/a.mp4", .track = 1, .start_s = 0, .end_s = 1.5},
                               {.clip = "/pool/a.mp4", .track = 2, .start_s = 1, .end_s = 3}}));
    ASSERT_TRUE(write_table<MotionRow>(store, name(kMotionTable), {}));
    ASSERT_TRUE(write_table<QualityRow>(store, name(kQualityTable), {}));
    ASSERT_TRUE(write_scene_pictures(store, scene_, pictures_));
    for (const char* file : {"views/a.jpg", "views/b.jpg", "plates/b.jpg", "plates/b_activity.jpg"})
      ASSERT_TRUE(store.write_text(scene_ + "/" + file, file));
  }

  const std::string scene_ = scene_folder(1);
  const ScenePictures pictures_{.views = {{"/pool/a.mp4", 3, 3, "views/a.jpg", 640, 360},
                                          {"/pool/b.mp4", 3, 3, "views/b.jpg", 640, 360}},
                                .plates = {{"pool/cam2",
                                            "06-12 UTC",
                                            "plates/b.jpg",
                                            "plates/b_activity.jpg",
                                            {"/pool/b.mp4"},
                                            31}}};
};

TEST_F(Scenes, PicturesComeBack) {
  const auto read = read_scene_pictures(dataset_->store(), scene_);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->views.size(), 2U);
  EXPECT_EQ(read->views[1].file, "views/b.jpg");
  EXPECT_EQ(read->views[1].source_height, 360);
  ASSERT_EQ(read->plates.size(), 1U);
  EXPECT_EQ(read->plates[0].day_part, "06-12 UTC");
  EXPECT_EQ(read->plates[0].pictures, 31);
}

TEST_F(Scenes, BrokenListsOfPicturesAreRefused) {
  for (const char* text : {"", "{", "[]", R"({"views": [{}], "plates": []})"}) {
    ASSERT_TRUE(dataset_->store().write_text(scene_ + "/pictures.json", text));
    const auto read = read_scene_pictures(dataset_->store(), scene_);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST_F(Scenes, ForgettingWritesTheFolderAgainWithoutTheStretch) {
  Generation generation{.number = 1, .scenes = {scene_}};
  const Forgotten record{.clip = "/pool/a.mp4", .start_s = 2, .end_s = 4};
  const auto changed = forget_scenes(*dataset_, generation, 2, record);
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_TRUE(*changed);
  ASSERT_EQ(generation.scenes, std::vector<std::string>{"scenes/g000001-f000002"});
  auto& store = dataset_->store();
  const auto objects = *read_table<ObjectRow>(store, generation.scenes[0] + kObjectsTable);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].k, 1);
  EXPECT_EQ(objects[1].clip, "/pool/b.mp4");
  const auto tracks = *read_table<TrackRow>(store, generation.scenes[0] + kTracksTable);
  ASSERT_EQ(tracks.size(), 1U) << "a track that overlaps the stretch goes as a whole";
  EXPECT_EQ(tracks[0].track, 1);
  const auto pictures = *read_scene_pictures(store, generation.scenes[0]);
  ASSERT_EQ(pictures.views.size(), 1U);
  EXPECT_EQ(pictures.views[0].file, "views/b.jpg");
  EXPECT_EQ(pictures.plates.size(), 1U) << "the plate of another clip stays";
  EXPECT_EQ(read(generation.scenes[0] + "/plates/b.jpg"), "plates/b.jpg");
  EXPECT_FALSE(*store.exists(generation.scenes[0] + "/views/a.jpg"));
}

TEST_F(Scenes, APlateGoesWithAnyFootageOfItsClips) {
  Generation generation{.number = 1, .scenes = {scene_}};
  const Forgotten record{.clip = "/pool/b.mp4", .start_s = 7, .end_s = 8};
  ASSERT_TRUE(*forget_scenes(*dataset_, generation, 2, record));
  const auto pictures = *read_scene_pictures(dataset_->store(), generation.scenes[0]);
  EXPECT_TRUE(pictures.plates.empty()) << "a median may show any of its frames";
  EXPECT_EQ(pictures.views.size(), 2U);
}

TEST_F(Scenes, FoldersWithoutTheStretchStay) {
  Generation generation{.number = 1, .scenes = {scene_}};
  const Forgotten record{.clip = "/pool/a.mp4", .start_s = 5, .end_s = 6};
  EXPECT_FALSE(*forget_scenes(*dataset_, generation, 2, record));
  EXPECT_EQ(generation.scenes, std::vector<std::string>{scene_});
}

}  // namespace
}  // namespace lido::dataset
