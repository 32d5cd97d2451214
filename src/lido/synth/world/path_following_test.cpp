// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/path_following.h"

#include <gtest/gtest.h>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

/// A basin of 12 x 6 m with a ladder at (0, 3), and one person.
class PathFollowing : public ::testing::Test {
 protected:
  PathFollowing() { state_.people = {person_of_age(30)}; }
  void begin(const char* name, Point at) {
    agent_ = {};
    agent_.at = at;
    agent_.in_water = pool_.is_water(at);
    agent_.behaviour = *behaviours().find(name);
    agent_.speed_mps = 1;
    plan_path(state_, agent_);
  }
  Point velocity() { return desired_velocity(state_, agent_, 0.1).value_or(Point{99, 99}); }

  Pool pool_ = testing::rectangle_pool();
  CrowdState state_{.pool = pool_, .behaviours = behaviours(), .people = {}, .random = Random(1)};
  Agent agent_;
};

TEST_F(PathFollowing, LeadsToTheNearestWayIn) {
  begin("climbing_in", {-1.5, 1});
  ASSERT_FALSE(agent_.waypoints.empty());
  // 0.35 m before the ladder at (0, 3), then straight on into the water.
  EXPECT_NEAR(agent_.waypoints.front().x, -0.35, 1e-9);
  EXPECT_NEAR(agent_.waypoints.front().y, 3, 1e-9);
  EXPECT_NEAR(agent_.crossing_direction.x, 1, 1e-9);
  const Point toward = velocity();
  EXPECT_GT(toward.x, 0);
  EXPECT_GT(toward.y, 0);
}

TEST_F(PathFollowing, CrossesTheRimAndEnds) {
  begin("climbing_in", {-0.35, 3});
  EXPECT_NEAR(velocity().x, 1, 1e-9);
  EXPECT_TRUE(agent_.crosses_rim);
  agent_.at = {0.3, 3};
  EXPECT_NEAR(velocity().x, 1, 1e-9);
  EXPECT_TRUE(agent_.in_water);
  agent_.at = {0.7, 3};  // 0.6 m inside ends the crossing
  EXPECT_EQ(desired_velocity(state_, agent_, 0.1), std::nullopt);
  EXPECT_FALSE(agent_.crosses_rim);
}

TEST_F(PathFollowing, SwimsLanesToAndFro) {
  begin("front_crawl", {6, 3});
  agent_.heading_rad = 0;
  (void)velocity();
  ASSERT_EQ(agent_.waypoints.size(), 1u);
  EXPECT_GT(agent_.waypoints[0].x, 11);  // the end ahead
  EXPECT_EQ(agent_.waypoints[0].y, 3);
  begin("front_crawl", {11.2, 3});  // at that end already
  agent_.heading_rad = 0;
  (void)velocity();
  EXPECT_LT(agent_.waypoints[0].x, 1);
}

TEST_F(PathFollowing, WandersToPointsThatCanBeReached) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    state_.random = Random(seed);
    const Point from = seed % 2 == 0 ? Point{6, 3} : Point{6, -1};
    begin(seed % 2 == 0 ? "playing" : "walking", from);
    agent_.behaviour = *behaviours().find("walking");
    ASSERT_EQ(behaviours()[agent_.behaviour].path, Path::kWander);
    (void)velocity();
    ASSERT_EQ(agent_.waypoints.size(), 1u);
    EXPECT_EQ(pool_.is_water(agent_.waypoints[0]), pool_.is_water(from));
    EXPECT_LE(std::abs(agent_.waypoints[0].x - from.x), 5);
  }
}

TEST_F(PathFollowing, SlowsDownBeforeAWaypoint) {
  begin("walking", {2, -1.5});
  agent_.waypoints = {{4, -1.5}};
  EXPECT_NEAR(velocity().length(), 1.1 * speed_factor(state_.people[0]), 0.35);
  agent_.at = {3.84, -1.5};  // 0.16 m before it
  EXPECT_NEAR(velocity().length(), 0.8, 1e-9);
  agent_.at = {3.9, -1.5};  // reached
  (void)velocity();
  EXPECT_TRUE(agent_.waypoints.empty() || agent_.waypoints[0].x != 4);
}

TEST_F(PathFollowing, KeepsAToddlerAtArmsLength) {
  state_.people = {person_of_age(30), person_of_age(2, false, 2)};
  state_.people[1].minded_by = 1;
  Agent minder;
  minder.at = {6, 3};
  minder.in_water = true;
  state_.agents = {minder};
  Agent toddler;
  toddler.person = 1;
  toddler.at = {5, 3};
  for (int i = 0; i < 100; ++i) follow_minder(state_, toddler, 0.1);
  EXPECT_NEAR((toddler.at - minder.at).length(), 0.4, 0.02);
  EXPECT_TRUE(toddler.in_water);
}

}  // namespace
}  // namespace lido::synth
