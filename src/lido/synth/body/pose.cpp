// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/pose.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace lido::synth {
namespace {

constexpr double kPassesOver_s = 0.6;

using Eigen::AngleAxisd;
using Eigen::Matrix3d;
using Eigen::Quaterniond;

double radians(double degrees) { return degrees * M_PI / 180; }
Matrix3d about(const Vector3& axis, double degrees) {
  return AngleAxisd(radians(degrees), axis).toRotationMatrix();
}
const Vector3 kLeft = Vector3::UnitX(), kUp = Vector3::UnitY(), kForward = Vector3::UnitZ();

/// A limb of the standing figure made to hang straight, then turned.
struct Chain {
  Matrix3d hangs = Matrix3d::Identity();  ///< From the figure's axes, of the bones so far.

  /// @param along  From the bone's beginning to its end, in the standing figure.
  Matrix3d turn(const Vector3& along, const Matrix3d& by) {
    const Matrix3d straight =
        Quaterniond::FromTwoVectors(hangs * along, -kUp).toRotationMatrix() * hangs;
    const Matrix3d own = hangs.transpose() * by * straight;
    hangs = straight;
    return own;
  }
  /// The same for a bone that keeps its direction, as a foot.
  Matrix3d turn(const Matrix3d& by) const { return hangs.transpose() * by * hangs; }
};

}  // namespace

Pose pose_of(const Bodies& bodies, const Figure& figure, const Angles& angles) {
  Pose pose{std::vector<Matrix3d>(figure.joints.size(), Matrix3d::Identity())};
  const auto set = [&](std::string_view name, const Matrix3d& turn) {
    pose.turns[bodies.bone(name)] = turn;
  };
  const Matrix3d spine = about(kLeft, angles.at(Angle::kSpineFlex) / 3) *
                         about(kUp, angles.at(Angle::kSpineTwist) / 3);
  for (const char* name : {"spine_01", "spine_02", "spine_03"}) set(name, spine);
  const Matrix3d neck =
      about(kLeft, angles.at(Angle::kNeckFlex) / 2) * about(kUp, angles.at(Angle::kNeckTwist) / 2);
  set("neck_01", neck);
  set("head", neck);
  for (const bool right : {false, true}) {
    const double out = right ? -1 : 1;
    const char* side = right ? "_r" : "_l";
    const auto named = [&](std::string_view name) { return fmt::format("{}{}", name, side); };
    const auto along = [&](std::string_view name) -> Vector3 {
      const size_t bone = bodies.bone(named(name));
      return (figure.tails[bone] - figure.joints[bone]).normalized();
    };
    const auto of = [&](Angle angle) { return angles.at(angle, right); };
    Chain arm;
    set(named("upperarm"),
        arm.turn(along("upperarm"), about(kLeft, -of(Angle::kShoulderFlex)) *
                                        about(kForward, out * of(Angle::kShoulderSpread)) *
                                        about(kUp, out * of(Angle::kShoulderTwist))));
    set(named("lowerarm"), arm.turn(along("lowerarm"), about(kLeft, -of(Angle::kElbowFlex))));
    set(named("hand"), arm.turn(about(kLeft, -of(Angle::kWristFlex))));
    for (const char* finger : {"index", "middle", "ring", "pinky"}) {
      const bool index = std::string_view(finger) == "index";
      const double flex = of(index ? Angle::kIndexFlex : Angle::kFingerFlex);
      for (const char* part : {"_01", "_02", "_03"})
        set(named(std::string(finger) + part), about(kForward, -out * flex));
    }
    Chain leg;
    set(named("thigh"), leg.turn(along("thigh"), about(kLeft, -of(Angle::kHipFlex)) *
                                                     about(kForward, out * of(Angle::kHipSpread)) *
                                                     about(kUp, out * of(Angle::kHipTwist))));
    set(named("calf"), leg.turn(along("calf"), about(kLeft, of(Angle::kKneeFlex))));
    set(named("foot"), leg.turn(about(kLeft, of(Angle::kAnkleFlex))));
  }
  return pose;
}

namespace {

/// What a body does as a whole, and its limbs.
struct Held {
  Angles angles;
  double tilt_deg = 0;  ///< Negative: onto the back.
  double yaw_rad = 0;   ///< Beside the heading.
};

Held held(const Behaviour& behaviour, double since_s) {
  Held held{behaviour.limbs.at(since_s), behaviour.tilt_deg, 0};
  if (behaviour.face == "up") {
    held.tilt_deg = -held.tilt_deg;
    // Whoever swims on the back goes head first.
    if (behaviour.tilt_deg > 45) held.yaw_rad = M_PI;
  }
  return held;
}

/// How far up a body must go from where its hips are at z = 0.
double height_m(const Bodies& bodies, const Pool& pool, const Figure& figure, const Placed& placed,
                const Stance& stance, const Behaviour& behaviour) {
  if (behaviour.place == Place::kEdge) {
    constexpr double kSeat = 0.055;  // of the stature, from the hips' joints down to the seat
    const Vector3 hip = placed.in_scene * placed.posed.joint(figure, bodies.bone("thigh_l"));
    return pool.freeboard_m + kSeat * figure.face[0].y() - hip.z();
  }
  if (behaviour.is_wet() || stance.in_water)
    return stance.mouth_m - (placed.in_scene * mouth(bodies, figure, placed.posed)).z();
  std::vector<Eigen::Vector3f> points;
  skin(bodies.topology(Mesh::kFar), figure.vertices[static_cast<size_t>(Mesh::kFar)], placed.posed,
       placed.in_scene, points);
  const auto lowest = std::ranges::min(points, {}, [](const Eigen::Vector3f& p) { return p.z(); });
  return pool.freeboard_m - lowest.z();
}

}  // namespace

Placed place_body(const Bodies& bodies, const Behaviours& behaviours, const Pool& pool,
                  const Figure& figure, const Moment& moment, double time_s) {
  const Stance& stance = moment.stance;
  const Behaviour& behaviour = behaviours[stance.behaviour];
  Held now = held(behaviour, time_s - moment.began_s);
  const double t = std::clamp((time_s - moment.began_s) / kPassesOver_s, 0.0, 1.0);
  const double share = t * t * (3 - 2 * t);
  if (share < 1 && moment.before_began_s < moment.began_s) {
    const Held before = held(behaviours[moment.before], time_s - moment.before_began_s);
    now = {between(before.angles, now.angles, share),
           before.tilt_deg + share * (now.tilt_deg - before.tilt_deg),
           before.yaw_rad + share * (now.yaw_rad - before.yaw_rad)};
  }
  if (moment.signal > 0 && moment.signal_share > 0) {
    const Limbs& hands = behaviours.signals()[moment.signal - 1].limbs;
    now.angles =
        overlaid(now.angles, hands, hands.at(time_s - moment.signal_began_s), moment.signal_share);
  }
  Placed placed;
  placed.posed = pose_figure(bodies, figure, pose_of(bodies, figure, now.angles));
  const double yaw = stance.heading_rad + now.yaw_rad;
  Matrix3d upright;
  upright << -std::sin(yaw), 0, std::cos(yaw),  //
      std::cos(yaw), 0, std::sin(yaw),          //
      0, 1, 0;
  const Matrix3d turned =
      upright * about(kLeft, now.tilt_deg) * about(kUp, now.angles.at(Angle::kRoll));
  const Vector3 hips = turned * placed.posed.joint(figure, bodies.bone("pelvis"));
  placed.in_scene = Eigen::Affine3d::Identity();
  placed.in_scene.linear() = turned;
  placed.in_scene.translation() = Vector3(stance.at.x - hips.x(), stance.at.y - hips.y(), 0);
  double height = height_m(bodies, pool, figure, placed, stance, behaviour);
  // From land into water and back is a way too.
  const Behaviour& before = behaviours[moment.before];
  if (share < 1 && moment.before_began_s < moment.began_s && before.place != behaviour.place)
    height = (1 - share) * height_m(bodies, pool, figure, placed, stance, before) + share * height;
  placed.in_scene.translation().z() = height;
  return placed;
}

double stir_of(const Limbs& limbs) {
  double degrees = 0;
  for (const auto* side : {&limbs.left, &limbs.right}) {
    for (size_t i = kFirstOfSides; i < kAngles; ++i)
      degrees += std::abs((*side)[i].moves) + 90 * std::abs((*side)[i].turns);
  }
  constexpr double kSplashing = 350;  // degrees a second
  return std::clamp(degrees / limbs.period_s / kSplashing, 0.0, 1.0);
}

namespace {
constexpr double kTick_s = 0.1;
}

namespace {

/// Hands go up to a signal, and down again, within less than half a second.
void give_signal(Moment& moment, double now_s) {
  constexpr double kStep = 0.25;
  const size_t given = moment.stance.signal;
  if (given != moment.signal && moment.signal_share <= 0) {
    moment.signal = given;
    moment.signal_began_s = now_s;
  }
  const bool up = given != 0 && given == moment.signal;
  moment.signal_share = std::clamp(moment.signal_share + (up ? kStep : -kStep), 0.0, 1.0);
}

}  // namespace

Timeline::Timeline(Crowd& crowd, double begins_s, double duration_s) {
  std::map<int64_t, Moment> last;
  for (int64_t tick = 0; static_cast<double>(tick) * kTick_s < duration_s + kTick_s; ++tick) {
    const double now_s = static_cast<double>(tick) * kTick_s;
    crowd.move_to(begins_s + now_s);
    auto& moments = ticks_.emplace_back();
    for (const Stance& stance : crowd.stances()) {
      const auto [at, fresh] = last.try_emplace(stance.person);
      Moment& moment = at->second;
      if (fresh) {
        // Limbs of different people are not in step.
        moment = {stance, now_s - 0.37 * static_cast<double>(stance.person % 16) - kPassesOver_s,
                  stance.behaviour, 0};
        moment.before_began_s = moment.began_s;
      } else if (moment.stance.behaviour != stance.behaviour) {
        moment.before = moment.stance.behaviour;
        moment.before_began_s = moment.began_s;
        moment.began_s = now_s;
      }
      moment.stance = stance;
      give_signal(moment, now_s);
      moments.push_back(moment);
    }
  }
  // Whoever is there from the beginning comes with a crowd's first step.
  if (ticks_.size() > 1 && ticks_[0].empty()) ticks_[0] = ticks_[1];
}

std::vector<int64_t> Timeline::people() const {
  std::set<int64_t> people;
  for (const auto& moments : ticks_) {
    for (const Moment& moment : moments) people.insert(moment.stance.person);
  }
  return {people.begin(), people.end()};
}

std::vector<Moment> Timeline::at(double time_s) const {
  if (ticks_.empty()) return {};
  const double tick = std::clamp(time_s / kTick_s, 0.0, static_cast<double>(ticks_.size() - 1));
  const auto low = static_cast<size_t>(tick);
  const double t = tick - static_cast<double>(low);
  std::vector<Moment> moments = ticks_[low];
  if (low + 1 == ticks_.size()) return moments;
  for (Moment& moment : moments) {
    const auto next = std::ranges::find(ticks_[low + 1], moment.stance.person,
                                        [](const Moment& m) { return m.stance.person; });
    if (next == ticks_[low + 1].end()) continue;
    const Stance& to = next->stance;
    Stance& stance = moment.stance;
    stance.at = stance.at + (to.at - stance.at) * t;
    stance.mouth_m += t * (to.mouth_m - stance.mouth_m);
    stance.heading_rad += t * std::remainder(to.heading_rad - stance.heading_rad, 2 * M_PI);
    if (next->signal == moment.signal)
      moment.signal_share += t * (next->signal_share - moment.signal_share);
  }
  return moments;
}

}  // namespace lido::synth
