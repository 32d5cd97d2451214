// SPDX-License-Identifier: Apache-2.0
#include "lido/model/gesture.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lido::model {
namespace {

struct Point {
  double x = 0, y = 0;
};
Point operator-(const Point& a, const Point& b) { return {a.x - b.x, a.y - b.y}; }
Point operator*(const Point& a, double by) { return {a.x * by, a.y * by}; }
double length(const Point& a) { return std::hypot(a.x, a.y); }
double cross(const Point& a, const Point& b) { return a.x * b.y - a.y * b.x; }
double dot(const Point& a, const Point& b) { return a.x * b.x + a.y * b.y; }

constexpr size_t kIndexBase = 5, kPinkyBase = 17, kFingers = 5, kJoints = 4;
constexpr size_t kTipPairs = kFingers * (kFingers - 1) / 2;
constexpr int kHandFeatures = static_cast<int>(2 * (kHandLandmarks - 1)  // landmarks but the wrist
                                               + 3 * kFingers            // bends
                                               + kFingers                // wrist to tip
                                               + kTipPairs);
constexpr int kMotionFeatures = 10;
/// Shares of the image that bring usual motions to numbers about 1: the extent of a gesture, a step
/// between two frames, and the trembling of a hand that rests.
constexpr double kExtent = 0.1, kStep = 0.02, kTremble = 0.004;

std::vector<Point> points_of(std::span<const float> values) {
  std::vector<Point> points;
  for (size_t i = 0; i + 1 < values.size(); i += 2)
    points.push_back({static_cast<double>(values[i]), static_cast<double>(values[i + 1])});
  return points;
}

/// Moves the wrist to 0, and scales and mirrors the hand: its farthest landmark is 1 away, and the
/// little finger is on the same side of the index finger for each hand.
void normalise_hand(std::vector<Point>& hand) {
  const Point wrist = hand[0];
  double size = 0;
  for (Point& point : hand) {
    point = point - wrist;
    size = std::max(size, length(point));
  }
  if (size == 0) return;
  const double mirror = cross(hand[kIndexBase], hand[kPinkyBase]) < 0 ? -1 : 1;
  for (Point& point : hand) point = {point.x * mirror / size, point.y / size};
}

/// Cosine of the angle between two bones; 1 for a bone of no length.
double bend(const Point& a, const Point& b) {
  const double lengths = length(a) * length(b);
  return lengths == 0 ? 1 : dot(a, b) / lengths;
}

std::vector<float> hand_features(std::span<const float> values) {
  std::vector<Point> hand = points_of(values);
  normalise_hand(hand);
  std::vector<float> features;
  const auto add = [&](double value) { features.push_back(static_cast<float>(value)); };
  for (size_t i = 1; i < hand.size(); ++i) {
    add(hand[i].x);
    add(hand[i].y);
  }
  std::array<Point, kFingers> tips;
  for (size_t finger = 0; finger < kFingers; ++finger) {
    const size_t base = 1 + finger * kJoints;
    for (size_t joint = base; joint + 1 < base + kJoints; ++joint) {
      const Point& before = hand[joint == base ? 0 : joint - 1];
      add(bend(hand[joint] - before, hand[joint + 1] - hand[joint]));
    }
    tips[finger] = hand[base + kJoints - 1];
    add(length(tips[finger]));
  }
  for (size_t i = 0; i < kFingers; ++i) {
    for (size_t k = i + 1; k < kFingers; ++k) add(length(tips[i] - tips[k]));
  }
  return features;
}

std::vector<float> motion_features(std::span<const float> values) {
  const std::vector<Point> path = points_of(values);
  Point middle;
  for (const Point& point : path) middle = {middle.x + point.x, middle.y + point.y};
  middle = middle * (1 / static_cast<double>(path.size()));
  double extent = 0;
  for (const Point& point : path) extent = std::max(extent, length(point - middle));
  std::vector<float> features;
  const auto add = [&](double value) { features.push_back(static_cast<float>(value)); };
  Point last_way;
  for (size_t i = 0; i < path.size(); ++i) {
    const Point from_first = (path[i] - path[0]) * (1 / kExtent);
    const Point from_middle = (path[i] - middle) * (1 / (extent + kTremble));
    const Point step = i == 0 ? Point{} : path[i] - path[i - 1];
    const Point way = step * (1 / (length(step) + kTremble));
    for (const Point& point : {from_first, from_middle, step * (1 / kStep)}) {
      add(point.x);
      add(point.y);
    }
    add(length(step) / kStep);
    add(cross(last_way, way));
    add(dot(last_way, way));
    add(std::log(extent / kExtent + 0.01));
    last_way = way;
  }
  return features;
}

}  // namespace

std::vector<float> hand_points(std::span<const double> hand) {
  std::vector<float> points;
  for (size_t i = 0; i + 1 < hand.size(); i += kLandmarkNumbers) {
    points.push_back(static_cast<float>(hand[i]));
    points.push_back(static_cast<float>(hand[i + 1]));
  }
  return points;
}

int GestureInput::features() const { return motion ? kMotionFeatures : kHandFeatures; }

std::vector<float> gesture_features(const GestureInput& input, std::span<const float> points) {
  return input.motion ? motion_features(points) : hand_features(points);
}

}  // namespace lido::model
