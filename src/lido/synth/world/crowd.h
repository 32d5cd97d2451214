// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lido/geometry/pool.h"
#include "lido/synth/world/behaviour.h"
#include "lido/synth/world/person.h"

namespace lido::synth {

using geometry::Point;
using geometry::Pool;

/// Where somebody is and what he does, at one moment.
struct Stance {
  int64_t person = 0;
  Point at;                ///< Of the hips, seen from above.
  double mouth_m = 0;      ///< Over the water's surface; negative under it.
  double heading_rad = 0;  ///< Counter-clockwise from x.
  size_t behaviour = 0;
  bool in_water = false;
  size_t signal = 0;  ///< Of the hands, from 1; 0 for none.
};

/// Danger from its beginning to its end.
struct Event {
  int64_t person = 0;
  std::string kind;  ///< The behaviour it begins with.
  Danger worst = Danger::kNone;
  double begin_s = 0;
  double end_s = 0;
  std::string outcome;  ///< recovered, rescued, or open where the day ends first.
};

/// Danger that shall come: to somebody who is there, as soon as he is where it can begin.
struct Plight {
  double at_s = 0;
  std::string behaviour;
};

/// People at one pool, moved along in time. What they do follows Behaviours; nobody passes through
/// the rim but where a path leads over it, or faster than people can. Not thread-safe.
class Crowd {
 public:
  /// @param people  In order of arrival.
  /// @param plights  In order of time.
  Crowd(const Pool& pool, const Behaviours& behaviours, std::vector<Person> people,
        std::vector<Plight> plights, Random random);
  ~Crowd();

  /// Moves everybody on to a time; short steps, so that nobody jumps.
  /// @param to_s  Seconds of the day; later than before.
  void move_to(double to_s);
  /// Who is there.
  const std::vector<Stance>& stances() const { return stances_; }
  const std::vector<Event>& events() const { return events_; }
  const Person& person(int64_t id) const { return people_[static_cast<size_t>(id - 1)]; }
  bool is_over() const { return next_ == order_.size() && walkers_.empty(); }
  /// When somebody comes next; nothing when nobody does.
  std::optional<double> next_arrival_s() const;
  /// Ends what is under way.
  void close();

 private:
  struct Walker;
  void step(double by_s);
  void arrive();
  void begin(Walker& walker, size_t behaviour);
  void choose(Walker& walker);
  bool act(Walker& walker);
  void note_danger(Walker& walker);
  bool may(const Walker& walker, const Behaviour& behaviour) const;
  Point wanted_velocity(Walker& walker, double by_s);
  Point toward(const Walker& walker, Point target, double speed) const;
  Point apart(const Walker& walker) const;
  void follow(Walker& walker, double by_s);
  void move(Walker& walker, Point wanted, double by_s);
  void lift(Walker& walker, double by_s);
  double mouth_wanted_m(const Walker& walker) const;
  Point somewhere(const Walker& walker, bool water);
  const Walker* find(int64_t person) const;

  const Pool& pool_;
  const Behaviours& behaviours_;
  std::vector<Person> people_;  ///< By id.
  std::vector<size_t> order_;   ///< Of arrival.
  std::vector<Plight> plights_;
  Random random_;
  double now_s_ = 0;
  size_t next_ = 0;
  size_t next_plight_ = 0;
  std::vector<Walker> walkers_;
  std::vector<Stance> stances_;
  std::vector<Event> events_;
};

}  // namespace lido::synth
