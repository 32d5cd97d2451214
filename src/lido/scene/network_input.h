// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "lido/infer/bundle.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"

namespace lido::scene {

/// Converts regions of frames to a network's input. Not thread-safe.
class NetworkInput {
 public:
  explicit NetworkInput(const infer::ImageInput& input);

  /// Number of values of one image.
  size_t size() const {
    return 3 * static_cast<size_t>(input_.width) * static_cast<size_t>(input_.height);
  }
  /// Writes one image. Places outside the frame get the input's fill value.
  /// @param geometry  From upright source pixels to the network's; of the input's size.
  /// @param into  size() values.
  void fill(const media::Frame& frame, const media::Geometry& geometry, std::span<float> into);
  /// Writes an image of the input's size. @param into  size() values.
  void fill(const media::Image& image, std::span<float> into) const;

 private:
  infer::ImageInput input_;
  media::Converter converter_;
  std::array<std::array<float, 256>, 3> levels_;  ///< Input value of each channel and pixel value.
};

}  // namespace lido::scene
