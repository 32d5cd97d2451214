// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/crowd.h"

#include <algorithm>
#include <limits>

#include "lido/synth/world/route.h"

namespace lido::synth {
namespace {

/// Longest step in time: nobody gets further than a hand's breadth in one.
constexpr double kStep_s = 0.1;
/// What people's hips keep from the rim.
constexpr double kWaterMargin_m = 0.25;
constexpr double kDeckMargin_m = 0.2;
/// How near two who don't belong together come.
constexpr double kApart_m = 0.55;
constexpr double kArm_m = 0.4;
/// Metres a second each second: what a walker and a swimmer manage.
constexpr double kDeckPush = 3;
constexpr double kWaterPush = 1.5;
constexpr double kWaterDrag = 5;
constexpr double kStatureOfSpeed_m = 1.7;
constexpr double kWalk_mps = 1.1;

Point unit(Point p) {
  const double length = p.length();
  return length > 1e-9 ? p * (1 / length) : Point{1, 0};
}

Point along(double heading_rad) { return {std::cos(heading_rad), std::sin(heading_rad)}; }

/// Against an adult's: speed grows with height.
double pace(const Person& person) { return std::min(1.05, person.stature_m / kStatureOfSpeed_m); }

/// From a point of the rim into the water, whichever way is widest.
Point inward(const Pool& pool, Point rim) {
  Point best{1, 0};
  double widest = -std::numeric_limits<double>::max();
  constexpr int kWays = 32;
  for (int i = 0; i < kWays; ++i) {
    const Point way = along(2 * M_PI * i / kWays);
    const double inside = pool.inside_m(rim + way * 0.8);
    if (inside > widest) {
      widest = inside;
      best = way;
    }
  }
  return best;
}

}  // namespace

struct Crowd::Walker {
  size_t person = 0;
  Point at, velocity;
  double mouth_m = 0;
  double heading_rad = 0;
  size_t behaviour = 0;
  double left_s = 0;
  double speed_mps = 0;
  double fitness = 1;
  double phase_s = 0;
  bool in_water = false;
  std::vector<Point> way;  ///< Where to go, the last point first.
  bool crosses = false;    ///< Goes over the rim, in `direction`.
  Point direction;
  bool leaves = false;
  int event = -1;
  double rescue_s = 0;
  size_t act = 0;     ///< The next of the person's.
  size_t signal = 0;  ///< From 1; 0 for none.
  double signal_from_s = 0, signal_to_s = 0;
};

Crowd::~Crowd() = default;

Crowd::Crowd(const Pool& pool, const Behaviours& behaviours, std::vector<Person> people,
             std::vector<Plight> plights, Random random)
    : pool_(pool), behaviours_(behaviours), plights_(std::move(plights)), random_(random) {
  people_ = std::move(people);
  std::ranges::sort(people_, {}, &Person::id);
  for (size_t i = 0; i < people_.size(); ++i) order_.push_back(i);
  std::ranges::stable_sort(order_, {}, [&](size_t i) { return people_[i].arrives_s; });
}

std::optional<double> Crowd::next_arrival_s() const {
  if (next_ == order_.size()) return std::nullopt;
  return people_[order_[next_]].arrives_s;
}

void Crowd::move_to(double to_s) {
  if (walkers_.empty()) {
    // Nothing happens while nobody is there.
    const auto arrival = next_arrival_s();
    now_s_ = std::max(now_s_, std::min(to_s, arrival.value_or(to_s)));
  }
  while (now_s_ < to_s - 1e-9) {
    const double by_s = std::min(kStep_s, to_s - now_s_);
    now_s_ += by_s;
    arrive();
    step(by_s);
  }
  stances_.clear();
  for (const Walker& walker : walkers_)
    stances_.push_back(
        {people_[walker.person].id, walker.at, walker.mouth_m, walker.heading_rad, walker.behaviour,
         walker.in_water,
         now_s_ >= walker.signal_from_s && now_s_ < walker.signal_to_s ? walker.signal : 0});
}

void Crowd::arrive() {
  while (next_ < order_.size() && people_[order_[next_]].arrives_s <= now_s_) {
    Walker walker;
    walker.person = order_[next_++];
    const Person& person = people_[walker.person];
    walker.at = person.at.value_or(pool_.gate);
    walker.in_water = pool_.is_water(walker.at);
    walker.fitness = random_.between(0.8, 1.2);
    const bool minded = person.minded_by >= 0;
    if (!act(walker))
      begin(walker, *behaviours_.find(minded            ? "beside_grown_up"
                                      : walker.in_water ? "playing"
                                                        : "walking"));
    walker.mouth_m = mouth_wanted_m(walker);
    walkers_.push_back(walker);
  }
  while (next_plight_ < plights_.size() && plights_[next_plight_].at_s <= now_s_) {
    const size_t behaviour = *behaviours_.find(plights_[next_plight_].behaviour);
    std::vector<Walker*> could;
    for (Walker& walker : walkers_) {
      const bool calm = behaviours_[walker.behaviour].danger == Danger::kNone;
      // Not while it is carried over the rim.
      const bool clear = std::abs(pool_.inside_m(walker.at)) > kDeckMargin_m;
      if (calm && clear && !walker.crosses && may(walker, behaviours_[behaviour]))
        could.push_back(&walker);
    }
    if (could.empty()) return;  // it waits for somebody
    Walker& struck = *could[static_cast<size_t>(random_.whole(0, std::ssize(could) - 1))];
    struck.leaves = false;
    begin(struck, behaviour);
    ++next_plight_;
  }
}

void Crowd::begin(Walker& walker, size_t index) {
  const Behaviour& behaviour = behaviours_[index];
  const Person& person = people_[walker.person];
  walker.behaviour = index;
  walker.left_s = behaviour.duration_s.draw(random_);
  walker.speed_mps = behaviour.speed_mps.draw(random_) * walker.fitness * pace(person);
  walker.phase_s = random_.between(0, behaviour.head_period_s);
  walker.way.clear();
  walker.crosses = false;
  walker.signal = 0;
  for (size_t i = 0; i < behaviours_.signals().size(); ++i) {
    const Signal& signal = behaviours_.signals()[i];
    if (std::ranges::find(signal.with, index) == signal.with.end() || !random_.chance(signal.often))
      continue;
    walker.signal = i + 1;
    walker.signal_from_s = now_s_ + random_.between(0.5, 0.3 * walker.left_s + 0.6);
    walker.signal_to_s = walker.signal_from_s + signal.duration_s.draw(random_);
  }
  if (behaviour.path == Path::kEnter || behaviour.path == Path::kLeave) {
    Point nearest = pool_.ways_in.front();
    for (const Point way : pool_.ways_in) {
      if ((way - walker.at).length() < (nearest - walker.at).length()) nearest = way;
    }
    const Point in = inward(pool_, nearest);
    walker.direction = behaviour.path == Path::kEnter ? in : in * -1;
    walker.way = route(pool_, walker.at, nearest - walker.direction * 0.35, walker.in_water);
  } else if (behaviour.path == Path::kRunIn) {
    const Point rim = pool_.rim(walker.at);
    walker.direction = inward(pool_, rim);
    walker.way = route(pool_, walker.at, rim - walker.direction * 0.35, false);
  } else if (behaviour.place == Place::kEdge) {
    const Point rim = pool_.rim(walker.at);
    walker.way = {rim - inward(pool_, rim) * (kDeckMargin_m + 0.02)};
  }
  note_danger(walker);
}

void Crowd::note_danger(Walker& walker) {
  const Behaviour& behaviour = behaviours_[walker.behaviour];
  if (behaviour.danger == Danger::kNone) {
    if (walker.event < 0) return;
    Event& event = events_[static_cast<size_t>(walker.event)];
    event.end_s = now_s_;
    event.outcome = "recovered";
    walker.event = -1;
    return;
  }
  if (walker.event < 0) {
    walker.event = static_cast<int>(events_.size());
    events_.push_back({people_[walker.person].id, behaviour.name, behaviour.danger, now_s_, 0, ""});
    // When somebody comes: after two minutes or so, in the end.
    walker.rescue_s = now_s_ + random_.between(60, 300);
  }
  Event& event = events_[static_cast<size_t>(walker.event)];
  if (behaviour.danger == Danger::kDrowning) event.worst = Danger::kDrowning;
}

bool Crowd::may(const Walker& walker, const Behaviour& behaviour) const {
  const Person& person = people_[walker.person];
  if (!behaviour.is_for(person.group())) return false;
  if (behaviour.is_wet() != walker.in_water) return false;
  if (walker.in_water && pool_.depth_m(walker.at) < behaviour.depth * person.stature_m)
    return false;
  if (behaviour.danger != Danger::kNone) return true;
  if (person.minds && !behaviour.minds) return false;
  if (person.works && (behaviour.path == Path::kEnter || behaviour.path == Path::kRunIn ||
                       behaviour.place == Place::kEdge))
    return false;
  constexpr double kLeastToDive_m = 1.2;
  return behaviour.path != Path::kRunIn || pool_.deep_m >= kLeastToDive_m;
}

bool Crowd::act(Walker& walker) {
  const Person& person = people_[walker.person];
  if (walker.act == person.acts.size()) return false;
  const Person::Act& next = person.acts[walker.act++];
  begin(walker, next.behaviour);
  if (next.for_s) walker.left_s = *next.for_s;
  walker.signal = next.signal;
  walker.signal_from_s = now_s_;
  walker.signal_to_s = now_s_ + walker.left_s;
  return true;
}

void Crowd::choose(Walker& walker) {
  if (act(walker)) return;
  const Behaviour& now = behaviours_[walker.behaviour];
  const Person& person = people_[walker.person];
  if (now.danger == Danger::kNone && now_s_ >= person.leaves_s) {
    if (walker.in_water) return begin(walker, *behaviours_.find("climbing_out"));
    begin(walker, *behaviours_.find("walking"));
    walker.leaves = true;
    walker.way = route(pool_, walker.at, pool_.gate, false);
    return;
  }
  std::vector<double> weights;
  std::vector<size_t> next;
  for (const auto& [behaviour, weight] : now.next) {
    if (!may(walker, behaviours_[behaviour])) continue;
    next.push_back(behaviour);
    weights.push_back(weight);
  }
  if (next.empty())
    return begin(walker, *behaviours_.find(walker.in_water ? "playing" : "standing"));
  begin(walker, next[random_.pick(weights)]);
}

const Crowd::Walker* Crowd::find(int64_t person) const {
  for (const Walker& walker : walkers_) {
    if (people_[walker.person].id == person) return &walker;
  }
  return nullptr;
}

void Crowd::step(double by_s) {
  for (Walker& walker : walkers_) {
    const Behaviour& behaviour = behaviours_[walker.behaviour];
    walker.phase_s += by_s;
    walker.left_s -= by_s;
    if (behaviour.path == Path::kFollow) {
      follow(walker, by_s);
    } else {
      move(walker, wanted_velocity(walker, by_s), by_s);
    }
    lift(walker, by_s);
    if (behaviour.path != Path::kFollow && !behaviour.crosses_rim() && !walker.leaves &&
        walker.left_s <= 0)
      choose(walker);
  }
  std::erase_if(walkers_, [&](Walker& walker) {
    const Person& person = people_[walker.person];
    const bool drowns = behaviours_[walker.behaviour].danger == Danger::kDrowning;
    if (walker.event >= 0 && drowns && now_s_ >= walker.rescue_s) {
      Event& event = events_[static_cast<size_t>(walker.event)];
      event.end_s = now_s_;
      event.outcome = "rescued";
      return true;
    }
    if (behaviours_[walker.behaviour].path == Path::kFollow)
      return find(person.minded_by) == nullptr;
    return walker.leaves && (walker.at - pool_.gate).length() < 0.5;
  });
}

Point Crowd::toward(const Walker& walker, Point target, double speed) const {
  const Point way = target - walker.at;
  return unit(way) * std::min(speed, way.length() / kStep_s / 2);
}

Point Crowd::somewhere(const Walker& walker, bool water) {
  constexpr double kFar_m = 5;
  for (int i = 0; i < 12; ++i) {
    const Point target{walker.at.x + random_.between(-kFar_m, kFar_m),
                       walker.at.y + random_.between(-kFar_m, kFar_m)};
    const double inside = pool_.inside_m(target);
    const bool fits = water ? inside > 0.4 : inside < -0.4 && inside > -pool_.deck_m;
    if (fits && is_clear(pool_, walker.at, target, water)) return target;
  }
  return walker.at;
}

Point Crowd::wanted_velocity(Walker& walker, double by_s) {
  const Behaviour& behaviour = behaviours_[walker.behaviour];
  if (walker.crosses) {
    const double inside = pool_.inside_m(walker.at);
    const bool over = behaviour.path == Path::kLeave ? inside < -0.4 : inside > 0.6;
    walker.in_water = inside > 0;
    if (!over) return walker.direction * walker.speed_mps;
    walker.crosses = false;
    choose(walker);
    return walker.velocity;
  }
  // Along the way there, then what the path is.
  while (!walker.way.empty() && (walker.way.back() - walker.at).length() < 0.15)
    walker.way.pop_back();
  if (!walker.way.empty()) {
    const bool walks = !walker.in_water && behaviour.path != Path::kWander;
    const double walk = kWalk_mps * walker.fitness * pace(people_[walker.person]);
    return toward(walker, walker.way.back(), walks ? walk : std::max(walker.speed_mps, 0.05));
  }
  switch (behaviour.path) {
    case Path::kEnter:
    case Path::kLeave:
    case Path::kRunIn:
      walker.crosses = true;
      return walker.direction * walker.speed_mps;
    case Path::kWander:
      walker.way = {somewhere(walker, walker.in_water)};
      break;
    case Path::kLanes: {
      // To the end that it is not at.
      const double direction = std::cos(walker.heading_rad) >= 0 ? 1 : -1;
      const auto ahead = [&](double sign) {
        Point p = walker.at;
        while (pool_.inside_m({p.x + sign * 0.25, p.y}) > 0.6) p.x += sign * 0.25;
        return p;
      };
      Point end = ahead(direction);
      if (std::abs(end.x - walker.at.x) < 0.5) end = ahead(-direction);
      walker.way = {end};
      break;
    }
    case Path::kLine: {
      const Point on = walker.at + along(walker.heading_rad) * (walker.speed_mps * by_s + 0.4);
      if (pool_.inside_m(on) < kWaterMargin_m) walker.heading_rad += random_.between(1.5, 4.7);
      return along(walker.heading_rad) * walker.speed_mps;
    }
    default:
      break;
  }
  return {};
}

Point Crowd::apart(const Walker& walker) const {
  Point push;
  const Person& person = people_[walker.person];
  for (const Walker& other : walkers_) {
    if (&other == &walker || other.in_water != walker.in_water) continue;
    if (people_[other.person].minded_by == person.id) continue;
    const Point way = walker.at - other.at;
    const double near = way.length();
    if (near < kApart_m) push = push + unit(way) * ((kApart_m - near) * 1.5);
  }
  return push;
}

void Crowd::move(Walker& walker, Point wanted, double by_s) {
  const Behaviour& behaviour = behaviours_[walker.behaviour];
  if (!walker.crosses && behaviour.danger != Danger::kFallen && behaviour.place != Place::kBottom &&
      behaviour.place != Place::kEdge)
    wanted = wanted + apart(walker);
  if (!walker.crosses) {
    // Slower toward the wall, so as to stop before it.
    const auto [rim, inside] = pool_.nearest(walker.at);
    const double left = std::abs(inside) - (walker.in_water ? kWaterMargin_m : kDeckMargin_m);
    const Point out = unit(rim - walker.at);
    const double into = wanted.x * out.x + wanted.y * out.y;
    const double most = std::sqrt(2 * kDeckPush * std::max(left, 0.0));
    if (into > most) wanted = wanted - out * (into - most);
    if (!walker.in_water) {
      // And toward the deck's end.
      const double end = std::sqrt(2 * kDeckPush * std::max(pool_.deck_m + inside, 0.0));
      if (-into > end) wanted = wanted + out * (-into - end);
    }
  }
  Point change = wanted - walker.velocity;
  // A leap off the edge is quicker than a walker's push, and water stops one sooner than it starts
  // him.
  const bool slows = wanted.length() < walker.velocity.length();
  const double push = behaviour.path == Path::kRunIn ? 2 * kDeckPush
                      : !walker.in_water             ? kDeckPush
                      : slows                        ? kWaterDrag
                                                     : kWaterPush;
  if (change.length() > push * by_s) change = unit(change) * (push * by_s);
  walker.velocity = walker.velocity + change;
  Point to = walker.at + walker.velocity * by_s;
  if (!walker.crosses) {
    const auto [rim, inside] = pool_.nearest(to);
    // From the rim to the side that is the walker's own.
    const Point off = (inside >= 0) == walker.in_water ? unit(to - rim) : unit(rim - to);
    if (walker.in_water && inside < kWaterMargin_m) {
      to = rim + off * kWaterMargin_m;
    } else if (!walker.in_water && inside > -kDeckMargin_m) {
      to = rim + off * kDeckMargin_m;
    } else if (!walker.in_water && inside < -pool_.deck_m) {
      to = rim + off * pool_.deck_m;
    }
    // In a corner the side pushed to may be beyond the other wall.
    const double now = pool_.inside_m(to);
    if (walker.in_water ? now < 0.5 * kWaterMargin_m : now > -0.5 * kDeckMargin_m) to = walker.at;
    const double most = std::max(walker.velocity.length(), 0.3) * by_s;
    if ((to - walker.at).length() > most) to = walker.at + unit(to - walker.at) * most;
    walker.velocity = (to - walker.at) * (1 / by_s);
  }
  walker.at = to;
  constexpr double kMoves_mps = 0.03;
  if (walker.velocity.length() > kMoves_mps) {
    const double wanted_rad = std::atan2(walker.velocity.y, walker.velocity.x);
    const double turn = std::remainder(wanted_rad - walker.heading_rad, 2 * M_PI);
    constexpr double kTurn_radps = 3;
    walker.heading_rad += std::clamp(turn, -kTurn_radps * by_s, kTurn_radps * by_s);
  }
}

void Crowd::follow(Walker& walker, double by_s) {
  const Walker* minder = find(people_[walker.person].minded_by);
  if (minder != nullptr) {
    const Point target =
        minder->at - along(minder->heading_rad) * (minder->in_water ? kArm_m : 1.5 * kArm_m);
    constexpr double kCarried_mps = 2;
    Point wanted = toward(walker, target, kCarried_mps);
    Point change = wanted - walker.velocity;
    if (change.length() > kDeckPush * by_s) change = unit(change) * (kDeckPush * by_s);
    walker.velocity = walker.velocity + change;
    walker.at = walker.at + walker.velocity * by_s;
    walker.heading_rad = minder->heading_rad;
  }
  walker.in_water = pool_.is_water(walker.at);
  walker.behaviour = *behaviours_.find(walker.in_water ? "held_in_water" : "beside_grown_up");
}

double Crowd::mouth_wanted_m(const Walker& walker) const {
  const Behaviour& behaviour = behaviours_[walker.behaviour];
  const double upright =
      people_[walker.person].mouth_m() * std::cos(std::min(80.0, behaviour.tilt_deg) * M_PI / 180);
  constexpr double kSitting = 0.45;  // of a standing one's
  constexpr double kLying_m = 0.12;
  if (!walker.in_water) {
    if (behaviour.place == Place::kEdge) return pool_.freeboard_m + kSitting * upright;
    if (behaviour.danger == Danger::kFallen) return pool_.freeboard_m + kLying_m;
    return pool_.freeboard_m + upright;
  }
  const double floor = -pool_.depth_m(walker.at) + kLying_m;
  const double moves =
      behaviour.head_moves_m * std::sin(2 * M_PI * walker.phase_s / behaviour.head_period_s);
  double mouth = (behaviour.is_wet() ? behaviour.head_m : 0.1) + moves;
  // Who can stand does, unless swimming or in danger.
  constexpr double kLevel_deg = 30;
  if (behaviour.danger == Danger::kNone && behaviour.tilt_deg < kLevel_deg)
    mouth = std::max(mouth, upright - pool_.depth_m(walker.at) + moves / 4);
  return std::max(mouth, floor);
}

void Crowd::lift(Walker& walker, double by_s) {
  const Behaviour& behaviour = behaviours_[walker.behaviour];
  const double wanted = mouth_wanted_m(walker);
  const bool sinks = behaviour.danger == Danger::kDrowning && behaviour.head_m < -1;
  constexpr double kSink_mps = 0.5, kMove_mps = 1.5, kLeap_mps = 4;
  const double most = (sinks ? kSink_mps : walker.crosses ? kLeap_mps : kMove_mps) * by_s;
  walker.mouth_m += std::clamp(wanted - walker.mouth_m, -most, most);
}

void Crowd::close() {
  for (Walker& walker : walkers_) {
    if (walker.event < 0) continue;
    Event& event = events_[static_cast<size_t>(walker.event)];
    event.end_s = now_s_;
    event.outcome = "open";
    walker.event = -1;
  }
  walkers_.clear();
  stances_.clear();
}

}  // namespace lido::synth
