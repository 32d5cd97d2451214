// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/track.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lido::scene {
namespace {

// Noise in heights of the object: a person stands about 1.7 m tall, walks 1.5 m/s and seldom
// accelerates by more than 3 m/s^2.
constexpr double kBoxNoise = 0.05;
constexpr double kFirstSpeed = 0.8;    // heights a second
constexpr double kAcceleration = 1.8;  // heights a second squared
constexpr double kSizeChange = 0.3;    // acceleration of width and height

Box widened(const Box& box, double margin) {
  return {box.x - margin * box.width, box.y - margin * box.height, (1 + 2 * margin) * box.width,
          (1 + 2 * margin) * box.height};
}

}  // namespace

TrackerOptions with_scores(TrackerOptions options, const infer::DetectorScores& scores,
                           double min_score) {
  if (options.new_score == 0) options.new_score = std::max(scores.new_score, min_score);
  return options;
}

std::vector<int> assign(std::span<const double> costs, size_t rows, size_t columns,
                        double max_cost) {
  // A square problem: a pair that costs too much is as good as none.
  const size_t n = rows + columns;
  const auto cost = [&](size_t row, size_t column) {
    if (row >= rows || column >= columns)
      return row >= rows && column >= columns ? 0 : max_cost / 2;
    return std::min(costs[row * columns + column], max_cost * 2);
  };
  // Rows and columns count from 1; 0 is the start of a path.
  std::vector<double> row_potential(n + 1), column_potential(n + 1);
  std::vector<size_t> row_at(n + 1, 0), previous_column(n + 1, 0);
  for (size_t row = 1; row <= n; ++row) {
    row_at[0] = row;
    size_t column = 0;
    std::vector<double> min_reduced(n + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> used(n + 1, false);
    do {
      used[column] = true;
      const size_t here = row_at[column];
      double step = std::numeric_limits<double>::infinity();
      size_t next = 0;
      for (size_t j = 1; j <= n; ++j) {
        if (used[j]) continue;
        const double reduced = cost(here - 1, j - 1) - row_potential[here] - column_potential[j];
        if (reduced < min_reduced[j]) min_reduced[j] = reduced, previous_column[j] = column;
        if (min_reduced[j] < step) step = min_reduced[j], next = j;
      }
      for (size_t j = 0; j <= n; ++j) {
        if (used[j])
          row_potential[row_at[j]] += step, column_potential[j] -= step;
        else
          min_reduced[j] -= step;
      }
      column = next;
    } while (row_at[column] != 0);
    do {
      row_at[column] = row_at[previous_column[column]];
      column = previous_column[column];
    } while (column != 0);
  }
  std::vector<int> column_of(rows, -1);
  for (size_t j = 1; j <= columns; ++j) {
    const size_t row = row_at[j] - 1;
    if (row < rows && costs[row * columns + j - 1] < max_cost)
      column_of[row] = static_cast<int>(j - 1);
  }
  return column_of;
}

void Tracker::Filter::start(double measured, double noise, double speed_noise) {
  *this = {.value = measured, .vv = noise * noise, .ss = speed_noise * speed_noise};
}

void Tracker::Filter::predict(double dt, double acceleration) {
  const double q = acceleration * acceleration;
  value += speed * dt;
  vv += 2 * dt * vs + dt * dt * ss + q * dt * dt * dt * dt / 4;
  vs += dt * ss + q * dt * dt * dt / 2;
  ss += q * dt * dt;
}

void Tracker::Filter::correct(double measured, double noise) {
  const double total = vv + noise * noise;
  const double gain = vv / total, gain_speed = vs / total;
  const double error = measured - value;
  value += gain * error;
  speed += gain_speed * error;
  ss -= gain_speed * vs;
  vs -= gain * vs;
  vv -= gain * vv;
}

Box Tracker::Track::box() const {
  const double w = std::max(1.0, width.value), h = std::max(1.0, height.value);
  return {x.value - w / 2, y.value - h / 2, w, h};
}

void Tracker::move(const Homography& previous_from_frame) {
  if (previous_from_frame == Homography{}) return;
  const Homography frame_from_previous = inverse(previous_from_frame);
  for (Track& track : tracks_) {
    const FramePoint at{track.x.value, track.y.value};
    const FramePoint to = apply(frame_from_previous, at);
    const FramePoint right = apply(frame_from_previous, FramePoint{at.x + 1, at.y});
    const FramePoint below = apply(frame_from_previous, FramePoint{at.x, at.y + 1});
    const double xx = right.x - to.x, yx = right.y - to.y, xy = below.x - to.x, yy = below.y - to.y;
    const double speed_x = track.x.speed, speed_y = track.y.speed;
    track.x.value = to.x;
    track.y.value = to.y;
    track.seen = apply(frame_from_previous, track.seen);
    track.x.speed = xx * speed_x + xy * speed_y;
    track.y.speed = yx * speed_x + yy * speed_y;
    const double size = std::sqrt(std::abs(xx * yy - xy * yx));
    for (Filter* filter : {&track.width, &track.height}) {
      filter->value *= size;
      filter->speed *= size;
    }
  }
}

void Tracker::predict(double dt) {
  for (Track& track : tracks_) {
    const double height = std::max(1.0, track.height.value);
    track.x.predict(dt, kAcceleration * height);
    track.y.predict(dt, kAcceleration * height);
    track.width.predict(dt, kSizeChange * height);
    track.height.predict(dt, kSizeChange * height);
  }
}

void Tracker::correct(Track& track, const Detection& detection, double time_s) {
  const Box& box = detection.box;
  const double noise = kBoxNoise * std::max(1.0, track.height.value);
  track.x.correct(box.x + box.width / 2, noise);
  track.y.correct(box.y + box.height / 2, noise);
  track.width.correct(box.width, noise);
  track.height.correct(box.height, noise);
  track.seen = box;
  track.seen_s = time_s;
  if (detection.score >= min_score_) track.certain_s = time_s;
  if (track.id != 0) return;
  track.id = next_id_++;
  track.first.track = track.id;
  confirmed_.push_back(track.first);
}

/// Whether the pixels of a detection allow the detection to continue a track.
bool Tracker::may_match(const Track& track, const Call& call, size_t detection) const {
  constexpr double kFaintStill_s = 2;
  constexpr double kMinOverlap = 0.5;  // IoU of a detection on the background with the last one
  const Detection& one = call.found[detection];
  if (track.class_id != one.class_id) return false;
  const auto evidence = call.evidence.empty() ? Evidence::kUnknown : call.evidence[detection];
  const bool on_background = evidence == Evidence::kBackground;
  if (one.score >= min_score_) return !on_background || iou(track.seen, one.box) >= kMinOverlap;
  const double max_s = evidence == Evidence::kStill ? kFaintStill_s : options_.faint_s;
  return !on_background && call.time_s - track.certain_s <= max_s;
}

void Tracker::match(const Call& call, const MatchRule& rule, std::vector<size_t>& detections,
                    std::vector<size_t>& tracks, std::vector<int64_t>& owner) {
  const auto& found = call.found;
  if (detections.empty() || tracks.empty()) return;
  std::vector<double> costs;
  for (const size_t t : tracks) {
    const Track& track = tracks_[t];
    const Box expected = widened(track.box(), rule.margin);
    for (const size_t d : detections) {
      costs.push_back(
          may_match(track, call, d) ? 1 - iou(expected, widened(found[d].box, rule.margin)) : 2);
    }
  }
  const auto column_of = assign(costs, tracks.size(), detections.size(), 1 - rule.min_iou);
  std::vector<size_t> tracks_left;
  std::vector<bool> taken(detections.size());
  for (size_t i = 0; i < tracks.size(); ++i) {
    if (column_of[i] < 0) {
      tracks_left.push_back(tracks[i]);
      continue;
    }
    const auto column = static_cast<size_t>(column_of[i]);
    taken[column] = true;
    Track& track = tracks_[tracks[i]];
    correct(track, found[detections[column]], call.time_s);
    owner[detections[column]] = track.id;
  }
  tracks = std::move(tracks_left);
  size_t left = 0;
  for (size_t i = 0; i < detections.size(); ++i) {
    if (!taken[i]) detections[left++] = detections[i];
  }
  detections.resize(left);
}

void Tracker::start_tracks(double time_s, std::span<const Detection> found,
                           const std::vector<size_t>& detections) {
  for (const size_t d : detections) {
    if (found[d].score < options_.new_score) continue;
    const Box& box = found[d].box;
    Track track{.class_id = found[d].class_id,
                .seen = box,
                .seen_s = time_s,
                .certain_s = time_s,
                .first = {0, calls_, d}};
    const double noise = kBoxNoise * box.height;
    track.x.start(box.x + box.width / 2, noise, kFirstSpeed * box.height);
    track.y.start(box.y + box.height / 2, noise, kFirstSpeed * box.height);
    track.width.start(box.width, noise, kSizeChange * box.height);
    track.height.start(box.height, noise, kSizeChange * box.height);
    tracks_.push_back(track);
  }
}

std::vector<int64_t> Tracker::push(double time_s, const Homography& previous_from_frame, bool cut,
                                   std::span<const Detection> found,
                                   std::span<const Evidence> evidence) {
  constexpr MatchRule kCertain{.min_iou = 0.2, .margin = 0.15};
  constexpr MatchRule kLowScore{.min_iou = 0.4, .margin = 0};
  constexpr MatchRule kUnconfirmed{.min_iou = 0.3, .margin = 0.15};
  if (cut) tracks_.clear();
  move(previous_from_frame);
  const double dt = time_s - std::exchange(time_s_, time_s);
  predict(dt);
  std::vector<size_t> certain, low, confirmed, unconfirmed;
  for (size_t d = 0; d < found.size(); ++d)
    (found[d].score >= min_score_ ? certain : low).push_back(d);
  for (size_t t = 0; t < tracks_.size(); ++t)
    (tracks_[t].id != 0 ? confirmed : unconfirmed).push_back(t);
  std::vector<int64_t> owner(found.size(), 0);
  const Call call{time_s, found, evidence};
  match(call, kCertain, certain, confirmed, owner);
  // A detection of low score continues only a track that was seen a moment ago.
  std::erase_if(confirmed, [&](size_t t) { return time_s - tracks_[t].seen_s > 2 * dt + 0.5; });
  match(call, kLowScore, low, confirmed, owner);
  match(call, kUnconfirmed, certain, unconfirmed, owner);
  std::erase_if(tracks_, [&](const Track& track) {
    return track.id == 0 || time_s - track.seen_s > options_.lost_s;
  });
  start_tracks(time_s, found, certain);
  ++calls_;
  return owner;
}

}  // namespace lido::scene
