// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scenes.h"

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

class Scenes : public DatasetFixture {
 protected:
  void SetUp() override {
    DatasetFixture::SetUp();
    auto& store = dataset_->store();
    ASSERT_TRUE(write_table<ObjectRow>(store, scene_table<ObjectRow>(scene_),
                                       {{.clip = "/pool/a.mp4", .k = 1, .time_s = 1, .track = 1},
                                        {.clip = "/pool/a.mp4", .k = 3, .time_s = 3, .track = 2},
                                        {.clip = "/pool/b.mp4", .k = 3, .time_s = 3, .track = 1}}));
    ASSERT_TRUE(
        write_table<TrackRow>(store, scene_table<TrackRow>(scene_),
                              {{.clip = "/pool/a.mp4", .track = 1, .start_s = 0, .end_s = 1.5},
                               {.clip = "/pool/a.mp4", .track = 2, .start_s = 1, .end_s = 3}}));
    ASSERT_TRUE(write_table<MotionRow>(store, scene_table<MotionRow>(scene_), {}));
    ASSERT_TRUE(write_table<QualityRow>(store, scene_table<QualityRow>(scene_), {}));
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

}  // namespace
}  // namespace lido::dataset
