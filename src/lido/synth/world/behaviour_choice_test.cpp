// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/behaviour_choice.h"

#include <gtest/gtest.h>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

/// A basin of 12 x 6 m, 1.1 to 2.1 m deep, and one person.
class BehaviourChoice : public ::testing::Test {
 protected:
  BehaviourChoice() {
    state_.people = {person_of_age(30)};
    agent_.at = {6, -1.5};
  }
  Person& person() { return state_.people[0]; }
  const Behaviour& named(const char* name) const { return behaviours()[*behaviours().find(name)]; }
  bool may(const char* name) const { return may_begin(state_, agent_, named(name)); }
  void put(Point at) {
    agent_.at = at;
    agent_.in_water = pool_.is_water(at);
  }

  Pool pool_ = testing::rectangle_pool();
  CrowdState state_{.pool = pool_, .behaviours = behaviours(), .people = {}, .random = Random(1)};
  Agent agent_;
};

TEST_F(BehaviourChoice, KeepsLandAndWaterApart) {
  EXPECT_TRUE(may("walking"));
  EXPECT_FALSE(may("front_crawl"));
  put({6, 3});
  EXPECT_FALSE(may("walking"));
  EXPECT_TRUE(may("front_crawl"));
}

TEST_F(BehaviourChoice, WantsWaterDeepEnough) {
  Behaviour deep = named("front_crawl");
  deep.depth = 1;  // a stature: 1.75 m, which begins at x = 7.8 m
  put({2, 3});
  EXPECT_FALSE(may_begin(state_, agent_, deep));
  put({11, 3});
  EXPECT_TRUE(may_begin(state_, agent_, deep));
}

TEST_F(BehaviourChoice, KeepsCleanersOutOfTheWater) {
  EXPECT_TRUE(may("climbing_in"));
  person().is_cleaner = true;
  EXPECT_FALSE(may("climbing_in"));
  EXPECT_FALSE(may("sitting_at_edge"));
  EXPECT_TRUE(may("walking"));
}

TEST_F(BehaviourChoice, KeepsThoseWhoMindAToddlerBeside) {
  put({6, 3});
  EXPECT_TRUE(may("front_crawl"));
  person().minds_toddler = true;
  EXPECT_FALSE(may("front_crawl"));
}

TEST_F(BehaviourChoice, LetsAgesDoTheirOwn) {
  Behaviour for_children = named("walking");
  for_children.ages = {AgeGroup::kChild};
  EXPECT_FALSE(may_begin(state_, agent_, for_children));
  person().age_years = 8;
  EXPECT_TRUE(may_begin(state_, agent_, for_children));
}

TEST_F(BehaviourChoice, RunsInOnlyWhereItIsDeepEnough) {
  Behaviour runs_in = named("walking");
  runs_in.path = Path::kRunIn;
  EXPECT_TRUE(may_begin(state_, agent_, runs_in));
  pool_.deep_m = 1.1;
  EXPECT_FALSE(may_begin(state_, agent_, runs_in));
}

TEST_F(BehaviourChoice, FollowsTheScriptInOrder) {
  const size_t walking = *behaviours().find("walking"), standing = *behaviours().find("standing");
  person().script = {{walking, 3.0, 0}, {standing, std::nullopt, 2}};
  ASSERT_TRUE(begin_scripted(state_, agent_));
  EXPECT_EQ(agent_.behaviour, walking);
  EXPECT_EQ(agent_.remaining_s, 3);
  EXPECT_EQ(agent_.signal, 0u);
  choose_behaviour(state_, agent_);
  EXPECT_EQ(agent_.behaviour, standing);
  EXPECT_EQ(agent_.signal, 2u);
  EXPECT_FALSE(begin_scripted(state_, agent_));
}

TEST_F(BehaviourChoice, ChoosesAmongWhatMayFollow) {
  begin_behaviour(state_, agent_, *behaviours().find("standing"));
  for (int i = 0; i < 200; ++i) {
    begin_behaviour(state_, agent_, *behaviours().find("standing"));
    choose_behaviour(state_, agent_);
    bool follows = false;
    for (const auto& next : named("standing").next) follows |= next.behaviour == agent_.behaviour;
    EXPECT_TRUE(follows) << behaviours()[agent_.behaviour].name;
    EXPECT_TRUE(may_begin(state_, agent_, behaviours()[agent_.behaviour]));
    put({6, -1.5});
  }
}

TEST_F(BehaviourChoice, SendsPeopleHomeWhenItIsTime) {
  begin_behaviour(state_, agent_, *behaviours().find("standing"));
  person().leaves_s = 100;
  state_.now_s = 101;
  choose_behaviour(state_, agent_);
  EXPECT_TRUE(agent_.leaves);
  ASSERT_FALSE(agent_.waypoints.empty());
  EXPECT_EQ(agent_.waypoints.front().x, pool_.gate.x);
  // Out of the water first.
  agent_ = {};
  put({6, 3});
  begin_behaviour(state_, agent_, *behaviours().find("playing"));
  choose_behaviour(state_, agent_);
  EXPECT_EQ(behaviours()[agent_.behaviour].name, "climbing_out");
  EXPECT_FALSE(agent_.leaves);
}

TEST_F(BehaviourChoice, RecordsADangerFromItsBeginningToItsEnd) {
  put({10, 3});
  state_.now_s = 10;
  begin_behaviour(state_, agent_, *behaviours().find("distress"));
  ASSERT_EQ(state_.events.size(), 1u);
  EXPECT_EQ(state_.events[0].kind, "distress");
  EXPECT_EQ(state_.events[0].worst, Danger::kDistress);
  EXPECT_GE(agent_.rescue_s, 25);
  EXPECT_LE(agent_.rescue_s, 170);
  state_.now_s = 30;
  begin_behaviour(state_, agent_, *behaviours().find("instinctive_drowning"));
  ASSERT_EQ(state_.events.size(), 1u);  // one event, which grew worse
  EXPECT_EQ(state_.events[0].worst, Danger::kDrowning);
  state_.now_s = 50;
  begin_behaviour(state_, agent_, *behaviours().find("playing"));
  EXPECT_EQ(state_.events[0].outcome, "recovered");
  EXPECT_EQ(state_.events[0].begin_s, 10);
  EXPECT_EQ(state_.events[0].end_s, 50);
}

}  // namespace
}  // namespace lido::synth
