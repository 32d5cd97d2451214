// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lido/base/box.h"
#include "lido/base/options.h"
#include "lido/dataset/sample_tables.h"
#include "lido/media/convert.h"

namespace lido::dataset {

/// Maximum changes of augmented frames. 0 turns a change off.
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
    visit("flip", self.flip, Within{0, 1},
          "Probability of a left-right flip, 0 to 1; 0 for left-handed and right-handed labels");
    visit("crop", self.crop, Within{0, 0.9},
          "Largest part of the width and height that is cropped; more for small datasets");
    visit("rotate_deg", self.rotate_deg, Within{0, 45},
          "Largest rotation in either direction, degrees; 0 for cameras on a level mount");
    visit("brightness", self.brightness, Within{0, 1},
          "Largest change of brightness, as a share of white");
    visit("contrast", self.contrast, Within{0, 1},
          "Largest relative change of contrast; more for changing light");
    visit("saturation", self.saturation, Within{0, 1},
          "Largest relative change of saturation; more for different cameras");
    visit("blur", self.blur, Within{0, 1}, "Probability of a slight blur, 0 to 1");
    visit("noise", self.noise, Within{0, 0.5},
          "Largest standard deviation of noise, as a share of white; more for night video");
  }
};

/// One drawn augmentation. All frames of a window and all cameras of an event share it, except for
/// the noise, which differs between frames as that of a sensor does.
struct Augmentation {
  /// x_out = m[0] x + m[1] y + m[2], y_out = m[3] x + m[4] y + m[5]; pixels from the left and top
  /// edge.
  std::array<double, 6> map = {1, 0, 0, 0, 1, 0};
  bool mirrored = false;  ///< Flipped left to right; part of the map.
  double brightness = 0;  ///< Added, share of white.
  double contrast = 1;    ///< Factor around mid-grey.
  double saturation = 1;  ///< Factor around the pixel's grey.
  bool blur = false;      ///< Blurred by a 3 x 3 binomial filter.
  double noise = 0;       ///< Standard deviation, share of white.
  uint64_t noise_seed = 0;
};

/// Draws the augmentation of a sample. Depends on the arguments only, never on the order of calls.
///
/// Flip, crop, rotation, colours and blur depend on the group, so that the cameras of one event
/// agree; the noise depends on the sample. Pure.
///
/// @param width,height  Size of the sample's frames, pixels.
Augmentation draw_augmentation(const AugmentOptions& options, uint64_t seed, int64_t epoch,
                               std::string_view group, std::string_view sample, int width,
                               int height);

/// Applies an augmentation to a frame of at most 8192 pixels a side. Every CPU gives equal bytes.
/// Pure.
/// @param frame  Number of the frame in the window.
/// @param out    Memory of the size of image.rgb, not that of the image.
void augment(const media::Image& image, const Augmentation& augmentation, int frame,
             std::span<uint8_t> out);
media::Image augment(const media::Image& image, const Augmentation& augmentation, int frame);

/// Returns the smallest upright box around the moved box, clipped to the frame; NaN stays NaN.
/// Pure.
Box augment(const Box& box, const Augmentation& augmentation, int width, int height);

/// Moves the keypoints of a person in one frame, in place; NaN stays NaN. In a mirrored frame left
/// and right are swapped, since a mirrored right hand looks like a left one.
/// @param keypoints  x, y, score of each.
/// @param names      Names of the keypoints. Those that do not begin with left_ or right_ keep
///                   their places, and so do all if the number of names is another.
void augment_keypoints(std::span<double> keypoints, std::span<const std::string> names,
                       const Augmentation& augmentation);

/// Returns the moved point. Pure.
std::array<double, 2> augment(const std::array<double, 2>& point, const Augmentation& augmentation);

}  // namespace lido::dataset
