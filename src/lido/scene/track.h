// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/options.h"
#include "lido/infer/bundle.h"
#include "lido/scene/detect.h"
#include "lido/scene/motion.h"
#include "lido/scene/stillness.h"

namespace lido::scene {

struct TrackerOptions {
  double new_score = 0;
  double lost_s = 3;
  double faint_s = 60;

  static void fields(auto& self, auto&& visit) {
    visit(
        "new_score", self.new_score, Within{0, 1},
        "Lowest score of a detection that starts a track; 0: the detector's own. Raise it against "
        "tracks of things that are not people");
    visit("lost_s", self.lost_s, Within{0, 60},
          "Seconds that a track outlives its last detection. Raise it when people dive and come up "
          "under a new number");
    visit("faint_s", self.faint_s, Within{0, 3600},
          "Seconds that detections below min_score alone continue a track while their pixels move, "
          "and in water. Raise it when a detector hardly sees your swimmers");
  }
};

/// The options, with a bundle's score in place of 0. Pure.
/// @param min_score  The detector's, above 0.
TrackerOptions with_scores(TrackerOptions options, const infer::DetectorScores& scores,
                           double min_score);

/// Joins detections to tracks, frame by frame, each class on its own.
///
/// After ByteTrack (Zhang et al. 2022): certain detections are matched with all tracks, then
/// detections of low score with the tracks that are left; camera motion is taken out first.
/// Positions and sizes have Kalman filters of constant velocity in seconds, so that any sampling
/// rate is supported. Deterministic. Not thread-safe.
///
/// Detections of low score continue a track for a bounded time: faint_s seconds where the pixels
/// move, in water, and where nothing is known; kFaintStill_s where they are still; not at all where
/// the background shows the same. A detection on the background takes no track from elsewhere.
class Tracker {
 public:
  /// @param options  new_score and the detector's min_score above 0.
  Tracker(const TrackerOptions& options, const DetectorOptions& detector)
      : options_(options), min_score_(detector.min_score) {}

  /// Adds the detections at one time, in order of time.
  /// @param previous_from_frame  Camera motion since the last call; identity for a still camera.
  /// @param cut  Whether the view is a new one: all tracks end.
  /// @param evidence  One for each detection; empty when nothing is known of their pixels.
  /// @return For each detection the number of its track, from 1; 0 for none. A track gets its
  ///         number with its second detection; take_confirmed() then names the first.
  std::vector<int64_t> push(double time_s, const Homography& previous_from_frame, bool cut,
                            std::span<const Detection> found,
                            std::span<const Evidence> evidence = {});

  /// First detection of a track.
  struct FirstSighting {
    int64_t track = 0;     ///< Number of the track.
    int64_t call = 0;      ///< Call of push(), from 0.
    size_t detection = 0;  ///< Index among the detections of that call.
  };
  /// Moves out the first detections of tracks that got their number since the last call.
  std::vector<FirstSighting> take_confirmed() { return std::exchange(confirmed_, {}); }

 private:
  /// Kalman filter of one coordinate: value and speed with their covariance.
  struct Filter {
    double value = 0, speed = 0;
    double vv = 0, vs = 0, ss = 0;
    void start(double measured, double noise, double speed_noise);
    void predict(double dt, double acceleration);
    void correct(double measured, double noise);
  };
  struct Track {
    int64_t id = 0;  ///< 0 until the second detection.
    int32_t class_id = 0;
    Filter x, y, width, height;  ///< Centre and size of the box.
    Box seen;                    ///< Last detection.
    double seen_s = 0;           ///< Time of the last detection.
    double certain_s = 0;        ///< Time of the last detection of min_score or more.
    FirstSighting first;
    Box box() const;
  };

  void move(const Homography& previous_from_frame);
  void predict(double dt);
  void correct(Track& track, const Detection& detection, double time_s);
  void start_tracks(double time_s, std::span<const Detection> found,
                    const std::vector<size_t>& detections);
  /// Matches detections with tracks by IoU. Both lists lose what was matched.
  struct MatchRule {
    double min_iou;
    double margin;  ///< Share of a box's sides by which boxes are widened first.
  };
  /// The detections of one call.
  struct Call {
    double time_s;
    std::span<const Detection> found;
    std::span<const Evidence> evidence;
  };
  bool may_match(const Track& track, const Call& call, size_t detection) const;
  void match(const Call& call, const MatchRule& rule, std::vector<size_t>& detections,
             std::vector<size_t>& tracks, std::vector<int64_t>& owner);

  TrackerOptions options_;
  double min_score_;
  std::vector<Track> tracks_;
  std::vector<FirstSighting> confirmed_;
  double time_s_ = 0;
  int64_t calls_ = 0;
  int64_t next_id_ = 1;
};

/// Solves the assignment problem: gives each row at most one column and each column at most one row
/// at the lowest total cost, where a pair must cost less than `max_cost`. Pure. O(n^3).
/// @param costs  rows x columns, row-major; finite.
/// @return For each row its column, or -1.
/// Source: Kuhn-Munkres in the shortest augmenting path form.
std::vector<int> assign(std::span<const double> costs, size_t rows, size_t columns,
                        double max_cost);

}  // namespace lido::scene
