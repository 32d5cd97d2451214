// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/scene.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido;
  constexpr std::string_view kBehaviours =
      "behaviours:\n  playing:\n    place: water\n    danger: none\n"
      "    duration: {median: 2, least: 1, most: 3}\n    path: stay\n    tilt: 0\n"
      "    head: {mean: 0, moves: 0, period_s: 1}\n    next: {playing: 1}\n    source: an "
      "assumption\n";
  static const auto behaviours =
      *synth::Behaviours::read(*Yaml::parse(kBehaviours, "behaviours.yaml"));
  const auto yaml = Yaml::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!yaml) return 0;
  (void)synth::read_scene(*yaml, behaviours);
  (void)synth::Behaviours::read(*yaml);
  (void)synth::Randomisation::read(*yaml, {"clear", "cloudy"});
  return 0;
}
