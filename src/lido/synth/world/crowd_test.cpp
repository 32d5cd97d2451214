// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/crowd.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

Pool drawn_pool(uint64_t seed) {
  Random random(seed);
  return random_pool(random);
}

/// Behaviours whose path leads over the rim.
bool crosses(const Behaviour& one) { return one.crosses_rim() || one.follows(); }

struct Before {
  PersonState state;
  double speed_mps = 0;
};

/// Expects the laws that hold for each person at each moment, for any pool and seed.
void expect_physics(const Pool& pool, const Behaviours& all, const Crowd& crowd,
                    std::map<int64_t, Before>& before, double by_s, uint64_t seed) {
  for (const PersonState& now : crowd.states()) {
    const Behaviour& does = all[now.behaviour];
    const Person& person = crowd.person(now.person);
    const auto where = [&] {
      return fmt::format("seed {}, person {}, {} at {:.2f} {:.2f}", seed, now.person, does.name,
                         now.at.x, now.at.y);
    };
    ASSERT_TRUE(std::isfinite(now.at.x + now.at.y + now.mouth_m + now.heading_rad)) << where();
    const double inside = pool.inside_m(now.at);
    if (!crosses(does)) {
      // In the water or on the deck, never in the wall.
      ASSERT_EQ(now.in_water, inside > 0) << where();
      ASSERT_GT(now.in_water ? inside : -inside, 0.05) << where();
    }
    ASSERT_GT(inside, -pool.deck_m - 0.7) << where();
    // People are neither under the floor nor in the air.
    ASSERT_GE(now.mouth_m, -pool.deep_m) << where();
    ASSERT_LE(now.mouth_m, pool.freeboard_m + person.mouth_m() + 0.05) << where();
    const auto found = before.find(now.person);
    if (found == before.end()) continue;
    const PersonState& then = found->second.state;
    const double speed = (now.at - then.at).length() / by_s;
    // At most a sprinter's leap: people do not jump from place to place.
    ASSERT_LE(speed, 4.5) << where();
    ASSERT_LE(std::abs(speed - found->second.speed_mps), 9.0 * by_s + 0.8) << where();
    ASSERT_LE(std::abs(now.mouth_m - then.mouth_m), 4.1 * by_s) << where();
    const bool may_cross = crosses(does) || crosses(all[then.behaviour]);
    ASSERT_TRUE(may_cross || now.in_water == then.in_water) << where();
  }
  std::map<int64_t, Before> next;
  for (const PersonState& now : crowd.states()) {
    const auto found = before.find(now.person);
    const double speed =
        found == before.end() ? 0 : (now.at - found->second.state.at).length() / by_s;
    next[now.person] = {now, speed};
  }
  before = std::move(next);
}

TEST(Crowd, PhysicsHoldsInThousandsOfScenes) {
  const Behaviours& all = behaviours();
  constexpr double kEach_s = 0.1;
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Pool pool = drawn_pool(seed);
    Random random(seed + 77);
    std::vector<Person> people;
    const int64_t count = random.whole(1, 8);
    for (int64_t id = 1; id <= count; ++id) {
      Person person = random_person(random, 4, 85);
      person.id = id;
      person.arrives_s = random.between(0, 10);
      person.leaves_s = random.chance(0.3) ? random.between(10, 60) : 1e6;
      people.push_back(person);
    }
    if (seed % 3 == 0) {  // a grown-up brings a toddler
      people.back().age_years = 30;
      people.back().minds_toddler = true;
      Person toddler = random_person(random, 1.5, 3.9);
      toddler.id = count + 1;
      toddler.minded_by = count;
      toddler.arrives_s = people.back().arrives_s;
      people.push_back(toddler);
    }
    const std::vector<ScheduledIncident> incidents = {
        {20, all[static_cast<size_t>(random.whole(0, std::ssize(all.all()) - 1))].name}};
    Crowd crowd(pool, all, people, incidents, random);
    std::map<int64_t, Before> before;
    for (int tick = 1; tick < 600 && !crowd.is_over(); ++tick) {
      crowd.move_to(tick * kEach_s);
      expect_physics(pool, all, crowd, before, kEach_s, seed);
      if (HasFatalFailure()) return;
      for (const PersonState& state : crowd.states()) seen.insert(all[state.behaviour].name);
    }
  }
  EXPECT_GT(seen.size(), 20u);  // 46 exist, some of them rare
}

TEST(Crowd, DrowningTakesItsCourse) {
  const Behaviours& all = behaviours();
  Pool pool = drawn_pool(1);
  pool.kind = "rectangle";
  pool.outline = {{0, 0}, {12, 0}, {12, 6}, {0, 6}};
  pool.shallow_m = 1.4;
  pool.deep_m = 2.2;
  pool.ways_in = {{0, 3}};
  pool.gate = {-1, 3};
  pool.deck_m = 3;
  int courses = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Person child = person_of_age(9, false, 1);
    child.at = Point{10, 3};
    child.script = {{*all.find("treading"), 40.0, 0}};
    Crowd crowd(pool, all, {child}, {{20, "instinctive_drowning"}}, Random(seed));
    std::vector<std::string> order;
    double last_mouth_m = 1;
    for (int tick = 1; tick < 9000 && !crowd.is_over(); ++tick) {
      crowd.move_to(tick * 0.1);
      if (crowd.states().empty()) break;
      const std::string& name = all[crowd.states()[0].behaviour].name;
      if (order.empty() || order.back() != name) order.push_back(name);
      last_mouth_m = crowd.states()[0].mouth_m;
    }
    ASSERT_FALSE(crowd.events().empty());
    const DangerEvent& event = crowd.events()[0];
    EXPECT_EQ(event.kind, "instinctive_drowning");
    EXPECT_EQ(event.worst, Danger::kDrowning);
    EXPECT_EQ(event.outcome, "rescued");  // by people from outside
    EXPECT_GE(event.end_s - event.begin_s, 300);
    const auto begins = std::ranges::find(order, "instinctive_drowning");
    EXPECT_EQ(begins[1], "sinking");
    EXPECT_EQ(begins[2], "motionless_on_bottom");
    EXPECT_LT(last_mouth_m, -0.9);  // some sit
    ++courses;
  }
  EXPECT_GT(courses, 20);
}

// Those who struggle cannot stand there, unless they are toddlers or elders.
TEST(Crowd, DrowningBeginsWhereNobodyCanStand) {
  const Behaviours& all = behaviours();
  int struggles = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    const Pool pool = drawn_pool(seed);
    Random random(seed + 5);
    std::vector<Person> people;
    for (int64_t id = 1; id <= 6; ++id) {
      people.push_back(random_person(random, 4, 85));
      people.back().id = id;
      people.back().leaves_s = 1e6;
      people.back().at = Point{pool.length_m() * random.between(0.1, 0.9), 1};
    }
    const std::vector<std::string> kinds = {"instinctive_drowning", "backward_water_milling",
                                            "ladder_climbing", "erratic_struggle", "distress"};
    Crowd crowd(pool, all, people, {{3, kinds[seed % kinds.size()]}}, random);
    size_t known = 0;
    for (int tick = 1; tick < 40; ++tick) {
      crowd.move_to(tick * 0.5);
      if (crowd.events().size() == known) continue;
      known = crowd.events().size();
      const DangerEvent& event = crowd.events().back();
      if (std::ranges::find(kinds, event.kind) == kinds.end()) continue;
      const Person& person = crowd.person(event.person);
      const auto state = std::ranges::find(crowd.states(), event.person, &PersonState::person);
      const bool weak = person.group() == AgeGroup::kElder;
      // Half a second of drifting at most.
      EXPECT_GT(pool.depth_m(state->at), (weak ? 0.49 : 0.94) * person.stature_m) << event.kind;
      ++struggles;
    }
  }
  EXPECT_GT(struggles, 150);
}

TEST(Crowd, AToddlerStaysWithTheirMinder) {
  const Behaviours& all = behaviours();
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Pool pool = drawn_pool(seed);
    Person parent = person_of_age(33, false, 1), toddler = person_of_age(2.5, false, 2);
    parent.minds_toddler = true;
    toddler.minded_by = 1;
    Crowd crowd(pool, all, {parent, toddler}, {}, Random(seed));
    for (int tick = 1; tick < 3000; ++tick) {
      crowd.move_to(tick * 0.2);
      ASSERT_EQ(crowd.states().size(), 2u);
      const auto& states = crowd.states();
      EXPECT_LT((states[0].at - states[1].at).length(), 2.5) << seed;
      EXPECT_GT(states[1].mouth_m, -0.3) << seed << " " << all[states[1].behaviour].name;
    }
  }
}

TEST(Crowd, EqualSeedsGiveEqualMotion) {
  const Behaviours& all = behaviours();
  const Pool pool = drawn_pool(5);
  const auto last = [&](uint64_t seed, double each_s) {
    Crowd crowd(pool, all, {person_of_age(20, false, 1), person_of_age(40, false, 2)}, {},
                Random(seed));
    for (double t = each_s; t < 200; t += each_s) crowd.move_to(t);
    return crowd.states().at(0).at;
  };
  EXPECT_EQ(last(1, 0.5).x, last(1, 0.5).x);
  EXPECT_NE(last(1, 0.5).x, last(2, 0.5).x);
}

TEST(Crowd, LetsPeopleArriveAndLeaveInTime) {
  const Behaviours& all = behaviours();
  const Pool pool = testing::rectangle_pool();
  Person early = person_of_age(30, false, 1), late = person_of_age(40, true, 2);
  early.arrives_s = 10, early.leaves_s = 60;
  late.arrives_s = 30, late.leaves_s = 70;
  Crowd crowd(pool, all, {late, early}, {}, Random(3));
  EXPECT_EQ(*crowd.next_arrival_s(), 10);
  crowd.move_to(9);
  EXPECT_TRUE(crowd.states().empty());
  crowd.move_to(12);
  ASSERT_EQ(crowd.states().size(), 1u);
  EXPECT_EQ(crowd.states()[0].person, 1);
  EXPECT_LT((crowd.states()[0].at - pool.gate).length(), 3);  // near the gate
  EXPECT_EQ(*crowd.next_arrival_s(), 30);
  crowd.move_to(32);
  EXPECT_EQ(crowd.states().size(), 2u);
  EXPECT_EQ(crowd.next_arrival_s(), std::nullopt);
  for (double time_s = 33; time_s < 900 && !crowd.is_over(); time_s += 1) crowd.move_to(time_s);
  EXPECT_TRUE(crowd.is_over());
  EXPECT_EQ(crowd.person(2).age_years, 40);
}

TEST(Crowd, WaitsWithAnIncidentForASuitablePerson) {
  const Pool pool = testing::rectangle_pool();
  Person swimmer = person_of_age(20);
  swimmer.at = Point{-1, 3};
  swimmer.script = {{*behaviours().find("standing"), 30.0, 0},
                    {*behaviours().find("climbing_in"), std::nullopt, 0},
                    {*behaviours().find("playing"), 60.0, 0}};
  Crowd crowd(pool, behaviours(), {swimmer}, {{5, "distress"}}, Random(1));
  crowd.move_to(25);
  EXPECT_TRUE(crowd.events().empty());  // on land
  for (double time_s = 26; time_s < 120 && crowd.events().empty(); time_s += 0.5)
    crowd.move_to(time_s);
  ASSERT_EQ(crowd.events().size(), 1u);
  EXPECT_GT(crowd.events()[0].begin_s, 30);
}

TEST(Crowd, ClosesLastingDangersAsOpen) {
  const Pool pool = testing::rectangle_pool();
  Person swimmer = person_of_age(9);
  swimmer.at = Point{10, 3};
  swimmer.script = {{*behaviours().find("distress"), 600.0, 0}};
  Crowd crowd(pool, behaviours(), {swimmer}, {}, Random(1));
  crowd.move_to(20);
  ASSERT_EQ(crowd.events().size(), 1u);
  EXPECT_EQ(crowd.events()[0].outcome, "");
  crowd.close();
  EXPECT_EQ(crowd.events()[0].outcome, "open");
  EXPECT_NEAR(crowd.events()[0].end_s, 20, 1e-9);
  EXPECT_TRUE(crowd.is_over());
}

}  // namespace
}  // namespace lido::synth
