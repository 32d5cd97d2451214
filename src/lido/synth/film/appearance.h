// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/synth/body/body.h"
#include "lido/synth/film/scenery.h"

namespace lido::synth {

/// A person's build, colours and swimwear.
struct Appearance {
  enum class Wear : uint8_t { kTrunks, kSwimsuit, kBikini, kShirt, kLongTrunks };
  Build build;
  Colour skin, hair, cloth, trim;
  Wear wear = Wear::kTrunks;
  double hair_length_m = 0;  ///< How far hair falls below the chin; negative above it.
  bool cap = false;
};

/// Draws an appearance. Origins and skin tones are sampled uniformly.
Appearance random_appearance(Random& random, const Person& person);

}  // namespace lido::synth
