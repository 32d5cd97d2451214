// SPDX-License-Identifier: Apache-2.0
#include "lido/base/counted.h"

#include <gtest/gtest.h>

#include <limits>

namespace lido {
namespace {

TEST(Counted, NumbersHaveGroupsOfThreeDigits) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1 000");
  EXPECT_EQ(human_count(1234567), "1 234 567");
  EXPECT_EQ(human_count(-999), "-999");
  EXPECT_EQ(human_count(-1000), "-1 000");
  EXPECT_EQ(human_count(std::numeric_limits<int64_t>::min()), "-9 223 372 036 854 775 808");
}

TEST(Counted, OnlyOneIsSingular) {
  EXPECT_EQ(counted(0, "clip"), "0 clips");
  EXPECT_EQ(counted(1, "clip"), "1 clip");
  EXPECT_EQ(counted(21, "clip"), "21 clips");
  EXPECT_EQ(counted(1234567, "frame"), "1 234 567 frames");
}

TEST(Counted, TakesIrregularPlurals) {
  EXPECT_EQ(counted(1, "file or folder", "files or folders"), "1 file or folder");
  EXPECT_EQ(counted(2, "sample has", "samples have"), "2 samples have");
}

}  // namespace
}  // namespace lido
