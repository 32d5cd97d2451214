// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/world/limbs.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

enum class Place : uint8_t { kDeck, kEdge, kWater, kBottom };
enum class Path : uint8_t { kStay, kWander, kLanes, kLine, kEnter, kLeave, kRunIn, kFollow };
enum class Danger : uint8_t { kNone, kDistress, kDrowning, kFallen, kAlone };
enum class AgeGroup : uint8_t { kToddler, kChild, kTeenager, kAdult, kElder };

std::string_view name_of(Place place);
std::string_view name_of(Danger danger);
std::string_view name_of(AgeGroup group);

/// One thing that people do: a motion program as data.
struct Behaviour {
  std::string name;
  Place place = Place::kDeck;
  Danger danger = Danger::kNone;
  Quantity duration_s;
  Quantity speed_mps;  ///< Of an adult.
  Path path = Path::kStay;
  double head_m = 0;         ///< Mean height of the mouth over the water; where it is in water.
  double head_moves_m = 0;   ///< Half of its way up and down,
  double head_period_s = 1;  ///< and how long once takes.
  double tilt_deg = 0;       ///< Of the trunk from upright.
  std::string face;          ///< up, down or ahead.
  Limbs limbs;
  double depth = 0;            ///< Of the water where it begins, in statures, at least.
  bool minds = false;          ///< What somebody does who minds a toddler.
  std::vector<AgeGroup> ages;  ///< Who does it; empty for everybody.
  struct Next {
    size_t behaviour;
    double weight;
  };
  std::vector<Next> next;
  std::string source;

  bool is_for(AgeGroup group) const;
  /// Whether it is done over the basin.
  bool is_wet() const { return place == Place::kWater || place == Place::kBottom; }
  /// Whether it ends where its path over the rim does.
  bool crosses_rim() const {
    return path == Path::kEnter || path == Path::kLeave || path == Path::kRunIn;
  }
};

/// A signal of arms and hands, over what somebody does.
struct Signal {
  std::string name;
  Limbs limbs;
  Quantity duration_s;
  double often = 0;          ///< Chance that somebody gives it when he begins one of these.
  std::vector<size_t> with;  ///< Behaviours.
  std::string source;
};

class Behaviours {
 public:
  /// Reads behaviours.yaml, and a file of the user's over it: his win by name.
  /// @return kInvalidArgument with file and line, for a `next` that is not there too.
  static Result<Behaviours> read(const Yaml& given);

  const std::vector<Behaviour>& all() const { return all_; }
  const std::vector<Signal>& signals() const { return signals_; }
  const Behaviour& operator[](size_t index) const { return all_[index]; }
  /// @return kInvalidArgument that lists what there is.
  Result<size_t> find(std::string_view name) const;
  /// @return kInvalidArgument that lists what there is.
  Result<size_t> find_signal(std::string_view name) const;

 private:
  std::vector<Signal> signals_;
  std::vector<Behaviour> all_;
};

}  // namespace lido::synth
