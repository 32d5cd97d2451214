// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/augment.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <numbers>
#include <span>
#include <string_view>
#include <vector>

#include "lido/base/hash.h"
#include "lido/base/split_mix.h"

namespace lido::dataset {
namespace {

/// Numbers from a seed, equal on every machine.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  uint64_t next() { return split_mix64(state_); }
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

using Bytes = uint8_t __attribute__((vector_size(8)));
using Lanes = uint16_t __attribute__((vector_size(16)));

/// Bilinear look-ups along straight lines of an image, edge pixels repeated. In fixed point, so
/// that every CPU gives equal bytes; the eight lanes of a vector hold two neighbouring pixels.
class LineSampler {
 public:
  explicit LineSampler(const media::Image& image)
      : max_x_(static_cast<int64_t>(image.width - 1) << kBits),
        max_y_(static_cast<int64_t>(image.height - 1) << kBits),
        row_bytes_((static_cast<size_t>(image.width) + 1) * 4),
        pixels_(row_bytes_ * (static_cast<size_t>(image.height) + 1)) {
    const size_t rgb_bytes = static_cast<size_t>(image.width) * 3;
    for (size_t row = 0; row < static_cast<size_t>(image.height); ++row)
      widen_row(&image.rgb[row * rgb_bytes], rgb_bytes, &pixels_[row * row_bytes_]);
    std::memcpy(&pixels_[static_cast<size_t>(image.height) * row_bytes_],
                &pixels_[static_cast<size_t>(image.height - 1) * row_bytes_], row_bytes_);
  }

  /// Writes `count` RGB pixels: the first is looked up at (x, y), each further one a step onwards.
  void write(double x, double y, double step_x, double step_y, int count, uint8_t* out) const {
    int64_t at_x = fixed(x), at_y = fixed(y);
    const int64_t each_x = fixed(step_x), each_y = fixed(step_y);
    for (int i = 0; i + 1 < count; ++i, at_x += each_x, at_y += each_y, out += 3) {
      const Bytes pixel = look_up(at_x, at_y);
      std::memcpy(out, &pixel, 4);  // the fourth byte is overwritten by the next pixel
    }
    const Bytes pixel = look_up(at_x, at_y);
    std::memcpy(out, &pixel, 3);
  }

 private:
  /// 2^-24 of a pixel, added up over a line of 8192, is 2^-11.
  static constexpr int kBits = 24;
  static int64_t fixed(double value) { return std::llround(value * (1 << kBits)); }

  /// Copies RGB as RGBX, the last pixel twice.
  static void widen_row(const uint8_t* rgb, size_t rgb_bytes, uint8_t* out) {
    for (size_t i = 0; i < rgb_bytes; i += 3, out += 4) {
      out[0] = rgb[i];
      out[1] = rgb[i + 1];
      out[2] = rgb[i + 2];
    }
    std::memcpy(out, out - 4, 4);
  }

  static Lanes load(const uint8_t* pixels) {
    Bytes bytes;
    std::memcpy(&bytes, pixels, sizeof(bytes));
    return __builtin_convertvector(bytes, Lanes);
  }

  /// Returns the pixel at a place in its first three bytes.
  Bytes look_up(int64_t at_x, int64_t at_y) const {
    at_x = std::clamp<int64_t>(at_x, 0, max_x_);
    at_y = std::clamp<int64_t>(at_y, 0, max_y_);
    const auto right = static_cast<uint16_t>((at_x >> (kBits - 8)) & 255);
    const auto down = static_cast<uint16_t>((at_y >> (kBits - 8)) & 255);
    const auto left = static_cast<uint16_t>(256 - right), up = static_cast<uint16_t>(256 - down);
    const uint8_t* const pixels = &pixels_[static_cast<size_t>(at_y >> kBits) * row_bytes_ +
                                           static_cast<size_t>(at_x >> kBits) * 4];
    const Lanes column = (load(pixels) * up + load(pixels + row_bytes_) * down + kHalf) >> 8;
    const Lanes parts = column * Lanes{left, left, left, left, right, right, right, right};
    const Lanes sum = parts + __builtin_shufflevector(parts, parts, 4, 5, 6, 7, 0, 1, 2, 3);
    return __builtin_convertvector((sum + kHalf) >> 8, Bytes);
  }
  static constexpr Lanes kHalf = {128, 128, 128, 128, 128, 128, 128, 128};

  int64_t max_x_, max_y_;
  size_t row_bytes_;
  std::vector<uint8_t> pixels_;  // RGBX, with one column and one row more
};

void move_pixels(const media::Image& image, const Map& map, std::span<uint8_t> out) {
  const Map back = inverse(map);
  const LineSampler sampler(image);
  for (int row = 0; row < image.height; ++row) {
    const double x = 0.5, y = row + 0.5;
    sampler.write(back[0] * x + back[1] * y + back[2] - 0.5,
                  back[3] * x + back[4] * y + back[5] - 0.5, back[0], back[3], image.width,
                  &out[static_cast<size_t>(row) * static_cast<size_t>(image.width) * 3]);
  }
}

/// The binomial filter 1 2 1, across and down.
void blur(std::span<uint8_t> rgb, size_t width, size_t height) {
  const auto filter = [&](size_t count, size_t step, size_t start) {
    uint8_t* line = rgb.data() + start;
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

/// Noise of a sensor with a standard deviation of kNoiseUnit, drawn once: each line of a frame
/// begins at a place of its own, so that a frame costs no drawing.
constexpr size_t kNoiseSize = 1 << 16;
constexpr double kNoiseUnit = 4096;
const std::vector<int16_t>& noise_values() {
  // Never destroyed: threads of a loader may run until the process has ended.
  static const auto& values = *[] {
    Draw draw(1);
    auto* drawn = new std::vector<int16_t>(kNoiseSize);
    for (int16_t& value : *drawn) {
      // Four uniform numbers make a fair bell curve; their variance is 4 / 3.
      const double bell = draw.within(1) + draw.within(1) + draw.within(1) + draw.within(1);
      value = static_cast<int16_t>(std::lround(bell * std::sqrt(0.75) * kNoiseUnit));
    }
    return drawn;
  }();
  return values;
}

/// Changes of colour in fixed point: value = (own[value] + grey[grey] + noise) >> 12.
struct Colours {
  static constexpr int kBits = 12;
  std::array<int32_t, 256> own;   ///< By the channel's value.
  std::array<int32_t, 256> grey;  ///< By the pixel's grey.
  int32_t noise;                  ///< Factor of noise_values(), times 8.

  explicit Colours(const Augmentation& drawn) {
    const double unit = 1 << kBits;
    const auto of_own = std::lround(drawn.contrast * drawn.saturation * unit);
    const auto of_grey = std::lround(drawn.contrast * (1 - drawn.saturation) * unit);
    const auto shift =
        std::lround((127.5 * (1 - drawn.contrast) + drawn.brightness * 255 + 0.5) * unit);
    for (int i = 0; i < 256; ++i) {
      own[static_cast<size_t>(i)] = static_cast<int32_t>(of_own * i);
      grey[static_cast<size_t>(i)] = static_cast<int32_t>(of_grey * i + shift);
    }
    noise = static_cast<int32_t>(std::lround(drawn.noise * 255 * unit * 8 / kNoiseUnit));
  }
};

/// Changes the colours of a line of pixels and adds noise.
void recolour(uint8_t* __restrict line, size_t count, const Colours& colours,
              const int16_t* __restrict noise) {
  const int32_t* const own = colours.own.data();
  const int32_t strength = colours.noise;
  for (size_t i = 0; i < count * 3; i += 3) {
    const int grey = (77 * line[i] + 150 * line[i + 1] + 29 * line[i + 2] + 128) >> 8;
    const int32_t base = colours.grey[static_cast<size_t>(grey)];
    for (size_t channel = i; channel < i + 3; ++channel) {
      const int32_t value = own[line[channel]] + base + ((noise[channel] * strength) >> 3);
      line[channel] = static_cast<uint8_t>(std::clamp(value >> Colours::kBits, 0, 255));
    }
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

void augment(const media::Image& image, const Augmentation& augmentation, int frame,
             std::span<uint8_t> out) {
  assert(out.size() == image.rgb.size());
  const auto width = static_cast<size_t>(image.width), height = static_cast<size_t>(image.height);
  move_pixels(image, augmentation.map, out);
  if (augmentation.blur) blur(out, width, height);
  const Colours colours(augmentation);
  const std::vector<int16_t>& noise = noise_values();
  Draw draw(augmentation.noise_seed + static_cast<uint64_t>(frame) * 0x2545f4914f6cdd1d);
  for (size_t row = 0; row < height; ++row) {
    const size_t begin = draw.next() % (noise.size() - width * 3 + 1);
    recolour(&out[row * width * 3], width, colours, &noise[begin]);
  }
}

media::Image augment(const media::Image& image, const Augmentation& augmentation, int frame) {
  media::Image result{image.width, image.height, std::vector<uint8_t>(image.rgb.size())};
  augment(image, augmentation, frame, result.rgb);
  return result;
}

std::array<double, 2> augment(const std::array<double, 2>& point,
                              const Augmentation& augmentation) {
  const Map& m = augmentation.map;
  return {m[0] * point[0] + m[1] * point[1] + m[2], m[3] * point[0] + m[4] * point[1] + m[5]};
}

void augment_keypoints(std::span<double> keypoints, std::span<const std::string> names,
                       const Augmentation& augmentation) {
  for (size_t i = 0; i + 2 < keypoints.size(); i += 3) {
    const auto moved = augment({keypoints[i], keypoints[i + 1]}, augmentation);
    std::ranges::copy(moved, keypoints.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!augmentation.mirrored || keypoints.size() != 3 * names.size()) return;
  constexpr std::string_view kLeft = "left_";
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i].starts_with(kLeft)) continue;
    const auto other = std::ranges::find(names, "right_" + names[i].substr(kLeft.size()));
    if (other == names.end()) continue;
    const auto at = static_cast<size_t>(other - names.begin());
    std::ranges::swap_ranges(keypoints.subspan(3 * i, 3), keypoints.subspan(3 * at, 3));
  }
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
