// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/crowd.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "lido/synth/route.h"

namespace lido::synth {
namespace {

Behaviours behaviours() {
  std::ifstream file(LIDO_SOURCE "/src/lido/synth/behaviours.yaml");
  std::stringstream text;
  text << file.rdbuf();
  return *Behaviours::read(*Yaml::parse(text.str(), "behaviours.yaml"));
}

Pool drawn_pool(uint64_t seed) {
  Random random(seed);
  return random_pool(random);
}

Person somebody(int64_t id, double age_years) {
  Person person{.id = id, .age_years = age_years, .party = 1, .leaves_s = 1e6};
  person.stature_m = stature_of(age_years, false).median_m;
  return person;
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
  const Behaviours all = behaviours();
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
  const Behaviours all = behaviours();
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
    Crowd crowd(pool, all, {somebody(1, 9)}, {{30, "instinctive_drowning"}}, Random(seed));
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
  const Behaviours all = behaviours();
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Pool pool = drawn_pool(seed);
    Person parent = somebody(1, 33), toddler = somebody(2, 2.5);
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
  const Behaviours all = behaviours();
  const Pool pool = drawn_pool(5);
  const auto last = [&](uint64_t seed, double each_s) {
    Crowd crowd(pool, all, {somebody(1, 20), somebody(2, 40)}, {}, Random(seed));
    for (double t = each_s; t < 200; t += each_s) crowd.move_to(t);
    return crowd.stances().at(0).at;
  };
  EXPECT_EQ(last(1, 0.5).x, last(1, 0.5).x);
  EXPECT_NE(last(1, 0.5).x, last(2, 0.5).x);
}

TEST(Route, GoesAroundThePool) {
  Pool pool;
  pool.outline = {{0, 0}, {10, 0}, {10, 5}, {0, 5}};
  const Point from{5, -1}, to{5, 6};
  const auto way = route(pool, from, to, false);
  ASSERT_EQ(way.size(), 3u);  // two corners, then the end
  double length = (way.back() - from).length();
  for (size_t i = way.size() - 1; i > 0; --i) {
    EXPECT_TRUE(is_clear(pool, way[i], way[i - 1], false));
    length += (way[i - 1] - way[i]).length();
  }
  EXPECT_NEAR(length, 2 * std::hypot(5.35, 0.65) + 5.7, 1);
}

TEST(Pool, RefusesWhatIsNoPool) {
  const auto error = [](std::string_view change) {
    std::string text =
        "pool:\n  outline: [[0, 0], [10, 0], [10, 5], [0, 5]]\n  shallow_m: 1\n"
        "  ways_in: [[0, 2]]\n  gate: [-1, 2]\n";
    const std::string key(change.substr(0, change.find(':')));
    const size_t at = text.find("  " + key + ":");
    if (at != text.npos) text.replace(at, text.find('\n', at) - at, "  " + std::string(change));
    const auto pool = read_pool((*Yaml::parse(text, "scene.yaml"))["pool"]);
    return pool ? std::string("read") : pool.error().message;
  };
  EXPECT_EQ(error("none: 0"), "read");
  EXPECT_EQ(error("shallow_m: 0"), "scene.yaml:3: pool.shallow_m is 0, want a number, 0.05 to 10");
  EXPECT_EQ(error("outline: [[0, 0], [10, 5], [10, 0], [0, 5]]"),
            "scene.yaml:2: pool.outline is a list, want sides that do not cross");
  EXPECT_EQ(error("outline: [[0, 0], [1, 0]]"),
            "scene.yaml:2: pool.outline is a list, want three corners or more");
  EXPECT_EQ(error("ways_in: [[5, 2]]"),
            "scene.yaml:4: pool.ways_in.0 is a list, want a point of the rim, to 0.1 m");
  EXPECT_EQ(error("gate: [5, 2]"), "scene.yaml:5: pool.gate is a list, want a point on the deck");
  EXPECT_EQ(read_pool(*Yaml::parse(to_yaml(drawn_pool(3)), "x"))->outline.size(),
            drawn_pool(3).outline.size());
}

TEST(Behaviours, RefusesWhatIsNone) {
  const auto error = [](const std::string& text) {
    const auto read = Behaviours::read(*Yaml::parse("behaviours:\n" + text, "b.yaml"));
    return read ? std::string("read") : read.error().message;
  };
  const std::string good =
      "  a:\n    place: deck\n    danger: none\n    duration: {median: 2, least: 1, most: 3}\n"
      "    path: stay\n    tilt: 0\n    next: {a: 1}\n    source: somebody\n";
  EXPECT_EQ(error(good), "read");
  EXPECT_EQ(
      error(good + "    colour: red\n"),
      "b.yaml:10: behaviours.a.colour is not known here, want one of place, danger, duration, "
      "speed, path, head, tilt, face, limbs, depth, minds, ages, next, source");
  std::string bad = good;
  bad.replace(bad.find("{a: 1}"), 6, "{b: 1}");
  EXPECT_EQ(error(bad),
            "b.yaml:8: behaviours.a.next.b is 1, want no b: there is no such behaviour");
  bad = good;
  bad.replace(bad.find("least: 1"), 8, "least: 9");
  EXPECT_EQ(error(bad), "b.yaml:5: behaviours.a.duration.least is 9, want a number, 0 to 2");
}

TEST(Person, GrowsAsPublished) {
  for (double years = 1; years < 18; years += 0.5)
    EXPECT_GE(stature_of(years + 0.5, false).median_m, stature_of(years, false).median_m);
  EXPECT_NEAR(stature_of(30, false).median_m, 1.75, 0.02);
  EXPECT_NEAR(stature_of(30, true).median_m, 1.62, 0.02);
  EXPECT_NEAR(stature_of(5, true).median_m, 1.10, 0.03);
}

}  // namespace
}  // namespace lido::synth
