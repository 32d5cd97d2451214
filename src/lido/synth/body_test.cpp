// SPDX-License-Identifier: Apache-2.0
// Bodies and poses over random people, pools and moments.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "lido/synth/life.h"
#include "lido/synth/pose.h"
#include "lido/synth/render.h"

namespace lido::synth {
namespace {

std::string slurp(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

const Bodies& bodies() {
  static const Bodies read = *Bodies::read(slurp(LIDO_BODIES), LIDO_BODIES);
  return read;
}
const Behaviours& behaviours() {
  static const std::string file = std::string(LIDO_SOURCE) + "/src/lido/synth/behaviours.yaml";
  static const Behaviours read = *Behaviours::read(*Yaml::parse(slurp(file), file));
  return read;
}

Person somebody(double age, bool female) {
  Person person{.id = 1, .age_years = age, .female = female};
  person.stature_m = stature_of(age, female).median_m;
  return person;
}

TEST(Bodies, AreAsTallAsTheirStature) {
  for (const bool female : {false, true}) {
    for (double age = 1; age < 90; age += 2.5) {
      const Person person = somebody(age, female);
      const Figure figure = bodies().figure(person, {});
      double low = 1e9, high = -1e9;
      for (const Eigen::Vector3f& p : figure.vertices[static_cast<size_t>(Mesh::kNear)]) {
        low = std::min<double>(low, p.y());
        high = std::max<double>(high, p.y());
      }
      EXPECT_NEAR(high - low, person.stature_m, 1e-5) << age;
      EXPECT_NEAR(low, 0, 1e-5);
      // The mouth is where tracks have it, to a head's half.
      EXPECT_NEAR(figure.face[5].y(), person.mouth_m(), 0.03 * person.stature_m) << age;
    }
  }
}

// Shares of stature: Snyder and others 1977 (UM-HSRI-77-17, children's sitting height and head) and
// Drillis and Contini 1966 (adults' limbs), within a tenth of the stature.
TEST(Bodies, HavePeoplesProportions) {
  for (const auto& [age, leg, head] :
       {std::tuple(1.5, 0.40, 0.22), std::tuple(6.0, 0.46, 0.19), std::tuple(30.0, 0.50, 0.13),
        std::tuple(75.0, 0.50, 0.13)}) {
    const Person person = somebody(age, true);
    const Figure figure = bodies().figure(person, {});
    const double hip = figure.joints[bodies().bone("thigh_l")].y() / person.stature_m;
    EXPECT_NEAR(hip, leg, 0.06) << age;
    const double high = 1 - figure.face[5].y() / person.stature_m;
    EXPECT_NEAR(high + 0.04, head, 0.05) << age;
    EXPECT_GT(figure.joints[bodies().bone("upperarm_l")].x(), 0);  // left is left
    EXPECT_GT(figure.face[0].z(), figure.face[3].z());             // noses are in front
  }
}

TEST(Bodies, HangTheirArmsWhenAllAnglesAreNought) {
  const Figure figure = bodies().figure(somebody(30, false), {});
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

TEST(Bodies, BendTheWayThatIsSaid) {
  const Figure figure = bodies().figure(somebody(30, false), {});
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
  int64_t moments = 0, on_deck = 0, in_water = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(900 + seed);
    const Pool pool = random_pool(random);
    auto people = random_day(random, static_cast<int>(seed % 7), 1.5);
    auto plights = draw_plights(random, people, 20);
    Crowd crowd(pool, behaviours(), std::move(people), std::move(plights), random);
    const double begins_s = 3600 * random.between(10, 18);
    const Timeline timeline(crowd, begins_s, 20);
    std::map<int64_t, Figure> figures;
    std::map<int64_t, Vector3> before;
    for (double t = 0; t < 20; t += 0.2) {
      for (const Moment& moment : timeline.at(t)) {
        const Person& person = crowd.person(moment.stance.person);
        const auto [at, fresh] = figures.try_emplace(person.id);
        if (fresh) at->second = bodies().figure(person, {});
        const Figure& figure = at->second;
        const Placed placed = place_body(bodies(), behaviours(), pool, figure, moment, t);
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
        ASSERT_NEAR(hips.x(), moment.stance.at.x, 1e-9);
        ASSERT_NEAR(hips.y(), moment.stance.at.y, 1e-9);
        const Behaviour& behaviour = behaviours()[moment.stance.behaviour];
        const bool settled = t - moment.began_s > 0.7;
        if (settled && behaviour.is_wet()) {
          ASSERT_NEAR((placed.in_scene * mouth(bodies(), figure, placed.posed)).z(),
                      moment.stance.mouth_m, 1e-9);
          ++in_water;
        } else if (settled && behaviour.place == Place::kDeck && !moment.stance.in_water) {
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
  EXPECT_GT(moments, 5000);
  EXPECT_GT(on_deck, 500);
  EXPECT_GT(in_water, 500);
}

TEST(Limbs, PassOverTheShortWay) {
  Angles a, b;
  a.at(Angle::kShoulderFlex) = 170;
  b.at(Angle::kShoulderFlex) = -170;
  EXPECT_NEAR(between(a, b, 0.5).at(Angle::kShoulderFlex), 180, 1e-9);
  const Swing mills{.mean = 180, .turns = -1};
  EXPECT_NEAR(mills.at(0.25), 90, 1e-9);
  EXPECT_NEAR(mills.at(1.25), 90, 1e-9);
}

TEST(Bodies, BrokenFilesAreRefused) {
  const std::string good = slurp(LIDO_BODIES);
  for (const size_t length : {size_t{0}, size_t{7}, size_t{100}, good.size() / 2, good.size() - 1})
    EXPECT_FALSE(Bodies::read(good.substr(0, length), "b")) << length;
  Random random(4);
  for (int i = 0; i < 60; ++i) {
    std::string broken = good;
    for (int k = 0; k < 5; ++k)
      broken[static_cast<size_t>(random.whole(0, 4000))] = static_cast<char>(random.whole(0, 255));
    (void)Bodies::read(broken, "b");  // refused or read, never a crash
  }
}

/// A small scene drawn: the mask, the boxes and the points agree, and equal calls give equal bytes.
TEST(Renderer, DrawsWhatTheTruthSays) {
  Random random(21);
  Pool pool = random_pool(random);
  pool = {.kind = "rectangle",
          .outline = {{0, 0}, {9, 0}, {9, 5}, {0, 5}},
          .shallow_m = 1.1,
          .deep_m = 1.6,
          .deck_m = 3,
          .freeboard_m = 0.1,
          .ways_in = {{0, 2}},
          .gate = {-2, 2}};
  Scenery scenery = random_scenery(random, pool);
  scenery.things.clear();
  Camera camera = look_at({-2, -2, 3.5}, {3.5, 2, 0}, 75, 640, 360);
  camera.k = {-0.08, 0, 0, 0, 0};
  auto made = Renderer::make(bodies(), pool, scenery, camera);
  ASSERT_TRUE(made) << made.error().message;
  const Water mirror(0, Random(1));
  Random of_light(1);
  const Light light = light_named("cloudy", of_light);
  int checked = 0;
  for (int i = 0; i < 12; ++i) {
    const Person person = somebody(random.between(2, 70), random.chance(0.5));
    const Look look = random_look(random, person);
    const Figure figure = bodies().figure(person, look.build);
    const bool wet = i % 2 == 0;
    const char* does = wet ? (i % 4 == 0 ? "swimming_under_water" : "treading") : "standing";
    const Point at = wet ? Point{random.between(1.5, 5), random.between(1, 4)}
                         : Point{random.between(1, 6), -1.2};
    const Moment moment{{1, at, wet ? (i % 4 == 0 ? -0.7 : 0.06) : 0, random.between(0, 6),
                         *behaviours().find(does), wet},
                        -5,
                        *behaviours().find(does),
                        -5};
    const Placed placed = place_body(bodies(), behaviours(), pool, figure, moment, 1);
    const Subject subject{&figure, &placed, &look, wet, 0};
    const Picture picture = made->draw(camera, 1, i, {subject}, mirror, 0.05, light);
    // Who is drawn alone is where the projected vertices are.
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    std::vector<Eigen::Vector3f> points;
    const double away = (placed.in_scene.translation() - camera.position).norm();
    const Mesh mesh = camera.fy * figure.face[0].y() / away > 260 ? Mesh::kNear : Mesh::kFar;
    skin(bodies().topology(mesh), figure.vertices[static_cast<size_t>(mesh)], placed.posed,
         placed.in_scene, points);
    for (const auto& p : points) {
      const auto pixel = camera.see(p.cast<double>());
      ASSERT_TRUE(pixel);
      x0 = std::min(x0, pixel->x()), x1 = std::max(x1, pixel->x()), y0 = std::min(y0, pixel->y()),
      y1 = std::max(y1, pixel->y());
    }
    if (x0 < 3 || y0 < 3 || x1 > 637 || y1 > 357) continue;
    int mx0 = 640, my0 = 360, mx1 = -1, my1 = -1;
    for (int y = 0; y < 360; ++y) {
      for (int x = 0; x < 640; ++x) {
        if (picture.who[static_cast<size_t>(y * 640 + x)] != 1) continue;
        mx0 = std::min(mx0, x), mx1 = std::max(mx1, x + 1), my0 = std::min(my0, y),
        my1 = std::max(my1, y + 1);
      }
    }
    // Encloses it to a pixel; and the mask fills it, but for what passes a pixel's middle by.
    EXPECT_LE(x0, mx0 + 1) << does;
    EXPECT_LE(y0, my0 + 1) << does;
    EXPECT_GE(x1, mx1 - 1) << does;
    EXPECT_GE(y1, my1 - 1) << does;
    EXPECT_NEAR(x0, mx0, 3) << does;
    EXPECT_NEAR(x1, mx1, 3) << does;
    EXPECT_NEAR(y0, my0, 3) << does;
    EXPECT_NEAR(y1, my1, 3) << does;
    ++checked;
    const Picture again = made->draw(camera, 1, i, {subject}, mirror, 0.05, light);
    EXPECT_EQ(picture.image.rgb, again.image.rgb);
  }
  EXPECT_GE(checked, 6);
}

}  // namespace
}  // namespace lido::synth
