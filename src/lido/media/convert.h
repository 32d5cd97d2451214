// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/base/options.h"
#include "lido/media/frame.h"

namespace lido::media {

/// A small RGB image for training or inference.
struct Image {
  int width = 0;             ///< Pixels.
  int height = 0;            ///< Pixels.
  std::vector<uint8_t> rgb;  ///< HWC uint8, three channels, no padding.
};

/// A small image without colour.
struct GreyImage {
  int width = 0;   ///< Pixels.
  int height = 0;  ///< Pixels.
  /// HW uint8, no padding; 0 is black and 255 white, whatever the frame's range.
  std::vector<uint8_t> grey;
};

/// Drops the colour of an image: BT.601 luma of its full-range RGB, rounded. Pure.
GreyImage grey_of(const Image& image);

/// How a frame becomes a square image. Training and live inference use equal options.
struct TransformOptions {
  /// Side of the square, pixels. Change it to the input size of the model to train.
  int size = 224;
  /// Short side before the centre crop, pixels; 0: size * 8 / 7 (256 for 224).
  int resize = 0;
  /// How a frame that is not square is fitted: "crop", "pad" or "stretch". Change it to "pad" when
  /// the edges of the frame matter.
  std::string fit = "crop";

  static void fields(auto& self, auto&& visit) {
    visit("size", self.size, Within{16, 2048},
          "Side of the square image in a sample, pixels; set it to the input size of your model");
    visit("resize", self.resize, Within{0, 4096},
          "Short side before the centre crop, pixels; 0: size * 8 / 7. Only for fit=crop");
    visit("fit", self.fit, OneOf{{"crop", "pad", "stretch"}},
          "How a frame becomes square: crop its centre, pad it with black (keeps the edges), or "
          "stretch it");
  }
};

/// The map from upright source pixels to image pixels: x_out = scale_x * x + offset_x, and likewise
/// for y. Coordinates count from the left (upper) edge of the first pixel. Boxes, points and pixels
/// are all mapped by it.
struct Geometry {
  int width = 0;        ///< Width of the image, pixels.
  int height = 0;       ///< Height of the image, pixels.
  double scale_x = 1;   ///< Image pixels per source pixel.
  double scale_y = 1;   ///< Image pixels per source pixel.
  double offset_x = 0;  ///< Image pixels.
  double offset_y = 0;  ///< Image pixels.
  bool operator==(const Geometry&) const = default;
};

/// Returns the geometry that makes a frame upright with square pixels, and then fits it. Pure.
/// @return kInvalidArgument for options out of range.
Result<Geometry> fit_geometry(const Frame& frame, const TransformOptions& options);

/// Size of a frame after it is turned upright, stored pixels.
struct UprightSize {
  int width = 0;
  int height = 0;
};
/// Returns the size of a frame after it is turned upright. Pure.
UprightSize upright_size(const Frame& frame);
/// Returns width over height of one pixel after the frame is turned upright. Pure.
double upright_aspect(const Frame& frame);

/// Returns the geometry that shrinks a whole frame, and never enlarges it. The pixel aspect is
/// ignored. Pure.
/// @param max_side  Maximum of the longer side, image pixels, before rounding to `multiple`.
/// @param multiple  Both sides are multiples of this, >= 1.
Geometry shrunk_geometry(const Frame& frame, int max_side, int multiple = 1);

/// Crops, resizes, turns upright and converts to RGB in one pass that reads only the pixels needed.
///
/// The filter is an antialiased triangle in fixed point: every CPU gives equal bits. Not
/// thread-safe: tables are kept for frames of equal geometry.
///
/// Source of the filter: bilinear with antialias, as in Pillow's and torchvision's resize.
class Converter {
 public:
  /// Returns an image of the geometry's size. Pixels outside the frame are black.
  Image convert(const Frame& frame, const Geometry& geometry);
  /// Returns an image like convert(), but only its brightness: chroma is not read.
  GreyImage convert_grey(const Frame& frame, const Geometry& geometry);

 private:
  struct Taps {
    std::vector<int32_t> first;    ///< First source sample of each output sample.
    std::vector<int32_t> count;    ///< Source samples of each output sample; 0 outside the frame.
    std::vector<int16_t> weights;  ///< `stride` per output sample, 14 bit, sum 1 << 14.
    int stride = 0;
    int low = 0;  ///< Source samples [low, high) are read.
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
  /// A geometry in the stored orientation, and how its image is turned upright.
  struct StoredGeometry {
    Axis x, y;
    bool swapped = false;
    bool reverse_x = false;
    bool reverse_y = false;
  };

  static Taps make_taps(const Axis& axis);
  static void prepare(PlanePlan& plan, const Axis& x, const Axis& y);
  static StoredGeometry stored_geometry(const Frame& frame, const Geometry& geometry);
  static std::vector<uint8_t> make_upright(std::vector<uint8_t> stored,
                                           const StoredGeometry& geometry, size_t channels);
  /// Sets pixels outside the frame to 0.
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
