// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_time.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lido::dataset {
namespace {

TEST(ClipTime, ParsesStretchesAsPeopleWriteThem) {
  const auto range = [](std::string_view text) {
    const auto parsed = parse_time_range(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? std::pair(parsed->start_s, parsed->end_s) : std::pair(-1.0, -1.0);
  };
  EXPECT_EQ(range("12.5-14"), std::pair(12.5, 14.0));
  EXPECT_EQ(range("1:02.5-1:00:00"), std::pair(62.5, 3600.0));
  EXPECT_EQ(range("5-"), std::pair(5.0, double(INFINITY)));
  EXPECT_EQ(range("all"), std::pair(0.0, double(INFINITY)));
}

TEST(ClipTime, RefusesWhatIsNoStretch) {
  for (const char* text :
       {"", "noon", "5", "-5", "1:-2", "a-b", "1-2-3", "nan-2", "0-inf", "1:2:3:4-"})
    EXPECT_FALSE(parse_time_range(text)) << text;
}

TEST(ClipTime, FormatsTimes) {
  EXPECT_EQ(clock_text(13.96 + 0.04), "0:14");
  EXPECT_EQ(clock_text(59.9), "0:59.9");
  EXPECT_EQ(clock_text(3.96), "0:03.96");
  EXPECT_EQ(clock_text(3599.9996), "1:00:00");
  EXPECT_EQ(clock_text(61.005), "1:01.005");
  EXPECT_EQ(range_text(0.5, 0.6), "0:00.5 to 0:00.6");
  EXPECT_EQ(clock_text(3723), "1:02:03");
  EXPECT_EQ(clock_text(0), "0:00");
  // 1e20 / 3600, in double precision: more seconds than an int64_t holds.
  EXPECT_TRUE(clock_text(1e20).starts_with("27777777777777776:")) << clock_text(1e20);
  EXPECT_EQ(range_text(5, 14), "0:05 to 0:14");
  EXPECT_EQ(range_text(5, INFINITY), "0:05 to the end");
  EXPECT_EQ(range_text(0, INFINITY), "all of it");
}

}  // namespace
}  // namespace lido::dataset
