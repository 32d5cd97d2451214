// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/base/options.h"
#include "lido/media/frame.h"

namespace lido::media {

/// A small picture for training or inference.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  ///< HWC uint8, three channels, no padding.
};

/// A small picture's brightness alone.
struct GreyImage {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> grey;  ///< HW uint8, no padding; 0 is black and 255 white, whatever the
                              ///< frame's range.
};

/// How a picture becomes a square sample. Training and live inference use the same.
struct TransformOptions {
  int size = 224;  ///< Side of the square.
  int resize = 0;  ///< Short side before the centre crop; 0 is size * 8 / 7 (256 for 224).
  std::string fit = "crop";  ///< What to do with a picture that is no square.

  static void fields(auto& self, auto&& visit) {
    visit("size", self.size, Within{16, 2048}, "Side of the square picture in a sample, pixels");
    visit("resize", self.resize, Within{0, 4096},
          "Short side before the centre crop, pixels; 0: size * 8 / 7. Only for fit=crop");
    visit("fit", self.fit, OneOf{{"crop", "pad", "stretch"}},
          "A picture that is no square: crop its centre, pad it with black, or stretch it");
  }
};

/// Where an upright source pixel lands: x_out = scale_x * x + offset_x, both from the left edge of
/// the left pixel, and the same for y. Boxes, points and pixels all move by this.
struct Geometry {
  int width = 0;  ///< Of the result.
  int height = 0;
  double scale_x = 1;
  double scale_y = 1;
  double offset_x = 0;
  double offset_y = 0;
  bool operator==(const Geometry&) const = default;
};

/// The geometry for one frame: upright, square pixels, then fitted.
/// @return kInvalidArgument for options out of range.
Result<Geometry> fit_geometry(const Frame& frame, const TransformOptions& options);

/// Width and height once the picture is upright.
struct UprightSize {
  int width = 0;
  int height = 0;
};
UprightSize upright_size(const Frame& frame);
/// Width over height of one pixel of the upright picture.
double upright_aspect(const Frame& frame);

/// The geometry of the whole picture made smaller, never larger: its longer side at most `longest`
/// pixels, both sides multiples of `multiple`. Stored pixels stay as wide as they are tall.
Geometry shrunk_geometry(const Frame& frame, int longest, int multiple = 1);

/// Cuts, resizes, turns upright and converts to RGB in one pass over the wanted pixels only.
///
/// Antialiased triangle filter in fixed point, so that every CPU gives the same bits. Not
/// thread-safe: it keeps its tables from frame to frame.
///
/// Source of the filter: bilinear with antialias as in Pillow's and torchvision's resize.
class Converter {
 public:
  Image convert(const Frame& frame, const Geometry& geometry);
  /// The same for brightness alone; leaves chroma unread.
  GreyImage convert_grey(const Frame& frame, const Geometry& geometry);

 private:
  struct Taps {
    std::vector<int32_t> first;  ///< Source sample each output begins at.
    std::vector<int32_t> count;
    std::vector<int16_t> weights;  ///< stride for each output, 14 bit, sum 1 << 14.
    int stride = 0;
    int low = 0;  ///< Source samples [low, high) are touched.
    int high = 0;
  };
  struct Axis {
    int source = 0;
    int output = 0;
    double scale = 0;
    double offset = 0;
    bool operator==(const Axis&) const = default;
  };
  struct PlanePlan {
    Axis x, y;
    Taps taps_x, taps_y;
  };
  /// The geometry in the stored orientation, and how its result is turned upright.
  struct Turned {
    Axis x, y;
    bool swapped = false;
    bool reverse_x = false;
    bool reverse_y = false;
  };

  static Taps make_taps(const Axis& axis);
  static void prepare(PlanePlan& plan, const Axis& x, const Axis& y);
  static Turned turned(const Frame& frame, const Geometry& geometry);
  static std::vector<uint8_t> make_upright(std::vector<uint8_t> stored, const Turned& turned,
                                           size_t channels);
  /// Outside the picture there is no light.
  void blacken_outside(std::vector<uint8_t>& pixels, size_t channels) const;
  void scale_plane(const Frame& frame, const Frame::Plane& plane, const PlanePlan& plan,
                   uint8_t* out);

  PlanePlan luma_;
  PlanePlan chroma_;
  std::vector<uint16_t> row_;
  std::vector<uint32_t> wide_row_;
  std::vector<uint8_t> planes_[3];
};

}  // namespace lido::media
