// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/appearance.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lido::synth {
namespace {

/// Skin colour between the ten steps of the Monk Skin Tone scale (Monk 2019), as linear
/// reflectance, rounded.
/// @param tone  0 lightest, 1 darkest.
Colour random_skin(double tone) {
  constexpr std::array<std::array<float, 3>, 10> kTones = {{{0.92F, 0.81F, 0.73F},
                                                            {0.88F, 0.74F, 0.64F},
                                                            {0.85F, 0.70F, 0.56F},
                                                            {0.73F, 0.58F, 0.42F},
                                                            {0.60F, 0.42F, 0.27F},
                                                            {0.40F, 0.25F, 0.15F},
                                                            {0.28F, 0.16F, 0.09F},
                                                            {0.18F, 0.10F, 0.06F},
                                                            {0.10F, 0.06F, 0.045F},
                                                            {0.06F, 0.04F, 0.03F}}};
  const double at = tone * (kTones.size() - 1);
  const auto low = static_cast<size_t>(at), high = std::min(low + 1, kTones.size() - 1);
  return mixed(Colour(kTones[low].data()), Colour(kTones[high].data()),
               at - static_cast<double>(low));
}

Colour random_cloth(Random& random) {
  const double hue = random.between(0, 6), pale = random.between(0.05, 0.5),
               bright = random.between(0.15, 0.95);
  const auto part = [&](double from) {
    const double d = std::abs(std::remainder(hue - from, 6));
    return static_cast<float>(bright * (pale + (1 - pale) * std::clamp(2 - d, 0.0, 1.0)));
  };
  return {part(0), part(2), part(4)};
}

/// CIE L*a*b* of a linear sRGB colour under D65. Source: CIE 15:2004; IEC 61966-2-1.
Eigen::Vector3d lab_of(const Colour& colour) {
  const Eigen::Matrix3d xyz_from_rgb{
      {0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}};
  const Eigen::Vector3d white(0.9505, 1, 1.089);
  const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  const Eigen::Vector3d xyz = xyz_from_rgb * colour.cast<double>();
  const double x = f(xyz.x() / white.x()), y = f(xyz.y()), z = f(xyz.z() / white.z());
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

}  // namespace

std::string_view name_of(Appearance::Wear wear) {
  constexpr std::array<std::string_view, 5> kNames = {"trunks", "swimsuit", "bikini", "shirt",
                                                      "long_trunks"};
  return kNames[static_cast<size_t>(wear)];
}

std::string_view name_of_build(double weight) {
  return weight < 0.4 ? "slim" : weight < 0.65 ? "average" : "heavy";
}

double colour_difference(const Colour& a, const Colour& b) {
  return (lab_of(a) - lab_of(b)).norm();
}

Appearance random_appearance(Random& random, const Person& person, const Colour& floor) {
  Appearance appearance;
  appearance.build.weight =
      std::clamp(0.5 + 0.18 * random.normal() + (person.age_years > 30 ? 0.1 : 0), 0.0, 1.0);
  double sum = 0;
  for (double& share : appearance.build.origin) sum += share = random.exponential(1);
  for (double& share : appearance.build.origin) share /= sum;
  const double tone = random.unit();
  appearance.skin = random_skin(tone);
  appearance.skin_tone = 1 + 9 * tone;
  const std::array<Colour, 6> hairs = {Colour(0.02F, 0.018F, 0.016F), Colour(0.05F, 0.03F, 0.02F),
                                       Colour(0.13F, 0.075F, 0.04F),  Colour(0.30F, 0.19F, 0.09F),
                                       Colour(0.5F, 0.38F, 0.2F),     Colour(0.32F, 0.10F, 0.04F)};
  appearance.hair = hairs[random.pick({3, 3, 3, 2, 1.5, 0.5})];
  appearance.hair = mixed(appearance.hair, Colour(0.6F, 0.6F, 0.6F),
                          std::clamp((person.age_years - 45) / 30, 0.0, 0.9));
  appearance.hair_length_m = person.female ? random.between(0, 0.16) : random.between(-0.05, 0.02);
  const double falls = random.unit();
  appearance.hair_over_face = appearance.hair_length_m > 0 ? falls : 0.3 * falls;
  appearance.cap = random.chance(0.08);
  appearance.cloth = random_cloth(random);
  appearance.trim = random_cloth(random);
  // White and light blue suits all but vanish against a basin.
  const double pale = random.between(-0.06, 0.1);
  if (random.chance(1.0 / 6)) {
    appearance.cloth =
        (floor + Colour::Constant(static_cast<float>(pale))).cwiseMin(0.95F).cwiseMax(0.02F);
    appearance.trim = appearance.cloth;
  }
  if (person.is_staff()) {
    appearance.wear = Appearance::Wear::kShirt;
  } else if (person.female) {
    const std::array<Appearance::Wear, 4> wears = {
        Appearance::Wear::kSwimsuit, Appearance::Wear::kBikini, Appearance::Wear::kShirt,
        Appearance::Wear::kLongTrunks};
    appearance.wear = wears[random.pick({6, person.age_years < 10 ? 0.0 : 3.0, 1, 0})];
  } else {
    const std::array<Appearance::Wear, 3> wears = {
        Appearance::Wear::kTrunks, Appearance::Wear::kLongTrunks, Appearance::Wear::kShirt};
    appearance.wear = wears[random.pick({5, 4, 1})];
  }
  return appearance;
}

}  // namespace lido::synth
