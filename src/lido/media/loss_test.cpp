// SPDX-License-Identifier: Apache-2.0
// Timestamps and facts are written by hand. damage_test loses packets of real clips.
#include "lido/media/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "lido/media/hand_made.h"

namespace lido::media {
namespace {

TEST(TicksBetween, StopsAtTheLargestNumber) {
  EXPECT_EQ(ticks_between(3, 10), 7);
  EXPECT_EQ(ticks_between(10, 3), -7);
  EXPECT_EQ(ticks_between(-2, INT64_MAX), INT64_MAX);
}

TEST(MedianStep, IsTheMiddleOne) {
  EXPECT_EQ(median_step({}), 0);
  EXPECT_EQ(median_step({5, 1, 900}), 5);
  EXPECT_TRUE(skips_frame(8, 5));
  EXPECT_FALSE(skips_frame(7, 5));
  EXPECT_TRUE(skips_frame(INT64_MAX, INT64_MAX / 2));
}

/// Timestamps, rounded to ticks, from n0 to n1 intervals.
std::vector<int64_t> ticks(double interval, int n0, int n1) {
  std::vector<int64_t> times;
  for (int i = n0; i <= n1; ++i) times.push_back(std::llround(7 + i * interval));
  return times;
}

TEST(MissingBefore, CountsWhatIsMissingFromASequence) {
  for (const double interval : {1000 / 30.0, 40.0, 1000 / 60.0, 3753.75, 1.0}) {
    const auto max_step = static_cast<int64_t>(25 * interval);
    for (const int split : {1, 5, 20, 39}) {
      for (const int missing : {0, 1, 2, 12}) {
        auto before = ticks(interval, 0, split);
        const auto after = ticks(interval, split + missing + 2, 60);
        before.push_back(std::llround(7 + (split + missing + 1) * interval));
        EXPECT_EQ(missing_before(before, after, max_step), missing) << interval << " " << split;
      }
    }
  }
}

TEST(MissingBefore, TakesNothingForMissingInIrregularTimes) {
  auto before = ticks(40, 0, 40);
  before.push_back(before.back() + 60);
  EXPECT_EQ(missing_before(before, {}, 1000), 0) << "no whole multiple";
  before = ticks(40, 0, 40);
  before.push_back(before.back() + 1200);
  EXPECT_EQ(missing_before(before, {}, 1000), 0) << "a pause";
  before = ticks(40, 0, 10);
  before.push_back(before.back() + 80);
  EXPECT_EQ(missing_before(before, {}, 1000), 0) << "too few steps around";
  before = ticks(40, 0, 30);
  before.push_back(before.back() + 80);
  EXPECT_EQ(missing_before(before, ticks(80, 17, 40), 1000), 0) << "the rate changes";
  before = {};
  for (int i = 0; i < 33; ++i)
    before.push_back(before.empty() ? 0 : before.back() + 40 * (1 + i % 3 / 2));
  EXPECT_EQ(missing_before(before, {}, 1000), 0) << "every third step is longer";
}

TEST(HasHole, IsAStepMuchLongerThanMostOthers) {
  EXPECT_FALSE(has_hole(ticks(40, 0, 30)));
  auto times = ticks(40, 0, 9);
  const auto behind = ticks(40, 11, 30);
  times.insert(times.end(), behind.begin(), behind.end());
  EXPECT_TRUE(has_hole(times)) << "one frame is missing";
  std::swap(times[3], times[1]);
  EXPECT_TRUE(has_hole(times)) << "in decoding order";
  EXPECT_FALSE(has_hole({0, 33, 100, 133, 200, 233, 300, 367, 433})) << "a rate that varies";
  EXPECT_FALSE(has_hole({0, 0, 40, 40, 80, 80, 120, 120, 160, 160})) << "fields";
  EXPECT_TRUE(has_hole({2800, 2880, 3880, 3920, 3960})) << "beside the end of a clip";
  EXPECT_TRUE(has_hole({0, 40})) << "too few to know";
}

class Detector : public testing::Test {
 protected:
  std::optional<Loss> push(int64_t pts, const PacketFacts& facts) {
    return push(detector, pts, facts, {}, {});
  }
  static std::optional<Loss> push(LossDetector& to, int64_t pts, const PacketFacts& facts,
                                  const std::vector<int64_t>& ahead,
                                  const std::vector<int64_t>& beginning) {
    const UniquePacket packet(av_packet_alloc());
    packet->pts = packet->dts = pts;
    return *to.push(
        *packet, facts, [&](size_t) -> Result<std::vector<int64_t>> { return ahead; },
        [&](size_t) -> Result<std::vector<int64_t>> { return beginning; });
  }
  HandMadeStream stream{AV_CODEC_ID_H264};
  LossDetector detector{*stream.stream, true, false};
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

TEST_F(Detector, FindsALossEarlyInAGroupByWhatFollowsAndByTheClipsBeginning) {
  const HandMadeStream vp8{AV_CODEC_ID_VP8};  // 30 ticks are a second
  for (const bool near_the_end : {false, true}) {
    LossDetector early(*vp8.stream, true, false);
    const auto ahead = near_the_end ? ticks(1, 104, 110) : ticks(1, 104, 140);
    const auto beginning = ticks(1, 0, 32);
    EXPECT_FALSE(push(early, 107, {.random_access = true}, ticks(1, 101, 133), beginning));
    EXPECT_FALSE(push(early, 108, {}, ticks(1, 102, 134), beginning));
    EXPECT_TRUE(push(early, 110, {}, ahead, beginning)) << near_the_end;
  }
}

TEST_F(Detector, FindsALossBeforeARandomAccessPointOfMpeg2AndOfNoCodecThatMayPause) {
  for (const AVCodecID codec : {AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_VP8}) {
    const HandMadeStream other{codec};
    LossDetector late(*other.stream, true, false);
    EXPECT_FALSE(push(late, 0, {.random_access = true}, ticks(1, -6, 40), {}));
    EXPECT_FALSE(push(late, 1, {}, ticks(1, -5, 40), {}));
    const auto lost = push(late, 9, {.random_access = true}, ticks(1, 3, 40), {});
    EXPECT_EQ(lost.has_value(), codec != AV_CODEC_ID_VP8) << codec;
    if (lost) {
      EXPECT_EQ(lost->since, 1) << "the packet before may lack its end";
    }
  }
}

TEST_F(Detector, ComparesNoTimesAcrossAPacketWithoutOne) {
  const HandMadeStream mpeg2{AV_CODEC_ID_MPEG2VIDEO};
  LossDetector some(*mpeg2.stream, true, false);
  EXPECT_FALSE(push(some, 0, {.random_access = true}, ticks(1, -6, 40), {}));
  EXPECT_FALSE(push(some, 1, {}, ticks(1, -5, 40), {}));
  EXPECT_FALSE(push(some, kNoPts, {}, {}, {}));
  EXPECT_FALSE(push(some, 3, {}, ticks(1, -3, 40), {}));
}

TEST_F(Detector, CountsNoTimesOfCodecsThatCountPictures) {
  EXPECT_FALSE(push(detector, 0, {.random_access = true}, {}, {}));
  EXPECT_FALSE(push(detector, 2, {}, ticks(1, -4, 40), ticks(1, 0, 32)));
}

}  // namespace
}  // namespace lido::media
