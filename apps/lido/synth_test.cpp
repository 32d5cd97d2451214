// SPDX-License-Identifier: Apache-2.0
#include "synth.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(SynthProgress, HasTotalRateAndTimeLeft) {
  EXPECT_EQ(synth_progress_json("frames", 30, 120, 10),
            R"({"frames":30,"frames_total":120,"frames_per_s":3.0,"percent":25,)"
            R"("elapsed_s":10,"eta_s":30})");
  // Nothing is known of the time left before the first frame.
  EXPECT_EQ(synth_progress_json("days", 0, 7, 2),
            R"({"days":0,"days_total":7,"days_per_s":0.0,"percent":0,"elapsed_s":2})");
}

TEST(ParseClock, ReadsTimesOfDay) {
  EXPECT_EQ(*parse_clock("14:30"), 14 * 3600 + 30 * 60);
  EXPECT_EQ(*parse_clock("00:00:05"), 5);
  EXPECT_EQ(*parse_clock("25:00"), 25 * 3600);  // an hour after midnight, of the same day
  for (const char* bad : {"", "14", "14:60", "40:00", "2 o'clock", "14:30x", "-1:00"}) {
    const auto time = parse_clock(bad);
    ASSERT_FALSE(time) << bad;
    EXPECT_EQ(time.error().message.find("--from is "), 0u);
  }
}

TEST(ChoosePool, DrawsFromTheSeedWithoutAFile) {
  EXPECT_EQ(to_yaml(*choose_pool("", 7)), to_yaml(*choose_pool("", 7)));
  EXPECT_NE(to_yaml(*choose_pool("", 7)), to_yaml(*choose_pool("", 8)));
  EXPECT_FALSE(choose_pool("/nowhere/site.yaml", 7));
}

}  // namespace
}  // namespace lido::cli
