// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/media/convert.h"
#include "lido/synth/world/random.h"

namespace lido::synth {

/// Text that a recorder draws into the image. The truth leaves it out.
struct OverlayText {
  enum class Kind : uint8_t { kClock, kName, kLogo, kNote };
  enum class Corner : uint8_t { kTopLeft, kTopRight, kBottomLeft, kBottomRight };
  Kind kind = Kind::kClock;
  Corner corner = Corner::kTopLeft;
  std::string text;  ///< Letters of a logo or a note; empty for the others.

  static std::string_view name_of(Kind kind);
  static std::string_view name_of(Corner corner);
};

/// Reads the key `overlay` of a camera: a list of {kind, corner, text}.
/// @return kInvalidArgument with file and line.
Result<std::vector<OverlayText>> read_overlay(const Yaml& node);
/// Text that read_overlay() reads, in one line.
std::string to_yaml(const std::vector<OverlayText>& overlay);
/// Draws what a recorder shows: often a clock and a name, sometimes a logo or a note.
std::vector<OverlayText> random_overlay(Random& random);

/// Draws the texts into an image.
/// @param camera  Name that kName shows.
/// @param clock_s  Reading of the camera's clock, seconds of the day.
void draw_overlay(media::Image& image, const std::vector<OverlayText>& overlay,
                  std::string_view camera, double clock_s);

}  // namespace lido::synth
