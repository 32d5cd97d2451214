// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/motion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "lido/synth/testing.h"
#include "lido/synth/world/crowd.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::person_of_age;

/// A basin that is as deep everywhere.
Pool even_pool(double depth_m) {
  Pool pool = testing::rectangle_pool();
  pool.shallow_m = pool.deep_m = depth_m;
  return pool;
}

/// Plays one person who treads for a second and then does something, and reports each tenth of a
/// second of that.
void play_one(const char* behaviour, double age, double depth_m, uint64_t seed, double for_s,
              const std::function<void(double, const PersonState&)>& report) {
  const Pool pool = even_pool(depth_m);
  Person person = person_of_age(age);
  person.at = Point{6, 3};
  const size_t wanted = *behaviours().find(behaviour);
  person.script = {{*behaviours().find("treading"), 1.0, 0}, {wanted, for_s, 0}};
  Crowd crowd(pool, behaviours(), {person}, {}, Random(seed));
  for (int tick = 1; tick < 10 * (for_s + 0.9); ++tick) {
    crowd.move_to(0.1 * tick);
    if (crowd.states().empty()) return;
    if (crowd.states()[0].behaviour == wanted) report(0.1 * tick - 1, crowd.states()[0]);
  }
}

double deviation(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double v : values) sum += v, squares += v * v;
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / n - sum / n * sum / n);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

constexpr uint64_t kSwimmers = 400;

TEST(Motion, DiffersBetweenPeople) {
  std::vector<double> paces, sizes, mouths, tilts;
  for (uint64_t seed = 0; seed < kSwimmers; ++seed) {
    double begin = -1, end = 0, size = 0, mouth = 0, tilt = 0;
    int count = 0;
    play_one("treading", 30, 2.5, seed, 10, [&](double, const PersonState& state) {
      if (begin < 0) begin = state.limbs.periods;
      end = state.limbs.periods, size += state.limbs.size, mouth += state.mouth_m;
      tilt += state.tilt_deg, ++count;
    });
    paces.push_back(std::log(end - begin));
    sizes.push_back(std::log(size / count));
    mouths.push_back(mouth / count), tilts.push_back(tilt / count);
  }
  // People differ by 0.25; the mean pace of 10 s varies by another 0.15 * sqrt(2 * 3 / 10) = 0.1.
  EXPECT_NEAR(deviation(paces), 0.27, 0.04);
  EXPECT_NEAR(deviation(sizes), 0.30, 0.04);
  EXPECT_NEAR(deviation(mouths), 0.03, 0.012);
  EXPECT_NEAR(deviation(tilts), 5, 1.5);
}

TEST(Motion, DrowningMouthsGoUnderLongerAndLonger) {
  std::vector<double> first, last, above, deepest;
  for (uint64_t seed = 0; seed < kSwimmers; ++seed) {
    std::vector<double> under, over;
    double since = 0, lowest = 1;
    bool was = false;
    play_one("instinctive_drowning", 30, 2.8, seed, 40, [&](double t, const PersonState& state) {
      if (t < 10) return;  // The onset is over.
      const bool is = state.mouth_m < 0;
      if (is != was) {
        (was ? under : over).push_back(t - since);
        since = t, was = is;
      }
      lowest = std::min(lowest, state.mouth_m);
    });
    if (under.size() < 4 || over.size() < 3) continue;
    first.push_back(under[1]), last.push_back(under.back());
    above.push_back(over[over.size() / 2]), deepest.push_back(lowest);
  }
  ASSERT_GT(first.size(), kSwimmers / 2);
  EXPECT_GT(median(last), 1.2 * median(first));
  EXPECT_GT(median(first), 0.8);
  EXPECT_LT(median(above), 1.2);
  EXPECT_GT(deviation(first), 0.4);
  EXPECT_LT(median(deepest), -0.15);
  EXPECT_GT(*std::ranges::min_element(deepest), -0.6);
}

TEST(Motion, BeginsDangerAsTheMotionBefore) {
  // At the beginning the mouth is where the treading mouth is; after the onset it goes under.
  double early_m = 0, late_m = 0;
  int early = 0, late = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    play_one("instinctive_drowning", 30, 2.8, seed, 20, [&](double t, const PersonState& state) {
      if (t < 1) early_m += state.mouth_m, ++early;
      if (t > 10) late_m += state.mouth_m, ++late;
      EXPECT_GE(state.share, 0);
      EXPECT_LE(state.share, 1);
    });
  }
  EXPECT_GT(early_m / early, 0.02);
  EXPECT_LT(late_m / late, -0.02);
}

// An estimate from the body's density: 0.1 to 0.5 m/s, reached within one to two seconds.
TEST(Motion, BodiesSinkAsHeavyAsTheyAre) {
  std::vector<double> speeds, tilts;
  for (uint64_t seed = 0; seed < kSwimmers; ++seed) {
    double before = 1, speed = 0, early = 0, tilt = 0;
    play_one("sinking", 30, 3.5, seed, 60, [&](double t, const PersonState& state) {
      if (before < 1) {
        const double now = (before - state.mouth_m) / 0.1;
        EXPECT_LE(now, 0.5 + 1e-9);
        if (t < 0.35) early = std::max(early, now);
        speed = std::max(speed, now);
      }
      before = state.mouth_m, tilt = state.tilt_deg;
    });
    EXPECT_LT(early, 0.5 * speed);
    speeds.push_back(speed), tilts.push_back(std::abs(tilt));
  }
  EXPECT_GE(*std::ranges::min_element(speeds), 0.09);
  EXPECT_NEAR(median(speeds), 0.22, 0.03);
  EXPECT_GT(median(tilts), 60);  // over by the time they lie
}

TEST(Motion, BodiesOnTheBottomLieInManyWays) {
  std::map<size_t, int> postures;
  for (uint64_t seed = 0; seed < kSwimmers; ++seed) {
    size_t posture = 99;
    play_one("motionless_on_bottom", 30, 2, seed, 15,
             [&](double, const PersonState& state) { posture = state.posture; });
    ++postures[posture];
  }
  // 50, 20, 12, 10 and 8 of 100; four standard errors of 400 draws.
  ASSERT_EQ(postures.size(), 5u);
  EXPECT_NEAR(postures[0], 200, 40);
  EXPECT_NEAR(postures[1], 80, 32);
  EXPECT_NEAR(postures[4], 32, 22);
}

// Archimedes: a body without footing does not rise out of the water.
TEST(Motion, NobodyRisesWithoutFooting) {
  for (const Behaviour& one : behaviours().all()) {
    if (one.place != Place::kWater || one.crosses_rim() || one.follows()) continue;
    for (const double depth_m : {1.0, 1.6, 2.8}) {
      for (uint64_t seed = 0; seed < 20; ++seed) {
        const double stature_m = person_of_age(25).stature_m;
        play_one(one.name.c_str(), 25, depth_m, seed, 12, [&](double t, const PersonState& state) {
          if (t < 2) return;
          const double standing_m = person_of_age(25).mouth_m() - depth_m;
          EXPECT_LE(state.mouth_m, std::max(0.2, standing_m + 0.3) * stature_m / 1.7 + 0.02)
              << one.name << " in " << depth_m;
          EXPECT_GE(state.mouth_m, -depth_m) << one.name;
        });
      }
    }
  }
}

/// A basin of 12 x 6 m with a ladder at (0, 3), and one person.
class MotionOfOne : public ::testing::Test {
 protected:
  MotionOfOne() { state_.people = {person_of_age(30)}; }
  void begin(const char* name, Point at) {
    agent_ = {};
    agent_.at = at;
    agent_.in_water = pool_.is_water(at);
    agent_.behaviour = *behaviours().find(name);
    begin_motion(state_, agent_);
  }

  Pool pool_ = testing::rectangle_pool();
  CrowdState state_{.pool = pool_, .behaviours = behaviours(), .people = {}, .random = Random(1)};
  Agent agent_;
};

TEST_F(MotionOfOne, PutsTheMouthWhereTheBehaviourHasIt) {
  begin("standing", {6, -1});
  EXPECT_NEAR(desired_mouth_m(state_, agent_), pool_.freeboard_m + state_.people[0].mouth_m(),
              0.03);
  begin("sitting_at_edge", {6, -0.3});
  EXPECT_LT(desired_mouth_m(state_, agent_), 0.6 * state_.people[0].mouth_m());
  // Prone on the bottom: behaviours.yaml has the mouth 0.16 statures over the floor.
  begin("motionless_on_bottom", {11, 3});
  agent_.now.posture = 0;
  EXPECT_NEAR(desired_mouth_m(state_, agent_),
              -pool_.depth_m({11, 3}) + 0.16 * state_.people[0].stature_m, 0.03);
  // Where the water reaches an adult's waist, playing adults stand.
  pool_.shallow_m = pool_.deep_m = 0.9;
  begin("playing", {6, 3});
  EXPECT_GT(desired_mouth_m(state_, agent_), 0.5);
}

TEST_F(MotionOfOne, MovesTheMouthNoFasterThanPeopleCan) {
  begin("standing", {6, -1});
  agent_.mouth_m = -1;
  move_mouth(state_, agent_, 0.1);
  EXPECT_NEAR(agent_.mouth_m, -1 + 0.15, 1e-9);  // 1.5 m/s
  begin("sinking", {11, 3});
  agent_.mouth_m = 0;
  move_mouth(state_, agent_, 0.1);
  EXPECT_GE(agent_.mouth_m, -0.05);
  EXPECT_LT(agent_.mouth_m, 0);
}

TEST_F(MotionOfOne, LeansASinkingBodyOverBeforeItIsInTheFloor) {
  begin("sinking", {11, 3});
  agent_.mouth_m = -pool_.depth_m({11, 3}) + 0.5;  // feet would be a metre under the floor
  move_trunk(state_, agent_, 0.1);
  EXPECT_GT(std::abs(agent_.tilt_deg), 60);
}

}  // namespace
}  // namespace lido::synth
