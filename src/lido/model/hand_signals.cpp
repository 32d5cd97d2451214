// SPDX-License-Identifier: Apache-2.0
#include "lido/model/hand_signals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace lido::model {
namespace {

constexpr size_t kIndexTip = 8;
/// Shares of the frames in which a hand must be seen.
constexpr double kMinSeen = 0.5, kMinMotionSeen = 0.75;

/// Where one hand was at each tick at which its person was followed.
using Sightings = std::map<int64_t, std::span<const double>>;  // empty: not seen

/// A stretch of one hand's time.
struct Stretch {
  int64_t first_k = 0, last_k = 0;
  std::vector<std::vector<float>> samples;  ///< Points of each; empty when the hand is not seen.
};

/// Divides a hand's time into seconds.
std::vector<Stretch> seconds_of(const Sightings& sightings, double fps) {
  std::map<int64_t, std::vector<Sightings::const_iterator>> seconds;
  for (auto at = sightings.begin(); at != sightings.end(); ++at)
    seconds[static_cast<int64_t>(std::floor(static_cast<double>(at->first) / fps + 1e-9))]
        .push_back(at);
  std::vector<Stretch> stretches;
  for (const auto& [second, ticks] : seconds) {
    Stretch stretch{.first_k = ticks.front()->first, .last_k = ticks.back()->first, .samples = {}};
    for (const auto& tick : ticks) {
      if (!tick->second.empty()) stretch.samples.push_back(hand_points(tick->second));
    }
    const auto seen = static_cast<double>(stretch.samples.size());
    if (seen < kMinSeen * static_cast<double>(ticks.size())) stretch.samples.clear();
    stretches.push_back(std::move(stretch));
  }
  return stretches;
}

/// Positions of a finger in consecutive ticks, as shares of the image; between two sightings on the
/// line between them. Empty when the finger was seen in too few.
std::vector<float> motion_points(const Sightings& sightings, int64_t first_k, int64_t end_k,
                                 const HandSignalOptions& options) {
  struct Seen {
    double k, x, y;
  };
  std::vector<Seen> seen;
  for (auto at = sightings.lower_bound(first_k); at != sightings.end() && at->first < end_k; ++at) {
    if (at->second.empty()) continue;
    seen.push_back({static_cast<double>(at->first), at->second[kLandmarkNumbers * kIndexTip],
                    at->second[kLandmarkNumbers * kIndexTip + 1]});
  }
  std::vector<float> points;
  if (static_cast<double>(seen.size()) < kMinMotionSeen * static_cast<double>(end_k - first_k))
    return points;
  size_t next = 0;
  for (int64_t k = first_k; k < end_k; ++k) {
    const auto now = static_cast<double>(k);
    while (next + 1 < seen.size() && seen[next].k < now) ++next;
    const Seen& after = seen[next];
    const Seen& before = next > 0 && after.k > now ? seen[next - 1] : after;
    const double span = after.k - before.k;
    const double share = span > 0 ? (now - before.k) / span : 0;
    points.push_back(static_cast<float>((before.x + share * (after.x - before.x)) / options.width));
    points.push_back(
        static_cast<float>((before.y + share * (after.y - before.y)) / options.height));
  }
  return points;
}

std::vector<Stretch> motions_of(const Sightings& sightings, int frames,
                                const HandSignalOptions& options) {
  std::vector<Stretch> stretches;
  const int64_t stride = options.stride > 0 ? options.stride : std::max(1, frames / 2);
  const int64_t last = sightings.rbegin()->first;
  for (int64_t k = sightings.begin()->first; k + frames <= last + 1; k += stride) {
    Stretch stretch{.first_k = k, .last_k = k + frames - 1, .samples = {}};
    auto points = motion_points(sightings, k, k + frames, options);
    if (!points.empty()) stretch.samples.push_back(std::move(points));
    stretches.push_back(std::move(stretch));
  }
  return stretches;
}

/// Hands by track and side, left first.
using Hands = std::map<std::pair<int64_t, bool>, Sightings>;

Result<Hands> hands_of(std::span<const dataset::PoseRow> poses) {
  Hands hands;
  for (const dataset::PoseRow& pose : poses) {
    for (const bool right : {false, true}) {
      const std::vector<double>& hand = right ? pose.right_hand : pose.left_hand;
      if (!hand.empty() && hand.size() != kLandmarkNumbers * kHandLandmarks) {
        return fail(ErrorCode::kInvalidArgument,
                    "{}: hands of {} landmarks, want the {} of MediaPipe", pose.clip,
                    hand.size() / kLandmarkNumbers, kHandLandmarks);
      }
      hands[{pose.track, right}][pose.k] = hand;
    }
  }
  return hands;
}

}  // namespace

Classify classify_with(ModelRunner& runner, const Model& model) {
  return [&](std::span<const std::vector<float>> samples) -> Result<std::vector<double>> {
    const Head& head = model.heads[0];
    const size_t classes = head.classes.size();
    std::vector<double> mean(classes);
    for (size_t first = 0; first < samples.size(); first += kClassifyBatch) {
      const size_t count = std::min<size_t>(kClassifyBatch, samples.size() - first);
      std::vector<float> features;
      for (const auto& points : samples.subspan(first, count))
        std::ranges::copy(gesture_features(*model.gesture, points), std::back_inserter(features));
      const auto logits = LIDO_TRY(runner.run(std::span<const float>(features))).at(head.task);
      for (size_t i = 0; i < count; ++i) {
        const auto values =
            probabilities(std::span(logits).subspan(i * classes, classes), head.temperature);
        for (size_t c = 0; c < classes; ++c)
          mean[c] += values[c] / static_cast<double>(samples.size());
      }
    }
    return mean;
  };
}

Result<std::vector<dataset::PredictionRow>> predict_hand_signals(
    const Model& model, const Classify& classify, std::span<const dataset::PoseRow> poses,
    const HandSignalOptions& options) {
  if (!model.gesture || model.heads.size() != 1)
    return fail(ErrorCode::kInvalidArgument, "the model is of {}, want gestures", model.network);
  const Hands hands = LIDO_TRY(hands_of(poses));
  std::vector<dataset::PredictionRow> rows;
  for (const auto& [hand, sightings] : hands) {
    const auto stretches = model.gesture->motion
                               ? motions_of(sightings, model.gesture->frames, options)
                               : seconds_of(sightings, options.fps);
    for (const Stretch& stretch : stretches) {
      dataset::PredictionRow row;
      row.sample =
          fmt::format("{}_{}_{}", hand.first, hand.second ? "right" : "left", stretch.first_k);
      row.clip = poses[0].clip;
      row.start_s = static_cast<double>(stretch.first_k) / options.fps;
      row.end_s = static_cast<double>(stretch.last_k) / options.fps;
      row.track = hand.first;
      row.task = model.heads[0].task;
      row.classes = model.heads[0].classes;
      row.model = model.sha256;
      if (!stretch.samples.empty()) {
        row.probabilities = LIDO_TRY(classify(stretch.samples));
        const auto best = std::ranges::max_element(row.probabilities);
        if (*best >= options.min_probability)
          row.predicted = row.classes[static_cast<size_t>(best - row.probabilities.begin())];
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace lido::model
