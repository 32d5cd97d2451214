// SPDX-License-Identifier: Apache-2.0
#include "lido/media/last_picture.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lido/media/demuxer.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

NumberedPictures numbered(const std::vector<int32_t>& numbers) {
  NumberedPictures pictures;
  for (const int32_t number : numbers) pictures.push(number, number == 0);
  return pictures;
}

TEST(NumberedPictures, FindOnesThatAreMissingNearTheEnd) {
  // Display order 0 to 12; each 4th is decoded first, then the one in the middle.
  const std::vector<int32_t> whole = {0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11};
  const auto missing = [&](size_t count) {
    return numbered({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(count)})
        .after_missing(2);
  };
  EXPECT_EQ(missing(13), 0U);
  EXPECT_EQ(missing(12), 1U) << "11 before 12";
  EXPECT_EQ(missing(11), 2U) << "9 before 10 and 12";
  EXPECT_EQ(missing(10), 1U) << "9, 10 and 11 before 12";
  EXPECT_EQ(missing(9), 0U) << "a whole group";
  EXPECT_EQ(numbered(whole).from_last(), 2U) << "11 and 12";
}

TEST(NumberedPictures, BeginAnewAndCountInAnyStep) {
  // H.264 counts fields: two for each frame. The second sequence is too short to show its step.
  EXPECT_EQ(numbered({0, 2, 4, 6, 8, 10, 12, 14, 16, 0, 8}).after_missing(2), 1U);
  EXPECT_EQ(numbered({0, 2, 4, 6, 8, 10, 12, 14, 16, 0, 2}).after_missing(2), 0U);
  EXPECT_EQ(numbered({0, 5}).after_missing(2), 0U) << "no step is known";
  // A gap before pictures that were shown is none of a cut.
  EXPECT_EQ(numbered({0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12}).after_missing(2), 0U);
}

/// Reads the packets of a clip. @param kept  Share of the last one that is kept.
bool is_whole_with(const char* name, double kept) {
  const auto reader = storage::open_reader(fmt::format("{}/{}", LIDO_TEST_CLIPS, name));
  const auto demuxer = Demuxer::open(**reader);
  std::vector<UniquePacket> packets;
  for (auto packet = (*demuxer)->next(); packet && *packet != nullptr; packet = (*demuxer)->next())
    packets.push_back(std::move(*packet));
  EXPECT_GE(packets.size(), 25U);
  AVPacket& last = *packets.back();
  av_shrink_packet(&last, static_cast<int>(last.size * kept));
  return is_last_whole((*demuxer)->stream(), packets);
}

TEST(LastPicture, IsWholeWhereNothingIsCutOff) {
  for (const char* clip : {"hevc_b.hevc", "hevc_b.ts"}) {
    EXPECT_TRUE(is_whole_with(clip, 1)) << clip;
    for (const double kept : {0.95, 0.8, 0.5, 0.3})
      EXPECT_FALSE(is_whole_with(clip, kept)) << clip << ", " << kept;
  }
}

}  // namespace
}  // namespace lido::media
