// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/moments.h"

#include <algorithm>
#include <cmath>

#include "lido/base/median.h"
#include "lido/reconstruct/keypoint_paths.h"

namespace lido::reconstruct {
namespace {

/// Median time from a frame to the next one. Frames without people may be missing.
double spacing_of(const std::vector<PoseFrame>& frames, double otherwise_s) {
  std::vector<double> steps;
  for (size_t i = 1; i < frames.size(); ++i)
    steps.push_back(frames[i].time_s - frames[i - 1].time_s);
  if (steps.empty()) return otherwise_s;
  const double step_s = median(std::move(steps));
  return step_s > 0 ? step_s : otherwise_s;
}

/// A person between two frames of one camera, by their views in up to four frames.
/// @param person, again  Their indices in frames i and i + 1.
std::optional<PersonView> between(std::span<const PoseFrame> frames, size_t i, size_t person,
                                  size_t again, double time_s) {
  KeypointPath path;
  const auto is_near = [&](size_t a) {
    return frames[a + 1].time_s - frames[a].time_s <= KeypointPath::kMaxGap_s &&
           frames[a + 1].time_s > frames[a].time_s;
  };
  if (i > 0 && is_near(i - 1)) {
    const auto links = find_again(frames[i - 1], frames[i]);
    const auto before = std::ranges::find(links, std::optional(person));
    if (before != links.end())
      path.add(frames[i - 1].time_s,
               frames[i - 1].people[static_cast<size_t>(before - links.begin())]);
  }
  path.add(frames[i].time_s, frames[i].people[person]);
  path.add(frames[i + 1].time_s, frames[i + 1].people[again]);
  if (i + 2 < frames.size() && is_near(i + 1)) {
    const auto links = find_again(frames[i + 1], frames[i + 2]);
    if (links[again]) path.add(frames[i + 2].time_s, frames[i + 2].people[*links[again]]);
  }
  return path.view_at(time_s);
}

}  // namespace

Moments::Moments(CameraFrames frames, std::span<const geometry::Camera> cameras, double rate_hz)
    : rate_hz_(rate_hz) {
  bool any = false;
  for (size_t i = 0; i < frames.size(); ++i) {
    Track track{.frames = std::move(frames[i])};
    const double spacing_s = spacing_of(track.frames, 1 / cameras[i].fps);
    track.near_s = std::min(spacing_s, 1 / rate_hz) / 2 + 1e-9;
    // A rounding error is no difference of rates.
    track.sigma_factor = std::sqrt(std::max(1.0, spacing_s * rate_hz - 0.01));
    if (!track.frames.empty()) {
      const double first_s = track.frames.front().time_s, last_s = track.frames.back().time_s;
      first_s_ = any ? std::min(first_s_, first_s) : first_s;
      last_s_ = any ? std::max(last_s_, last_s) : last_s;
      any = true;
    }
    tracks_.push_back(std::move(track));
  }
}

int64_t Moments::count() const {
  if (last_s_ < first_s_) return 0;
  return static_cast<int64_t>(std::floor((last_s_ - first_s_ + 1e-9) * rate_hz_)) + 1;
}

double Moments::time_s(int64_t moment) const {
  return first_s_ + static_cast<double>(moment) / rate_hz_;
}

void Moments::add_views(const Track& track, double time_s, std::vector<PersonView>& out) {
  const std::vector<PoseFrame>& frames = track.frames;
  const bool has_before = track.next > 0, has_after = track.next < frames.size();
  const size_t before = track.next - 1, after = track.next;
  const auto is_within = [&](bool exists, size_t frame, double limit_s) {
    return exists && std::abs(frames[frame].time_s - time_s) <= limit_s;
  };
  // Cameras with one trigger need no interpolation.
  constexpr double kSame_s = 0.001;
  if (is_within(has_before, before, kSame_s) || is_within(has_after, after, kSame_s)) {
    const auto& people = frames[is_within(has_before, before, kSame_s) ? before : after].people;
    out.insert(out.end(), people.begin(), people.end());
    return;
  }
  std::vector<bool> known_after(has_after ? frames[after].people.size() : 0);
  std::vector<std::optional<size_t>> links(has_before ? frames[before].people.size() : 0);
  if (has_before && has_after &&
      frames[after].time_s - frames[before].time_s <= KeypointPath::kMaxGap_s)
    links = find_again(frames[before], frames[after]);
  for (size_t person = 0; person < links.size(); ++person) {
    const auto view =
        links[person] ? between(frames, before, person, *links[person], time_s) : std::nullopt;
    if (links[person]) known_after[*links[person]] = true;
    if (view) {
      out.push_back(*view);
    } else if (is_within(true, before, track.near_s)) {
      out.push_back(frames[before].people[person]);
    }
  }
  for (size_t person = 0; person < known_after.size(); ++person) {
    if (!known_after[person] && is_within(true, after, track.near_s))
      out.push_back(frames[after].people[person]);
  }
}

std::vector<PersonView> Moments::at(int64_t moment) {
  const double now_s = time_s(moment);
  std::vector<PersonView> out;
  for (Track& track : tracks_) {
    while (track.next < track.frames.size() && track.frames[track.next].time_s <= now_s)
      ++track.next;
    const size_t begin = out.size();
    add_views(track, now_s, out);
    for (size_t i = begin; i < out.size(); ++i) {
      for (MeasuredKeypoint& one : out[i].keypoints) one.sigma_px *= track.sigma_factor;
    }
  }
  return out;
}

int64_t Moments::after(int64_t moment) const {
  double next_s = last_s_;
  for (const Track& track : tracks_) {
    if (track.next < track.frames.size())
      next_s = std::min(next_s, track.frames[track.next].time_s);
  }
  return std::max(moment + 1, static_cast<int64_t>((next_s - first_s_) * rate_hz_) - 1);
}

}  // namespace lido::reconstruct
