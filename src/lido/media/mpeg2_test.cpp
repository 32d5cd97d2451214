// SPDX-License-Identifier: Apache-2.0
// Headers are written by hand from the syntax tables of ISO/IEC 13818-2, 6.2.2.6 and 6.2.3.
#include "lido/media/mpeg2.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::media::mpeg2 {
namespace {

enum Type { kI = 1, kP = 2, kB = 3 };

/// A packet with one picture. @param group  Starts with a group header: 'g', 'b' (broken link).
std::vector<std::byte> packet(Type type, int number, char group = 0) {
  std::vector<int> values;
  if (group != 0) values = {0, 0, 1, 0xb8, 0, 0, 0, group == 'b' ? 0x20 : 0};
  for (const int value : {0, 0, 1, 0, number >> 2, (number & 3) << 6 | type << 3, 0})
    values.push_back(value);
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// A group in decoding order: I2 B0 B1 P5 B3 B4 P8 B6 B7.
std::vector<std::vector<std::byte>> group(char mark = 'g') {
  return {packet(kI, 2, mark), packet(kB, 0), packet(kB, 1), packet(kP, 5), packet(kB, 3),
          packet(kB, 4),       packet(kP, 8), packet(kB, 6), packet(kB, 7)};
}

TEST(PictureCounter, MissesNothingInWholeGroups) {
  PictureCounter counter;
  for (int i = 0; i < 3; ++i) {
    for (const auto& next : group()) EXPECT_FALSE(counter.missing_since(next));
  }
}

TEST(PictureCounter, FindsEachLostPicture) {
  for (size_t lost = 0; lost < group().size(); ++lost) {
    PictureCounter counter;
    for (const auto& next : group()) counter.missing_since(next);
    auto second = group();
    second.erase(second.begin() + static_cast<ptrdiff_t>(lost));
    std::optional<int> found;
    size_t at = 0;
    for (const auto& next : second) {
      ++at;
      if (!found) found = counter.missing_since(next);
      if (found) break;
    }
    for (const auto& next : group()) {
      if (!found) found = counter.missing_since(next);
    }
    EXPECT_TRUE(found) << "picture " << lost;
  }
}

TEST(PictureCounter, CountsBackToTheFirstPictureThatMayBeWrong) {
  PictureCounter counter;
  EXPECT_FALSE(counter.missing_since(packet(kI, 0, 'g')));
  EXPECT_FALSE(counter.missing_since(packet(kP, 1)));
  EXPECT_FALSE(counter.missing_since(packet(kP, 3)));
  EXPECT_EQ(counter.missing_since(packet(kP, 4)), 1) << "P 3 may refer to 2";
}

TEST(PictureCounter, KnowsWhichPicturesAreDue) {
  // I2 B0 B1 P5 B3 B4 P8 B6 B7, behind another group: two B pictures follow each I or P picture.
  PictureCounter counter;
  for (const auto& next : group()) counter.missing_since(next);
  EXPECT_EQ(counter.pictures_due(), 0);
  const auto second = group();
  for (size_t i = 0; i < second.size(); ++i) {
    counter.missing_since(second[i]);
    EXPECT_EQ(counter.pictures_due(), 2 - static_cast<int>(i % 3)) << i;
    EXPECT_EQ(counter.since_reference(), static_cast<int>(i % 3) + 1) << i;
  }
  counter.forget();
  EXPECT_EQ(counter.pictures_due(), 0) << "unknown";
}

TEST(PictureCounter, AcceptsCutOffLeadingPicturesAndSecondFields) {
  PictureCounter counter;
  const std::vector<std::vector<std::byte>> stream = {
      packet(kI, 2, 'g'), packet(kP, 5),      packet(kB, 3), packet(kB, 3), packet(kB, 4),
      packet(kB, 4),      packet(kI, 2, 'b'), packet(kP, 2), packet(kP, 3), packet(kP, 3)};
  for (const auto& next : stream) EXPECT_FALSE(counter.missing_since(next));
}

}  // namespace
}  // namespace lido::media::mpeg2
