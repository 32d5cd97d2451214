// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace lido::scene {
namespace {

const DetectorOptions kDetector{.min_score = 0.35, .low_score = 0.15};
const TrackerOptions kTracker{.new_score = 0.45};

Detection person(double x, double y, float score = 0.8F) { return {{x, y, 40, 100}, score, 0}; }

/// Runs a tracker at 4 Hz; by frame, the track of each detection, first sightings filled in.
std::vector<std::vector<int64_t>> follow(const std::vector<std::vector<Detection>>& frames,
                                         const TrackerOptions& options = kTracker) {
  Tracker tracker(options, kDetector);
  std::vector<std::vector<int64_t>> all;
  for (size_t i = 0; i < frames.size(); ++i) {
    all.push_back(tracker.push(static_cast<double>(i) / 4, {}, false, frames[i]));
    for (const auto& first : tracker.take_confirmed())
      all[static_cast<size_t>(first.call)][first.detection] = first.track;
  }
  return all;
}

TEST(Assign, FindsTheCheapestOfAllAssignments) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> cost(0, 1);
  for (int round = 0; round < 200; ++round) {
    const size_t rows = 1 + random() % 4, columns = 1 + random() % 4;
    std::vector<double> costs(rows * columns);
    for (double& one : costs) one = cost(random);
    constexpr double kMaxCost = 0.7;
    const auto total = [&](const std::vector<int>& column_of) {
      double sum = 0;
      for (size_t row = 0; row < rows; ++row) {
        const int column = column_of[row];
        sum += column < 0 ? 0 : costs[row * columns + static_cast<size_t>(column)] - kMaxCost;
      }
      return sum;
    };
    // Every way: each order of the columns, with as many "none" as rows.
    std::vector<int> order(columns);
    std::iota(order.begin(), order.end(), 0);
    order.insert(order.end(), rows, -1);
    std::ranges::sort(order);
    double best = 0;
    do {
      std::vector<int> column_of(order.begin(), order.begin() + static_cast<ptrdiff_t>(rows));
      for (size_t row = 0; row < rows; ++row) {
        const int column = column_of[row];
        if (column >= 0 && costs[row * columns + static_cast<size_t>(column)] >= kMaxCost)
          column_of[row] = -1;
      }
      best = std::min(best, total(column_of));
    } while (std::ranges::next_permutation(order).found);
    EXPECT_NEAR(total(assign(costs, rows, columns, kMaxCost)), best, 1e-12);
  }
}

TEST(Track, ASecondSightingNamesTheFirst) {
  const auto tracks = follow({{person(10, 10)}, {person(14, 10)}, {person(18, 10)}});
  EXPECT_EQ(tracks, (std::vector<std::vector<int64_t>>{{1}, {1}, {1}}));
}

TEST(Track, OneSightingIsNoTrack) {
  EXPECT_EQ(follow({{person(10, 10)}, {}, {}})[0], std::vector<int64_t>{0});
}

TEST(Track, TwoPeopleWhoCrossKeepTheirTracks) {
  std::vector<std::vector<Detection>> frames;
  for (int i = 0; i < 21; ++i)
    frames.push_back({person(100 + 15.0 * i, 100), person(400 - 15.0 * i, 150)});
  const auto tracks = follow(frames);
  EXPECT_EQ(tracks.front(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(tracks.back(), (std::vector<int64_t>{1, 2}));
}

TEST(Track, APersonOutOfSightForAWhileKeepsTheirTrack) {
  std::vector<std::vector<Detection>> frames;
  for (int i = 0; i < 20; ++i) {
    frames.push_back({person(100 + 10.0 * i, 100)});
    if (i >= 8 && i < 14) frames.back().clear();
  }
  EXPECT_EQ(follow(frames)[19], std::vector<int64_t>{1});
  EXPECT_EQ(follow(frames, {.new_score = 0.45, .lost_s = 1})[19], std::vector<int64_t>{2});
}

TEST(Track, DetectionsOfLowScoreContinueATrackAndStartNone) {
  const auto tracks = follow({{person(10, 10), person(300, 10, 0.2F)},
                              {person(12, 10), person(300, 10, 0.2F)},
                              {person(14, 10, 0.2F), person(300, 10, 0.2F)}});
  EXPECT_EQ(tracks[2], (std::vector<int64_t>{1, 0}));
}

TEST(Track, AnotherClassIsAnotherObject) {
  auto ball = person(10, 10);
  ball.class_id = 3;
  EXPECT_EQ(follow({{person(10, 10)}, {person(10, 10)}, {ball}})[2], std::vector<int64_t>{0});
}

TEST(Track, CameraMotionIsTakenOut) {
  // The camera pans by two widths a frame; the person stands.
  Tracker tracker(kTracker, kDetector);
  const Homography pan{{1, 0, 80, 0, 1, 0, 0, 0, 1}};
  std::vector<int64_t> last;
  for (int i = 0; i < 6; ++i)
    last = tracker.push(i / 4.0, i == 0 ? Homography{} : pan, false,
                        std::vector{person(800 - 80.0 * i, 100)});
  EXPECT_EQ(last, std::vector<int64_t>{1});
  EXPECT_EQ(tracker.push(1.5, {}, true, std::vector{person(400, 100)}), std::vector<int64_t>{0});
}

/// Number of calls after the first in which a faint box keeps the track of a person seen twice.
int faint_calls(Evidence evidence) {
  Tracker tracker(kTracker, kDetector);
  const std::vector certain{person(10, 10)}, faint{person(10, 10, 0.2F)};
  tracker.push(0, {}, false, certain, std::vector{evidence});
  tracker.push(0.25, {}, false, certain, std::vector{evidence});
  int calls = 0;
  while (calls < 2000 &&
         tracker.push(0.5 + calls / 4.0, {}, false, faint, std::vector{evidence})[0] == 1)
    ++calls;
  return calls;
}

TEST(Track, FaintBoxesCarryATrackForABoundedTime) {
  // Until the last certain detection, at 0.25 s, is too long ago; four calls a second.
  EXPECT_EQ(faint_calls(Evidence::kStill), 4 * 2);
  EXPECT_EQ(faint_calls(Evidence::kMoves), 4 * kTracker.faint_s);
  EXPECT_EQ(faint_calls(Evidence::kWater), 4 * kTracker.faint_s);
  EXPECT_EQ(faint_calls(Evidence::kUnknown), 4 * kTracker.faint_s);
  EXPECT_EQ(faint_calls(Evidence::kBackground), 0);
}

TEST(Track, AStillThingBesideWhereAPersonLeavesTakesNoTrack) {
  // A person walks past a post and out of the frame. The detector takes the post for a person:
  // faintly in most frames, and once surely.
  Tracker tracker(kTracker, kDetector);
  std::vector<std::vector<int64_t>> all;
  for (int i = 0; i < 60; ++i) {
    std::vector<Detection> found{person(212, 100, i == 20 ? 0.5F : 0.25F)};
    std::vector evidence{Evidence::kBackground};
    if (i < 15) {
      found.push_back(person(20 + 12.0 * i, 100));
      evidence.push_back(Evidence::kMoves);
    }
    all.push_back(tracker.push(i / 4.0, {}, false, found, evidence));
  }
  for (int i = 1; i < 15; ++i) EXPECT_EQ(all[size_t(i)][1], 1) << i;
  for (int i = 0; i < 60; ++i) EXPECT_EQ(all[size_t(i)][0], 0) << i;
}

TEST(Track, APersonWhoStopsBeforeTheBackgroundKeepsTheirTrack) {
  // They stand so long that the background shows them; the detector stays sure.
  Tracker tracker(kTracker, kDetector);
  for (int i = 0; i < 40; ++i) {
    const std::vector found{person(20 + 12.0 * std::min(i, 10), 100)};
    const std::vector evidence{i < 12 ? Evidence::kMoves : Evidence::kBackground};
    const auto owner = tracker.push(i / 4.0, {}, false, found, evidence);
    EXPECT_EQ(owner, std::vector<int64_t>{i == 0 ? 0 : 1}) << i;
  }
}

}  // namespace
}  // namespace lido::scene
