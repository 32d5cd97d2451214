// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/follow_clips.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "lido/dataset/jpeg.h"
#include "lido/dataset/scenes.h"
#include "lido/ingest/step.h"
#include "lido/ingest/test_store_folder.h"
#include "lido/part/scene_file.h"

namespace lido::ingest {
namespace {

constexpr const char* kScenes = "scenes/g000001";

/// Two clips of a still camera, sampled at 4 frames per second. In each, one person of 40 x 100
/// pixels walks for ten frames: in /a.mp4, of two spans, 10 pixels a frame; in /b.mp4, of one, 20.
class FollowClips : public testing::Test {
 protected:
  FollowClips()
      : dataset_(*dataset::Dataset::open_or_create(folder_.path("d"), {})),
        clips_(*ClipDb::open()) {
    sampling_.fps.rate = {4, 1};
    sampling_.samples = "frame";
    sampling_.windows = {.window = 4, .stride = 2};
    options_.workers = 2;
  }
  void SetUp() override {
    const std::string models = LIDO_TEST_MODELS "/nanodet";
    ASSERT_TRUE(std::filesystem::exists(models)) << "no " << models << "; ./dev test fetches it";
    detector_.emplace(scene::Detector::make(infer::read_bundle(models).value(), {}).value());
    for (const char* uri : {"/a.mp4", "/b.mp4"})
      ASSERT_TRUE(clips_->add_clip({.input = {.uri = uri, .bytes = 1000}}));
    ASSERT_TRUE(clips_->number_clips());
    store_clip(0, {"a0", "a1"});
    store_clip(1, {"b0"});
    write_scene("a0", 10, 0, 6);
    write_scene("a1", 10, 6, 10);
    write_scene("b0", 20, 0, 10);
  }

  void store_clip(size_t number, const std::vector<std::string>& parts) {
    ClipRecord clip{.number = number, .plan = {.input = *clips_->input(number)}, .split = "train"};
    clip.plan.info = {.codec = "h264", .time_base = {1, 1000}, .duration_s = 3, .source_fps = 25};
    clip.plan.spans.resize(parts.size());
    clip.span_parts = parts;
    clip.span_labels.resize(parts.size());
    ASSERT_TRUE(clips_->store_plan(clip));
  }

  /// Writes a span's scene file: the person at each time, and images of them and of the frame.
  void write_scene(const std::string& part, double step_px, int64_t first_k, int64_t end_k) {
    const auto writer = *dataset_.store().create(part + ".scene");
    dataset::JpegEncoder encoder;
    const media::Image image{16, 16, std::vector<uint8_t>(size_t{16} * 16 * 3, 90)};
    const std::string jpeg = *encoder.encode(image, 90);
    part::SceneRecord record{.width = 640, .height = 360};
    for (int64_t k = first_k; k < end_k; ++k) {
      const Box person{step_px * static_cast<double>(k), 50, 40, 100};
      scene::Observation seen{.k = k, .found = {{person, 0.8F, 0}}};
      seen.quality = {.mean = 110, .structure = 40, .detail = 0.6F, .change = 20};
      if (k > 0) seen.registration = scene::Registration{.reference_k = k - 1, .inliers = 100};
      record.observations.push_back(std::move(seen));
      part::StoredImage cutout{.k = k, .box = person, .pts = 250 * k};
      cutout.geometry = {.width = 16, .height = 16, .offset_x = -person.x, .offset_y = -person.y};
      cutout.length = std::ssize(jpeg);
      part::StoredImage whole{.k = k, .box = {0, 0, 640, 360}, .length = std::ssize(jpeg)};
      record.cutouts.push_back(cutout);
      record.contexts.push_back(whole);
      if (k == first_k) record.thumbnails.push_back(whole);
    }
    ASSERT_TRUE(writer->append(jpeg));
    ASSERT_TRUE(part::commit_scene(*writer, record));
  }

  Result<void> follow() {
    const JobContext job{.dataset = dataset_,
                         .clips = *clips_,
                         .sampling = sampling_,
                         .options = options_,
                         .detector = &*detector_,
                         .stop = stop_.get_token()};
    return follow_clips(job, kScenes);
  }
  template <typename Row>
  std::vector<Row> rows() {
    auto read = dataset::read_table<Row>(dataset_.store(), dataset::scene_table<Row>(kScenes));
    EXPECT_TRUE(read) << read.error().message;
    return read.value_or(std::vector<Row>());
  }

  TestStoreFolder folder_;
  dataset::Dataset dataset_;
  std::unique_ptr<ClipDb> clips_;
  part::SampleOptions sampling_;
  JobOptions options_;
  std::optional<scene::Detector> detector_;
  std::stop_source stop_;
};

TEST_F(FollowClips, TracksCrossTheSpansOfAClipAndNotItsEnd) {
  const auto followed = follow();
  ASSERT_TRUE(followed) << followed.error().message;
  const auto tracks = rows<dataset::TrackRow>();
  ASSERT_EQ(tracks.size(), 2U);
  for (size_t clip = 0; clip < 2; ++clip) {
    const dataset::TrackRow& track = tracks[clip];
    EXPECT_EQ(track.clip, clip == 0 ? "/a.mp4" : "/b.mp4") << "clips come in order";
    EXPECT_EQ(track.track, 1);
    EXPECT_EQ(track.class_name, "person");
    EXPECT_EQ(track.first_k, 0);
    EXPECT_EQ(track.last_k, 9);
    EXPECT_EQ(track.sightings, 10);
    EXPECT_DOUBLE_EQ(track.end_s, 9 / 4.0);
    EXPECT_NEAR(track.path_length, 9 * (clip == 0 ? 10 : 20) / 100.0, 1e-9) << "in heights";
  }
  EXPECT_EQ(rows<dataset::ObjectRow>().size(), 20U);
  EXPECT_EQ(rows<dataset::MotionRow>().size(), 20U);
  EXPECT_TRUE(rows<dataset::QualityRow>().empty());
  const auto poses = dataset_.store().open(dataset::scene_table<dataset::PoseRow>(kScenes));
  ASSERT_FALSE(poses) << "there is no pose network";
  EXPECT_EQ(poses.error().code, ErrorCode::kNotFound);
  const auto images = *dataset::read_scene_pictures(dataset_.store(), kScenes);
  std::map<std::string, int> views;
  for (const dataset::SceneView& view : images.views) ++views[view.clip];
  EXPECT_EQ(views, (std::map<std::string, int>{{"/a.mp4", 2}, {"/b.mp4", 1}}));
  EXPECT_FALSE(clips_->clip(0)->people_part) << "the samples are whole frames";
}

TEST_F(FollowClips, PeopleBecomeSamplesInAPartOfTheirClip) {
  sampling_.samples = "person";
  const auto followed = follow();
  ASSERT_TRUE(followed) << followed.error().message;
  const auto name = clips_->clip(0)->people_part;
  ASSERT_TRUE(name);
  EXPECT_EQ(clips_->clip(1)->people_part, "b0.people");
  const auto part = *part::read_part(dataset_.store(), *name);
  ASSERT_TRUE(part);
  // Ten frames in windows of 4, one every 2: the second and third windows are in both spans.
  std::vector<int64_t> starts;
  for (const part::PartSample& sample : part->samples) {
    starts.push_back(sample.first_k);
    EXPECT_EQ(sample.track, 1);
    EXPECT_EQ(sample.source, "detector");
    EXPECT_EQ(sample.pts[0], 250 * sample.first_k);
    EXPECT_EQ(sample.boxes, (std::vector<double>{0, 0, 40, 100, 0, 0, 40, 100,  //
                                                 0, 0, 40, 100, 0, 0, 40, 100}));
  }
  EXPECT_EQ(starts, (std::vector<int64_t>{0, 2, 4, 6}));
}

TEST_F(FollowClips, ASceneFileThatChangedIsAnError) {
  ASSERT_TRUE(dataset_.store().write_text("a1.scene", "noise"));
  const auto followed = follow();
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(followed.error().message.find("a1.scene"), std::string::npos);
  EXPECT_EQ(folder_.files(std::string("d/") + kScenes + "/tracks.parquet"), 0);
}

TEST_F(FollowClips, AStopEndsTheWork) {
  stop_.request_stop();
  const auto followed = follow();
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ErrorCode::kCancelled);
}

#ifndef __SANITIZE_THREAD__

TEST_F(FollowClips, AClipThatCrashesTheTrackerIsRejectedAndTheOthersAreFollowed) {
  ASSERT_TRUE(share_steps());
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      mark_steps_that_crash();
      const Step step(StepKind::kTrack, "/a.mp4", "/a.mp4");
      std::abort();
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_TRUE(blame_steps().culprit_known);
  }
  const auto followed = follow();
  ASSERT_TRUE(followed) << followed.error().message;
  const auto failure = clips_->clip(0)->failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, part::FailureKind::kContent);
  EXPECT_EQ(failure->reason, "its worker process crashed 3 times");
  const auto tracks = rows<dataset::TrackRow>();
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].clip, "/b.mp4");
}

#endif

}  // namespace
}  // namespace lido::ingest
