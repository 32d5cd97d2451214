// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lido/synth/body/body.h"
#include "lido/synth/film/scenery.h"

namespace lido::synth {

/// A person's build, colours and swimwear.
struct Appearance {
  enum class Wear : uint8_t { kTrunks, kSwimsuit, kBikini, kShirt, kLongTrunks };
  Build build;
  Colour skin, hair, cloth, trim;
  Wear wear = Wear::kTrunks;
  double hair_length_m = 0;   ///< How far hair falls below the chin; negative above it.
  double hair_over_face = 0;  ///< How much of the face wet hair covers, 0 to 1.
  bool cap = false;
  double skin_tone = 5;  ///< On the Monk Skin Tone scale: 1 lightest, 10 darkest.
};

/// Names for the truth: "trunks", "swimsuit", "bikini", "shirt", "long_trunks".
std::string_view name_of(Appearance::Wear wear);
/// "slim", "average" or "heavy".
std::string_view name_of_build(double weight);

/// Difference of two colours as eyes see it, CIE 1976 (L*a*b*) under daylight: 2 is just visible,
/// 100 is black to white.
/// @param a,b  Linear reflectance.
double colour_difference(const Colour& a, const Colour& b);

/// Draws an appearance. Origins and skin tones are sampled uniformly; one swimsuit in six has
/// almost the colour of the basin's floor.
/// @param floor  Colour of the basin.
Appearance random_appearance(Random& random, const Person& person,
                             const Colour& floor = Colour(0.5F, 0.74F, 0.84F));

}  // namespace lido::synth
