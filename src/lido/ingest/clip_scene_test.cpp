// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/clip_scene.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

/// A clip of two spans, sampled at 4 frames per second. The first span observed times 0 to 3, and
/// the camera's motion up to 4; the second span observed 4 to 6.
class ReadClipScene : public testing::Test {
 protected:
  ReadClipScene()
      : dataset_(*dataset::Dataset::open_or_create(folder_.path("d"), {})),
        clips_(*ClipDb::open()) {
    sampling_.fps.rate = {4, 1};
    clip_.plan.input.uri = "/a.mp4";
    clip_.plan.info.source_fps = 25;
    clip_.plan.spans = {{.end_k = 4}, {.first_k = 4}};
    clip_.span_parts = {"p0", "p1"};
    part::SceneRecord first{.width = 64, .height = 48}, second{.width = 32, .height = 96};
    for (int64_t k = 0; k <= 4; ++k) first.observations.push_back(observation(k));
    first.observations.back().found.clear();
    first.observations.back().registration = scene::Registration{.reference_k = 3};
    for (int64_t k = 4; k <= 6; ++k) second.observations.push_back(observation(k));
    first.thumbnails = {{.k = 0, .offset = 0, .length = 3}};
    second.thumbnails = {{.k = 5, .offset = 3, .length = 2}};
    second.cutouts = {{.k = 5, .offset = 0, .length = 3}};
    write("p0.scene", first);
    write("p1.scene", second);
  }

  static scene::Observation observation(int64_t k) {
    scene::Observation observation{.k = k};
    observation.found = {{{1, 2, 3, 4}, 0.5F, 0}};
    return observation;
  }

  void write(const std::string& name, const part::SceneRecord& record) {
    const auto writer = *dataset_.store().create(name);
    ASSERT_TRUE(writer->append(std::string_view("abcde")));
    ASSERT_TRUE(part::commit_scene(*writer, record));
  }

  Result<ClipScene> read(const std::vector<dataset::Forgotten>& forgotten = {}) {
    const JobContext job{.dataset = dataset_,
                         .clips = *clips_,
                         .sampling = sampling_,
                         .options = options_,
                         .forgotten = forgotten};
    return read_clip_scene(job, clip_);
  }

  TestStoreFolder folder_;
  dataset::Dataset dataset_;
  std::unique_ptr<ClipDb> clips_;
  part::SampleOptions sampling_;
  JobOptions options_;
  ClipRecord clip_;
};

TEST_F(ReadClipScene, JoinsTheSpansInOrderOfTime) {
  const auto scene = read();
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_EQ(scene->width, 64);
  EXPECT_EQ(scene->height, 96);
  ASSERT_EQ(scene->observations.size(), 7U);
  for (int64_t k = 0; k < 7; ++k) EXPECT_EQ(scene->observations[static_cast<size_t>(k)].k, k);
  // Time 4 has the detections of the second span and the camera motion of the first.
  EXPECT_EQ(scene->observations[4].found.size(), 1U);
  EXPECT_EQ(scene->observations[4].registration->reference_k, 3);
  EXPECT_EQ(scene->thumbnails.size(), 2U);
  EXPECT_EQ(scene->cutouts.count(5), 1U);
}

TEST_F(ReadClipScene, AGapHasNoObservationsAndCutsTheClip) {
  clip_.gaps = {{2, 5, "cut short"}};
  const auto scene = read();
  ASSERT_TRUE(scene);
  std::vector<int64_t> times;
  for (const auto& observation : scene->observations) times.push_back(observation.k);
  EXPECT_EQ(times, (std::vector<int64_t>{0, 1, 5, 6}));
  EXPECT_FALSE(scene->observations[1].after_cut);
  EXPECT_TRUE(scene->observations[2].after_cut);
  EXPECT_FALSE(scene->observations[3].after_cut);
  EXPECT_EQ(scene->thumbnails.size(), 2U);
  clip_.gaps = {{4, INT64_MAX, "cut short"}};
  EXPECT_EQ(read()->observations.size(), 4U);
  EXPECT_EQ(read()->thumbnails.size(), 1U);
}

TEST_F(ReadClipScene, ARejectedClipIsEmpty) {
  clip_.gaps = {{2, 5, "cut short"}};
  options_.drop_broken = true;
  EXPECT_TRUE(read()->observations.empty());
  options_.drop_broken = false;
  clip_.failure = part::Failure{part::FailureKind::kOutside, "no access"};
  EXPECT_TRUE(read()->observations.empty());
}

TEST_F(ReadClipScene, AForgottenStretchLosesItsDetections) {
  const auto scene = read({{.clip = "/a.mp4", .start_s = 1.25, .end_s = 1.3}});
  ASSERT_TRUE(scene);
  ASSERT_EQ(scene->observations.size(), 7U);
  EXPECT_TRUE(scene->observations[5].found.empty());
  EXPECT_FALSE(scene->observations[4].found.empty());
  EXPECT_EQ(scene->thumbnails.size(), 1U);
}

TEST_F(ReadClipScene, AThumbnailThatMayShowAForgottenFrameIsLeftOut) {
  // Frames may be on show for max_gap_s, which is 2 s: that of 0.5 s may be on show at 1.25 s.
  EXPECT_EQ(read({{.clip = "/a.mp4", .start_s = 0.5, .end_s = 0.6}})->thumbnails.size(), 1U);
}

TEST_F(ReadClipScene, AMissingSceneFileIsAnErrorUnlessTheClipFailed) {
  ASSERT_TRUE(dataset_.store().remove("p1.scene"));
  EXPECT_EQ(read().error().code, ErrorCode::kNotFound);
  clip_.failure = part::Failure{part::FailureKind::kContent, "its worker process crashed 3 times"};
  EXPECT_TRUE(read());
}

TEST_F(ReadClipScene, ImagesAreReadFromTheirSpan) {
  ClipImageReader images(dataset_.store(), clip_);
  EXPECT_EQ(*images.read({0, {.offset = 0, .length = 3}}), "abc");
  EXPECT_EQ(*images.read({1, {.offset = 3, .length = 2}}), "de");
  const auto beyond = images.read({1, {.offset = 3, .length = 1 << 20}});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace lido::ingest
