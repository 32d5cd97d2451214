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
bool crosses(const Behaviour& one) { return one.crosses_rim() || one.path == Path::kFollow; }

struct Before {
  Stance stance;
  double speed_mps = 0;
};

/// What holds of everybody at every moment, whatever the pool and the seed.
void expect_physics(const Pool& pool, const Behaviours& all, const Crowd& crowd,
                    std::map<int64_t, Before>& before, double by_s, uint64_t seed) {
  for (const Stance& now : crowd.stances()) {
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
    // Nobody is under the floor or flies.
    ASSERT_GE(now.mouth_m, -pool.deep_m) << where();
    ASSERT_LE(now.mouth_m, pool.freeboard_m + person.mouth_m() + 0.05) << where();
    const auto found = before.find(now.person);
    if (found == before.end()) continue;
    const Stance& then = found->second.stance;
    const double speed = (now.at - then.at).length() / by_s;
    // A child's run to a sprinter's leap: nobody jumps from place to place.
    ASSERT_LE(speed, 4.5) << where();
    ASSERT_LE(std::abs(speed - found->second.speed_mps), 9.0 * by_s + 0.8) << where();
    ASSERT_LE(std::abs(now.mouth_m - then.mouth_m), 4.1 * by_s) << where();
    const bool may_cross = crosses(does) || crosses(all[then.behaviour]);
    ASSERT_TRUE(may_cross || now.in_water == then.in_water) << where();
  }
  std::map<int64_t, Before> next;
  for (const Stance& now : crowd.stances()) {
    const auto found = before.find(now.person);
    const double speed =
        found == before.end() ? 0 : (now.at - found->second.stance.at).length() / by_s;
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
    if (seed % 3 == 0) {  // somebody brings a toddler
      people.back().age_years = 30;
      people.back().minds = true;
      Person toddler = random_person(random, 1.5, 3.9);
      toddler.id = count + 1;
      toddler.minded_by = count;
      toddler.arrives_s = people.back().arrives_s;
      people.push_back(toddler);
    }
    const std::vector<Plight> plights = {
        {20, all[static_cast<size_t>(random.whole(0, std::ssize(all.all()) - 1))].name}};
    Crowd crowd(pool, all, people, plights, random);
    std::map<int64_t, Before> before;
    for (int tick = 1; tick < 600 && !crowd.is_over(); ++tick) {
      crowd.move_to(tick * kEach_s);
      expect_physics(pool, all, crowd, before, kEach_s, seed);
      if (HasFatalFailure()) return;
      for (const Stance& stance : crowd.stances()) seen.insert(all[stance.behaviour].name);
    }
  }
  EXPECT_GT(seen.size(), 20u);  // of what there is
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
    Crowd crowd(pool, all, {person_of_age(9, false, 1)}, {{30, "instinctive_drowning"}},
                Random(seed));
    std::vector<std::string> order;
    double last_mouth_m = 1;
    for (int tick = 1; tick < 9000 && !crowd.is_over(); ++tick) {
      crowd.move_to(tick * 0.1);
      if (crowd.stances().empty()) break;
      const std::string& name = all[crowd.stances()[0].behaviour].name;
      if (order.empty() || order.back() != name) order.push_back(name);
      last_mouth_m = crowd.stances()[0].mouth_m;
    }
    if (crowd.events().empty()) continue;  // never in deep water
    const Event& event = crowd.events()[0];
    EXPECT_EQ(event.kind, "instinctive_drowning");
    EXPECT_EQ(event.worst, Danger::kDrowning);
    EXPECT_EQ(event.outcome, "rescued");
    EXPECT_GE(event.end_s - event.begin_s, 60);
    const auto begins = std::ranges::find(order, "instinctive_drowning");
    if (order.end() - begins < 3) continue;  // rescued before it went on
    EXPECT_EQ(begins[1], "sinking");
    EXPECT_EQ(begins[2], "motionless_on_bottom");
    EXPECT_LT(last_mouth_m, -1.2);
    ++courses;
  }
  EXPECT_GT(courses, 20);
}

TEST(Crowd, AToddlerStaysWithWhoMindsIt) {
  const Behaviours& all = behaviours();
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Pool pool = drawn_pool(seed);
    Person parent = person_of_age(33, false, 1), toddler = person_of_age(2.5, false, 2);
    parent.minds = true;
    toddler.minded_by = 1;
    Crowd crowd(pool, all, {parent, toddler}, {}, Random(seed));
    for (int tick = 1; tick < 3000; ++tick) {
      crowd.move_to(tick * 0.2);
      ASSERT_EQ(crowd.stances().size(), 2u);
      const auto& stances = crowd.stances();
      EXPECT_LT((stances[0].at - stances[1].at).length(), 2.5) << seed;
      EXPECT_GT(stances[1].mouth_m, 0) << seed << " " << all[stances[1].behaviour].name;
    }
  }
}

TEST(Crowd, TheSameSeedGivesTheSame) {
  const Behaviours& all = behaviours();
  const Pool pool = drawn_pool(5);
  const auto last = [&](uint64_t seed, double each_s) {
    Crowd crowd(pool, all, {person_of_age(20, false, 1), person_of_age(40, false, 2)}, {},
                Random(seed));
    for (double t = each_s; t < 200; t += each_s) crowd.move_to(t);
    return crowd.stances().at(0).at;
  };
  EXPECT_EQ(last(1, 0.5).x, last(1, 0.5).x);
  EXPECT_NE(last(1, 0.5).x, last(2, 0.5).x);
}

}  // namespace
}  // namespace lido::synth
