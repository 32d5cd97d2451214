// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/network_input.h"

#include <cmath>

namespace lido::scene {

NetworkInput::NetworkInput(const infer::ImageInput& input) : input_(input) {
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t pixel = 0; pixel < 256; ++pixel)
      levels_[channel][pixel] =
          (static_cast<float>(pixel) - input.mean[channel]) / input.std[channel];
  }
}

void NetworkInput::fill(const media::Frame& frame, const media::Geometry& geometry,
                        std::span<float> into) {
  const media::Image image = converter_.convert(frame, geometry);
  const auto plane = static_cast<size_t>(input_.width) * static_cast<size_t>(input_.height);
  // Edges of the frame inside the input; beyond them is the border.
  const auto size = media::upright_size(frame);
  const int left = static_cast<int>(std::lround(geometry.offset_x));
  const int top = static_cast<int>(std::lround(geometry.offset_y));
  const auto edge = [](double scale, int length, double offset) {
    return static_cast<int>(std::lround(scale * length + offset));
  };
  const int right = edge(geometry.scale_x, size.width, geometry.offset_x);
  const int bottom = edge(geometry.scale_y, size.height, geometry.offset_y);
  const size_t step = input_.planar ? 1 : 3;
  for (size_t channel = 0; channel < 3; ++channel) {
    const auto& level = levels_[channel];
    const uint8_t* pixel = image.rgb.data() + (input_.bgr ? 2 - channel : channel);
    float* out = into.data() + (input_.planar ? channel * plane : channel);
    const float border = level[static_cast<size_t>(input_.fill)];
    for (int y = 0; y < input_.height; ++y) {
      const bool outside = y < top || y >= bottom;
      for (int x = 0; x < input_.width; ++x, pixel += 3, out += step)
        *out = outside || x < left || x >= right ? border : level[*pixel];
    }
  }
}

void NetworkInput::fill(const media::Image& image, std::span<float> into) const {
  const auto plane = static_cast<size_t>(input_.width) * static_cast<size_t>(input_.height);
  for (size_t channel = 0; channel < 3; ++channel) {
    const size_t from = input_.bgr ? 2 - channel : channel;
    for (size_t i = 0; i < plane; ++i)
      into[input_.planar ? channel * plane + i : 3 * i + channel] =
          levels_[channel][image.rgb[3 * i + from]];
  }
}

}  // namespace lido::scene
