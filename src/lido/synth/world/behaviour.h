// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/world/limbs.h"
#include "lido/synth/world/random.h"
#include "lido/synth/world/rhythm.h"

namespace lido::synth {

/// Where a behaviour is done. kBottom is the basin's floor.
enum class Place : uint8_t { kDeck, kEdge, kWater, kBottom };
/// Path of a behaviour in the plane.
enum class Path : uint8_t {
  kStay,
  kWander,  ///< From one random point nearby to the next.
  kLanes,   ///< To and fro along x.
  kLine,    ///< Straight on, turning before walls.
  kEnter,   ///< Into the water by the nearest way in.
  kLeave,   ///< Out of the water by the nearest way in.
  kRunIn,   ///< Over the nearest rim into the water.
  kFollow,  ///< With the person who minds a toddler.
  kHelp,    ///< To a person in danger, and with them to the rim.
  kTowed,   ///< With the rescuer.
};
/// Danger to a person; behaviours.yaml explains the names.
enum class Danger : uint8_t { kNone, kDistress, kDrowning, kFallen, kAlone };
/// Under 4, 13, 18 and 65 years; kElder from there on.
enum class AgeGroup : uint8_t { kToddler, kChild, kTeenager, kAdult, kElder };

/// Names in data and tables: "deck", "drowning", "toddler".
std::string_view name_of(Place place);
std::string_view name_of(Danger danger);
std::string_view name_of(AgeGroup group);

/// Attitude of the trunk, and the limbs.
struct Posture {
  double weight = 1;           ///< How often this one is taken, of a behaviour's postures.
  double tilt_deg = 0;         ///< Mean angle of the trunk from upright.
  double tilt_spread_deg = 0;  ///< Deviation of that angle between people.
  std::string face;            ///< "up", "down" or "ahead".
  Limbs limbs;
  std::optional<double> over_floor;  ///< Height of the mouth over the floor, statures.

  /// Angle of the trunk with its direction: negative onto the back.
  double signed_tilt(double tilt) const { return face == "up" ? -tilt : tilt; }
};

/// The mouth goes under water from time to time.
struct Dips {
  Quantity between_s;                     ///< Over water.
  Quantity for_s;                         ///< Under water, the first time.
  Quantity deep_m;                        ///< Depth of the mouth of a person of 1.7 m.
  double longer_min = 1, longer_max = 1;  ///< Factor on each further duration under water.
};

/// One thing that people do: a motion program as data.
struct Behaviour {
  std::string name;
  Place place = Place::kDeck;
  Danger danger = Danger::kNone;
  Quantity duration_s;
  Quantity speed_mps;  ///< Speed of an adult.
  Path path = Path::kStay;
  double head_m = 0;            ///< Mean height of the mouth over the water, for places in water.
  double head_spread_m = 0;     ///< Deviation of that mean between people.
  double head_amplitude_m = 0;  ///< Amplitude of the mouth's motion up and down.
  double head_period_s = 0;     ///< Period of the mouth's motion; 0: that of the limbs.
  std::optional<Dips> dips;
  std::vector<Posture> postures;  ///< Never empty; a person takes one when the behaviour begins.
  Quantity turn_degps;            ///< Turning on the spot; sign drawn.
  Quantity onset_s;               ///< Time in which the motion before becomes this one.
  double weakens_to = 1;          ///< Factor on the size of motions at the end.
  double weakens_over_s = 0;      ///< Time before the end in which they weaken.
  Quantity sink_mps;              ///< Speed of sinking; maximum 0: does not sink.
  double drift = 1;               ///< Factor on the variation through time; 0: nothing stirs.
  bool stands = true;             ///< Whether people stand where they can.
  double depth = 0;               ///< Minimum depth of the water, in statures.
  double depth_weak = 0;          ///< Minimum depth for toddlers and elders.
  double depth_max = 100;         ///< Maximum depth, in statures.
  bool while_minding = false;     ///< Whether a person who minds a toddler does it.
  double incidents = 0;           ///< How many of the scheduled dangers begin with it, by weight.
  std::vector<AgeGroup> ages;     ///< Age groups that do it; empty: all.
  struct Next {
    size_t behaviour;
    double weight;
  };
  std::vector<Next> next;  ///< Behaviours that may follow; never empty.
  std::string source;      ///< Publication that describes it, or "an assumption".

  bool is_for(AgeGroup group) const;
  /// Whether the water is neither too shallow nor too deep for it.
  bool fits_depth(double depth_m, double stature_m, AgeGroup group) const;
  bool sinks() const { return sink_mps.max > 0; }
  /// Whether it is done over the basin.
  bool is_wet() const { return place == Place::kWater || place == Place::kBottom; }
  /// Whether its path leads over the rim, and the behaviour ends with the path.
  bool crosses_rim() const {
    return path == Path::kEnter || path == Path::kLeave || path == Path::kRunIn;
  }
  /// Whether its path depends on another person's, over the rim too.
  bool follows() const {
    return path == Path::kFollow || path == Path::kHelp || path == Path::kTowed;
  }
};

/// A signal by arms and hands, given during a behaviour.
struct Signal {
  std::string name;
  Limbs limbs;
  Quantity duration_s;
  double often = 0;          ///< Probability of the signal when one of `with` begins.
  std::vector<size_t> with;  ///< Behaviours during which it is given.
  std::string source;
};

/// How people in danger are rescued: `rescue` in behaviours.yaml.
struct Rescue {
  Quantity notice_s{60, 15, 170};  ///< From the beginning of a danger until a rescuer goes.
  double recovers = 0.5;           ///< Share of the rescued who stand up again.

  static Result<Rescue> read(const Yaml& node);
};

/// All behaviours and signals. Safe for concurrent reads.
class Behaviours {
 public:
  /// Reads behaviours.yaml, or its merge with a file of the user's.
  /// @return kInvalidArgument with file and line, also when `next` names an unknown behaviour.
  static Result<Behaviours> read(const Yaml& yaml);

  const std::vector<Behaviour>& all() const { return all_; }
  const std::vector<Signal>& signals() const { return signals_; }
  const Variation& variation() const { return variation_; }
  const Rescue& rescue() const { return rescue_; }
  const Behaviour& operator[](size_t index) const { return all_[index]; }
  /// Index of a behaviour. @return kInvalidArgument that lists the names.
  Result<size_t> find(std::string_view name) const;
  /// Names of the behaviours that no person does unless a scene names them: none that is done leads
  /// to them by `next`, and they have no `incidents`. In their order.
  std::vector<std::string> unreached() const;
  /// Index of a signal. @return kInvalidArgument that lists the names.
  Result<size_t> find_signal(std::string_view name) const;

 private:
  Variation variation_;
  Rescue rescue_;
  std::vector<Signal> signals_;
  std::vector<Behaviour> all_;
};

}  // namespace lido::synth
