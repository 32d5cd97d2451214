// SPDX-License-Identifier: Apache-2.0
// The truth is FFmpeg's own program: its framehash of every decoded frame, selected here by the
// definition in decision 17: the last frame less than a tick after start + k / fps, where start is
// the first frame's PTS.
#include "lido/media/extract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

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

/// Returns the frame for each sampling time up to the last frame; none inside a longer gap.
std::map<int64_t, TrueFrame> sampled(const std::vector<TrueFrame>& truth, Rational time_base,
                                     Rational fps, double max_gap_s) {
  const int64_t start = truth.front().pts;
  // Seconds from sample k to a frame, in whole units of 1 / (time_base.den * fps.num).
  const auto lateness = [&](int64_t pts, int64_t k) {
    return static_cast<Wide>(pts - start) * time_base.num * fps.num -
           static_cast<Wide>(k) * fps.den * time_base.den;
  };
  const Wide tick = static_cast<Wide>(time_base.num) * fps.num;
  std::map<int64_t, TrueFrame> frames;
  size_t at = 0;
  for (int64_t k = 0; lateness(truth.back().pts, k) > -tick; ++k) {
    while (at + 1 < truth.size() && lateness(truth[at + 1].pts, k) < tick) ++at;
    const double gap_s =
        at + 1 < truth.size()
            ? static_cast<double>(truth[at + 1].pts - truth[at].pts) * time_base.value()
            : 0;
    const bool in_gap = gap_s > max_gap_s && lateness(truth[at].pts, k) <= -tick;
    if (!in_gap) frames[k] = truth[at];
  }
  return frames;
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
      const Extracted got = extract_all(path(), {.fps = fps, .mode = mode});
      ASSERT_FALSE(got.report.broke) << got.report.broke->error.message;
      ASSERT_EQ(got.report.start_pts, truth.front().pts);
      const auto expected = sampled(truth, time_base, fps, /*max_gap_s=*/2);
      ASSERT_EQ(got.frames.size(), expected.size());
      for (const auto& [k, frame] : got.frames) {
        ASSERT_EQ(frame.pts, expected.at(k).pts) << "sample " << k;
        ASSERT_EQ(frame.hash, expected.at(k).hash) << "sample " << k << " at " << frame.pts;
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
