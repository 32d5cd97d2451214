// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/keypoint_paths.h"

#include <algorithm>
#include <cmath>

namespace lido::reconstruct {
namespace {

/// A swimmer moves by less than half of their size between two frames.
constexpr double kMaxStep = 0.5;

/// Mean distance of the keypoints that two views of one camera share, over the size of the person
/// in the image. Nothing with too few of them.
std::optional<double> step_between(const PersonView& a, const PersonView& b) {
  constexpr int kMinShared = 4;
  constexpr double kMinSize_px = 4;
  double sum = 0;
  int shared = 0;
  Eigen::Vector2d low(INFINITY, INFINITY), high(-INFINITY, -INFINITY);
  for (size_t i = 0; i < kJoints; ++i) {
    if (!a.keypoints[i].is_seen() || !b.keypoints[i].is_seen()) continue;
    sum += (a.keypoints[i].pixel - b.keypoints[i].pixel).norm();
    low = low.cwiseMin(a.keypoints[i].pixel), high = high.cwiseMax(a.keypoints[i].pixel);
    ++shared;
  }
  if (shared < kMinShared) return std::nullopt;
  return sum / shared / std::max((high - low).norm(), kMinSize_px);
}

/// Slope at a frame: that of its neighbours, or of one of them at a path's end.
struct Slope {
  const MeasuredKeypoint *before, *after;
  double span_s;
  Eigen::Vector2d value() const {
    if (before == nullptr || after == nullptr || !before->is_seen() || !after->is_seen() ||
        span_s <= 0)
      return Eigen::Vector2d::Zero();
    return (after->pixel - before->pixel) / span_s;
  }
  bool is_known() const {
    return before != nullptr && after != nullptr && before->is_seen() && after->is_seen();
  }
};

}  // namespace

double MovingView::speed_px_s() const {
  double sum = 0;
  int count = 0;
  for (size_t i = 0; i < kJoints; ++i) {
    if (!view.keypoints[i].is_seen()) continue;
    sum += velocity_px_s[i].squaredNorm();
    ++count;
  }
  return count > 0 ? std::sqrt(sum / count) : 0;
}

void KeypointPath::add(double time_s, const PersonView& view) {
  times_s_.push_back(time_s);
  views_.push_back(view);
}

std::optional<PersonView> KeypointPath::view_at(double time_s) const {
  if (times_s_.size() < 2 || !(time_s >= times_s_.front()) || !(time_s <= times_s_.back()))
    return std::nullopt;
  const auto next = std::ranges::upper_bound(times_s_, time_s);
  const size_t i = std::min(static_cast<size_t>(next - times_s_.begin()), times_s_.size() - 1) - 1;
  const double step_s = times_s_[i + 1] - times_s_[i], u = (time_s - times_s_[i]) / step_s;
  if (step_s > kMaxGap_s) return std::nullopt;
  PersonView out{.camera = views_[i].camera};
  const bool has_before = i > 0 && times_s_[i] - times_s_[i - 1] <= kMaxGap_s;
  const bool has_after = i + 2 < views_.size() && times_s_[i + 2] - times_s_[i + 1] <= kMaxGap_s;
  for (size_t k = 0; k < kJoints; ++k) {
    const MeasuredKeypoint &a = views_[i].keypoints[k], &b = views_[i + 1].keypoints[k];
    if (!a.is_seen() || !b.is_seen()) continue;
    const Slope at_a{has_before ? &views_[i - 1].keypoints[k] : nullptr, &b,
                     has_before ? times_s_[i + 1] - times_s_[i - 1] : 0};
    const Slope at_b{&a, has_after ? &views_[i + 2].keypoints[k] : nullptr,
                     has_after ? times_s_[i + 2] - times_s_[i] : 0};
    const Eigen::Vector2d straight = (b.pixel - a.pixel) / step_s;
    const Eigen::Vector2d m_a = step_s * (at_a.is_known() ? at_a.value() : straight);
    const Eigen::Vector2d m_b = step_s * (at_b.is_known() ? at_b.value() : straight);
    const double u2 = u * u, u3 = u2 * u;
    out.keypoints[k].pixel = (2 * u3 - 3 * u2 + 1) * a.pixel + (u3 - 2 * u2 + u) * m_a +
                             (3 * u2 - 2 * u3) * b.pixel + (u3 - u2) * m_b;
    out.keypoints[k].sigma_px = (1 - u) * a.sigma_px + u * b.sigma_px;
  }
  return out;
}

std::optional<MovingView> KeypointPath::at(double time_s) const {
  auto now = view_at(time_s);
  const auto before = view_at(time_s - kAround_s), after = view_at(time_s + kAround_s);
  if (!now || !before || !after) return std::nullopt;
  MovingView out{.view = std::move(*now), .velocity_px_s = {}};
  for (size_t k = 0; k < kJoints; ++k) {
    out.velocity_px_s[k].setZero();
    const MeasuredKeypoint &a = before->keypoints[k], &b = after->keypoints[k];
    if (!a.is_seen() || !b.is_seen()) out.view.keypoints[k].sigma_px = 0;
    if (out.view.keypoints[k].is_seen())
      out.velocity_px_s[k] = (b.pixel - a.pixel) / (2 * kAround_s);
  }
  return out;
}

std::vector<std::optional<size_t>> find_again(const PoseFrame& before, const PoseFrame& after) {
  struct Pair {
    double step;
    size_t a, b;
  };
  std::vector<Pair> pairs;
  for (size_t a = 0; a < before.people.size(); ++a) {
    for (size_t b = 0; b < after.people.size(); ++b) {
      const int64_t track_a = before.people[a].track, track_b = after.people[b].track;
      if (track_a > 0 && track_b > 0) {
        if (track_a == track_b) pairs.push_back({0, a, b});
        continue;
      }
      const auto step = step_between(before.people[a], after.people[b]);
      if (step && *step <= kMaxStep) pairs.push_back({*step, a, b});
    }
  }
  std::ranges::sort(pairs, {}, [](const Pair& one) { return std::tuple(one.step, one.a, one.b); });
  std::vector<std::optional<size_t>> out(before.people.size());
  std::vector<bool> taken(after.people.size());
  for (const Pair& one : pairs) {
    if (out[one.a] || taken[one.b]) continue;
    out[one.a] = one.b;
    taken[one.b] = true;
  }
  return out;
}

std::vector<KeypointPath> follow_keypoints(std::span<const PoseFrame> frames) {
  struct Pair {
    double step;
    size_t path, person;
  };
  std::vector<KeypointPath> running, done;
  for (const PoseFrame& frame : frames) {
    std::vector<Pair> pairs;
    for (size_t path = 0; path < running.size(); ++path) {
      for (size_t person = 0; person < frame.people.size(); ++person) {
        const double since_s = frame.time_s - running[path].last_s();
        if (!(since_s > 0) || since_s > KeypointPath::kMaxGap_s) continue;
        const auto step = step_between(running[path].last(), frame.people[person]);
        if (step && *step <= kMaxStep) pairs.push_back({*step, path, person});
      }
    }
    std::ranges::sort(pairs, {},
                      [](const Pair& one) { return std::tuple(one.step, one.path, one.person); });
    std::vector<bool> has_path(frame.people.size()), has_person(running.size());
    for (const Pair& one : pairs) {
      if (has_path[one.person] || has_person[one.path]) continue;
      has_path[one.person] = has_person[one.path] = true;
      running[one.path].add(frame.time_s, frame.people[one.person]);
    }
    for (size_t person = 0; person < frame.people.size(); ++person) {
      if (has_path[person]) continue;
      running.emplace_back();
      running.back().add(frame.time_s, frame.people[person]);
    }
    const auto lost = std::ranges::partition(running, [&](const KeypointPath& one) {
      return frame.time_s - one.last_s() <= KeypointPath::kMaxGap_s;
    });
    std::ranges::move(lost, std::back_inserter(done));
    running.erase(lost.begin(), lost.end());
  }
  std::ranges::move(running, std::back_inserter(done));
  std::erase_if(done, [](const KeypointPath& one) { return one.size() < 2; });
  std::ranges::sort(done, {}, &KeypointPath::first_s);
  return done;
}

}  // namespace lido::reconstruct
