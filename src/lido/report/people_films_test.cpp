// SPDX-License-Identifier: Apache-2.0
// FFmpeg's programs decode the films.
#include "lido/report/people_films.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "lido/base/process.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/table.h"
#include "lido/media/encoder.h"
#include "lido/report/test_people.h"

namespace lido::report {
namespace {

namespace fs = std::filesystem;

constexpr int kWidth = 320, kHeight = 180;

/// A camera straight over a pool, whose clock is 0.3 s ahead, with a clip of 30 frames at 10 frames
/// a second. Frame i of the clip has the grey level 40 + 5 i.
class PeopleFilmsTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *storage::open_store(folder_.string());
    site_.pool = {.outline = {{-5, -5}, {5, -5}, {5, 5}, {-5, 5}}};
    geometry::Camera camera{.name = "a", .width = kWidth, .height = kHeight, .fps = 10};
    camera.fx = camera.fy = 200, camera.cx = 160, camera.cy = 90;
    camera.position = {0, 0, 4};
    camera.cam_from_world << 1, 0, 0, 0, -1, 0, 0, 0, -1;
    camera.clock.offset_s = 0.3;
    site_.cameras = {camera, camera};
    site_.cameras[1].name = "b";
    clip_ = (folder_ / "clip.mp4").string();
    const auto writer = *store_->create("clip.mp4");
    auto encoder = *media::Encoder::open(*writer, kWidth, kHeight, {10, 1}, {.keyframe_s = 0.5});
    for (int i = 0; i < 30; ++i) {
      media::Image image{kWidth, kHeight, {}};
      image.rgb.assign(size_t{3} * kWidth * kHeight, static_cast<uint8_t>(40 + 5 * i));
      ASSERT_TRUE(encoder->push(image));
    }
    ASSERT_TRUE(encoder->finish());
    ASSERT_TRUE(writer->commit());
    std::vector<dataset::JointRow> rows;
    for (int i = 0; i < 30; ++i) {
      rows.push_back(row_at(i / 10.0, 1, "nose", {1.6, 0.8, 0}));
      rows.push_back(row_at(i / 10.0, 1, "left_wrist", {1.6, -1, 0}));
    }
    write(rows);
  }

  void write(const std::vector<dataset::JointRow>& rows) {
    ASSERT_TRUE(dataset::write_table(*store_, "tracks3d.parquet", rows));
  }
  Result<PeopleFilmsSummary> draw(const std::vector<CameraClip>& clips, const Timing& timing) {
    const auto count = [&](int64_t done, int64_t total) { images_ = {done, total}; };
    return draw_people_films({site_, timing, clips, "simulated footage", count, stop_.get_token()},
                             *store_);
  }
  /// Grey level of each frame of a film at a pixel.
  std::vector<int> levels(const std::string& name, int x, int y) const {
    const std::string crop = fmt::format("crop=2:2:{}:{},format=gray", x, y);
    const auto done = run_process({"ffmpeg", "-v", "error", "-i", (folder_ / name).string(), "-vf",
                                   crop, "-f", "rawvideo", "-pix_fmt", "gray", "-"},
                                  {});
    std::vector<int> out;
    if (!done) return out;
    for (size_t i = 0; i < done->out.size(); i += 4)
      out.push_back(static_cast<unsigned char>(done->out[i]));
    return out;
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  geometry::Site site_;
  std::string clip_;
  std::pair<int64_t, int64_t> images_;
  std::stop_source stop_;
};

TEST_F(PeopleFilmsTest, AFrameIsTheClipsAtTheMoment) {
  const auto summary = draw({{0, clip_, 0}}, {0, 10, 30});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->files, (std::vector<std::string>{"draw/camera_a.mp4", "draw/plan.mp4"}));
  EXPECT_TRUE(summary->warnings.empty());
  EXPECT_EQ(summary->frames, 30);
  EXPECT_EQ(images_, std::pair(int64_t{60}, int64_t{60}));
  const auto seen = levels("draw/camera_a.mp4", 10, 10);
  ASSERT_EQ(seen.size(), 30U);
  // The clock is three frames ahead, and the last three moments have no frame.
  for (int i = 0; i < 27; ++i) EXPECT_NEAR(seen[static_cast<size_t>(i)], 40 + 5 * (i + 3), 3) << i;
  for (size_t i = 27; i < 30; ++i) EXPECT_NEAR(seen[i], 44, 3) << i;
  EXPECT_EQ(levels("draw/plan.mp4", 10, 10).size(), 30U);
  // (1.6, 0.8) m at 4 m: 80 pixels to the right and 40 up. The person is drawn in blank frames too.
  for (const int level : levels("draw/camera_a.mp4", 160 + 80 - 1, 90 - 40 - 1))
    EXPECT_GT(level, 190);
}

TEST_F(PeopleFilmsTest, TheRateIsThatOfTheMoments) {
  const auto summary = draw({{0, clip_, 0}}, {0.2, 4, 11});
  ASSERT_TRUE(summary) << summary.error().message;
  const auto seen = levels("draw/camera_a.mp4", 10, 10);
  ASSERT_EQ(seen.size(), 11U);
  // Moment i is at 0.2 + i / 4 s, and 0.3 s later in the clip: at an odd one between two frames.
  for (int i = 0; i < 10; i += 2)
    EXPECT_NEAR(seen[static_cast<size_t>(i)], 40 + 5 * (5 + 2.5 * i), 3) << i;
  const auto rate = run_process({"ffprobe", "-v", "error", "-show_entries", "stream=r_frame_rate",
                                 "-of", "csv=p=0", (folder_ / "draw/plan.mp4").string()},
                                {});
  ASSERT_TRUE(rate);
  EXPECT_EQ(rate->out, "4/1\n");
}

TEST_F(PeopleFilmsTest, FollowsAClockThatDrifts) {
  // 10% fast: 3 frames in 10 of the clip's are of 2.7 s.
  site_.cameras[0].clock = {.offset_s = 0, .drift_ppm = 1e5};
  ASSERT_TRUE(draw({{0, clip_, 0}}, {0, 10, 26}));
  const auto seen = levels("draw/camera_a.mp4", 10, 10);
  ASSERT_EQ(seen.size(), 26U);
  for (const int i : {0, 10, 20}) EXPECT_NEAR(seen[static_cast<size_t>(i)], 40 + 5.5 * i, 3) << i;
}

TEST_F(PeopleFilmsTest, ABrokenClipIsNamedAndItsRestKept) {
  fs::resize_file(clip_, fs::file_size(clip_) * 6 / 10);
  const auto summary = draw({{0, clip_, 0}}, {0, 10, 30});
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(summary->warnings.size(), 1U);
  EXPECT_EQ(summary->warnings[0].find(clip_ + ": breaks off after "), 0U) << summary->warnings[0];
  const auto seen = levels("draw/camera_a.mp4", 10, 10);
  ASSERT_EQ(seen.size(), 30U);
  EXPECT_NEAR(seen[3], 40 + 5 * 6, 3);
  EXPECT_NEAR(seen[29], 44, 3);
}

TEST_F(PeopleFilmsTest, AClipThatIsMissingOrOfAnotherTimeIsNamed) {
  const std::string missing = (folder_ / "none.mp4").string();
  const auto summary = draw({{0, missing, 0}, {1, clip_, 500}}, {0, 10, 30});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->files, (std::vector<std::string>{"draw/plan.mp4"}));
  ASSERT_EQ(summary->warnings.size(), 2U);
  EXPECT_NE(summary->warnings[0].find(missing), std::string::npos) << summary->warnings[0];
  EXPECT_EQ(summary->warnings[1].find(clip_ + ": is of 499.70 to 502."), 0U)
      << summary->warnings[1];
  EXPECT_NE(summary->warnings[1].find("keypoints are of 0.00 to 2.90 s"), std::string::npos);
}

TEST_F(PeopleFilmsTest, LongPeriodsWithoutClipsAndPeopleAreLeftOut) {
  write({row_at(1, 1, "nose", {0, 0, 0}), row_at(900, 2, "nose", {0, 0, 0})});
  const auto summary = draw({}, {0, 10, 10000});
  ASSERT_TRUE(summary) << summary.error().message;
  // Five seconds before and after each person; the first has one second before.
  EXPECT_EQ(summary->frames, (10 + 1 + 50) + (50 + 1 + 50));
  EXPECT_EQ(levels("draw/plan.mp4", 10, 10).size(), static_cast<size_t>(summary->frames));
}

TEST_F(PeopleFilmsTest, WithoutClipsAndPeopleNothingIsWritten) {
  write({});
  const auto summary = draw({}, {0, 10, 100});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->frames, 0);
  EXPECT_TRUE(summary->files.empty());
}

TEST_F(PeopleFilmsTest, SeveralClipsOfACameraFollowEachOther) {
  const auto summary = draw({{0, clip_, 3.3}, {0, clip_, 0.3}}, {0, 10, 60});
  ASSERT_TRUE(summary) << summary.error().message;
  const auto seen = levels("draw/camera_a.mp4", 10, 10);
  ASSERT_EQ(seen.size(), 60U);
  for (int i = 0; i < 60; ++i) EXPECT_NEAR(seen[static_cast<size_t>(i)], 40 + 5 * (i % 30), 3) << i;
}

TEST_F(PeopleFilmsTest, StopsOnRequest) {
  stop_.request_stop();
  const auto summary = draw({{0, clip_, 0}}, {0, 10, 30});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(folder_ / "draw/camera_a.mp4"));
}

TEST_F(PeopleFilmsTest, ClipsOfAnotherSizeAreRefused) {
  EXPECT_TRUE(check_clip(site_.cameras[0], clip_));
  site_.cameras[0].width = 640;
  const auto refused = check_clip(site_.cameras[0], clip_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            clip_ + ": has 320x180 pixels, want 640x180 as camera a of the site has");
  EXPECT_FALSE(check_clip(site_.cameras[0], (folder_ / "none.mp4").string()));
  ASSERT_TRUE(store_->write_text("text.mp4", "no video"));
  EXPECT_FALSE(check_clip(site_.cameras[0], (folder_ / "text.mp4").string()));
}

}  // namespace
}  // namespace lido::report
