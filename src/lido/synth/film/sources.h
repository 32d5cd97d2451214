// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lido::synth {

/// Something that films show, and the publication it follows.
struct FilmSource {
  std::string kind;  ///< "body", "water", "lens", "light", "fault".
  std::string name;
  std::string source;
};

/// All that films show beside behaviours and signals, for `lido synth list`.
std::vector<FilmSource> film_sources();

}  // namespace lido::synth
