// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lido/base/options.h"
#include "lido/scene/detect.h"
#include "lido/scene/motion.h"

namespace lido::scene {

struct TrackerOptions {
  double new_score = 0.45;
  double lost_s = 3;

  static void fields(auto& self, auto&& visit) {
    visit("new_score", self.new_score, Within{0.01, 1},
          "An object must be found with this score before it is followed");
    visit("lost_s", self.lost_s, Within{0, 60},
          "Seconds for which somebody out of sight keeps his identity");
  }
};

/// Follows objects from picture to picture, one kind at a time.
///
/// In the manner of ByteTrack (Zhang et al. 2022): what is found for certain is matched with all
/// that is followed, then what is found faintly with what is left; camera motion is taken out
/// first. Positions and sizes have Kalman filters of constant velocity, in seconds, so that any
/// sampling rate will do. Not thread-safe; draws nothing at random.
class Tracker {
 public:
  Tracker(const TrackerOptions& options, const DetectorOptions& detector)
      : options_(options), min_score_(detector.min_score) {}

  /// Takes the objects at one time, in order of time.
  /// @param previous_from_frame  How the camera moved since the last; identity for a still one.
  /// @param cut  Nothing of before is in view.
  /// @return For each detection the track it belongs to, from 1; 0 for none, or not yet: a second
  ///         sighting gives it to the first too, see `confirmed_at`.
  std::vector<int64_t> push(double time_s, const Homography& previous_from_frame, bool cut,
                            std::span<const Detection> found);

  /// A track and its first sighting: call of push(), from 0, and place among its detections.
  struct FirstSighting {
    int64_t track = 0;
    int64_t call = 0;
    size_t detection = 0;
  };
  /// Of the tracks that were confirmed since the last call of this.
  std::vector<FirstSighting> take_confirmed() { return std::exchange(confirmed_, {}); }

 private:
  /// Position and speed of one number, with their covariance.
  struct Filter {
    double value = 0, speed = 0;
    double vv = 0, vs = 0, ss = 0;
    void start(double measured, double noise, double speed_noise);
    void predict(double dt, double acceleration);
    void correct(double measured, double noise);
  };
  struct Track {
    int64_t id = 0;  ///< 0 until it was seen twice.
    int32_t class_id = 0;
    Filter x, y, width, height;  ///< Of the centre, and the size.
    double seen_s = 0;
    FirstSighting first;
    Box box() const;
  };

  void move(const Homography& previous_from_frame);
  /// Gives detections to tracks by overlap; both lists lose what was matched.
  void match(double time_s, std::span<const Detection> found, std::vector<size_t>& detections,
             std::vector<size_t>& tracks, double least_overlap, double margin,
             std::vector<int64_t>& owner);

  TrackerOptions options_;
  double min_score_;
  std::vector<Track> tracks_;
  std::vector<FirstSighting> confirmed_;
  double time_s_ = 0;
  int64_t calls_ = 0;
  int64_t next_id_ = 1;
};

/// The cheapest way to give each row at most one column, and each column at most one row, as long
/// as a pair costs less than `most`. O(n^3).
/// @param costs  rows x columns, row-major. @return For each row its column, or -1.
/// Source: Kuhn-Munkres in the shortest augmenting path form.
std::vector<int> assign(std::span<const double> costs, size_t rows, size_t columns, double most);

}  // namespace lido::scene
