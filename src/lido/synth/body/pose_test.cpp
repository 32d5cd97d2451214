// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/pose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "lido/synth/testing.h"
#include "lido/synth/world/life.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

using geometry::Point;
using testing::behaviours;
using testing::bodies;
using testing::person_of_age;

TEST(Bodies, HangTheirArmsWhenAllAnglesAreZero) {
  const Figure figure = bodies().figure(person_of_age(30, false), {});
  const Posed posed = pose_figure(bodies(), figure, pose_of(bodies(), figure, {}));
  const auto at = [&](const char* name) { return posed.joint(figure, bodies().bone(name)); };
  for (const char* side : {"_l", "_r"}) {
    const std::string s = side;
    const Vector3 upper =
        (at(("lowerarm" + s).c_str()) - at(("upperarm" + s).c_str())).normalized();
    const Vector3 lower = (at(("hand" + s).c_str()) - at(("lowerarm" + s).c_str())).normalized();
    EXPECT_NEAR((upper + Vector3::UnitY()).norm(), 0, 1e-6);
    EXPECT_NEAR((lower + Vector3::UnitY()).norm(), 0, 1e-6);
  }
}

TEST(Bodies, BendInTheDirectionOfTheAngle) {
  const Figure figure = bodies().figure(person_of_age(30, false), {});
  const auto moved = [&](Angle angle, double degrees, const char* joint) -> Vector3 {
    Angles angles;
    angles.at(angle, false) = degrees;
    const Posed straight = pose_figure(bodies(), figure, pose_of(bodies(), figure, {}));
    const Posed bent = pose_figure(bodies(), figure, pose_of(bodies(), figure, angles));
    const size_t bone = bodies().bone(joint);
    return bent.joint(figure, bone) - straight.joint(figure, bone);
  };
  EXPECT_GT(moved(Angle::kShoulderFlex, 90, "hand_l").z(), 0.4);    // forward
  EXPECT_GT(moved(Angle::kShoulderSpread, 90, "hand_l").x(), 0.4);  // to the left
  EXPECT_NEAR(moved(Angle::kShoulderSpread, 90, "hand_r").norm(), 0, 1e-9);
  EXPECT_GT(moved(Angle::kElbowFlex, 90, "hand_l").z(), 0.2);
  EXPECT_GT(moved(Angle::kHipFlex, 90, "calf_l").z(), 0.3);
  EXPECT_GT(moved(Angle::kHipSpread, 45, "foot_l").x(), 0.3);
  EXPECT_LT(moved(Angle::kKneeFlex, 90, "foot_l").z(), -0.3);  // back
  EXPECT_LT(moved(Angle::kAnkleFlex, 40, "ball_l").y(), -0.03);
  EXPECT_GT(moved(Angle::kSpineFlex, 60, "head").z(), 0.2);
}

// Days at random pools: limbs keep their length, feet stand on the deck, mouths are where the
// tracks have them, bodies do not jump.
TEST(Bodies, HoldThroughLife) {
  constexpr std::array<std::pair<size_t, size_t>, 8> kLimbs = {
      {{5, 7}, {7, 9}, {6, 8}, {8, 10}, {11, 13}, {13, 15}, {12, 14}, {14, 16}}};
  std::vector<double> lifts;
  int64_t moments = 0, on_deck = 0, in_water = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Random random(900 + seed);
    const Pool pool = random_pool(random);
    auto people = random_day(random, static_cast<int>(seed % 7), 1.5);
    auto incidents = draw_incidents(random, behaviours(), people, 20);
    Crowd crowd(pool, behaviours(), std::move(people), std::move(incidents), random);
    const double begins_s = 3600 * random.between(10, 18);
    const Timeline timeline(crowd, begins_s, 20);
    std::map<int64_t, Figure> figures;
    std::map<int64_t, Vector3> before;
    for (double t = 0; t < 20; t += 0.2) {
      for (const Moment& moment : timeline.at(t)) {
        const Person& person = crowd.person(moment.state.person);
        const auto [at, fresh] = figures.try_emplace(person.id);
        if (fresh) at->second = bodies().figure(person, {});
        const Figure& figure = at->second;
        const PlacedBody placed = place_body(bodies(), behaviours(), pool, figure, moment, t);
        const auto points = keypoints(bodies(), figure, placed.posed);
        for (const auto& [a, b] : kLimbs) {
          constexpr std::array<const char*, 6> kNames = {"upperarm", "lowerarm", "hand",
                                                         "thigh",    "calf",     "foot"};
          const auto joint = [&](size_t i) {
            return figure.joints[bodies().bone(std::string(kNames[(i - 5) / 2]) +
                                               (i % 2 == 1 ? "_l" : "_r"))];
          };
          ASSERT_NEAR((points[a] - points[b]).norm(), (joint(a) - joint(b)).norm(), 1e-9);
        }
        const Vector3 hips = placed.in_scene * placed.posed.joint(figure, 0);
        ASSERT_NEAR(hips.x(), moment.state.at.x, 1e-9);
        ASSERT_NEAR(hips.y(), moment.state.at.y, 1e-9);
        const Behaviour& behaviour = behaviours()[moment.state.behaviour];
        const bool settled = moment.state.share >= 1;
        if (settled && behaviour.is_wet()) {
          // The floor may lift the body, no more than its model in the tracks is wrong.
          const double lifted_m =
              (placed.in_scene * mouth(bodies(), figure, placed.posed)).z() - moment.state.mouth_m;
          ASSERT_GE(lifted_m, -1e-9) << behaviour.name;
          lifts.push_back(lifted_m);
          ++in_water;
          std::vector<Eigen::Vector3f> skinned;
          skin(bodies().topology(Mesh::kFar), figure.vertices[0], placed.posed, placed.in_scene,
               skinned);
          for (const auto& p : skinned)
            ASSERT_GT(p.z(), -pool.basin_m(p.x()) - 5e-3) << behaviour.name << " at " << t;
        } else if (settled && behaviour.place == Place::kDeck && !moment.state.in_water) {
          std::vector<Eigen::Vector3f> skinned;
          skin(bodies().topology(Mesh::kFar), figure.vertices[0], placed.posed, placed.in_scene,
               skinned);
          float lowest = 1e9F;
          for (const auto& p : skinned) lowest = std::min(lowest, p.z());
          ASSERT_NEAR(lowest, pool.freeboard_m, 1e-4) << behaviour.name;
          ++on_deck;
        }
        const auto last = before.find(person.id);
        if (last != before.end()) {
          ASSERT_LT((hips - last->second).norm() / 0.2, 9) << behaviour.name << " at " << t;
        }
        before[person.id] = hips;
        ++moments;
      }
    }
  }
  // The tracks' model of a body is right within a hand; legs that cannot fold add to that.
  std::ranges::sort(lifts);
  EXPECT_LT(lifts[lifts.size() * 95 / 100], 0.08);
  EXPECT_LT(lifts.back(), 0.6);
  EXPECT_GT(moments, 2000);
  EXPECT_GT(on_deck, 250);
  EXPECT_GT(in_water, 250);
}

// Both wrists are over the shoulders, whatever the legs do.
TEST(Bodies, RaiseBothArmsForHelp) {
  const Pool pool = testing::rectangle_pool();
  const Figure figure = bodies().figure(person_of_age(30), {});
  const size_t help = *behaviours().find_signal("help_both_arms");
  for (const size_t with : behaviours().signals()[help].with) {
    const Behaviour& behaviour = behaviours()[with];
    for (size_t posture = 0; posture < behaviour.postures.size(); ++posture) {
      Moment moment{.state = testing::state_in(
                        behaviour.name.c_str(),
                        behaviour.is_wet() ? geometry::Point{9, 3} : geometry::Point{3, -1}, 0.05,
                        0, behaviour.is_wet())};
      moment.state.posture = posture;
      moment.signal = help + 1;
      moment.signal_share = 1;
      for (double t = 0; t < 20; t += 0.1) {
        moment.state.limbs.periods = t;
        moment.state.motion_seed = static_cast<uint64_t>(10 * t);
        const PlacedBody placed = place_body(bodies(), behaviours(), pool, figure, moment, t);
        const auto points = keypoints(bodies(), figure, placed.posed);
        const auto up = [&](size_t i) { return (placed.in_scene * points[i]).z(); };
        ASSERT_GT(up(9), up(5)) << behaviour.name << " " << posture;
        ASSERT_GT(up(10), up(6)) << behaviour.name << " " << posture;
      }
    }
  }
}

/// Two people at a basin, the second of whom arrives after two seconds.
Timeline short_timeline(const Pool& pool) {
  Person first = person_of_age(30), second = person_of_age(40, true, 2);
  first.at = Point{3, -1};
  first.script = {{*behaviours().find("walking"), 4.0, 0},
                  {*behaviours().find("standing"), 60.0, 1}};
  second.arrives_s = 2;
  Crowd crowd(pool, behaviours(), {first, second}, {}, Random(1));
  return {crowd, 0, 8};
}

TEST(Timeline, HoldsAllWhoArePresent) {
  const Pool pool = testing::rectangle_pool();
  const Timeline timeline = short_timeline(pool);
  EXPECT_EQ(timeline.people(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(timeline.at(0).size(), 1u);
  EXPECT_EQ(timeline.at(5).size(), 2u);
}

TEST(Timeline, MovesPeopleEvenlyBetweenItsSteps) {
  const Pool pool = testing::rectangle_pool();
  const Timeline timeline = short_timeline(pool);
  const Point a = timeline.at(1.0)[0].state.at, b = timeline.at(1.1)[0].state.at,
              middle = timeline.at(1.05)[0].state.at;
  EXPECT_NEAR(middle.x, (a.x + b.x) / 2, 1e-9);
  EXPECT_NEAR(middle.y, (a.y + b.y) / 2, 1e-9);
  // Clamped at the end.
  EXPECT_EQ(timeline.at(99).size(), timeline.at(8.1).size());
}

TEST(Timeline, RemembersThePreviousBehaviourAndTheSignal) {
  const Pool pool = testing::rectangle_pool();
  const Moment moment = short_timeline(pool).at(7)[0];
  EXPECT_EQ(behaviours()[moment.state.behaviour].name, "standing");
  EXPECT_EQ(behaviours()[moment.state.previous].name, "walking");
  EXPECT_EQ(moment.signal, 1u);
  EXPECT_EQ(moment.signal_share, 1);  // hands are raised after 0.4 s
}

}  // namespace
}  // namespace lido::synth
