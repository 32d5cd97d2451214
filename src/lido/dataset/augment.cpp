// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/augment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "lido/base/hash.h"

namespace lido::dataset {
namespace {

/// Numbers from a seed, the same on every machine. Source: Steele et al., SplitMix64, OOPSLA 2014.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double within(double max) { return (2 * uniform() - 1) * max; }

 private:
  uint64_t state_;
};

using Map = std::array<double, 6>;

/// First a, then b.
Map then(const Map& a, const Map& b) {
  return {b[0] * a[0] + b[1] * a[3], b[0] * a[1] + b[1] * a[4], b[0] * a[2] + b[1] * a[5] + b[2],
          b[3] * a[0] + b[4] * a[3], b[3] * a[1] + b[4] * a[4], b[3] * a[2] + b[4] * a[5] + b[5]};
}

Map inverse(const Map& m) {
  const double det = m[0] * m[4] - m[1] * m[3];
  return {m[4] / det,  -m[1] / det, (m[1] * m[5] - m[4] * m[2]) / det,
          -m[3] / det, m[0] / det,  (m[3] * m[2] - m[0] * m[5]) / det};
}

uint8_t to_byte(double value) {
  return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

/// Bilinear look-up, edge pixels repeated. x and y count from pixel centres.
void sample_at(const media::Image& image, double x, double y, double* rgb) {
  x = std::clamp(x, 0.0, image.width - 1.0);
  y = std::clamp(y, 0.0, image.height - 1.0);
  const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
  const int x1 = std::min(x0 + 1, image.width - 1), y1 = std::min(y0 + 1, image.height - 1);
  const double fx = x - x0, fy = y - y0;
  const auto at = [&](int column, int row, int channel) {
    return static_cast<double>(
        image.rgb[(static_cast<size_t>(row) * static_cast<size_t>(image.width) +
                   static_cast<size_t>(column)) *
                      3 +
                  static_cast<size_t>(channel)]);
  };
  for (int c = 0; c < 3; ++c) {
    rgb[c] = (at(x0, y0, c) * (1 - fx) + at(x1, y0, c) * fx) * (1 - fy) +
             (at(x0, y1, c) * (1 - fx) + at(x1, y1, c) * fx) * fy;
  }
}

media::Image move_pixels(const media::Image& image, const Map& map) {
  const Map back = inverse(map);
  media::Image moved{image.width, image.height, std::vector<uint8_t>(image.rgb.size())};
  size_t at = 0;
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      const double x = column + 0.5, y = row + 0.5;
      double rgb[3];
      sample_at(image, back[0] * x + back[1] * y + back[2] - 0.5,
                back[3] * x + back[4] * y + back[5] - 0.5, rgb);
      for (const double value : rgb) moved.rgb[at++] = to_byte(value);
    }
  }
  return moved;
}

/// The binomial filter 1 2 1, across and down.
void blur(media::Image& image) {
  const auto width = static_cast<size_t>(image.width), height = static_cast<size_t>(image.height);
  const auto filter = [&](size_t count, size_t step, size_t start) {
    uint8_t* line = image.rgb.data() + start;
    int before = line[0];
    for (size_t i = 0; i < count; ++i) {
      const int here = line[i * step];
      const int after = line[std::min(i + 1, count - 1) * step];
      line[i * step] = static_cast<uint8_t>((before + 2 * here + after + 2) / 4);
      before = here;
    }
  };
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t row = 0; row < height; ++row) filter(width, 3, row * width * 3 + channel);
    for (size_t column = 0; column < width; ++column)
      filter(height, width * 3, column * 3 + channel);
  }
}

}  // namespace

Augmentation draw_augmentation(const AugmentOptions& options, uint64_t seed, int64_t epoch,
                               std::string_view group, std::string_view sample, int width,
                               int height) {
  const std::string when = std::to_string(epoch);
  Draw draw(derive_seed(seed, {"augment", when, group}));
  Augmentation result;
  result.mirrored = draw.uniform() < options.flip;
  const double zoom = 1 / (1 - draw.uniform() * options.crop);
  const double shift_x = draw.within(0.5), shift_y = draw.within(0.5);
  const double angle = draw.within(options.rotate_deg) * std::numbers::pi / 180;
  result.brightness = draw.within(options.brightness);
  result.contrast = 1 + draw.within(options.contrast);
  result.saturation = 1 + draw.within(options.saturation);
  result.blur = draw.uniform() < options.blur;
  result.noise = draw.uniform() * options.noise;
  result.noise_seed = derive_seed(seed, {"noise", when, sample});
  // About the centre: mirror, turn, zoom; then move within what the zoom cut off.
  const double cx = width / 2.0, cy = height / 2.0;
  Map map = {1, 0, -cx, 0, 1, -cy};
  if (result.mirrored) map = then(map, {-1, 0, 0, 0, 1, 0});
  map = then(map, {std::cos(angle), -std::sin(angle), 0, std::sin(angle), std::cos(angle), 0});
  map = then(map, {zoom, 0, 0, 0, zoom, 0});
  result.map = then(
      map, {1, 0, cx + shift_x * (zoom - 1) * width, 0, 1, cy + shift_y * (zoom - 1) * height});
  return result;
}

media::Image augment(const media::Image& image, const Augmentation& augmentation, int frame) {
  media::Image result = move_pixels(image, augmentation.map);
  if (augmentation.blur) blur(result);
  Draw draw(augmentation.noise_seed + static_cast<uint64_t>(frame) * 0x2545f4914f6cdd1d);
  for (size_t i = 0; i + 2 < result.rgb.size(); i += 3) {
    const double r = result.rgb[i], g = result.rgb[i + 1], b = result.rgb[i + 2];
    const double grey = 0.299 * r + 0.587 * g + 0.114 * b;
    for (size_t channel = 0; channel < 3; ++channel) {
      double value = result.rgb[i + channel];
      value = grey + (value - grey) * augmentation.saturation;
      value = (value - 127.5) * augmentation.contrast + 127.5 + augmentation.brightness * 255;
      // Four uniform numbers make a fair bell curve; their variance is 4 / 3.
      const double bell = draw.within(1) + draw.within(1) + draw.within(1) + draw.within(1);
      result.rgb[i + channel] = to_byte(value + bell * std::sqrt(0.75) * augmentation.noise * 255);
    }
  }
  return result;
}

std::array<double, 2> augment(const std::array<double, 2>& point,
                              const Augmentation& augmentation) {
  const Map& m = augmentation.map;
  return {m[0] * point[0] + m[1] * point[1] + m[2], m[3] * point[0] + m[4] * point[1] + m[5]};
}

Box augment(const Box& box, const Augmentation& augmentation, int width, int height) {
  if (std::isnan(box.x)) return box;
  double left = std::numeric_limits<double>::infinity(), top = left, right = -left, bottom = -left;
  for (const double x : {box.x, box.x + box.width}) {
    for (const double y : {box.y, box.y + box.height}) {
      const auto moved = augment({x, y}, augmentation);
      left = std::min(left, moved[0]);
      right = std::max(right, moved[0]);
      top = std::min(top, moved[1]);
      bottom = std::max(bottom, moved[1]);
    }
  }
  left = std::clamp<double>(left, 0, width);
  right = std::clamp<double>(right, 0, width);
  top = std::clamp<double>(top, 0, height);
  bottom = std::clamp<double>(bottom, 0, height);
  return {left, top, right - left, bottom - top};
}

}  // namespace lido::dataset
