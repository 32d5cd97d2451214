// SPDX-License-Identifier: Apache-2.0
// The demo's camera 3, with the detector of ./dev setup. tests/e2e/test_scene.py runs the command.
#include "lido/report/scene_clip.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/base/process.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table.h"
#include "lido/storage/store.h"

namespace lido::report {
namespace {

namespace fs = std::filesystem;

/// Two people, seen from head to foot in all frames, and no third. Counted by eye.
const std::string kRoomClip = LIDO_TEST_VIDEO "/cam03.mp4";
constexpr int64_t kPeopleInRoom = 2;

class SceneClipTest : public testing::Test {
 protected:
  SceneClipTest() { options_.detector.detector = LIDO_TEST_MODELS "/nanodet"; }
  void SetUp() override {
    ASSERT_TRUE(fs::exists(kRoomClip)) << "no " << kRoomClip << "; ./dev test fetches it";
    ASSERT_TRUE(fs::exists(options_.detector.detector)) << "./dev test fetches it";
  }

  Result<SceneClipSummary> run(const std::string& clip, bool draw = false) {
    steps_.clear();
    return scene_clip(
        clip, out_, draw, options_,
        [&](const SceneProgress& progress) { steps_.push_back(progress); }, stop_.get_token());
  }

  TestFolder folder_;
  std::string out_ = (folder_ / "out").string();
  SceneClipOptions options_;
  std::vector<SceneProgress> steps_;
  std::stop_source stop_;
};

TEST_F(SceneClipTest, FollowsThePeopleOfAClip) {
  const auto summary = run(kRoomClip);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->tracks.at("person"), kPeopleInRoom);
  EXPECT_EQ(summary->broke, "");
  EXPECT_DOUBLE_EQ(summary->seconds, static_cast<double>(summary->frames) / 4);
  const auto store = *storage::open_store(out_);
  const auto objects = *dataset::read_table<dataset::ObjectRow>(*store, "objects.parquet");
  std::map<int64_t, int64_t> followed;  // people on tracks, by time
  for (const dataset::ObjectRow& row : objects) {
    EXPECT_EQ(row.clip, kRoomClip);
    if (row.track != 0 && row.class_name == "person") ++followed[row.k];
  }
  EXPECT_EQ(std::ssize(followed), summary->frames);
  for (const auto& [k, people] : followed) EXPECT_EQ(people, kPeopleInRoom) << k;
  const auto motions = *dataset::read_table<dataset::MotionRow>(*store, "motion.parquet");
  EXPECT_EQ(std::ssize(motions), summary->frames);
  int64_t motion_ticks = 0;
  for (const auto& [motion, ticks] : summary->motions) motion_ticks += ticks;
  EXPECT_EQ(motion_ticks, summary->frames);
  EXPECT_TRUE(fs::exists(out_ + "/tracks.parquet"));
  EXPECT_TRUE(fs::exists(out_ + "/quality.parquet"));
  EXPECT_FALSE(fs::exists(out_ + "/poses.parquet")) << "there is no pose network";
  EXPECT_FALSE(fs::exists(out_ + "/drawn.mp4"));
  ASSERT_FALSE(steps_.empty());
  EXPECT_EQ(steps_.back().step, "looking");
  EXPECT_EQ(steps_.back().frames, summary->frames);
}

TEST_F(SceneClipTest, DrawsEachSampledFrame) {
  const auto summary = run(kRoomClip, true);
  ASSERT_TRUE(summary) << summary.error().message;
  // FFmpeg's own program counts the frames.
  const auto probe = run_process({"ffprobe", "-v", "error", "-count_frames", "-show_entries",
                                  "stream=nb_read_frames,width,r_frame_rate", "-of", "csv=p=0",
                                  out_ + "/drawn.mp4"});
  ASSERT_TRUE(probe) << probe.error().message;
  EXPECT_TRUE(probe->out.ends_with(fmt::format(",4/1,{}\n", summary->frames))) << probe->out;
  EXPECT_EQ(steps_.back().step, "drawing");
  EXPECT_EQ(steps_.back().total_frames, summary->frames);
  ASSERT_TRUE(run(kRoomClip));
  EXPECT_FALSE(fs::exists(out_ + "/drawn.mp4")) << "what an earlier call wrote is removed";
}

TEST_F(SceneClipTest, AFolderOfOtherFilesIsRefusedAndKept) {
  fs::create_directories(out_);
  std::ofstream(out_ + "/mine.txt") << "mine";
  const auto refused = run(kRoomClip);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("mine.txt"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(fs::exists(out_ + "/mine.txt"));
}

TEST_F(SceneClipTest, NamesWhatIsMissing) {
  const auto no_clip = run("/nowhere/a.mp4");
  ASSERT_FALSE(no_clip);
  EXPECT_EQ(no_clip.error().code, ErrorCode::kNotFound);
  EXPECT_NE(no_clip.error().message.find("/nowhere/a.mp4"), std::string::npos);
  options_.detector.detector = (folder_ / "no/detector").string();
  const auto no_detector = run(kRoomClip);
  ASSERT_FALSE(no_detector);
  EXPECT_EQ(no_detector.error().code, ErrorCode::kNotFound);
}

TEST_F(SceneClipTest, HandsNeedPoses) {
  options_.poses.hands = "handlandmark";
  const auto refused = run(kRoomClip);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "--hands handlandmark needs --poses");
}

TEST_F(SceneClipTest, OfABrokenClipKeepsTheFramesBefore) {
  const std::string clip = (folder_ / "cut.mp4").string();
  // An MP4 whose index comes first: FFmpeg's own program moves it there.
  const auto moved = run_process(
      {"ffmpeg", "-v", "error", "-i", kRoomClip, "-c", "copy", "-movflags", "faststart", clip});
  ASSERT_TRUE(moved) << moved.error().message;
  ASSERT_EQ(moved->exit_code, 0) << moved->err;
  const auto whole = run(clip);
  ASSERT_TRUE(whole) << whole.error().message;
  fs::resize_file(clip, fs::file_size(clip) * 6 / 10);
  const auto broken = run(clip);
  ASSERT_TRUE(broken) << broken.error().message;
  EXPECT_GT(broken->frames, 0);
  EXPECT_LT(broken->frames, whole->frames);
  EXPECT_TRUE(broken->broke.starts_with("after ")) << broken->broke;
  std::ofstream(clip) << "no video";
  const auto noise = run(clip);
  ASSERT_FALSE(noise);
  EXPECT_EQ(noise.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(noise.error().message.starts_with(clip + ": ")) << noise.error().message;
}

TEST_F(SceneClipTest, AStopEndsTheWork) {
  stop_.request_stop();
  const auto stopped = run(kRoomClip);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(out_ + "/objects.parquet"));
}

}  // namespace
}  // namespace lido::report
