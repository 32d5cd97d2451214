// SPDX-License-Identifier: Apache-2.0
// Timestamps and facts are written by hand. damage_test loses packets of real clips.
#include "lido/media/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "lido/media/hand_made.h"

namespace lido::media {
namespace {

/// Returns the frames missing before the last of some timestamps, each rounded to a tick.
int missing_before_last(const std::vector<double>& times) {
  RegularTimes regular;
  int missing = 0;
  for (const double time : times) missing = regular.missing_before(std::llround(time), 1000);
  return missing;
}

std::vector<double> steps_of(double interval, int count) {
  std::vector<double> times;
  for (int i = 0; i <= count; ++i) times.push_back(7 + i * interval);
  return times;
}

TEST(RegularTimes, CountsWhatIsMissingFromASequence) {
  for (const double interval : {1000 / 30.0, 40.0, 1000 / 60.0, 3753.75, 1.0}) {
    auto times = steps_of(interval, 40);
    EXPECT_EQ(missing_before_last(times), 0) << interval;
    const double last = times.back();
    for (const int missing : {1, 2}) {
      times.push_back(last + (missing + 1) * interval);
      if (missing * interval < 900) {
        EXPECT_EQ(missing_before_last(times), missing) << interval;
      }
      times.pop_back();
    }
  }
}

TEST(RegularTimes, TakesNothingForMissingInIrregularTimes) {
  auto times = steps_of(40, 40);
  times.push_back(times.back() + 60);
  EXPECT_EQ(missing_before_last(times), 0) << "no whole multiple";
  times = steps_of(40, 40);
  times.push_back(times.back() + 1200);
  EXPECT_EQ(missing_before_last(times), 0) << "a pause";
  times = steps_of(40, 10);
  times.push_back(times.back() + 80);
  EXPECT_EQ(missing_before_last(times), 0) << "too few steps before";
  times = steps_of(40, 30);
  for (const double step : {47, 33, 80}) times.push_back(times.back() + step);
  EXPECT_EQ(missing_before_last(times), 0) << "jitter before";
}

class Detector : public testing::Test {
 protected:
  std::optional<Loss> push(int64_t pts, const PacketFacts& facts) {
    const UniquePacket packet(av_packet_alloc());
    packet->pts = pts;
    return detector.push(*packet, facts);
  }
  HandMadeStream stream{AV_CODEC_ID_H264};
  LossDetector detector{*stream.stream, true};
};

TEST_F(Detector, CountsNothingBeforeTheFirstRandomAccessPoint) {
  EXPECT_FALSE(push(0, {.missing_since = 0}));
  EXPECT_FALSE(push(1, {.random_access = true, .missing_since = 0}));
  EXPECT_TRUE(push(2, {.missing_since = 0}));
  detector.forget();
  EXPECT_FALSE(push(3, {.missing_since = 0}));
}

TEST_F(Detector, CountsALossBeforeARandomAccessPointOnlyForLeadingPictures) {
  EXPECT_FALSE(push(0, {.random_access = true}));
  EXPECT_FALSE(push(10, {.random_access = true, .missing_since = 0}));
  EXPECT_FALSE(push(13, {}));
  EXPECT_TRUE(push(8, {}));
}

}  // namespace
}  // namespace lido::media
