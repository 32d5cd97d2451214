// SPDX-License-Identifier: Apache-2.0
// extract_test compares every frame with FFmpeg's program; here is what a plan saves, and skips.
#include "lido/media/planned_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stop_token>

#include "lido/base/test_folder.h"
#include "lido/media/ffmpeg_truth.h"

namespace lido::media {
namespace {

class Night : public testing::TestWithParam<const char*> {
 protected:
  std::string path() const { return fmt::format("{}/night/{}", LIDO_TEST_CLIPS, GetParam()); }
};

TEST_P(Night, IsSkippedExceptWhereSomethingMoves) {
  const Extracted every = extract_all(path(), {.fps = {8, 1}});
  const Extracted some = extract_all(path(), {.fps = {8, 1}, .linger = 16});
  expect_part_of(every, some, 0, INT64_MAX);
  EXPECT_TRUE(some.report.planned);
  for (const auto& [first_s, end_s] : {std::pair{20, 24}, {100, 103}}) {
    for (int64_t k = first_s * 8; k < end_s * 8; ++k) EXPECT_TRUE(some.frames.contains(k)) << k;
  }
  // 4 s at the beginning of the clip, and up to 13 s about each of the two movements.
  EXPECT_LT(some.frames.size(), every.frames.size() / 4);
  int64_t longest = 0;
  for (int64_t k = 0, last = 0; k < 160 * 8; ++k) {
    if (some.frames.contains(k)) last = k;
    longest = std::max(longest, k - last);
  }
  EXPECT_LE(longest, 2 * kIntervalSamples) << "a frame now and then";
}

/// A segment at 30 samples a second is 68 s long.
TEST_P(Night, IsTheSameWhereverReadingBegins) {
  const Rational fps{30, 1};
  const Extracted whole = extract_all(path(), {.fps = fps, .linger = 16});
  const auto reader = storage::open_reader(path());
  const auto index = index_clip(**reader, static_cast<double>(kSegmentSamples) / fps.value());
  ASSERT_TRUE(index);
  ASSERT_EQ(index->points.size(), 3U);
  Extracted parts;
  for (int64_t part = 0; part < 3; ++part) {
    Extracted one =
        extract_all(path(), {.fps = fps,
                             .from = index->points[static_cast<size_t>(part)],
                             .start_pts = index->start_pts,
                             .first_k = part * kSegmentSamples,
                             .end_k = part == 2 ? INT64_MAX : (part + 1) * kSegmentSamples,
                             .linger = 16});
    for (SkippedRange range : one.report.skipped) {
      range.end_k = std::min(range.end_k, (part + 1) * kSegmentSamples);
      if (!parts.report.skipped.empty() && parts.report.skipped.back().end_k == range.first_k &&
          parts.report.skipped.back().decoded == range.decoded)
        parts.report.skipped.back().end_k = range.end_k;
      else
        parts.report.skipped.push_back(range);
    }
    parts.frames.merge(one.frames);
    EXPECT_TRUE(one.frames.empty()) << "a sample came from two parts";
  }
  ASSERT_EQ(parts.frames.size(), whole.frames.size());
  for (const auto& [k, frame] : whole.frames) EXPECT_EQ(parts.frames[k].hash, frame.hash) << k;
  EXPECT_EQ(parts.report.skipped, whole.report.skipped);
}

/// Clips that must be planned, with the maximum share of packets decoded for 4 frames of 30.
TEST(PlannedPass, DecodesOnlyPacketsThatWantedFramesDependOn) {
  const std::vector<std::pair<const char*, double>> shares = {
      {"h264_b.mp4", 0.66},        {"h264_b.ts", 0.66},
      {"h264_open_gop.mp4", 0.60}, {"h264_mbaff.mp4", 0.66},
      {"h264_no_b.mp4", 0.90},     {"hevc_b.mp4", 0.46},
      {"hevc_b.ts", 0.46},         {"hevc_b.mkv", 0.46},
      {"hevc_refs.mp4", 0.46},     {"hevc_short_numbers.mp4", 0.43},
      {"hevc_slices.mp4", 0.44},   {"hevc_sets.mkv", 0.46},
      {"hevc_layers.mp4", 0.43},   {"hevc_10bit.mkv", 0.42},
      {"vp9.webm", 0.90},          {"av1.mp4", 0.90},
      {"mjpeg.avi", 0.14},         {"paff.mkv", 0.65},
      {"svc_t.mkv", 0.60}};
  for (const auto& [name, share] : shares) {
    const Extracted got = extract_all(fmt::format("{}/{}", LIDO_TEST_CLIPS, name), {});
    EXPECT_TRUE(got.report.planned) << name;
    EXPECT_LE(static_cast<double>(got.report.packets_decoded),
              share * static_cast<double>(got.report.packets_read))
        << name;
  }
}

// Bars that flip with the bits of the frame's number: the picture changes at once where many do.
// Encoders of VP9 then leave frames that nothing refers to, whose motion vectors and probabilities
// the next frame continues all the same.
TEST(PlannedPass, KeepsFramesOfVp9ThatOthersContinue) {
  const TestFolder folder;
  const std::string clip = (folder / "jumps.webm").string();
  for (const char* options :
       {"-deadline realtime -cpu-used 8 -g 25", "-deadline realtime -cpu-used 8 -g 250",
        "-deadline realtime -cpu-used 5 -g 200 -aq-mode 3",
        "-deadline realtime -cpu-used 8 -g 250 -error-resilient 1"}) {
    run_program(fmt::format(
        "ffmpeg -v error -nostdin -y -f lavfi -i \"color=s=320x180:r=25:d=4,format=yuv420p,"
        "geq=lum='if(gt(mod(floor(N/pow(2,floor(X*10/W))),2),0),235,16)':cb=128:cr=128,"
        "noise=alls=25:allf=t:all_seed=7\" -c:v libvpx-vp9 -b:v 1M {} '{}'",
        options, clip));
    const std::vector<TrueFrame> truth = true_frames(clip);
    ASSERT_EQ(truth.size(), 100U);
    for (const int step : {2, 3, 5, 8, 25}) {
      const Extracted got = extract_all(clip, {.fps = {25, step}});
      EXPECT_TRUE(got.report.planned);
      ASSERT_EQ(std::ssize(got.frames), (100 + step - 1) / step);
      for (const auto& [k, frame] : got.frames)
        ASSERT_EQ(frame.hash, truth[static_cast<size_t>(k * step)].hash)
            << options << ", every " << step << ", sample " << k;
    }
  }
}

TEST(PlannedPass, DoesNotReadGroupsWithoutAWantedFrame) {
  const Extracted got = extract_all(LIDO_TEST_CLIPS "/mjpeg.mov", {.fps = {1, 2}});
  EXPECT_EQ(got.frames.size(), 3U);
  EXPECT_LT(got.report.packets_read, 30) << "of 180";
}

/// PTS of the keyframes that FFmpeg's ffprobe lists.
std::vector<int64_t> keyframes(const std::string& clip) {
  std::istringstream lines(run_program(fmt::format(
      "ffprobe -v error -select_streams v:0 -show_entries packet=pts,flags -of csv=p=0 '{}'",
      clip)));
  std::vector<int64_t> pts;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(",K") != std::string::npos) pts.push_back(std::stoll(line));
  }
  return pts;
}

TEST(PlannedPass, APreviewGivesTheLastKeyframeBeforeEachTime) {
  for (const char* name : {"h264_b.mp4", "hevc_b.mkv", "vp9.webm"}) {
    const std::string clip = fmt::format("{}/{}", LIDO_TEST_CLIPS, name);
    const auto listed = keyframes(clip);
    ASSERT_GT(listed.size(), 1U) << name;
    const Extracted got = extract_all(clip, {.fps = {2, 1}, .mode = DecodeMode::kKeyframesOnly});
    const auto reader = storage::open_reader(clip);
    const SampleGrid grid(got.report.start_pts, probe(**reader)->time_base, {2, 1});
    ASSERT_GE(got.frames.size(), 11U) << name;
    for (const auto& [k, frame] : got.frames) {
      int64_t last = listed.front();
      for (const int64_t pts : listed) {
        if (grid.compare(pts, k) <= 0) last = pts;
      }
      EXPECT_EQ(frame.pts, last) << name << ", sample " << k;
    }
  }
}

TEST(PlannedPass, StopsWhenAsked) {
  const auto reader = storage::open_reader(LIDO_TEST_CLIPS "/h264_b.mp4");
  std::stop_source stop;
  int frames = 0;
  const auto sink = [&](const ExtractedFrame&) -> Result<void> {
    if (++frames == 3) stop.request_stop();
    return {};
  };
  const auto got = extract(**reader, {}, sink, [] {}, stop.get_token());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(frames, 3);
}

INSTANTIATE_TEST_SUITE_P(Media, Night, testing::Values("h264.mp4", "h264_cbr.ts", "hevc.mkv"),
                         [](const auto& test) {
                           const std::string_view name = test.param;
                           return std::string(name.substr(0, name.find('.')));
                         });

}  // namespace
}  // namespace lido::media
