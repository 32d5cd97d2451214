// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/collision.h"

#include <gtest/gtest.h>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

class Collision : public ::testing::Test {
 protected:
  Collision() { state_.people = {person_of_age(30), person_of_age(40, true, 2)}; }
  Agent agent_at(Point at, const char* behaviour, size_t person = 0) {
    Agent agent;
    agent.person = person;
    agent.at = at;
    agent.in_water = pool_.is_water(at);
    agent.behaviour = *behaviours().find(behaviour);
    return agent;
  }

  static constexpr double kStep_s = 0.1;
  Pool pool_ = testing::rectangle_pool();
  CrowdState state_{.pool = pool_, .behaviours = behaviours(), .people = {}, .random = Random(1)};
};

TEST_F(Collision, AcceleratesLikeAPerson) {
  Agent agent = agent_at({6, -1.5}, "walking");
  move_agent(state_, agent, {1, 0}, kStep_s);
  EXPECT_NEAR(agent.velocity.length(), 0.3, 1e-9);  // 3 m/s^2 on land
  Agent swimmer = agent_at({6, 3}, "playing");
  move_agent(state_, swimmer, {1, 0}, kStep_s);
  EXPECT_NEAR(swimmer.velocity.length(), 0.15, 1e-9);  // 1.5 m/s^2 in water
  swimmer.velocity = {1, 0};
  move_agent(state_, swimmer, {0, 0}, kStep_s);
  EXPECT_NEAR(swimmer.velocity.length(), 0.5, 1e-9);  // water brakes with 5 m/s^2
}

TEST_F(Collision, NeverLeavesItsSideOfTheRim) {
  Random random(3);
  for (int i = 0; i < 400; ++i) {
    const bool wet = i % 2 == 0;
    Agent agent = wet ? agent_at({random.between(0.3, 11.7), random.between(0.3, 5.7)}, "playing")
                      : agent_at({random.between(-2, 14), random.between(-2.8, -0.3)}, "walking");
    const double direction = random.between(0, 2 * M_PI);
    for (int step = 0; step < 80; ++step) {
      move_agent(state_, agent, direction_of(direction) * 1.5, kStep_s);
      const double inside_m = pool_.inside_m(agent.at);
      if (wet) {
        ASSERT_GT(inside_m, 0.1);
      } else {
        ASSERT_LT(inside_m, -0.09);
        ASSERT_GT(inside_m, -pool_.deck_m - 0.3);
      }
    }
  }
}

TEST_F(Collision, StopsSmoothlyBeforeTheWall) {
  Agent swimmer = agent_at({6, 3}, "playing");
  swimmer.velocity = {1.5, 0};
  double speed = 1.5;
  for (int step = 0; step < 120; ++step) {
    move_agent(state_, swimmer, {1.5, 0}, kStep_s);
    EXPECT_LT(std::abs(swimmer.velocity.length() - speed), 0.6) << step;  // no sudden stop
    speed = swimmer.velocity.length();
  }
  EXPECT_LT(speed, 0.05);
  EXPECT_NEAR(swimmer.at.x, 12 - kWaterMargin_m, 0.05);
}

TEST_F(Collision, KeepsPeopleApart) {
  state_.agents = {agent_at({6, 3}, "playing"), agent_at({6.2, 3}, "playing", 1)};
  for (int step = 0; step < 100; ++step) {
    for (Agent& agent : state_.agents) move_agent(state_, agent, {0, 0}, kStep_s);
  }
  EXPECT_GT((state_.agents[0].at - state_.agents[1].at).length(), 0.5);
}

TEST_F(Collision, LetsAToddlerBeCarriedClose) {
  state_.people[1].minded_by = 1;
  state_.agents = {agent_at({6, 3}, "playing"), agent_at({6.1, 3}, "playing", 1)};
  move_agent(state_, state_.agents[0], {0, 0}, kStep_s);
  EXPECT_EQ(state_.agents[0].at.x, 6);  // the minder does not shrink back
}

TEST_F(Collision, TurnsNoFasterThanPeopleCan) {
  Agent agent = agent_at({6, -1.5}, "walking");
  agent.velocity = {-1, 0};
  agent.heading_rad = 0;
  move_agent(state_, agent, {-1, 0}, kStep_s);
  EXPECT_NEAR(std::abs(agent.heading_rad), 0.3, 1e-9);  // 3 rad/s
}

}  // namespace
}  // namespace lido::synth
