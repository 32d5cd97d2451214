// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/pose.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace lido::synth {
namespace {

/// How long one behaviour takes to blend into the next.
constexpr double kBlend_s = 0.6;

using Eigen::AngleAxisd;
using Eigen::Matrix3d;
using Eigen::Quaterniond;

double radians(double degrees) { return degrees * M_PI / 180; }
Matrix3d about(const Vector3& axis, double degrees) {
  return AngleAxisd(radians(degrees), axis).toRotationMatrix();
}
const Vector3 kLeft = Vector3::UnitX(), kUp = Vector3::UnitY(), kForward = Vector3::UnitZ();

/// Bones of a limb from the body outward: each hangs straight down before it is turned.
struct Chain {
  /// Rotation from the figure's axes, by the bones so far.
  Matrix3d straightened = Matrix3d::Identity();

  /// Rotation of the next bone.
  /// @param along  Its direction from joint to tail, in the body at rest.
  Matrix3d turn(const Vector3& along, const Matrix3d& by) {
    const Matrix3d straight =
        Quaterniond::FromTwoVectors(straightened * along, -kUp).toRotationMatrix() * straightened;
    const Matrix3d own = straightened.transpose() * by * straight;
    straightened = straight;
    return own;
  }
  /// Rotation of a bone that keeps its direction at rest, as a foot does.
  Matrix3d turn(const Matrix3d& by) const { return straightened.transpose() * by * straightened; }
};

/// Bones and angles of one side of the body.
class Side {
 public:
  Side(const Bodies& bodies, const Figure& figure, const Angles& angles, bool right)
      : bodies_(bodies), figure_(figure), angles_(angles), right_(right) {}

  void pose_arm(Pose& pose) const {
    Chain chain;
    set(pose, "upperarm",
        chain.turn(along("upperarm"), about(kLeft, -angle(Angle::kShoulderFlex)) *
                                          about(kForward, out() * angle(Angle::kShoulderSpread)) *
                                          about(kUp, out() * angle(Angle::kShoulderTwist))));
    set(pose, "lowerarm", chain.turn(along("lowerarm"), about(kLeft, -angle(Angle::kElbowFlex))));
    set(pose, "hand", chain.turn(about(kLeft, -angle(Angle::kWristFlex))));
    for (const std::string finger : {"index", "middle", "ring", "pinky"}) {
      const double flex = angle(finger == "index" ? Angle::kIndexFlex : Angle::kFingerFlex);
      for (const char* part : {"_01", "_02", "_03"})
        set(pose, finger + part, about(kForward, -out() * flex));
    }
  }

  void pose_leg(Pose& pose) const {
    Chain chain;
    set(pose, "thigh",
        chain.turn(along("thigh"), about(kLeft, -angle(Angle::kHipFlex)) *
                                       about(kForward, out() * angle(Angle::kHipSpread)) *
                                       about(kUp, out() * angle(Angle::kHipTwist))));
    set(pose, "calf", chain.turn(along("calf"), about(kLeft, angle(Angle::kKneeFlex))));
    set(pose, "foot", chain.turn(about(kLeft, angle(Angle::kAnkleFlex))));
  }

 private:
  size_t bone(std::string_view name) const {
    return bodies_.bone(fmt::format("{}{}", name, right_ ? "_r" : "_l"));
  }
  void set(Pose& pose, std::string_view name, const Matrix3d& turn) const {
    pose.turns[bone(name)] = turn;
  }
  Vector3 along(std::string_view name) const {
    return (figure_.tails[bone(name)] - figure_.joints[bone(name)]).normalized();
  }
  double angle(Angle which) const { return angles_.at(which, right_); }
  /// Sign of rotations that lead away from the body's middle.
  double out() const { return right_ ? -1 : 1; }

  const Bodies& bodies_;
  const Figure& figure_;
  const Angles& angles_;
  bool right_;
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
    const Side side(bodies, figure, angles, right);
    side.pose_arm(pose);
    side.pose_leg(pose);
  }
  return pose;
}

namespace {

/// Limbs and the body's attitude.
struct Attitude {
  Angles angles;
  double tilt_deg = 0;  ///< Trunk from upright; negative: onto the back.
  double yaw_rad = 0;   ///< Added to the heading.
};

Attitude attitude_of(const Behaviour& behaviour, double since_s) {
  Attitude attitude{behaviour.limbs.at(since_s), behaviour.tilt_deg, 0};
  if (behaviour.face == "up") {
    attitude.tilt_deg = -attitude.tilt_deg;
    // Swimmers on their back move head first.
    if (behaviour.tilt_deg > 45) attitude.yaw_rad = M_PI;
  }
  return attitude;
}

/// Height by which a body must be raised from where its hips are at z = 0.
double height_m(const Bodies& bodies, const Pool& pool, const Figure& figure,
                const PlacedBody& placed, const PersonState& state, const Behaviour& behaviour) {
  if (behaviour.place == Place::kEdge) {
    constexpr double kSeat = 0.055;  // from the hips' joints down to the seat, in statures
    const Vector3 hip = placed.in_scene * placed.posed.joint(figure, bodies.bone("thigh_l"));
    return pool.freeboard_m + kSeat * figure.face[0].y() - hip.z();
  }
  if (behaviour.is_wet() || state.in_water)
    return state.mouth_m - (placed.in_scene * mouth(bodies, figure, placed.posed)).z();
  std::vector<Eigen::Vector3f> points;
  skin(bodies.topology(Mesh::kFar), figure.vertices[static_cast<size_t>(Mesh::kFar)], placed.posed,
       placed.in_scene, points);
  const auto lowest = std::ranges::min(points, {}, [](const Eigen::Vector3f& p) { return p.z(); });
  return pool.freeboard_m - lowest.z();
}

}  // namespace

namespace {

/// Attitude at a moment: blended from the previous behaviour, with the signal on top.
Attitude blended_attitude(const Behaviours& behaviours, const Moment& moment, double time_s,
                          double share) {
  Attitude now = attitude_of(behaviours[moment.state.behaviour], time_s - moment.began_s);
  if (share < 1 && moment.previous_began_s < moment.began_s) {
    const Attitude before =
        attitude_of(behaviours[moment.previous], time_s - moment.previous_began_s);
    now = {interpolate(before.angles, now.angles, share),
           before.tilt_deg + share * (now.tilt_deg - before.tilt_deg),
           before.yaw_rad + share * (now.yaw_rad - before.yaw_rad)};
  }
  if (moment.signal > 0 && moment.signal_share > 0) {
    const Limbs& hands = behaviours.signals()[moment.signal - 1].limbs;
    now.angles =
        overlay(now.angles, hands, hands.at(time_s - moment.signal_began_s), moment.signal_share);
  }
  return now;
}

/// Rotation from the body's axes (x left, y up, z forward) to the scene's.
Matrix3d scene_rotation(const Attitude& attitude, double heading_rad) {
  const double yaw = heading_rad + attitude.yaw_rad;
  Matrix3d upright;
  upright << -std::sin(yaw), 0, std::cos(yaw),  //
      std::cos(yaw), 0, std::sin(yaw),          //
      0, 1, 0;
  return upright * about(kLeft, attitude.tilt_deg) * about(kUp, attitude.angles.at(Angle::kRoll));
}

}  // namespace

PlacedBody place_body(const Bodies& bodies, const Behaviours& behaviours, const Pool& pool,
                      const Figure& figure, const Moment& moment, double time_s) {
  const PersonState& state = moment.state;
  const Behaviour& behaviour = behaviours[state.behaviour];
  const double t = std::clamp((time_s - moment.began_s) / kBlend_s, 0.0, 1.0);
  const double share = t * t * (3 - 2 * t);
  const Attitude now = blended_attitude(behaviours, moment, time_s, share);
  PlacedBody placed;
  placed.posed = pose_figure(bodies, figure, pose_of(bodies, figure, now.angles));
  const Matrix3d rotation = scene_rotation(now, state.heading_rad);
  const Vector3 hips = rotation * placed.posed.joint(figure, bodies.bone("pelvis"));
  placed.in_scene = Eigen::Affine3d::Identity();
  placed.in_scene.linear() = rotation;
  placed.in_scene.translation() = Vector3(state.at.x - hips.x(), state.at.y - hips.y(), 0);
  double height = height_m(bodies, pool, figure, placed, state, behaviour);
  // The height blends too on the way from land into water and back.
  const Behaviour& previous = behaviours[moment.previous];
  if (share < 1 && moment.previous_began_s < moment.began_s && previous.place != behaviour.place)
    height = (1 - share) * height_m(bodies, pool, figure, placed, state, previous) + share * height;
  placed.in_scene.translation().z() = height;
  return placed;
}

double splash_of(const Limbs& limbs) {
  double degrees = 0;
  for (const auto* side : {&limbs.left, &limbs.right}) {
    for (size_t i = kFirstSideAngle; i < kAngles; ++i)
      degrees += std::abs((*side)[i].amplitude) + 90 * std::abs((*side)[i].turns);
  }
  constexpr double kSplashing_degps = 350;
  return std::clamp(degrees / limbs.period_s / kSplashing_degps, 0.0, 1.0);
}

namespace {

/// Time between two entries of a timeline.
constexpr double kTick_s = 0.1;

/// Moves the hands toward a signal, or back down: four ticks for the whole way.
void move_hands(Moment& moment, double now_s) {
  constexpr double kStep = 0.25;
  const size_t given = moment.state.signal;
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
    for (const PersonState& state : crowd.states()) {
      const auto [at, fresh] = last.try_emplace(state.person);
      Moment& moment = at->second;
      if (fresh) {
        // Offsets the limbs of different people, so that they are not in step.
        moment = {state, now_s - 0.37 * static_cast<double>(state.person % 16) - kBlend_s,
                  state.behaviour, 0};
        moment.previous_began_s = moment.began_s;
      } else if (moment.state.behaviour != state.behaviour) {
        moment.previous = moment.state.behaviour;
        moment.previous_began_s = moment.began_s;
        moment.began_s = now_s;
      }
      moment.state = state;
      move_hands(moment, now_s);
      moments.push_back(moment);
    }
  }
  // People who are present from the beginning arrive with the crowd's first step.
  if (ticks_.size() > 1 && ticks_[0].empty()) ticks_[0] = ticks_[1];
}

std::vector<int64_t> Timeline::people() const {
  std::set<int64_t> people;
  for (const auto& moments : ticks_) {
    for (const Moment& moment : moments) people.insert(moment.state.person);
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
    const auto next = std::ranges::find(ticks_[low + 1], moment.state.person,
                                        [](const Moment& m) { return m.state.person; });
    if (next == ticks_[low + 1].end()) continue;
    const PersonState& to = next->state;
    PersonState& state = moment.state;
    state.at = state.at + (to.at - state.at) * t;
    state.mouth_m += t * (to.mouth_m - state.mouth_m);
    state.heading_rad += t * std::remainder(to.heading_rad - state.heading_rad, 2 * M_PI);
    if (next->signal == moment.signal)
      moment.signal_share += t * (next->signal_share - moment.signal_share);
  }
  return moments;
}

}  // namespace lido::synth
