// SPDX-License-Identifier: Apache-2.0
#include "lido/part/scene_file.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/part/record_file.h"

namespace lido::part {
namespace {

class SceneFile : public testing::Test {
 protected:
  SceneFile() : store_(*storage::open_store(folder_.string())) {}
  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
};

SceneRecord full_scene() {
  SceneRecord record{.width = 640, .height = 480};
  scene::Observation first{.k = 4, .after_cut = true};
  first.found = {{{1, 2, 3, 4}, 0.5F, 7}};
  first.looks = {{0.125F, {1, 2, 255}}};
  first.moving = {{5, 6, 7, 8}};
  first.featureless = true;
  first.quality.mean = 0.25;
  first.quality.change = 0.75;
  first.poses = {{{1, 2, 3, 4}, {{1.1F, 2.2F, 0.3F}, {-4.5F, 1e7F, 0}}}, {{5, 6, 7, 8}, {}}};
  first.poses[1].right_hand = {{9, 8, 0.75F}};
  scene::Observation second{.k = 5};
  second.registration.emplace();
  second.registration->reference_k = 4;
  second.registration->reference_from_frame.m[2] = 1.5;
  second.registration->covariance[63] = 9;
  second.registration->inliers = 77;
  record.observations = {first, second};
  record.cutouts = {{4, {1, 2, 3, 4}, {224, 224, 2, 3, -4.5, 6}, 9000, 0, 5}};
  record.contexts = {{5, {0, 0, 640, 480}, {224, 168, 0.35, 0.35, 0, 0}, 9100, 5, 2}};
  record.thumbnails = {{4, {}, {}, 0, 7, 3}};
  return record;
}

void expect_equal(const std::vector<StoredImage>& read, const std::vector<StoredImage>& truth) {
  ASSERT_EQ(read.size(), truth.size());
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].k, truth[i].k);
    EXPECT_EQ(read[i].box, truth[i].box);
    EXPECT_EQ(read[i].geometry, truth[i].geometry);
    EXPECT_EQ(read[i].pts, truth[i].pts);
    EXPECT_EQ(read[i].offset, truth[i].offset);
    EXPECT_EQ(read[i].length, truth[i].length);
  }
}

TEST_F(SceneFile, ComesBackAsItWasWritten) {
  const SceneRecord truth = full_scene();
  const auto writer = *store_->create("a.scene");
  ASSERT_TRUE(writer->append(std::string_view("0123456789")));
  ASSERT_TRUE(commit_scene(*writer, truth));
  const auto read = read_scene(*store_, "a.scene");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->width, 640);
  EXPECT_EQ(read->height, 480);
  ASSERT_EQ(read->observations.size(), 2U);
  const scene::Observation& first = read->observations[0];
  EXPECT_EQ(first.k, 4);
  EXPECT_TRUE(first.after_cut);
  ASSERT_EQ(first.found.size(), 1U);
  EXPECT_EQ(first.found[0].box, (Box{1, 2, 3, 4}));
  EXPECT_EQ(first.found[0].score, 0.5F);
  ASSERT_EQ(first.looks.size(), 1U);
  EXPECT_EQ(first.looks[0].moved, 0.125F);
  EXPECT_EQ(first.looks[0].patch, (std::vector<uint8_t>{1, 2, 255}));
  EXPECT_TRUE(read->observations[1].looks.empty());
  EXPECT_EQ(first.moving, (std::vector<Box>{{5, 6, 7, 8}}));
  EXPECT_TRUE(first.featureless);
  EXPECT_EQ(first.quality.mean, 0.25);
  EXPECT_EQ(first.quality.change, 0.75);
  EXPECT_EQ(first.poses, truth.observations[0].poses);
  EXPECT_FALSE(first.registration);
  const scene::Observation& second = read->observations[1];
  ASSERT_TRUE(second.registration);
  EXPECT_EQ(second.registration->reference_k, 4);
  EXPECT_EQ(second.registration->reference_from_frame.m[2], 1.5);
  EXPECT_EQ(second.registration->covariance[63], 9);
  EXPECT_EQ(second.registration->inliers, 77);
  expect_equal(read->cutouts, truth.cutouts);
  expect_equal(read->contexts, truth.contexts);
  expect_equal(read->thumbnails, truth.thumbnails);
}

TEST_F(SceneFile, AMissingFileIsNotFound) {
  EXPECT_EQ(read_scene(*store_, "nowhere").error().code, ErrorCode::kNotFound);
}

TEST_F(SceneFile, AnotherFileIsCorruptAndNamed) {
  ASSERT_TRUE(store_->write_text("short", "abc"));
  const auto writer = *store_->create("other");
  ASSERT_TRUE(commit_with_record(*writer, "not CBOR"));
  for (const char* name : {"short", "other"}) {
    const auto read = read_scene(*store_, name);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(read.error().message,
              std::string(name) +
                  ": changed on disk. Run the same command again: it makes the file again.");
  }
}

TEST(SceneName, BelongsToThePart) {
  EXPECT_EQ(scene_name(".work/parts/ab"), ".work/parts/ab.scene");
}

}  // namespace
}  // namespace lido::part
