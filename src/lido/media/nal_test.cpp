// SPDX-License-Identifier: Apache-2.0
// Bits and bytes are written by hand from ITU-T H.264, 7.2, 9.1 and Annex B.
#include "lido/media/nal.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace lido::media {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

/// The first byte of each NAL unit, and whether the framing was good.
std::pair<std::vector<int>, bool> first_bytes(std::span<const std::byte> packet, int length_size) {
  std::vector<int> found;
  const bool good = for_each_nal(packet, length_size, [&](Bytes nal) {
    found.push_back(static_cast<int>(byte_at(nal, 0)));
    return true;
  });
  return {found, good};
}

using Found = std::pair<std::vector<int>, bool>;

TEST(BitReader, ReadsMostSignificantBitsFirst) {
  const auto data = bytes({0b10110010, 0b01111111});
  BitReader reader(data);
  EXPECT_EQ(reader.bits(3), 0b101U);
  EXPECT_TRUE(reader.flag());
  reader.skip(2);
  EXPECT_EQ(reader.bits(4), 0b1001U) << "across two bytes";
  EXPECT_EQ(reader.bits(0), 0U);
}

// Table 9-2 of H.264.
TEST(BitReader, ReadsExpGolombCodes) {
  // 1, 010, 011, 00100, 00101, 00111, 0001000
  const auto data = bytes({0b10100110, 0b01000010, 0b10011100, 0b01000000});
  BitReader reader(data);
  for (const uint32_t expected : {0, 1, 2, 3, 4, 6, 7}) EXPECT_EQ(reader.golomb(), expected);
  EXPECT_FALSE(reader.overrun());
}

TEST(BitReader, ReadsZerosPastTheEndAndReportsIt) {
  const auto data = bytes({0xff});
  BitReader reader(data);
  EXPECT_EQ(reader.bits(8), 0xffU);
  EXPECT_FALSE(reader.overrun());
  EXPECT_EQ(reader.bits(4), 0U);
  EXPECT_TRUE(reader.overrun());
  EXPECT_LE(BitReader({}).golomb(), 1U << 31) << "ends";
}

TEST(ForEachNal, SplitsAtStartCodesOfThreeAndFourBytes) {
  EXPECT_EQ(first_bytes(bytes({0, 0, 0, 1, 7, 1, 0, 0, 1, 8, 2, 0, 0, 0, 1, 5}), 0),
            Found({7, 8, 5}, true));
  EXPECT_EQ(first_bytes(bytes({9, 9, 0, 0, 1, 5}), 0), Found({5}, true))
      << "bytes before the first";
  EXPECT_EQ(first_bytes(bytes({0, 0, 1}), 0), Found({}, true)) << "an empty NAL unit";
  EXPECT_EQ(first_bytes(bytes({0, 0, 3, 1, 5}), 0), Found({}, true)) << "no start code";
}

TEST(ForEachNal, SplitsByLengthsOfAnySize) {
  EXPECT_EQ(first_bytes(bytes({0, 0, 0, 2, 7, 1, 0, 0, 0, 1, 5}), 4), Found({7, 5}, true));
  EXPECT_EQ(first_bytes(bytes({0, 2, 7, 1, 0, 1, 5}), 2), Found({7, 5}, true));
  EXPECT_EQ(first_bytes(bytes({2, 7, 1, 0, 1, 5}), 1), Found({7, 5}, true)) << "one is empty";
}

TEST(ForEachNal, RefusesLengthsThatDoNotAddUp) {
  EXPECT_EQ(first_bytes(bytes({3, 7, 1}), 1), Found({}, false)) << "past the end";
  EXPECT_EQ(first_bytes(bytes({0, 1, 7, 9}), 2), Found({7}, false)) << "a rest";
  EXPECT_EQ(first_bytes(bytes({255, 255, 255, 255, 7}), 4), Found({}, false));
}

TEST(ForEachNal, StopsWhenTheVisitorWishes) {
  int visited = 0;
  EXPECT_TRUE(for_each_nal(bytes({1, 7, 1, 8, 1, 9}), 1, [&](Bytes) { return ++visited < 2; }));
  EXPECT_EQ(visited, 2);
}

TEST(Unescape, RemovesOnlyTheThreeAfterTwoZeros) {
  EXPECT_EQ(unescape(bytes({1, 0, 0, 3, 1, 0, 3, 0, 0, 3, 0, 0, 3}), 99),
            bytes({1, 0, 0, 1, 0, 3, 0, 0, 0, 0}));
  EXPECT_EQ(unescape(bytes({1, 2, 3, 4}), 2), bytes({1, 2})) << "the limit";
}

}  // namespace
}  // namespace lido::media
