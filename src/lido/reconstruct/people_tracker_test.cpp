// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/people_tracker.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

using geometry::Vector3;

constexpr double kStep_s = 0.08;

/// Two who cross on the deck's side, one who wades through both ways, one who swims under water.
std::vector<Walker> four_walkers() {
  return {{{4, 6, -1.2}, {1.0, 0.05, 0}},
          {{16, 6.6, -1.2}, {-1.0, 0, 0}},
          {{10, 2, -1.2}, {0.02, 0.7, 0}},
          {{18, 8, -1.0}, {-0.6, -0.3, 0}, true}};
}

/// The pool that the walkers wade through.
geometry::Pool wading_pool() {
  geometry::Pool pool;
  pool.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}};
  pool.shallow_m = pool.deep_m = 1.2;
  return pool;
}

/// Results of a tracker for people who are known.
struct Followed {
  std::map<size_t, std::set<int64_t>> ids;  ///< Track ids of each person.
  std::map<size_t, int> moments;
  std::vector<double> errors_over_m, errors_under_m;
  std::map<size_t, double> largest_step_m;  ///< Way of the left hip from moment to moment.
  std::map<size_t, Vector3> last_hips;
  /// Normalised errors squared, a degree of freedom, of left hips that one camera saw.
  std::vector<double> alone_errors2;
  LeftOutViews left_out;
};

/// @param hidden  Whether a camera does not see a person at a time.
Followed follow_walkers(const std::vector<Walker>& walkers, double seconds, double sigma_px,
                        const std::function<bool(size_t, size_t, double)>& hidden,
                        const std::optional<geometry::Pool>& pool = std::nullopt) {
  const auto cameras = six_cameras();
  PeopleTracker tracker(cameras, test_space(), {}, pool);
  NoisySight sight(7, sigma_px);
  Followed out;
  for (double time_s = 0; time_s < seconds; time_s += kStep_s) {
    std::vector<StickPerson> people;
    for (const Walker& one : walkers) people.push_back(one.at(time_s));
    const SeenPeople seen = see(cameras, people, sight);
    std::vector<PersonView> views;
    for (size_t i = 0; i < seen.views.size(); ++i) {
      if (!hidden(seen.owners[i], seen.views[i].camera, time_s)) views.push_back(seen.views[i]);
    }
    for (const TrackedPerson& one : tracker.push(time_s, views)) {
      // A tracked person is the one whose hips are nearest.
      const Vector3 hip = one.joints[11].point_in_world;
      const auto nearest = std::ranges::min_element(
          people, {}, [&](const StickPerson& person) { return (person[11] - hip).norm(); });
      const auto owner = static_cast<size_t>(nearest - people.begin());
      out.ids[owner].insert(one.id);
      ++out.moments[owner];
      if (!one.joints[11].is_found()) continue;
      if (const auto last = out.last_hips.find(owner); last != out.last_hips.end())
        out.largest_step_m[owner] =
            std::max(out.largest_step_m[owner], (hip - last->second).norm());
      out.last_hips[owner] = hip;
      if (one.joints[11].cameras.size() == 1) {
        const Vector3 away = hip - (*nearest)[11];
        out.alone_errors2.push_back(away.dot(one.joints[11].covariance.inverse() * away) / 3);
      }
      for (size_t i = 0; i < kJoints; ++i) {
        if (!one.joints[i].is_found()) continue;
        const double error_m = (one.joints[i].point_in_world - (*nearest)[i]).norm();
        ((*nearest)[i].z() < 0 ? out.errors_under_m : out.errors_over_m).push_back(error_m);
      }
    }
  }
  out.left_out = tracker.left_out();
  return out;
}

bool never(size_t, size_t, double) { return false; }

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

TEST(PeopleTracker, KeepsIdentitiesWhereWaysCross) {
  const Followed followed = follow_walkers(four_walkers(), 10, 2, never);
  ASSERT_EQ(followed.ids.size(), 4U);
  std::set<int64_t> all;
  for (const auto& [owner, ids] : followed.ids) {
    EXPECT_EQ(ids.size(), 1U) << owner;
    all.insert(ids.begin(), ids.end());
    // Two moments before confirmation are missing.
    EXPECT_GE(followed.moments.at(owner), 10 / kStep_s - 8) << owner;
  }
  EXPECT_EQ(all.size(), 4U);
}

TEST(PeopleTracker, CountsACrowdInEqualPoses) {
  const Followed followed = follow_walkers(rows_of_walkers(40), 1.5, 2, never);
  std::set<int64_t> all;
  for (const auto& [owner, ids] : followed.ids) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(followed.ids.size(), 40U);
  EXPECT_EQ(all.size(), 40U);
}

// The goals of docs/measurements.md for 2 px of noise: 40 mm over water, 80 mm under it.
TEST(PeopleTracker, MeasuresJointsOverAndUnderWater) {
  const Followed followed = follow_walkers(four_walkers(), 10, 2, never);
  ASSERT_GT(followed.errors_over_m.size(), 1000U);
  ASSERT_GT(followed.errors_under_m.size(), 1000U);
  EXPECT_LT(median(followed.errors_over_m), 0.040);
  EXPECT_LT(median(followed.errors_under_m), 0.080);
}

TEST(PeopleTracker, KeepsAnIdentityWhileAPersonIsHidden) {
  // From 4 to 5 s one camera alone sees the first person.
  const Followed followed =
      follow_walkers(four_walkers(), 9, 2, [](size_t owner, size_t camera, double time_s) {
        return owner == 0 && camera != 1 && time_s > 4 && time_s < 5;
      });
  EXPECT_EQ(followed.ids.at(0).size(), 1U);
}

TEST(PeopleTracker, GoesOnWithABlindCamera) {
  const Followed followed = follow_walkers(
      four_walkers(), 8, 2,
      [](size_t, size_t camera, double time_s) { return camera == 2 && time_s > 3; });
  for (const auto& [owner, ids] : followed.ids) EXPECT_EQ(ids.size(), 1U) << owner;
}

// All cameras have the right elbow half a metre away for 0.4 s, as on another's arm.
TEST(PeopleTracker, LeavesOutAnElbowThatNoArmReaches) {
  const auto cameras = six_cameras();
  PeopleTracker tracker(cameras, test_space());
  NoisySight sight(7, 1);
  const Walker walker = four_walkers()[0];
  int elbows = 0;
  for (int moment = 0; moment < 60; ++moment) {
    const StickPerson truth = walker.at(moment * kStep_s);
    StickPerson shown = truth;
    const bool is_wrong = moment >= 50 && moment < 55;
    if (is_wrong) shown[8] += Vector3(0.4, 0.3, 0.3);
    const auto people = tracker.push(moment * kStep_s, see(cameras, {shown}, sight).views);
    if (moment < 10) continue;
    ASSERT_EQ(people.size(), 1U);
    const Joint& elbow = people[0].joints[8];
    if (!elbow.is_found()) continue;
    ++elbows;
    EXPECT_LT((elbow.point_in_world - truth[8]).norm(), 0.25) << moment;
  }
  EXPECT_GE(elbows, 44);
}

// Three who are upright; the first is seen by one camera alone for longer than a gap may last.
TEST(PeopleTracker, GoesOnWithOneCamera) {
  const std::vector<Walker> walkers = {{{8, 4, -1.2}, {0.6, 0.05, 0}},
                                       {{20, 9, -1.2}, {-0.5, 0, 0}},
                                       {{4, 9, -1.2}, {0.02, 0.2, 0}}};
  const Followed followed = follow_walkers(
      walkers, 9, 2,
      [](size_t owner, size_t camera, double time_s) {
        return owner == 0 && camera != 1 && time_s > 3 && time_s < 7;
      },
      wading_pool());
  ASSERT_EQ(followed.ids.size(), 3U);
  for (const auto& [owner, ids] : followed.ids) {
    EXPECT_EQ(ids.size(), 1U) << owner;
    EXPECT_GE(followed.moments.at(owner), 9 / kStep_s - 8) << owner;
    // A moment's way is 0.08 m.
    EXPECT_LT(followed.largest_step_m.at(owner), 0.5) << owner;
  }
  EXPECT_GT(followed.alone_errors2.size(), 45U);
  // Errors of moments near each other are correlated: this is no test of the mean.
  EXPECT_LT(median(followed.alone_errors2), 2);
}

TEST(PeopleTracker, PlacesPeopleWhomOneCameraAloneEverSaw) {
  auto walkers = four_walkers();
  walkers.pop_back();
  const Followed followed = follow_walkers(
      walkers, 3, 2, [](size_t, size_t camera, double) { return camera != 1; }, wading_pool());
  ASSERT_EQ(followed.ids.size(), 3U);
  for (const auto& [owner, ids] : followed.ids) EXPECT_EQ(ids.size(), 1U) << owner;
  EXPECT_LT(median(followed.alone_errors2), 2);
}

// A box of one camera where five others look and see no person, beside people whom all see.
TEST(PeopleTracker, LeavesOutAFalseBoxOfOneCamera) {
  // Cameras without any view so far would count as blind: two people are seen by all.
  const std::vector<Walker> walkers = {
      four_walkers()[0], {{12, 8, -1.2}, {0.3, 0, 0}}, {{20, 4, -1.2}, {0, 0.3, 0}}};
  const Followed followed = follow_walkers(
      walkers, 4, 2, [](size_t owner, size_t camera, double) { return owner == 1 && camera != 1; },
      wading_pool());
  EXPECT_EQ(followed.ids.size(), 2U);
  EXPECT_EQ(followed.ids.count(1), 0U);
  EXPECT_GT(followed.left_out.unconfirmed, 40);
}

TEST(PeopleTracker, GivesNobodyToOneCameraWithoutAPool) {
  const Followed followed = follow_walkers(
      four_walkers(), 2, 2, [](size_t, size_t camera, double) { return camera != 1; });
  EXPECT_TRUE(followed.ids.empty());
}

TEST(PeopleTracker, EndsAPersonWhoLeft) {
  // Gone for three seconds, longer than max_gap_s: back as a new person.
  const Followed followed =
      follow_walkers({four_walkers()[0]}, 9, 2,
                     [](size_t, size_t, double time_s) { return time_s > 3 && time_s < 6; });
  EXPECT_EQ(followed.ids.at(0).size(), 2U);
}

}  // namespace
}  // namespace lido::reconstruct
