// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/body/pose.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace lido::synth {
namespace {

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

  void pose_arm(BodyPose& pose) const {
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

  void pose_leg(BodyPose& pose) const {
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
  void set(BodyPose& pose, std::string_view name, const Matrix3d& turn) const {
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

BodyPose pose_of(const Bodies& bodies, const Figure& figure, const Angles& angles) {
  BodyPose pose{std::vector<Matrix3d>(figure.joints.size(), Matrix3d::Identity())};
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

/// Limbs and direction by one of a person's two motions.
Attitude attitude_of(const Behaviours& behaviours, const PersonState& state, size_t index,
                     size_t posture_index, const LimbMotion& limbs, double time_s) {
  const Behaviour& behaviour = behaviours[index];
  const Posture& posture = behaviour.postures[posture_index];
  const Variation& variation = behaviours.variation();
  // On land, joints carry weight, and differ less.
  const double share = behaviour.is_wet() ? 1 : 0.5;
  const JointStyle style{state.motion_seed + 977 * index + 31 * posture_index,
                         share * variation.joint_deg, share * behaviour.drift * variation.drift_deg,
                         variation.drift_s, time_s};
  Attitude attitude{posture.limbs.at(limbs, style), 0, 0};
  // Swimmers on their back move head first.
  if (posture.face == "up" && posture.tilt_deg > 45) attitude.yaw_rad = M_PI;
  return attitude;
}

/// Attitude at a moment: between the previous behaviour and the present one, with the signal on
/// top.
Attitude attitude_at(const Behaviours& behaviours, const Moment& moment, double time_s) {
  const PersonState& state = moment.state;
  Attitude now =
      attitude_of(behaviours, state, state.behaviour, state.posture, state.limbs, time_s);
  if (state.share < 1) {
    const Attitude before = attitude_of(behaviours, state, state.previous, state.previous_posture,
                                        state.previous_limbs, time_s);
    now = {interpolate(before.angles, now.angles, state.share), 0,
           before.yaw_rad + state.share * (now.yaw_rad - before.yaw_rad)};
  }
  now.tilt_deg = state.tilt_deg;
  if (moment.signal > 0 && moment.signal_share > 0) {
    const Limbs& hands = behaviours.signals()[moment.signal - 1].limbs;
    const double periods = (time_s - moment.signal_began_s) / hands.period_s;
    now.angles = overlay(now.angles, hands, hands.at({.periods = periods}), moment.signal_share);
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

/// Places one person's body at one moment.
class Placement {
 public:
  Placement(const Bodies& bodies, const Behaviours& behaviours, const Pool& pool,
            const Figure& figure, const PersonState& state)
      : bodies_(bodies), behaviours_(behaviours), pool_(pool), figure_(figure), state_(state) {}

  PlacedBody place(const Attitude& attitude) {
    PlacedBody placed = posed(attitude);
    raise(placed);
    if (!state_.in_water) return placed;
    double deep_m = below_floor_m(placed);
    if (deep_m <= kTolerance_m) return placed;
    if (is_carried_by_legs()) {
      placed = crouched(attitude);
      deep_m = below_floor_m(placed);
    }
    placed.in_scene.translation().z() += std::max(0.0, deep_m);
    return placed;
  }

 private:
  static constexpr double kTolerance_m = 1e-3;

  PlacedBody posed(const Attitude& attitude) const {
    PlacedBody placed;
    placed.posed = pose_figure(bodies_, figure_, pose_of(bodies_, figure_, attitude.angles));
    const Matrix3d rotation = scene_rotation(attitude, state_.heading_rad);
    const Vector3 hips = rotation * placed.posed.joint(figure_, bodies_.bone("pelvis"));
    placed.in_scene = Eigen::Affine3d::Identity();
    placed.in_scene.linear() = rotation;
    placed.in_scene.translation() = Vector3(state_.at.x - hips.x(), state_.at.y - hips.y(), 0);
    return placed;
  }

  bool is_carried_by_legs() const {
    constexpr double kMaxTilt_deg = 60;
    const Behaviour& behaviour = behaviours_[state_.behaviour];
    return std::abs(state_.tilt_deg) < kMaxTilt_deg && !behaviour.sinks() &&
           behaviour.place != Place::kBottom;
  }

  /// Height by which a body must be raised from where its hips are at z = 0.
  double height_m(const PlacedBody& placed, const Behaviour& behaviour) {
    if (behaviour.place == Place::kEdge) {
      constexpr double kSeat = 0.055;  // from the hips' joints down to the seat, in statures
      const Vector3 hip = placed.in_scene * placed.posed.joint(figure_, bodies_.bone("thigh_l"));
      return pool_.freeboard_m + kSeat * figure_.face[0].y() - hip.z();
    }
    if (behaviour.is_wet() || state_.in_water)
      return state_.mouth_m - (placed.in_scene * mouth(bodies_, figure_, placed.posed)).z();
    skin_far(placed);
    const auto lowest =
        std::ranges::min(points_, {}, [](const Eigen::Vector3f& p) { return p.z(); });
    return pool_.freeboard_m - lowest.z();
  }

  void raise(PlacedBody& placed) {
    const Behaviour& behaviour = behaviours_[state_.behaviour];
    const Behaviour& previous = behaviours_[state_.previous];
    double height = height_m(placed, behaviour);
    // The height blends too on the way from land into water and back.
    if (state_.share < 1 && previous.place != behaviour.place)
      height = (1 - state_.share) * height_m(placed, previous) + state_.share * height;
    placed.in_scene.translation().z() = height;
  }

  void skin_far(const PlacedBody& placed) {
    skin(bodies_.topology(Mesh::kFar), figure_.vertices[static_cast<size_t>(Mesh::kFar)],
         placed.posed, placed.in_scene, points_);
  }

  /// How far the lowest point is under the floor; negative over it.
  double below_floor_m(const PlacedBody& placed) {
    // A body that hangs from its mouth without touching the floor needs no second look.
    constexpr double kMaxReach = 1.4;  // statures
    if (state_.mouth_m + pool_.depth_m(state_.at) > kMaxReach * figure_.face[0].y()) return -1;
    skin_far(placed);
    double below_m = -1;
    for (const Eigen::Vector3f& p : points_)
      below_m = std::max(below_m, -p.z() - pool_.basin_m(p.x()));
    return below_m;
  }

  /// The body with legs that fold as far as the floor asks for.
  PlacedBody crouched(const Attitude& attitude) {
    constexpr double kHip_deg = 100, kKnee_deg = 140;
    constexpr int kSteps = 6;
    const auto folded = [&](double share) {
      Attitude bent = attitude;
      for (const bool right : {false, true}) {
        double& hip = bent.angles.at(Angle::kHipFlex, right);
        double& knee = bent.angles.at(Angle::kKneeFlex, right);
        hip += share * std::max(0.0, kHip_deg - hip);
        knee += share * std::max(0.0, kKnee_deg - knee);
      }
      PlacedBody placed = posed(bent);
      raise(placed);
      return placed;
    };
    double low = 0, high = 1;
    for (int i = 0; i < kSteps; ++i) {
      const double middle = (low + high) / 2;
      (below_floor_m(folded(middle)) > kTolerance_m ? low : high) = middle;
    }
    return folded(high);
  }

  const Bodies& bodies_;
  const Behaviours& behaviours_;
  const Pool& pool_;
  const Figure& figure_;
  const PersonState& state_;
  std::vector<Eigen::Vector3f> points_;
};

}  // namespace

PlacedBody place_body(const Bodies& bodies, const Behaviours& behaviours, const Pool& pool,
                      const Figure& figure, const Moment& moment, double time_s) {
  Placement placement(bodies, behaviours, pool, figure, moment.state);
  return placement.place(attitude_at(behaviours, moment, time_s));
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
      Moment& moment = last[state.person];
      moment.state = state;
      move_hands(moment, now_s);
      moments.push_back(moment);
    }
  }
  // People who are present from the beginning arrive with the crowd's first step.
  if (ticks_.size() > 1 && ticks_[0].empty()) ticks_[0] = ticks_[1];
}

namespace {

/// Moves a state toward a later one by a share of the way.
void approach(PersonState& state, const PersonState& to, double t) {
  const auto move = [t](double& from, double target) { from += t * (target - from); };
  state.at = state.at + (to.at - state.at) * t;
  move(state.mouth_m, to.mouth_m);
  move(state.tilt_deg, to.tilt_deg);
  state.heading_rad += t * std::remainder(to.heading_rad - state.heading_rad, 2 * M_PI);
  // Limbs of a behaviour that has just begun start with it.
  if (state.behaviour != to.behaviour || to.share < state.share) return;
  const auto move_limbs = [&](LimbMotion& limbs, const LimbMotion& later) {
    move(limbs.periods, later.periods);
    move(limbs.sides_offset, later.sides_offset);
    move(limbs.size, later.size);
  };
  move_limbs(state.limbs, to.limbs);
  move_limbs(state.previous_limbs, to.previous_limbs);
  move(state.share, to.share);
}

}  // namespace

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
    approach(moment.state, next->state, t);
    if (next->signal == moment.signal)
      moment.signal_share += t * (next->signal_share - moment.signal_share);
  }
  return moments;
}

}  // namespace lido::synth
