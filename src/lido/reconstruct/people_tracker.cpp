// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/people_tracker.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "lido/geometry/projection.h"
#include "lido/reconstruct/one_view.h"

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

constexpr std::array<double, kBones.size()> far_past() {
  std::array<double, kBones.size()> times{};
  times.fill(-std::numeric_limits<double>::infinity());
  return times;
}

struct Track {
  int64_t id = 0;  ///< 0: not confirmed yet.
  std::array<JointFilter, kJoints> joints;
  BoneLengths bones;
  int hits = 0;            ///< Moments at which the person was placed.
  int pair_hits = 0;       ///< Moments with a triangulation.
  double seen_s = 0;       ///< Time at which the person was last placed.
  double pair_seen_s = 0;  ///< Time of the last triangulation.
  /// Joints as one camera alone saw them last, until the next triangulation; else not found.
  std::array<Joint, kJoints> alone{};

  /// Time at which a bone last had its length.
  std::array<double, kBones.size()> sound_s = far_past();

  bool had_pair() const { return pair_hits > 0; }

  /// Leaves out joints of limbs that a bone of settled length contradicts, as where two cameras'
  /// keypoints are on the wrong arm. A length that fits no moment for long is wrong itself.
  void leave_out_misfits(std::array<Joint, kJoints>& found, double now_s) {
    constexpr size_t kFirstLimb = 4;
    constexpr double kMaxSigmas = 4, kTrust_s = 1;
    for (size_t i = kFirstLimb; i < kBones.size(); ++i) {
      const Joint& a = found[kBones[i].a];
      Joint& b = found[kBones[i].b];
      const auto length_m = bones.length_m(i);
      if (!length_m || !a.is_found() || !b.is_found()) continue;
      const Vector3 between = b.point_in_world - a.point_in_world;
      const double distance_m = std::max(1e-6, between.norm());
      const Vector3 along = between / distance_m;
      const double noise2 = along.dot((a.covariance + b.covariance) * along);
      const double sigma_m =
          std::sqrt(noise2 + kBend_m * kBend_m + bones.sigma_m(i) * bones.sigma_m(i));
      if (std::abs(distance_m - *length_m) <= kMaxSigmas * sigma_m) {
        sound_s[i] = now_s;
      } else if (now_s - sound_s[i] < kTrust_s) {
        b.cameras.clear();
      }
    }
  }

  /// Moves time on by a step.
  void predict(double step_s, double accel_sigma_mps2) {
    for (JointFilter& joint : joints) joint.predict(step_s, accel_sigma_mps2);
    constexpr double kSpeed_mps = 1.2;
    for (Joint& joint : alone)
      joint.covariance.diagonal().array() += kSpeed_mps * kSpeed_mps * step_s * step_s;
  }

  /// A joint as triangulations let expect it; not found where there is none or too long ago.
  Joint filtered(size_t joint) const {
    Joint out;
    if (!joints[joint].is_running()) return out;
    out.point_in_world = joints[joint].position();
    out.covariance = joints[joint].covariance();
    out.cameras = {0};
    return out;
  }
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
    const bool is_alone = track.alone[i].is_found();
    if (!keypoint.is_seen() || (!is_alone && !track.joints[i].is_running())) continue;
    const Vector3 at = is_alone ? track.alone[i].point_in_world : track.joints[i].position();
    const auto seen = geometry::differentiate_by_point(camera, at);
    if (!seen) continue;
    const Eigen::Matrix3d noise =
        is_alone ? track.alone[i].covariance : track.joints[i].covariance();
    Eigen::Matrix2d covariance = seen->by_point * noise * seen->by_point.transpose();
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
  std::optional<geometry::Pool> pool;
  std::vector<Track> tracks;
  std::optional<double> time_s;
  int64_t last_id = 0;
  std::vector<double> last_view_s;  ///< Time of the last view of each camera.
  LeftOutViews left_out;

  /// Gives views to tracks, the best pair first; at most one view a camera to each.
  /// @param paired  Whether tracks that had a triangulation are meant, or the others.
  std::vector<std::vector<size_t>> give(std::span<const PersonView> views, bool paired,
                                        std::vector<bool>& given) const {
    constexpr double kMaxError2 = 6;
    struct Pair {
      double error2;
      size_t track, view;
    };
    std::vector<Pair> pairs;
    for (size_t t = 0; t < tracks.size(); ++t) {
      if (tracks[t].had_pair() != paired) continue;
      for (size_t v = 0; v < views.size(); ++v) {
        if (given[v]) continue;
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

  /// Counts a moment at which a person was placed, and confirms the person.
  void count_hit(Track& track, double now_s, int min_hits) {
    track.seen_s = now_s;
    ++track.hits;
    if (track.id == 0 && track.hits >= min_hits) track.id = ++last_id;
  }

  /// Filters a track's joints by a skeleton of this moment.
  std::optional<TrackedPerson> update(Track& track, const Skeleton& skeleton,
                                      std::span<const PersonView> views, double now_s) {
    constexpr size_t kMinJoints = 3;
    if (skeleton.found() < kMinJoints) return std::nullopt;
    TrackedPerson person{.views = static_cast<int>(skeleton.views.size())};
    std::array<bool, kJoints> used{};
    auto found = skeleton.joints;
    track.leave_out_misfits(found, now_s);
    for (size_t i = 0; i < kJoints; ++i)
      used[i] = found[i].is_found() && track.joints[i].update(found[i]);
    track.bones.add(found);
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
    track.alone = {};
    ++track.pair_hits;
    track.pair_seen_s = now_s;
    count_hit(track, now_s, options.min_hits);
    if (pool) add_lone_joints(track, skeleton, views, person);
    person.id = track.id;
    return person;
  }

  /// Adds joints that one of the person's cameras alone sees.
  void add_lone_joints(const Track& track, const Skeleton& skeleton,
                       std::span<const PersonView> views, TrackedPerson& person) const {
    const auto found = person.joints;
    for (size_t i = 0; i < kJoints; ++i) {
      if (skeleton.joints[i].is_found()) continue;
      std::optional<size_t> only;
      int sights = 0;
      for (const size_t view : skeleton.views) {
        if (!views[view].keypoints[i].is_seen()) continue;
        only = view;
        ++sights;
      }
      // Cameras that contradict each other are no single camera.
      if (sights != 1) continue;
      const Joint expected = track.filtered(i);
      const auto placed =
          place_joint(cameras[views[*only].camera], views[*only], i, found, track.bones, expected);
      if (!placed) continue;
      const Joint joint = fuse(*placed, expected);
      if (space.contains(joint.point_in_world)) person.joints[i] = joint;
    }
  }

  /// Places a track's person by one camera's view.
  std::optional<TrackedPerson> go_on_alone(Track& track, const PersonView& view, double now_s) {
    // A pair of views that never came back may have been of two people.
    constexpr int kMinPairs = 10;
    if (!pool || (track.had_pair() && track.id == 0)) return std::nullopt;
    if (track.had_pair() && track.pair_hits < kMinPairs &&
        now_s - track.pair_seen_s > options.max_gap_s)
      return std::nullopt;
    // Motion is no hint after so long.
    constexpr double kMotion_s = 3;
    std::array<Joint, kJoints> expected;
    for (size_t i = 0; i < kJoints && now_s - track.pair_seen_s < kMotion_s; ++i)
      expected[i] = track.filtered(i);
    const auto placed =
        place_from_one_view(cameras[view.camera], view, *pool, size_of(track.bones), expected);
    if (!placed) {
      ++left_out.no_place;
      return std::nullopt;
    }
    TrackedPerson person{.views = 1};
    track.alone = {};
    for (size_t i = 0; i < kJoints; ++i) {
      if (!(*placed)[i].is_found()) continue;
      track.alone[i] = fuse((*placed)[i], expected[i]);
      if (space.contains(track.alone[i].point_in_world)) person.joints[i] = track.alone[i];
    }
    // A person whom no second camera ever saw needs more moments.
    count_hit(track, now_s, options.min_hits + (track.had_pair() ? 0 : 2));
    person.id = track.id;
    return person;
  }

  /// Whether another camera, one that works, looks at a place and so should see a person there.
  bool is_watched(size_t camera, const std::array<Joint, kJoints>& person, double now_s) const {
    // A camera without a view for so long is blind, or sees no people at all.
    constexpr double kBlind_s = 10;
    for (size_t i = 0; i < cameras.size(); ++i) {
      if (i == camera || now_s - last_view_s[i] > kBlind_s) continue;
      if (looks_at(cameras[i], person)) return true;
    }
    return false;
  }

  /// Starts and continues people from views that no track took.
  /// @param given  Marks the views that were used.
  void start_people(std::span<const PersonView> views, std::vector<bool>& given, double now_s,
                    std::vector<TrackedPerson>& out) {
    std::vector<PersonView> rest;
    std::vector<size_t> indices;
    for (size_t i = 0; i < views.size(); ++i) {
      if (given[i]) continue;
      rest.push_back(views[i]);
      indices.push_back(i);
    }
    constexpr size_t kMinJoints = 5;
    constexpr double kSame_m = 0.3;
    for (const auto& group : associate(cameras, rest, space)) {
      const Skeleton skeleton = triangulate_person(cameras, rest, group, space);
      const bool known = std::ranges::any_of(tracks, [&](const Track& one) {
        return one.had_pair() && mean_distance(one, skeleton) < kSame_m;
      });
      for (const size_t i : group) given[indices[i]] = true;
      if (known || skeleton.found() < kMinJoints) continue;
      Track* track = lone_track_of(rest, group);
      if (track == nullptr) track = &tracks.emplace_back();
      auto person = update(*track, skeleton, rest, now_s);
      if (person && person->id > 0) out.push_back(std::move(*person));
    }
  }

  /// The track of one camera alone that a group of views fits best; null if none.
  Track* lone_track_of(std::span<const PersonView> views, std::span<const size_t> group) {
    constexpr double kMaxError2 = 6;
    Track* best = nullptr;
    double best_error2 = kMaxError2;
    for (Track& track : tracks) {
      if (track.had_pair()) continue;
      double worst2 = 0;
      for (const size_t i : group)
        worst2 = std::max(worst2, error2(cameras[views[i].camera], views[i], track).value_or(1e9));
      if (worst2 > best_error2) continue;
      best = &track;
      best_error2 = worst2;
    }
    return best;
  }

  /// Whether a view that no track took and that is in no group can be of a new person; else counts
  /// why not.
  bool can_start_alone(std::span<const PersonView> views, size_t view,
                       const std::vector<TrackedPerson>& people) {
    constexpr int kMinKeypoints = 8;
    const PersonView& one = views[view];
    if (std::ranges::count_if(one.keypoints, &MeasuredKeypoint::is_seen) < kMinKeypoints) {
      ++left_out.few_keypoints;
      return false;
    }
    for (size_t i = 0; i < views.size(); ++i) {
      if (i == view || !is_second_box(one, views[i])) continue;
      ++left_out.second_boxes;
      return false;
    }
    for (const TrackedPerson& person : people) {
      if (!is_reflection(cameras[one.camera], one, person.joints)) continue;
      ++left_out.reflections;
      return false;
    }
    return true;
  }

  /// Continues and starts people whom one camera alone sees.
  void place_lone_views(std::span<const PersonView> views, std::vector<bool>& given, double now_s,
                        std::vector<TrackedPerson>& out) {
    const auto owned = give(views, false, given);
    for (size_t i = 0; i < owned.size(); ++i) {
      for (const size_t view : owned[i]) {
        if (view != owned[i].front() || is_watched(views[view].camera, tracks[i].alone, now_s)) {
          ++left_out.unconfirmed;
          continue;
        }
        auto person = go_on_alone(tracks[i], views[view], now_s);
        if (person && person->id > 0) out.push_back(std::move(*person));
      }
    }
    for (size_t i = 0; i < views.size(); ++i) {
      if (given[i] || !can_start_alone(views, i, out)) continue;
      Track track;
      auto person = go_on_alone(track, views[i], now_s);
      if (!person) continue;
      if (is_upside_down(track.alone)) {
        ++left_out.reflections;
      } else if (is_watched(views[i].camera, track.alone, now_s)) {
        ++left_out.unconfirmed;
      } else if (std::ranges::any_of(out, [&](const TrackedPerson& other) {
                   return are_near(other.joints, track.alone);
                 })) {
        ++left_out.doubles;
      } else {
        tracks.push_back(std::move(track));
      }
    }
  }
};

PeopleTracker::PeopleTracker(std::vector<Camera> cameras, const Space& space,
                             const TrackPeopleOptions& options, std::optional<geometry::Pool> pool)
    : state_(std::make_unique<State>()) {
  state_->last_view_s.assign(cameras.size(), -std::numeric_limits<double>::infinity());
  state_->cameras = std::move(cameras);
  state_->space = space;
  state_->options = options;
  state_->pool = std::move(pool);
}
PeopleTracker::PeopleTracker(PeopleTracker&&) noexcept = default;
PeopleTracker& PeopleTracker::operator=(PeopleTracker&&) noexcept = default;
PeopleTracker::~PeopleTracker() = default;

const LeftOutViews& PeopleTracker::left_out() const { return state_->left_out; }

std::vector<TrackedPerson> PeopleTracker::push(double time_s, std::span<const PersonView> views) {
  State& state = *state_;
  const double step_s = state.time_s ? time_s - *state.time_s : 0;
  state.time_s = time_s;
  for (Track& track : state.tracks) track.predict(step_s, state.options.accel_sigma_mps2);
  for (const PersonView& view : views) state.last_view_s[view.camera] = time_s;
  std::vector<bool> given(views.size(), false);
  const auto owned = state.give(views, true, given);
  std::vector<TrackedPerson> out;
  std::vector<size_t> lone;
  for (size_t i = 0; i < owned.size(); ++i) {
    if (owned[i].size() == 1) lone.push_back(i);
    if (owned[i].size() < 2) continue;
    const auto skeleton = triangulate_person(state.cameras, views, owned[i], state.space);
    auto person = state.update(state.tracks[i], skeleton, views, time_s);
    if (person && person->id > 0) out.push_back(std::move(*person));
  }
  for (const size_t i : lone) {
    auto person = state.go_on_alone(state.tracks[i], views[owned[i][0]], time_s);
    if (person && person->id > 0) out.push_back(std::move(*person));
  }
  state.start_people(views, given, time_s, out);
  if (state.pool) state.place_lone_views(views, given, time_s, out);
  std::erase_if(state.tracks,
                [&](const Track& one) { return time_s - one.seen_s > state.options.max_gap_s; });
  std::ranges::sort(out, {}, &TrackedPerson::id);
  return out;
}

}  // namespace lido::reconstruct
