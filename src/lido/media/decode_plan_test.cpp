// SPDX-License-Identifier: Apache-2.0
// Groups are written by hand. The packets to decode follow from the references between pictures.
#include "lido/media/decode_plan.h"

#include <gtest/gtest.h>

namespace lido::media {
namespace {

/// 10 ticks a picture; I P B b b as in a pyramid: the packets in decoding order with their PTS.
PlannedPacket picture(int64_t pts, bool referenced, int layer = 0) {
  PlannedPacket packet{.pts = pts};
  packet.facts.referenced = referenced;
  packet.facts.temporal_id = layer;
  return packet;
}

PlannedPacket random_access(int64_t pts, bool resets = true) {
  PlannedPacket packet{.pts = pts};
  packet.facts.random_access = true;
  packet.facts.resets = resets;
  return packet;
}

std::vector<PlannedPacket> pyramid(int64_t start, bool resets = true) {
  return {random_access(start, resets), picture(start + 40, true), picture(start + 20, true),
          picture(start + 10, false), picture(start + 30, false)};
}

/// One sample every `every` ticks from 0, when a tick is a millisecond.
FrameSelector each(int64_t every, int64_t max_gap = 1000) {
  return {SampleGrid(0, {1, 1000}, {1000, every}), 0, INT64_MAX, max_gap};
}

std::vector<int64_t> decoded(const std::vector<PlannedPacket>& group) {
  std::vector<int64_t> pts;
  for (const auto& packet : group) {
    if (packet.decode) pts.push_back(packet.pts);
  }
  return pts;
}

TEST(PlanGroup, LeavesOutPicturesNobodyRefersTo) {
  auto group = pyramid(0);
  auto next = pyramid(50);
  const GroupPlan plan = plan_group(group, next, each(40), {});
  ASSERT_TRUE(plan.planned);
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0, 40}));
  ASSERT_EQ(plan.wanted.size(), 2U);
  EXPECT_EQ(plan.wanted[1].pts, 40);
  EXPECT_TRUE(plan.next_stands_alone);
}

TEST(PlanGroup, KeepsWhatAWantedPictureMayReferTo) {
  auto group = pyramid(0);
  auto next = pyramid(50);
  plan_group(group, next, each(30), {});
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0, 40, 20, 30}));
}

TEST(PlanGroup, DropsTheTailAfterTheLastWantedPicture) {
  auto group = pyramid(0);
  auto next = pyramid(50);
  plan_group(group, next, each(50), {});
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0}));
}

TEST(PlanGroup, KeepsTheTailWhenTheNextGroupGoesOnFromIt) {
  auto group = pyramid(0);
  auto next = pyramid(50, /*resets=*/false);
  const GroupPlan plan = plan_group(group, next, each(50), {});
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0, 40, 20}));
  EXPECT_FALSE(plan.next_stands_alone);
}

TEST(PlanGroup, KeepsTheTailForALeadingPictureThatIsWanted) {
  auto group = pyramid(0);
  auto next = pyramid(60);
  next.insert(next.begin() + 1, picture(50, false));
  next[1].facts.needs_previous = true;
  auto unwanted = next;
  EXPECT_TRUE(plan_group(group, unwanted, each(40), {}).next_stands_alone);
  const GroupPlan plan = plan_group(group, next, each(25), {});
  EXPECT_FALSE(plan.next_stands_alone);
  EXPECT_TRUE(next[1].wanted);
  ASSERT_FALSE(plan.wanted.empty());
  EXPECT_EQ(plan.wanted.back().pts, 50);
}

TEST(PlanGroup, DropsHigherTemporalLayers) {
  std::vector<PlannedPacket> group = {random_access(0), picture(10, true, 2), picture(20, true, 1),
                                      picture(30, true, 2), picture(40, true, 0)};
  auto next = pyramid(50);
  plan_group(group, next, each(40), {});
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0, 40}));
}

TEST(PlanGroup, KeepsASubLayerNonReferenceForAHigherLayer) {
  std::vector<PlannedPacket> group = {random_access(0), picture(20, false, 0),
                                      picture(10, true, 1)};
  auto next = pyramid(50);
  plan_group(group, next, each(10), {});
  EXPECT_EQ(decoded(group).size(), 3U);
}

/// A picture of whose sources all is known; its number is its PTS in pictures.
PlannedPacket predicted(int64_t pts, std::vector<int64_t> sources, int32_t reach = 128) {
  PlannedPacket packet = picture(pts, true);
  Prediction prediction{.number = static_cast<int32_t>(pts / 10), .anchors = true, .reach = reach};
  for (const int64_t source : sources)
    prediction.from[prediction.from_count++] = static_cast<int32_t>(source / 10);
  packet.facts.prediction = prediction;
  return packet;
}

PlannedPacket numbered_random_access(int64_t pts) {
  PlannedPacket packet = random_access(pts);
  packet.facts.prediction = predicted(pts, {}).facts.prediction;
  return packet;
}

/// Every picture is marked as a reference; 20 is one for 10 and 30 alone.
std::vector<PlannedPacket> numbered_pyramid(int64_t start) {
  return {numbered_random_access(start),
          predicted(start + 40, {start}),
          predicted(start + 20, {start, start + 40}),
          predicted(start + 10, {start, start + 20}),
          predicted(start + 30, {start + 20, start + 40}),
          predicted(start + 50, {start + 40})};
}

TEST(PlanGroup, LeavesOutReferencesThatNoWantedPictureIsPredictedFrom) {
  const auto decoded_every = [](int64_t ticks) {
    auto group = numbered_pyramid(0);
    auto next = numbered_pyramid(60);
    EXPECT_TRUE(plan_group(group, next, each(ticks), {}).planned);
    return decoded(group);
  };
  EXPECT_EQ(decoded_every(50), (std::vector<int64_t>{0, 40, 50}));
  EXPECT_EQ(decoded_every(30), (std::vector<int64_t>{0, 40, 20, 30}));
}

TEST(PlanGroup, KeepsWhatTheNextGroupsLeadingPictureIsPredictedFrom) {
  auto group = numbered_pyramid(0);
  std::vector<PlannedPacket> next = {numbered_random_access(80), predicted(60, {20, 80}),
                                     predicted(70, {60, 80})};
  for (size_t i : {1, 2}) next[i].facts.needs_previous = true;
  auto unwanted = next;
  EXPECT_TRUE(plan_group(group, unwanted, each(40), {}).next_stands_alone);
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0, 40}));
  EXPECT_FALSE(plan_group(group, next, each(35), {}).next_stands_alone);
  EXPECT_TRUE(next[2].wanted) << "70, by way of 60";
  EXPECT_EQ(decoded(group), (std::vector<int64_t>{0, 40, 20, 30}));
}

TEST(PlanGroup, KeepsEveryReferenceWhereOnePictureTellsNothing) {
  auto group = numbered_pyramid(0);
  auto next = numbered_pyramid(60);
  group[3].facts.prediction.reset();
  plan_group(group, next, each(50), {});
  EXPECT_EQ(decoded(group).size(), 6U);
}

TEST(PlanGroup, KeepsEveryReferenceWhereASourceIsMissing) {
  auto group = numbered_pyramid(0);
  auto next = numbered_pyramid(60);
  group.back() = predicted(50, {-10});
  plan_group(group, next, each(50), {});
  EXPECT_EQ(decoded(group).size(), 6U);
}

TEST(PlanGroup, KeepsEveryReferenceWhereTheDecoderWouldLoseCount) {
  const auto decoded_with_reach = [](int32_t reach) {
    std::vector<PlannedPacket> group = {numbered_random_access(0)};
    for (int64_t pts = 10; pts <= 90; pts += 10) group.push_back(predicted(pts, {0}, reach));
    auto next = numbered_pyramid(100);
    plan_group(group, next, each(90), {});
    return decoded(group);
  };
  EXPECT_EQ(decoded_with_reach(10), (std::vector<int64_t>{0, 90}));
  EXPECT_EQ(decoded_with_reach(9).size(), 10U);
}

TEST(PlanGroup, RefusesEqualTimestamps) {
  auto group = pyramid(0);
  group[2].pts = group[3].pts;
  std::vector<PlannedPacket> next = pyramid(50);
  EXPECT_FALSE(plan_group(group, next, each(10), {}).planned);
}

TEST(PlanGroup, RefusesTimestampsThatRunBack) {
  auto group = pyramid(100);
  auto next = pyramid(50);
  EXPECT_FALSE(plan_group(group, next, each(10), {}).planned);
}

TEST(PlanGroup, CountsPicturesToKeepBackForDisplayOrder) {
  auto group = pyramid(0);
  EXPECT_EQ(plan_group(group, {}, each(10), {}).reorder_depth, 2);
}

TEST(FrameSelector, GivesTheLastPictureAtOrBeforeEachTime) {
  const FrameSelector selector = each(25);
  EXPECT_EQ(selector.times_of(0, 40).first, 0);
  EXPECT_EQ(selector.times_of(0, 40).end, 2);   // 0 and 25
  EXPECT_EQ(selector.times_of(40, 50).end, 2);  // none
  EXPECT_TRUE(selector.times_of(40, 50).empty());
  EXPECT_EQ(selector.times_of(50, 51).first, 2);  // exactly at 50
}

TEST(FrameSelector, GivesNothingInsideAPause) {
  const FrameSelector selector = each(25, 100);
  EXPECT_EQ(selector.times_of(0, 500).end, 1);
  EXPECT_TRUE(selector.times_of(10, 500).empty());
}

}  // namespace
}  // namespace lido::media
