// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/world/limbs.h"
#include "lido/synth/world/random.h"

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
};
/// Danger to a person; behaviours.yaml explains the names.
enum class Danger : uint8_t { kNone, kDistress, kDrowning, kFallen, kAlone };
/// Under 4, 13, 18 and 65 years; kElder from there on.
enum class AgeGroup : uint8_t { kToddler, kChild, kTeenager, kAdult, kElder };

/// Names in data and tables: "deck", "drowning", "toddler".
std::string_view name_of(Place place);
std::string_view name_of(Danger danger);
std::string_view name_of(AgeGroup group);

/// One thing that people do: a motion program as data.
struct Behaviour {
  std::string name;
  Place place = Place::kDeck;
  Danger danger = Danger::kNone;
  Quantity duration_s;
  Quantity speed_mps;  ///< Speed of an adult.
  Path path = Path::kStay;
  double head_m = 0;            ///< Mean height of the mouth over the water, for places in water.
  double head_amplitude_m = 0;  ///< Amplitude of the mouth's motion up and down.
  double head_period_s = 1;     ///< Period of the mouth's motion.
  double tilt_deg = 0;          ///< Angle of the trunk from upright.
  std::string face;             ///< "up", "down" or "ahead".
  Limbs limbs;
  double depth = 0;            ///< Minimum depth of the water where it begins, in statures.
  bool while_minding = false;  ///< Whether a person who minds a toddler does it.
  std::vector<AgeGroup> ages;  ///< Age groups that do it; empty: all.
  struct Next {
    size_t behaviour;
    double weight;
  };
  std::vector<Next> next;  ///< Behaviours that may follow; never empty.
  std::string source;      ///< Publication that describes it, or "an assumption".

  bool is_for(AgeGroup group) const;
  /// Whether it is done over the basin.
  bool is_wet() const { return place == Place::kWater || place == Place::kBottom; }
  /// Whether its path leads over the rim, and the behaviour ends with the path.
  bool crosses_rim() const {
    return path == Path::kEnter || path == Path::kLeave || path == Path::kRunIn;
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

/// All behaviours and signals. Safe for concurrent reads.
class Behaviours {
 public:
  /// Reads behaviours.yaml, or its merge with a file of the user's.
  /// @return kInvalidArgument with file and line, also when `next` names an unknown behaviour.
  static Result<Behaviours> read(const Yaml& yaml);

  const std::vector<Behaviour>& all() const { return all_; }
  const std::vector<Signal>& signals() const { return signals_; }
  const Behaviour& operator[](size_t index) const { return all_[index]; }
  /// Index of a behaviour. @return kInvalidArgument that lists the names.
  Result<size_t> find(std::string_view name) const;
  /// Index of a signal. @return kInvalidArgument that lists the names.
  Result<size_t> find_signal(std::string_view name) const;

 private:
  std::vector<Signal> signals_;
  std::vector<Behaviour> all_;
};

}  // namespace lido::synth
