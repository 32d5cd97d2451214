// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/rescue.h"

#include <gtest/gtest.h>

#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

/// A child who drowns in the deep, and others at the edge.
Crowd drowning_child(const Pool& pool, std::vector<Person> others, uint64_t seed,
                     std::vector<ScheduledIncident> incidents = {}) {
  Person child = person_of_age(8);
  child.at = Point{9, 3};
  child.script = {{*behaviours().find("instinctive_drowning"), std::nullopt, 0}};
  others.insert(others.begin(), child);
  for (size_t i = 0; i < others.size(); ++i) others[i].id = static_cast<int64_t>(i) + 1;
  return {pool, behaviours(), std::move(others), std::move(incidents), Random(seed)};
}

// An adult comes, takes hold of the child, and lays them on the deck, where they stay in view.
TEST(Rescue, BringsTheDrowningPersonToTheDeck) {
  const Pool pool = testing::rectangle_pool();
  int under_water = 0, recovered = 0, hurried = 0;
  constexpr int kScenes = 60;
  for (uint64_t seed = 0; seed < kScenes; ++seed) {
    Person adult = person_of_age(35);
    adult.at = Point{2, -1.5};
    Crowd crowd = drowning_child(pool, {adult}, seed);
    std::vector<std::string> child, helper;
    bool sank = false;
    for (int tick = 1; tick < 9000; ++tick) {
      crowd.move_to(0.1 * tick);
      for (const PersonState& state : crowd.states()) {
        auto& order = state.person == 1 ? child : helper;
        const std::string& name = behaviours()[state.behaviour].name;
        if (order.empty() || order.back() != name) order.push_back(name);
      }
      sank |= !child.empty() && child.back() == "motionless_on_bottom";
      if (!child.empty() && child.back() == "lying_rescued") break;
    }
    ASSERT_EQ(child.back(), "lying_rescued") << seed;
    const PersonState& lies = crowd.states()[0];
    EXPECT_FALSE(lies.in_water);
    EXPECT_LT(pool.inside_m(lies.at), -0.2);
    EXPECT_GT(pool.inside_m(lies.at), -2);
    EXPECT_EQ(std::ranges::count(child, "towed"), 1) << seed;
    hurried += std::ranges::count(helper, "hurrying_to_help") > 0 ? 1 : 0;
    for (const char* step : {"swimming_to_help", "towing"})
      EXPECT_GE(std::ranges::count(helper, step), 1) << step << " " << seed;
    ASSERT_EQ(crowd.events().size(), 1u);
    const DangerEvent& event = crowd.events()[0];
    EXPECT_EQ(event.outcome, "rescued");
    EXPECT_GT(event.end_s - event.begin_s, 15);
    EXPECT_LT(event.end_s - event.begin_s, 260);
    under_water += sank ? 1 : 0;
    crowd.move_to(event.end_s + 60);
    EXPECT_EQ(crowd.states()[0].person, 1) << "still in view";
    crowd.move_to(event.end_s + 700);
    for (const PersonState& state : crowd.states()) recovered += state.person == 1 ? 1 : 0;
  }
  EXPECT_GT(under_water, 5);
  EXPECT_LT(under_water, kScenes - 5);  // some before they sank
  EXPECT_GT(hurried, 10);               // the others were in the water already
  EXPECT_GT(recovered, 8);
  EXPECT_LT(recovered, kScenes - 8);
}

TEST(Rescue, SendsALifeguardBeforeOthers) {
  const Pool pool = testing::rectangle_pool();
  Person near = person_of_age(30), guard = person_of_age(25);
  near.at = Point{9, -1}, guard.at = Point{-1, 1};
  guard.is_lifeguard = true;
  Crowd crowd = drowning_child(pool, {near, guard}, 4);
  bool helped = false;
  for (int tick = 1; tick < 3000 && !helped; ++tick) {
    crowd.move_to(0.1 * tick);
    for (const PersonState& state : crowd.states()) {
      if (behaviours()[state.behaviour].name != "hurrying_to_help") continue;
      EXPECT_EQ(state.person, 3);
      helped = true;
    }
  }
  EXPECT_TRUE(helped);
}

// Rescued people and those who tend them get no new incident.
TEST(Rescue, SparesThoseInvolvedFromNewIncidents) {
  const Pool pool = testing::rectangle_pool();
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Person adult = person_of_age(35);
    adult.at = Point{2, -1.5};
    // Without incidents, to learn when the rescue ends.
    Crowd calm = drowning_child(pool, {adult}, seed);
    calm.move_to(1);
    ASSERT_EQ(calm.events().size(), 1u);
    for (int second = 2; second < 900 && calm.events()[0].outcome.empty(); ++second)
      calm.move_to(second);
    ASSERT_EQ(calm.events()[0].outcome, "rescued") << seed;
    const double end_s = calm.events()[0].end_s;
    Crowd crowd = drowning_child(pool, {adult}, seed, {{end_s + 1, "falling"}});
    // The rescued person stays down for 120 s or more.
    for (int second = 1; second < end_s + 110; ++second) crowd.move_to(second);
    ASSERT_EQ(crowd.states().size(), 2u);
    EXPECT_EQ(crowd.events().size(), 1u) << seed;
    EXPECT_EQ(behaviours()[crowd.states()[0].behaviour].name, "lying_rescued") << seed;
    EXPECT_EQ(behaviours()[crowd.states()[1].behaviour].name, "tending") << seed;
  }
}

TEST(Rescue, LeavesHelpersToTheirScript) {
  const Pool pool = testing::rectangle_pool();
  Person adult = person_of_age(35);
  adult.at = Point{2, -1.5};
  adult.script = {{*behaviours().find("standing"), 280.0, 0}};
  Crowd crowd = drowning_child(pool, {adult}, 1);
  crowd.move_to(270);
  ASSERT_EQ(crowd.states().size(), 2u);
  EXPECT_EQ(behaviours()[crowd.states()[1].behaviour].name, "standing");
}

// Pools of every shape: rescues end on the deck.
TEST(Rescue, SucceedsInPoolsOfEveryShape) {
  int rescued = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    const auto bounds = pool.bounds();
    Person victim = person_of_age(6), adult = person_of_age(30, true, 2);
    do {
      victim.at = Point{random.between(bounds.low_x, bounds.high_x),
                        random.between(bounds.low_y, bounds.high_y)};
    } while (pool.inside_m(*victim.at) < 0.4);
    victim.script = {{*behaviours().find("motionless_at_surface"), 600.0, 0}};
    Crowd crowd(pool, behaviours(), {victim, adult}, {}, Random(seed));
    for (int second = 1; second < 420 && crowd.events().size() < 1; ++second) crowd.move_to(second);
    ASSERT_FALSE(crowd.events().empty());
    crowd.move_to(430);
    if (crowd.events()[0].outcome == "rescued") ++rescued;
  }
  EXPECT_GE(rescued, 147);
}

}  // namespace
}  // namespace lido::synth
