// SPDX-License-Identifier: Apache-2.0
#include "lido/media/mp4_boxes.h"

#include <gtest/gtest.h>

#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

std::vector<Mp4Box> boxes_of(std::string_view bytes) {
  storage::MemoryReader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
  return *read_boxes(reader);
}

using namespace std::string_view_literals;

// Boxes as ISO/IEC 14496-12, section 4.2, writes them: length, kind, contents.
TEST(Mp4Boxes, FollowOneAnother) {
  const auto boxes = boxes_of(
      "\0\0\0\x0c"
      "ftypisom"
      "\0\0\0\x08"
      "free"
      "\0\0\0\x0a"
      "mdatxy"sv);
  ASSERT_EQ(boxes.size(), 3U);
  EXPECT_EQ(boxes[0].kind, "ftyp");
  EXPECT_EQ(boxes[1].begin, 12);
  EXPECT_EQ(boxes[1].end, 20);
  EXPECT_EQ(boxes[2].kind, "mdat");
  EXPECT_EQ(boxes[2].end, 30);
}

TEST(Mp4Boxes, MayHaveALongLengthOrEndWithTheFile) {
  const auto large = boxes_of(
      "\0\0\0\x01"
      "mdat"
      "\0\0\0\0\0\0\0\x12"
      "xy"
      "\0\0\0\0"
      "moov"
      "abc"sv);
  ASSERT_EQ(large.size(), 2U);
  EXPECT_EQ(large[0].end, 18);
  EXPECT_EQ(large[1].begin, 18);
  EXPECT_EQ(large[1].end, 29);
}

TEST(Mp4Boxes, MayBeCutOff) {
  const auto cut = boxes_of(
      "\0\0\x10\0"
      "mdatxy"sv);
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_EQ(cut[0].end, 0x1000);
  EXPECT_TRUE(boxes_of("\0\0\0\x0c"
                       "fty"sv)
                  .empty());
}

TEST(Mp4Boxes, EndWhereALengthIsImpossible) {
  EXPECT_TRUE(boxes_of("\0\0\0\x07"
                       "ftypisom"sv)
                  .empty());
  const auto endless = boxes_of(
      "\0\0\0\x01"
      "mdat"
      "\xff\xff\xff\xff\xff\xff\xff\xff"
      "xy"sv);
  ASSERT_EQ(endless.size(), 1U);
  EXPECT_EQ(endless[0].end, int64_t{1} << 62);
}

TEST(Mp4Boxes, NumbersBeginWithTheHighestByte) {
  constexpr std::array kBytes = {std::byte{0x12}, std::byte{0x34}, std::byte{0x56}};
  EXPECT_EQ(big_endian(kBytes), 0x123456U);
}

}  // namespace
}  // namespace lido::media
