// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/people_tracker.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lido/geometry/projection.h"
#include "lido/reconstruct/bones.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// A joint with its speed, by Kalman's filter with constant speed.
class JointFilter {
 public:
  bool is_running() const { return running_; }
  Vector3 position() const { return state_.head<3>(); }
  Eigen::Matrix3d covariance() const { return covariance_.topLeftCorner<3, 3>(); }

  void predict(double step_s, double accel_sigma_mps2) {
    if (!running_) return;
    Matrix move = Matrix::Identity();
    move.topRightCorner<3, 3>().diagonal().setConstant(step_s);
    state_ = move * state_;
    const double q = accel_sigma_mps2 * accel_sigma_mps2;
    Matrix noise = Matrix::Zero();
    noise.topLeftCorner<3, 3>().diagonal().setConstant(q * step_s * step_s * step_s / 3);
    noise.topRightCorner<3, 3>().diagonal().setConstant(q * step_s * step_s / 2);
    noise.bottomLeftCorner<3, 3>().diagonal().setConstant(q * step_s * step_s / 2);
    noise.bottomRightCorner<3, 3>().diagonal().setConstant(q * step_s);
    covariance_ = move * covariance_ * move.transpose() + noise;
  }

  /// Returns whether the measurement fits what was predicted, and is used.
  bool update(const Joint& measured) {
    if (!running_) {
      start(measured);
      return true;
    }
    const Eigen::Matrix3d total = covariance() + measured.covariance;
    const Vector3 surprise = measured.point_in_world - position();
    const Eigen::Matrix3d inverse = total.inverse();
    // Chi-square with three degrees of freedom is beyond 30 once in a million.
    if (surprise.dot(inverse * surprise) > 30) {
      // A second surprise in a row is the truth.
      if (++misses_ >= 2) start(measured);
      return misses_ == 0;
    }
    misses_ = 0;
    const Eigen::Matrix<double, 6, 3> gain = covariance_.leftCols<3>() * inverse;
    state_ += gain * surprise;
    covariance_ -= gain * covariance_.topRows<3>();
    covariance_ = (covariance_ + covariance_.transpose()).eval() / 2;
    return true;
  }

  /// Brings two joints of one bone to its length, each by as much as it is uncertain.
  /// @param sigma_m  Standard deviation of the length at this moment.
  static void hold(JointFilter& a, JointFilter& b, double length_m, double sigma_m) {
    const Vector3 between = a.position() - b.position();
    const double distance_m = between.norm();
    constexpr double kMin_m = 0.02;
    if (!a.running_ || !b.running_ || distance_m < kMin_m) return;
    const Vector3 along = between / distance_m;
    const Eigen::Matrix3d noise = a.covariance() + b.covariance();
    const double along2 = along.dot(noise * along);
    // Errors across the bone make it look shorter than it is.
    const double expected_m = distance_m + (noise.trace() - along2) / (2 * distance_m);
    const double surprise_m = length_m - expected_m, total = along2 + sigma_m * sigma_m;
    // Joints that are mixed up with another person's are no matter of length.
    constexpr double kMax2 = 9;
    if (surprise_m * surprise_m > kMax2 * total) return;
    a.pull(along, surprise_m, total);
    b.pull(-along, surprise_m, total);
  }

 private:
  using Matrix = Eigen::Matrix<double, 6, 6>;

  void pull(const Vector3& along, double by_m, double total) {
    const Eigen::Matrix<double, 6, 1> gain = covariance_.leftCols<3>() * along / total;
    state_ += gain * by_m;
    covariance_ -= gain * (along.transpose() * covariance_.topRows<3>());
    covariance_ = (covariance_ + covariance_.transpose()).eval() / 2;
  }

  void start(const Joint& measured) {
    running_ = true;
    misses_ = 0;
    state_ << measured.point_in_world, 0, 0, 0;
    constexpr double kSpeed_mps = 1.5;
    covariance_.setZero();
    covariance_.topLeftCorner<3, 3>() = measured.covariance;
    covariance_.bottomRightCorner<3, 3>().diagonal().setConstant(kSpeed_mps * kSpeed_mps);
  }

  bool running_ = false;
  int misses_ = 0;
  Eigen::Matrix<double, 6, 1> state_ = Eigen::Matrix<double, 6, 1>::Zero();
  Matrix covariance_ = Matrix::Zero();
};

struct Track {
  int64_t id = 0;  ///< 0: not confirmed yet.
  std::array<JointFilter, kJoints> joints;
  BoneLengths bones;
  int hits = 0;
  double seen_s = 0;  ///< Time of the last triangulation.
};

/// Mean squared error of a view as a view of a track, in standard deviations with the track's own.
/// Nothing without enough joints.
std::optional<double> error2(const Camera& camera, const PersonView& view, const Track& track) {
  constexpr double kMax2 = 25, kPose_m = 0.04;
  constexpr int kMinJoints = 4;
  double sum = 0;
  int count = 0;
  for (size_t i = 0; i < kJoints; ++i) {
    const MeasuredKeypoint& keypoint = view.keypoints[i];
    if (!keypoint.is_seen() || !track.joints[i].is_running()) continue;
    const auto seen = geometry::differentiate_by_point(camera, track.joints[i].position());
    if (!seen) continue;
    Eigen::Matrix2d covariance =
        seen->by_point * track.joints[i].covariance() * seen->by_point.transpose();
    const double scale = seen->by_point.norm();
    covariance.diagonal().array() +=
        keypoint.sigma_px * keypoint.sigma_px + kPose_m * kPose_m * scale * scale / 2;
    const Eigen::Vector2d error = keypoint.pixel - seen->pixel;
    sum += std::min(kMax2, error.dot(covariance.inverse() * error) / 2);
    ++count;
  }
  if (count < kMinJoints) return std::nullopt;
  return sum / count;
}

/// Mean distance of joints that both have, metres.
double mean_distance(const Track& track, const Skeleton& skeleton) {
  double sum = 0;
  int count = 0;
  for (size_t i = 0; i < kJoints; ++i) {
    if (!track.joints[i].is_running() || !skeleton.joints[i].is_found()) continue;
    sum += (track.joints[i].position() - skeleton.joints[i].point_in_world).norm();
    ++count;
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::infinity();
}

}  // namespace

struct PeopleTracker::State {
  std::vector<Camera> cameras;
  Space space;
  TrackPeopleOptions options;
  std::vector<Track> tracks;
  std::optional<double> time_s;
  int64_t last_id = 0;

  /// Gives views to tracks, the best pair first; at most one view a camera to each.
  std::vector<std::vector<size_t>> give(std::span<const PersonView> views,
                                        std::vector<bool>& given) const {
    constexpr double kMaxError2 = 6;
    struct Pair {
      double error2;
      size_t track, view;
    };
    std::vector<Pair> pairs;
    for (size_t t = 0; t < tracks.size(); ++t) {
      for (size_t v = 0; v < views.size(); ++v) {
        const auto found = error2(cameras[views[v].camera], views[v], tracks[t]);
        if (found && *found <= kMaxError2) pairs.push_back({*found, t, v});
      }
    }
    std::ranges::sort(pairs, {},
                      [](const Pair& one) { return std::tuple(one.error2, one.track, one.view); });
    std::vector<std::vector<size_t>> out(tracks.size());
    for (const Pair& one : pairs) {
      const bool has_camera = std::ranges::any_of(out[one.track], [&](size_t view) {
        return views[view].camera == views[one.view].camera;
      });
      if (given[one.view] || has_camera) continue;
      given[one.view] = true;
      out[one.track].push_back(one.view);
    }
    return out;
  }

  /// Filters a track's joints by a skeleton of this moment.
  std::optional<TrackedPerson> update(Track& track, const Skeleton& skeleton, double now_s) {
    constexpr size_t kMinJoints = 3;
    if (skeleton.found() < kMinJoints) return std::nullopt;
    TrackedPerson person{.views = static_cast<int>(skeleton.views.size())};
    std::array<bool, kJoints> used{};
    for (size_t i = 0; i < kJoints; ++i)
      used[i] = skeleton.joints[i].is_found() && track.joints[i].update(skeleton.joints[i]);
    track.bones.add(skeleton.joints);
    for (size_t i = 0; i < kBones.size(); ++i) {
      const auto length_m = track.bones.length_m(i);
      if (!length_m || !used[kBones[i].a] || !used[kBones[i].b]) continue;
      JointFilter::hold(track.joints[kBones[i].a], track.joints[kBones[i].b], *length_m,
                        std::hypot(kBend_m, track.bones.sigma_m(i)));
    }
    for (size_t i = 0; i < kJoints; ++i) {
      if (used[i])
        person.joints[i] = {track.joints[i].position(), track.joints[i].covariance(),
                            skeleton.joints[i].cameras};
    }
    track.seen_s = now_s;
    ++track.hits;
    if (track.id == 0 && track.hits >= options.min_hits) track.id = ++last_id;
    person.id = track.id;
    return person;
  }

  /// Starts people from views that no track took.
  void start_people(std::span<const PersonView> views, const std::vector<bool>& given, double now_s,
                    std::vector<TrackedPerson>& out) {
    std::vector<PersonView> rest;
    for (size_t i = 0; i < views.size(); ++i) {
      if (!given[i]) rest.push_back(views[i]);
    }
    constexpr size_t kMinJoints = 5;
    constexpr double kSame_m = 0.3;
    for (const auto& group : associate(cameras, rest, space)) {
      const Skeleton skeleton = triangulate_person(cameras, rest, group, space);
      const bool known = std::ranges::any_of(
          tracks, [&](const Track& one) { return mean_distance(one, skeleton) < kSame_m; });
      if (known || skeleton.found() < kMinJoints) continue;
      Track track;
      if (auto person = update(track, skeleton, now_s); person && person->id > 0)
        out.push_back(std::move(*person));
      tracks.push_back(std::move(track));
    }
  }
};

PeopleTracker::PeopleTracker(std::vector<Camera> cameras, const Space& space,
                             const TrackPeopleOptions& options)
    : state_(std::make_unique<State>(State{std::move(cameras), space, options, {}, {}, 0})) {}
PeopleTracker::PeopleTracker(PeopleTracker&&) noexcept = default;
PeopleTracker& PeopleTracker::operator=(PeopleTracker&&) noexcept = default;
PeopleTracker::~PeopleTracker() = default;

std::vector<TrackedPerson> PeopleTracker::push(double time_s, std::span<const PersonView> views) {
  State& state = *state_;
  const double step_s = state.time_s ? time_s - *state.time_s : 0;
  state.time_s = time_s;
  for (Track& track : state.tracks) {
    for (JointFilter& joint : track.joints) joint.predict(step_s, state.options.accel_sigma_mps2);
  }
  std::vector<bool> given(views.size(), false);
  const auto owned = state.give(views, given);
  std::vector<TrackedPerson> out;
  for (size_t i = 0; i < owned.size(); ++i) {
    if (owned[i].size() < 2) continue;
    const auto skeleton = triangulate_person(state.cameras, views, owned[i], state.space);
    auto person = state.update(state.tracks[i], skeleton, time_s);
    if (person && person->id > 0) out.push_back(std::move(*person));
  }
  state.start_people(views, given, time_s, out);
  std::erase_if(state.tracks,
                [&](const Track& one) { return time_s - one.seen_s > state.options.max_gap_s; });
  std::ranges::sort(out, {}, &TrackedPerson::id);
  return out;
}

}  // namespace lido::reconstruct
