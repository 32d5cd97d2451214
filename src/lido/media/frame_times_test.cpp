// SPDX-License-Identifier: Apache-2.0
// The truth is FFmpeg's own program: the PTS of every frame that it decodes.
#include "lido/media/frame_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "lido/media/ffmpeg_truth.h"
#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

std::vector<std::string> golden_clips() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(LIDO_TEST_CLIPS)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

class FrameTimesOf : public testing::TestWithParam<std::string> {};

TEST_P(FrameTimesOf, AreThoseOfFfmpegsProgram) {
  const std::string path = fmt::format("{}/{}", LIDO_TEST_CLIPS, GetParam());
  const auto reader = storage::open_reader(path);
  const auto times = frame_times(**reader);
  ASSERT_TRUE(times) << times.error().message;
  std::vector<int64_t> truth;
  for (const TrueFrame& frame : true_frames(path)) truth.push_back(frame.pts);
  if (path.ends_with(".h264") || path.ends_with(".hevc")) {
    // FFmpeg's program counts the frames of an elementary stream; all of these have 30 a second.
    for (size_t i = 0; i < truth.size(); ++i)
      truth[i] = static_cast<int64_t>(i) * times->time_base.den / times->time_base.num / 30;
  }
  EXPECT_EQ(times->pts, truth);
}

INSTANTIATE_TEST_SUITE_P(Golden, FrameTimesOf, testing::ValuesIn(golden_clips()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(
                               name, [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

TEST(FrameTimes, OfNoVideoAreAnError) {
  const std::string text = "no video at all";
  storage::MemoryReader reader(std::as_bytes(std::span(text)));
  const auto times = frame_times(reader);
  ASSERT_FALSE(times);
  EXPECT_EQ(times.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace lido::media
