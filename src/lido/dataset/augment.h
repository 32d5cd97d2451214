// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lido/base/box.h"
#include "lido/base/options.h"
#include "lido/dataset/sample_tables.h"
#include "lido/media/convert.h"

namespace lido::dataset {

/// How much training pictures may differ from the stored ones. 0 turns a thing off.
struct AugmentOptions {
  double flip = 0.5;
  double crop = 0.15;
  double rotate_deg = 5;
  double brightness = 0.2;
  double contrast = 0.2;
  double saturation = 0.2;
  double blur = 0.2;
  double noise = 0.02;

  static void fields(auto& self, auto&& visit) {
    visit("flip", self.flip, Within{0, 1}, "Probability of a left-right mirror");
    visit("crop", self.crop, Within{0, 0.9},
          "Most that is cut off each side pair, share of the side");
    visit("rotate_deg", self.rotate_deg, Within{0, 45}, "Most turning either way, degrees");
    visit("brightness", self.brightness, Within{0, 1}, "Most change of brightness, share of white");
    visit("contrast", self.contrast, Within{0, 1}, "Most change of contrast, share");
    visit("saturation", self.saturation, Within{0, 1}, "Most change of saturation, share");
    visit("blur", self.blur, Within{0, 1}, "Probability of a slight blur");
    visit("noise", self.noise, Within{0, 0.5},
          "Most noise, standard deviation as a share of white");
  }
};

/// One drawn augmentation: the same for every frame of a window and for every camera of one event,
/// but for the noise, which differs from frame to frame as a sensor's does.
struct Augmentation {
  /// x_out = m[0] x + m[1] y + m[2], y_out = m[3] x + m[4] y + m[5]; pixels from the left and top
  /// edge.
  std::array<double, 6> map = {1, 0, 0, 0, 1, 0};
  bool mirrored = false;
  double brightness = 0;  ///< Added, share of white.
  double contrast = 1;
  double saturation = 1;
  bool blur = false;
  double noise = 0;  ///< Standard deviation, share of white.
  uint64_t noise_seed = 0;
};

/// Draws the augmentation of a sample, from names and numbers only, never from order.
///
/// What must agree between the cameras of one event (mirror, colours, blur) is drawn from the
/// group; crop and rotation likewise, so that boxes keep their relation; noise from the sample.
///
/// @param width,height  Of the sample's pictures, pixels.
Augmentation draw_augmentation(const AugmentOptions& options, uint64_t seed, int64_t epoch,
                               std::string_view group, std::string_view sample, int width,
                               int height);

/// Applies it to one frame. @param frame  Number within the window. Pure.
media::Image augment(const media::Image& image, const Augmentation& augmentation, int frame);

/// The smallest upright box around the moved one, cut to the picture; NaN stays NaN.
Box augment(const Box& box, const Augmentation& augmentation, int width, int height);

/// A moved point.
std::array<double, 2> augment(const std::array<double, 2>& point, const Augmentation& augmentation);

}  // namespace lido::dataset
