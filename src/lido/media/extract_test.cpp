// SPDX-License-Identifier: Apache-2.0
// The truth is FFmpeg's own program: its framehash of every decoded frame, selected here by the
// plain definition (the last frame with PTS <= start + k / fps).
#include "lido/media/extract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "lido/media/ffmpeg_truth.h"

namespace lido::media {
namespace {

std::vector<std::string> clips() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(LIDO_TEST_CLIPS)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

/// Returns whether a clip is an elementary stream: without timestamps, frames are compared in
/// order.
bool is_untimed(const std::string& name) {
  return name.ends_with(".h264") || name.ends_with(".hevc");
}

class EveryClip : public testing::TestWithParam<std::string> {
 protected:
  std::string path() const { return fmt::format("{}/{}", LIDO_TEST_CLIPS, GetParam()); }
};

TEST_P(EveryClip, GivesTheFramesOfFfmpegsProgram) {
  std::vector<TrueFrame> truth = true_frames(path());
  ASSERT_FALSE(truth.empty());
  const auto reader = storage::open_reader(path());
  const Rational time_base = probe(**reader)->time_base;
  if (is_untimed(GetParam())) {
    // FFmpeg's program counts the frames of an elementary stream; all of these have 30 a second.
    for (size_t i = 0; i < truth.size(); ++i) {
      truth[i].pts = static_cast<int64_t>(i) * time_base.den / time_base.num / 30;
    }
  }
  for (const char* rate : {"4", "0.7", "30000/1001", "11"}) {
    for (const DecodeMode mode : {DecodeMode::kPlanned, DecodeMode::kEverything}) {
      SCOPED_TRACE(fmt::format("{} at {} fps, {}", GetParam(), rate,
                               mode == DecodeMode::kPlanned ? "planned" : "everything"));
      const Rational fps = *parse_rational(rate);
      const Extracted got = extract_all(path(), {.fps = fps, .mode = mode, .max_gap_s = 1e5});
      ASSERT_FALSE(got.report.broke) << got.report.broke->error.message;
      const SampleGrid grid(got.report.start_pts, time_base, fps);
      std::vector<TrueFrame> expected;
      for (size_t at = 0;
           grid.compare(truth.back().pts, static_cast<int64_t>(expected.size())) >= 0;) {
        const auto k = static_cast<int64_t>(expected.size());
        while (at + 1 < truth.size() && grid.compare(truth[at + 1].pts, k) <= 0) ++at;
        expected.push_back(truth[at]);
      }
      ASSERT_EQ(got.frames.size(), expected.size());
      for (const auto& [k, frame] : got.frames) {
        ASSERT_EQ(frame.pts, expected[static_cast<size_t>(k)].pts) << "sample " << k;
        ASSERT_EQ(frame.hash, expected[static_cast<size_t>(k)].hash)
            << "sample " << k << " at " << frame.pts;
      }
    }
  }
}

TEST_P(EveryClip, GivesTheSameFramesWhereSomethingMoves) {
  const Extracted every = extract_all(path(), {.fps = {11, 1}});
  const Extracted some = extract_all(path(), {.fps = {11, 1}, .linger = 1});
  ASSERT_FALSE(some.report.broke) << some.report.broke->error.message;
  expect_part_of(every, some, 0, INT64_MAX);
}

TEST(Extract, RefusesAnEmptyRangeOfSamples) {
  const auto reader = storage::open_reader(LIDO_TEST_CLIPS "/h264_b.mp4");
  const auto got = extract(
      **reader, {.first_k = 5, .end_k = 5}, [](const auto&) { return Result<void>(); }, [] {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "samples are 5 to 5, want a range that is not empty");
}

TEST(Extract, RefusesToDecodeEverythingAtAnAutomaticRate) {
  const auto reader = storage::open_reader(LIDO_TEST_CLIPS "/h264_b.mp4");
  for (const DecodeMode mode : {DecodeMode::kEverything, DecodeMode::kKeyframesOnly}) {
    const auto got = extract(
        **reader, {.mode = mode, .linger = 1}, [](const auto&) { return Result<void>(); }, [] {});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
  }
}

INSTANTIATE_TEST_SUITE_P(Media, EveryClip, testing::ValuesIn(clips()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace lido::media
