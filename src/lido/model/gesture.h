// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace lido::model {

/// Landmarks of a hand, in the order of MediaPipe: the wrist, then four of each finger from the
/// thumb on, from its base to its tip.
inline constexpr int kHandLandmarks = 21;

/// Numbers that tables have of a landmark: x, y, score.
inline constexpr size_t kLandmarkNumbers = 3;

/// Returns x, y of each landmark of a hand in a table, as gesture_features() takes them. Pure.
std::vector<float> hand_points(std::span<const double> hand);

/// Input of a network of gestures.
struct GestureInput {
  /// True for the positions of one point, one for each frame: a gesture in motion. False for the
  /// landmarks of a hand in one frame.
  bool motion = false;
  int frames = 1;  ///< 1 for a hand.
  bool operator==(const GestureInput&) const = default;

  /// Coordinates of one sample: x and y of each point.
  size_t coordinates() const { return 2 * static_cast<size_t>(motion ? frames : kHandLandmarks); }
  /// Numbers that the network gets for each frame.
  int features() const;
  /// Name in model.json: "motion" or "hand".
  std::string_view kind() const { return motion ? "motion" : "hand"; }
};

/// Returns what the network gets of a sample: frames x features. Pure.
///
/// A hand: each landmark relative to the wrist over the hand's size, the same whether a left or a
/// right hand is seen and from which side; the bends of the fingers; distances between their tips.
/// Neither place nor size in the image count; the direction in which the hand points does.
/// A motion: each position relative to the first, and relative to the middle over the motion's
/// extent; the step since the last position and its turn. The place does not count; the extent
/// does, since a hand that rests moves a little too.
///
/// @param points  x, y of each point, y downwards; landmarks of a hand in any unit that is equal
/// for
///                both axes, a motion as shares of the image's width and height.
std::vector<float> gesture_features(const GestureInput& input, std::span<const float> points);

}  // namespace lido::model
