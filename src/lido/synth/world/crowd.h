// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lido/geometry/pool.h"
#include "lido/synth/world/behaviour.h"
#include "lido/synth/world/danger_times.h"
#include "lido/synth/world/person.h"

namespace lido::synth {

using geometry::Point;
using geometry::Pool;

/// Where a person is and what they do, at one moment.
struct PersonState {
  int64_t person = 0;      ///< Id of the person.
  Point at;                ///< Hips, seen from above.
  double mouth_m = 0;      ///< Height of the mouth over the water; negative under it.
  double heading_rad = 0;  ///< Counter-clockwise from x.
  size_t behaviour = 0;    ///< Index into Behaviours.
  bool in_water = false;   ///< Hips over the basin.
  size_t signal = 0;       ///< Index into Behaviours::signals(), from 1; 0 for none.

  // How the body moves, for pose.h:
  double tilt_deg = 0;    ///< Angle of the trunk from upright; negative onto the back.
  size_t posture = 0;     ///< Index into Behaviour::postures.
  LimbMotion limbs = {};  ///< Progress of the limbs.
  size_t previous = 0;    ///< Behaviour before, which this one has not wholly replaced yet.
  size_t previous_posture = 0;
  LimbMotion previous_limbs = {};
  double share = 1;          ///< How far: 0 not at all, 1 wholly.
  uint64_t motion_seed = 0;  ///< Seed of the person's differences from others.
};

/// A danger from its beginning to its end.
struct DangerEvent {
  int64_t person = 0;
  std::string kind;  ///< Name of the behaviour it begins with.
  Danger worst = Danger::kNone;
  double begin_s = 0;   ///< Seconds of the day.
  double end_s = 0;     ///< Seconds of the day; 0 while it lasts.
  std::string outcome;  ///< "recovered", "rescued"; "open" when the day ends first.
  DangerTimes times = {};
};

/// A danger that is due to happen. It begins at the first suitable person after `at_s`.
struct ScheduledIncident {
  double at_s = 0;        ///< Seconds of the day.
  std::string behaviour;  ///< Name of the behaviour it begins with.
};

struct CrowdState;

/// People at one pool, moved along in time as their behaviours describe.
///
/// People cross the rim only where a behaviour leads over it, keep apart, and are never faster than
/// people can be. Equal arguments and times give equal motion. Not thread-safe.
class Crowd {
 public:
  /// @param pool, behaviours  Must outlive the crowd.
  /// @param people  Ids 1, 2, ... in any order.
  /// @param incidents  In order of time.
  Crowd(const Pool& pool, const Behaviours& behaviours, std::vector<Person> people,
        std::vector<ScheduledIncident> incidents, Random random);
  ~Crowd();

  /// Moves all people on to a time, in steps of at most 0.1 s.
  /// @param to_s  Seconds of the day; later than before.
  void move_to(double to_s);
  /// People at the pool now, in order of arrival.
  const std::vector<PersonState>& states() const { return states_; }
  /// Dangers so far, in order of their beginning.
  const std::vector<DangerEvent>& events() const;
  const Person& person(int64_t id) const;
  /// Whether the last person has left.
  bool is_over() const;
  /// When the next person arrives, seconds of the day; nothing when no more come.
  std::optional<double> next_arrival_s() const;
  /// Sends all people home, and closes the dangers that last as "open".
  void close();

 private:
  void step(double by_s);
  void let_arrive();
  void begin_incidents();
  void remove_departed();

  std::unique_ptr<CrowdState> state_;
  std::vector<size_t> arrivals_;  ///< Indices of people, in order of arrival.
  size_t next_arrival_ = 0;
  Random motion_random_;
  std::vector<ScheduledIncident> incidents_;  ///< Those that have not begun.
  double next_check_s_ = 0;                   ///< When incidents look for a person next.
  std::vector<PersonState> states_;
};

}  // namespace lido::synth
