// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "lido/geometry/pool.h"
#include "lido/reconstruct/lone_view.h"

namespace lido::reconstruct {

struct TrackPeopleOptions {
  /// A track ends when its person was not placed for so long, seconds.
  double max_gap_s = 1.5;
  /// Moments with a triangulation after which a track counts.
  int min_hits = 3;
  /// Standard deviation of a joint's acceleration.
  double accel_sigma_mps2 = 3;

  static void fields(auto& self, auto&& visit) {
    visit("max_gap_s", self.max_gap_s, Within{0, 60},
          "Seconds for which a person may be unseen before the track ends; raise it where people "
          "dive for long");
    visit("min_hits", self.min_hits, Within{1, 100},
          "Moments with a triangulation after which a new person counts; raise it against false "
          "people");
    visit("accel_sigma_mps2", self.accel_sigma_mps2, Within{0.01, 100},
          "Standard deviation of a joint's acceleration, metres per second squared; lower it for "
          "smoother and slower tracks");
  }
};

/// A person at one moment.
struct TrackedPerson {
  int64_t id = 0;                       ///< From 1, in the order of confirmation.
  std::array<Joint, kJoints> joints{};  ///< Filtered in time; without cameras: not seen now.
  int views = 0;                        ///< Cameras that saw the person.
};

/// Follows people through time in 3D. Views are given to the people whom they are near, as
/// predicted; the rest is grouped by associate() and starts new people. Each joint has a Kalman
/// filter with constant speed.
///
/// With a pool, people and joints that one camera alone sees are placed as well, by
/// place_from_one_view() and place_joint(): a person whom several cameras saw keeps the
/// id, and a new one counts where no other camera looks. Their joints are not filtered in time,
/// since their errors are correlated; where several cameras saw the person before, they are joined
/// with the places that their motion until then lets expect.
///
/// Memory is that of the present people. Deterministic. Not thread-safe.
class PeopleTracker {
 public:
  /// @param pool  Where people stand and swim; without it, two cameras are needed for a joint.
  PeopleTracker(std::vector<geometry::Camera> cameras, const Space& space,
                const TrackPeopleOptions& options = {},
                std::optional<geometry::Pool> pool = std::nullopt);
  PeopleTracker(PeopleTracker&&) noexcept;
  PeopleTracker& operator=(PeopleTracker&&) noexcept;
  ~PeopleTracker();

  /// Adds the views of one moment.
  /// @param time_s  Later than that of the call before.
  /// @return People who were placed at this moment, by id.
  std::vector<TrackedPerson> push(double time_s, std::span<const PersonView> views);

  /// Views of one camera alone that were left out so far.
  const LeftOutViews& left_out() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lido::reconstruct
