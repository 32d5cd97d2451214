// SPDX-License-Identifier: Apache-2.0
#include "lido/media/tracks.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::media {
namespace {

TEST(ChooseTrack, PrefersWhatMovesThenTheDefaultThenTheLargest) {
  const VideoTrack thumbnail{.pixels = 8'000'000, .packets = 1, .is_default = true};
  const VideoTrack slides{.pixels = 8'000'000, .packets = 9, .is_default = true};
  const VideoTrack still{.pixels = 8'000'000, .packets = 100, .is_default = true, .is_still = true};
  const VideoTrack small{.pixels = 57'600, .packets = 100};
  const VideoTrack large{.pixels = 230'400, .packets = 100};
  const VideoTrack chosen_by_author{.pixels = 57'600, .packets = 95, .is_default = true};
  using Tracks = std::vector<VideoTrack>;
  EXPECT_EQ(choose_track(Tracks{thumbnail, small}), 1U);
  EXPECT_EQ(choose_track(Tracks{slides, small}), 1U);
  EXPECT_EQ(choose_track(Tracks{still, small}), 1U);
  EXPECT_EQ(choose_track(Tracks{small, large}), 1U);
  EXPECT_EQ(choose_track(Tracks{large, chosen_by_author}), 1U);
  EXPECT_EQ(choose_track(Tracks{small, small}), 0U);
  EXPECT_EQ(choose_track(Tracks{thumbnail}), 0U);
}

}  // namespace
}  // namespace lido::media
