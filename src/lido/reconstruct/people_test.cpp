// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/people.h"

#include <gtest/gtest.h>

#include <set>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

using geometry::Vector3;

/// People at random places, 0.8 m apart or more; every third under water.
std::vector<StickPerson> crowd(int count, NoisySight& sight) {
  std::vector<StickPerson> people;
  std::vector<Vector3> places;
  for (int i = 0; i < count; ++i) {
    const auto beside = [&](const Vector3& other, const Vector3& at) {
      return (other - at).norm() < 0.8;
    };
    Vector3 at;
    do {
      at = {sight.between(2, 23), sight.between(1, 11.5), 0};
    } while (std::ranges::any_of(places, [&](const Vector3& one) { return beside(one, at); }));
    places.push_back(at);
    const double angle = sight.between(0, 6.28);
    const Vector3 ahead(std::cos(angle), std::sin(angle), 0);
    const bool lying = i % 3 == 2;
    people.push_back(
        Walker{at + Vector3(0, 0, lying ? -0.6 : -1.2), ahead, lying}.at(sight.between(0, 0.1)));
  }
  return people;
}

TEST(Associate, GroupsViewsByPerson) {
  const auto cameras = six_cameras();
  NoisySight sight(1, 2);
  int people_seen = 0, found = 0, mixed = 0;
  for (int moment = 0; moment < 40; ++moment) {
    const auto people = crowd(8, sight);
    const SeenPeople seen = see(cameras, people, sight);
    std::vector<int> views_of(people.size());
    for (const size_t owner : seen.owners) ++views_of[owner];
    people_seen += static_cast<int>(std::ranges::count_if(views_of, [](int n) { return n >= 2; }));
    std::set<size_t> owners_found;
    for (const auto& group : associate(cameras, seen.views, test_space())) {
      std::set<size_t> owners, in_cameras;
      for (const size_t i : group) {
        owners.insert(seen.owners[i]);
        in_cameras.insert(seen.views[i].camera);
      }
      EXPECT_EQ(in_cameras.size(), group.size());
      mixed += owners.size() > 1;
      owners_found.insert(*owners.begin());
    }
    found += static_cast<int>(owners_found.size());
  }
  EXPECT_GT(people_seen, 250);
  EXPECT_GE(found, 0.97 * people_seen);
  EXPECT_LE(mixed, 0.015 * people_seen);
}

// A camera sees a person whom no other sees: sight lines of two different people may meet by
// chance, as heads and feet do on one level, but seldom, and never in three cameras.
TEST(Associate, SeldomJoinsDifferentPeople) {
  const auto cameras = six_cameras();
  NoisySight sight(2, 2);
  size_t views_in_all = 0, groups = 0;
  for (int moment = 0; moment < 60; ++moment) {
    std::vector<PersonView> views;
    for (size_t i = 0; i < cameras.size(); ++i) {
      const SeenPeople seen = see(cameras, crowd(1, sight), sight);
      for (const PersonView& view : seen.views) {
        if (view.camera == i) views.push_back(view);
      }
    }
    views_in_all += views.size();
    for (const auto& group : associate(cameras, views, test_space())) {
      EXPECT_EQ(group.size(), 2U);
      ++groups;
    }
  }
  EXPECT_GT(views_in_all, 250U);
  EXPECT_LT(groups, 0.05 * static_cast<double>(views_in_all));
  EXPECT_TRUE(associate(cameras, {}, test_space()).empty());
}

// People in equal poses on one line of sight look like one person to a pair of cameras: such pairs
// were two people more than the forty.
TEST(Associate, CountsACrowdInEqualPoses) {
  auto cameras = six_cameras();
  cameras.pop_back();
  NoisySight sight(1, 2);
  constexpr int kPeople = 40, kMoments = 10;
  int groups = 0, mixed = 0;
  for (int moment = 0; moment < kMoments; ++moment) {
    std::vector<StickPerson> people;
    for (const Walker& one : rows_of_walkers(kPeople)) people.push_back(one.at(moment / 2.0));
    const SeenPeople seen = see(cameras, people, sight);
    for (const auto& group : associate(cameras, seen.views, test_space())) {
      ++groups;
      mixed += std::ranges::any_of(
          group, [&](size_t i) { return seen.owners[i] != seen.owners[group[0]]; });
    }
  }
  EXPECT_NEAR(groups, kPeople * kMoments, 2);
  EXPECT_LE(mixed, 2);
}

TEST(Associate, LooksOnlyInsideTheSpace) {
  const auto cameras = six_cameras();
  NoisySight sight(3, 1);
  const auto seen = see(cameras, {Walker{{12, 6, -1.2}, {1, 0, 0}}.at(0)}, sight);
  EXPECT_EQ(associate(cameras, seen.views, test_space()).size(), 1U);
  EXPECT_TRUE(associate(cameras, seen.views, {{20, 0, -2}, {25, 12, 2.6}}).empty());
}

TEST(TriangulatePerson, LeavesOutAForeignView) {
  const auto cameras = six_cameras();
  NoisySight sight(4, 2);
  const StickPerson person = Walker{{12, 6, -1.2}, {1, 0, 0}}.at(0);
  const SeenPeople seen = see(cameras, {person, Walker{{14, 7, -1.2}, {1, 0, 0}}.at(0)}, sight);
  std::vector<size_t> group;
  std::optional<size_t> foreign;
  for (size_t i = 0; i < seen.views.size(); ++i) {
    const bool last = seen.views[i].camera == 5;
    if (seen.owners[i] == (last ? 1U : 0U)) group.push_back(i);
    if (last && seen.owners[i] == 1) foreign = i;
  }
  ASSERT_TRUE(foreign);
  ASSERT_GE(group.size(), 5U);
  const Skeleton skeleton = triangulate_person(cameras, seen.views, group, test_space());
  EXPECT_EQ(std::ranges::count(skeleton.views, *foreign), 0);
  EXPECT_EQ(skeleton.found(), kJoints);
  for (size_t i = 0; i < kJoints; ++i) {
    const Vector3 error = skeleton.joints[i].point_in_world - person[i];
    EXPECT_LT(error.dot(skeleton.joints[i].covariance.inverse() * error), 30) << i;
  }
}

TEST(SpaceOf, ReachesFromTheFloorToTheDeck) {
  geometry::Pool pool;
  pool.outline = {{0, 0}, {8, 0}, {8, 4}, {0, 4}};
  pool.shallow_m = 1, pool.deep_m = 2, pool.deck_m = 3;
  const Space space = space_of(pool);
  EXPECT_TRUE(space.contains({-3, -3, 1.8}));
  EXPECT_TRUE(space.contains({4, 2, -2}));
  EXPECT_FALSE(space.contains({4, 2, -3}));
  EXPECT_FALSE(space.contains({-5, 2, 0}));
  EXPECT_FALSE(space.contains({4, 2, 3}));
}

}  // namespace
}  // namespace lido::reconstruct
