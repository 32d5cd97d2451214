// SPDX-License-Identifier: Apache-2.0
#include "lido/media/convert.h"

#include <algorithm>
#include <cmath>

// Compiles a function twice, and chooses the faster version when the program starts. Both give
// equal bits, since they use only integers. Sanitizers start before that choice can be made.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define LIDO_FAST_ON_EACH_CPU
#else
#define LIDO_FAST_ON_EACH_CPU __attribute__((target_clones("avx2", "default")))
#endif

namespace lido::media {
namespace {

constexpr int kWeightBits = 14;
/// Maximum number of taps for 8-bit weights, with which a vertical sum of 8-bit samples fits 16
/// bits. More taps need finer weights.
constexpr int kMaxNarrowTaps = 24;

/// Computes row += a * wa + b * wb.
LIDO_FAST_ON_EACH_CPU
void add_rows(uint16_t* __restrict row, const uint8_t* __restrict a, const uint8_t* __restrict b,
              int wa, int wb, int count) {
  const auto weight_a = static_cast<uint16_t>(wa);
  const auto weight_b = static_cast<uint16_t>(wb);
  for (int x = 0; x < count; ++x) {
    row[x] = static_cast<uint16_t>(row[x] + a[x] * weight_a + b[x] * weight_b);
  }
}

/// Computes row += a * weight.
template <typename Sample>
void add_row_wide(uint32_t* __restrict row, const Sample* __restrict a, int weight, int count) {
  const auto factor = static_cast<uint32_t>(weight);
  for (int x = 0; x < count; ++x) row[x] += a[x] * factor;
}

/// Computes each output as the weighted sum of its samples of the row.
LIDO_FAST_ON_EACH_CPU
void sum_across(const uint16_t* __restrict row, const int32_t* __restrict first,
                const int32_t* __restrict count, const int16_t* __restrict weights, int stride,
                int low, uint8_t* __restrict out, int outputs) {
  for (int x = 0; x < outputs; ++x) {
    const uint16_t* source = row + (first[x] - low);
    const int16_t* weight = weights + static_cast<ptrdiff_t>(x) * stride;
    int32_t sum = 1 << (kWeightBits + 7);
    for (int tap = 0; tap < count[x]; ++tap) sum += source[tap] * weight[tap];
    out[x] = static_cast<uint8_t>(std::clamp(sum >> (kWeightBits + 8), 0, 255));
  }
}

/// Coefficients of YUV to RGB, 14-bit fixed point.
struct ColorTable {
  int luma_offset, luma, red_v, green_u, green_v, blue_u;
};

ColorTable color_table(ColorMatrix matrix, bool full_range) {
  double kr = 0.299, kb = 0.114;
  if (matrix == ColorMatrix::kBt709) kr = 0.2126, kb = 0.0722;
  if (matrix == ColorMatrix::kBt2020) kr = 0.2627, kb = 0.0593;
  const double kg = 1 - kr - kb;
  const double luma = full_range ? 1 : 255.0 / 219;
  const double chroma = full_range ? 1 : 255.0 / 224;
  const auto fixed = [](double value) {
    return static_cast<int>(std::lround(value * (1 << kWeightBits)));
  };
  return {full_range ? 0 : 16,
          fixed(luma),
          fixed(2 * (1 - kr) * chroma),
          fixed(-2 * kb * (1 - kb) / kg * chroma),
          fixed(-2 * kr * (1 - kr) / kg * chroma),
          fixed(2 * (1 - kb) * chroma)};
}

LIDO_FAST_ON_EACH_CPU
void to_rgb(const uint8_t* __restrict y, const uint8_t* __restrict u, const uint8_t* __restrict v,
            uint8_t* __restrict rgb, int count, const ColorTable& table) {
  const auto narrow = [](int value) {
    return static_cast<uint8_t>(
        std::clamp((value + (1 << (kWeightBits - 1))) >> kWeightBits, 0, 255));
  };
  for (int i = 0; i < count; ++i) {
    const int luma = table.luma * (y[i] - table.luma_offset);
    const int cu = u[i] - 128;
    const int cv = v[i] - 128;
    rgb[3 * i] = narrow(luma + table.red_v * cv);
    rgb[3 * i + 1] = narrow(luma + table.green_u * cu + table.green_v * cv);
    rgb[3 * i + 2] = narrow(luma + table.blue_u * cu);
  }
}

int chroma_size(int luma, int shift) { return (luma + (1 << shift) - 1) >> shift; }

/// Adapts a mapping to an axis that runs the other way.
void reverse_axis(double scale, int source, int output, double& offset) {
  offset = output - offset - scale * source;
}

}  // namespace

UprightSize upright_size(const Frame& frame) {
  const bool turned = frame.orientation.quarter_turns % 2 == 1;
  return turned ? UprightSize{frame.height, frame.width} : UprightSize{frame.width, frame.height};
}

double upright_aspect(const Frame& frame) {
  const bool turned = frame.orientation.quarter_turns % 2 == 1;
  return turned ? 1 / frame.pixel_aspect : frame.pixel_aspect;
}

Result<Geometry> fit_geometry(const Frame& frame, const TransformOptions& options) {
  LIDO_TRY(validate(options));
  const auto [width, height] = upright_size(frame);
  const double shown_width = width * upright_aspect(frame);
  const double size = options.size;
  Geometry geometry{options.size, options.size, 1, 1, 0, 0};
  double result_width = size, result_height = size;
  if (options.fit == "crop") {
    const int resize = options.resize > 0 ? options.resize : (options.size * 8 + 3) / 7;
    if (resize < options.size) {
      return fail(ErrorCode::kInvalidArgument, "resize is {}, want {} (size) or more", resize,
                  options.size);
    }
    const double scale = resize / std::min<double>(shown_width, height);
    result_width = std::round(shown_width * scale);
    result_height = std::round(height * scale);
  } else if (options.fit == "pad") {
    const double scale = size / std::max<double>(shown_width, height);
    result_width = std::max(1.0, std::round(shown_width * scale));
    result_height = std::max(1.0, std::round(height * scale));
  }
  geometry.scale_x = result_width / width;
  geometry.scale_y = result_height / height;
  geometry.offset_x = -std::floor((result_width - size) / 2);
  geometry.offset_y = -std::floor((result_height - size) / 2);
  return geometry;
}

Geometry shrunk_geometry(const Frame& frame, int max_side, int multiple) {
  const auto [width, height] = upright_size(frame);
  const double scale = std::min(1.0, static_cast<double>(max_side) / std::max(width, height));
  const auto shrunk = [&](int length) {
    const auto parts = static_cast<int>(std::lround(length * scale / multiple));
    return std::max(1, parts) * multiple;
  };
  return {shrunk(width), shrunk(height), static_cast<double>(shrunk(width)) / width,
          static_cast<double>(shrunk(height)) / height};
}

Converter::Taps Converter::make_taps(const Axis& axis) {
  const double step = 1 / axis.scale;
  const double support = std::max(1.0, step);
  Taps taps;
  taps.stride = static_cast<int>(std::ceil(support)) * 2 + 2;
  taps.weights.assign(static_cast<size_t>(axis.output) * static_cast<size_t>(taps.stride), 0);
  taps.low = axis.source;
  std::vector<double> exact;
  for (int i = 0; i < axis.output; ++i) {
    const double center = (i + 0.5 - axis.offset) * step;
    const bool outside = center < 0 || center > axis.source;
    const int begin =
        std::clamp(static_cast<int>(std::floor(center - support + 0.5)), 0, axis.source - 1);
    const int end =
        std::clamp(static_cast<int>(std::floor(center + support + 0.5)), begin + 1, axis.source);
    exact.clear();
    double sum = 0;
    for (int j = begin; j < end; ++j) {
      exact.push_back(std::max(0.0, 1 - std::abs((j + 0.5 - center) / support)));
      sum += exact.back();
    }
    if (sum <= 0) exact.assign(1, 1), sum = 1;
    int16_t* weights = &taps.weights[static_cast<size_t>(i) * static_cast<size_t>(taps.stride)];
    int rest = 1 << kWeightBits;
    size_t largest = 0;
    for (size_t tap = 0; tap < exact.size(); ++tap) {
      weights[tap] = static_cast<int16_t>(std::lround(exact[tap] / sum * (1 << kWeightBits)));
      rest -= weights[tap];
      if (exact[tap] > exact[largest]) largest = tap;
    }
    weights[largest] = static_cast<int16_t>(weights[largest] + rest);
    taps.first.push_back(begin);
    taps.count.push_back(outside ? 0 : static_cast<int32_t>(exact.size()));
    taps.low = std::min(taps.low, begin);
    taps.high = std::max(taps.high, begin + static_cast<int>(exact.size()));
  }
  return taps;
}

void Converter::scale_plane(const Frame& frame, const Frame::Plane& plane, const PlanePlan& plan,
                            uint8_t* out) {
  const Taps& across = plan.taps_x;
  const Taps& down = plan.taps_y;
  const int width = across.high - across.low;
  const bool deep = frame.bit_depth > 8;
  row_.resize(static_cast<size_t>(width));
  wide_row_.resize(static_cast<size_t>(width));
  for (int y = 0; y < plan.y.output; ++y) {
    const auto at = static_cast<size_t>(y);
    const int16_t* weights = &down.weights[at * static_cast<size_t>(down.stride)];
    const int count = down.count[at];
    const auto line = [&](int tap) {
      return plane.data + (down.first[at] + std::min(tap, count - 1)) * plane.stride;
    };
    if (!deep && count <= kMaxNarrowTaps) {
      // 8-bit weights that still sum to 256.
      std::array<int, kMaxNarrowTaps + 1> narrow{};
      int rest = 256, largest = 0;
      for (int tap = 0; tap < count; ++tap) {
        narrow[static_cast<size_t>(tap)] = (weights[tap] + 32) >> 6;
        rest -= narrow[static_cast<size_t>(tap)];
        if (weights[tap] > weights[largest]) largest = tap;
      }
      narrow[static_cast<size_t>(largest)] += count > 0 ? rest : 0;
      std::ranges::fill(row_, uint16_t{0});
      for (int tap = 0; tap < count; tap += 2) {
        const auto* a = reinterpret_cast<const uint8_t*>(line(tap)) + across.low;
        const auto* b = reinterpret_cast<const uint8_t*>(line(tap + 1)) + across.low;
        const auto index = static_cast<size_t>(tap);
        add_rows(row_.data(), a, b, narrow[index], narrow[index + 1], width);
      }
    } else {
      std::ranges::fill(wide_row_, 0U);
      for (int tap = 0; tap < count; ++tap) {
        if (deep) {
          add_row_wide(wide_row_.data(), reinterpret_cast<const uint16_t*>(line(tap)) + across.low,
                       weights[tap], width);
        } else {
          add_row_wide(wide_row_.data(), reinterpret_cast<const uint8_t*>(line(tap)) + across.low,
                       weights[tap], width);
        }
      }
      // Back to 8 bits and 8 bits of fraction.
      const int shift = kWeightBits + frame.bit_depth - 16;
      for (size_t x = 0; x < row_.size(); ++x) {
        row_[x] = static_cast<uint16_t>(std::min(wide_row_[x] >> shift, 65535U));
      }
    }
    sum_across(row_.data(), across.first.data(), across.count.data(), across.weights.data(),
               across.stride, across.low, out + static_cast<ptrdiff_t>(y) * plan.x.output,
               plan.x.output);
  }
}

void Converter::prepare(PlanePlan& plan, const Axis& x, const Axis& y) {
  if (plan.x != x) plan.taps_x = make_taps(x);
  if (plan.y != y) plan.taps_y = make_taps(y);
  plan.x = x;
  plan.y = y;
}

Converter::StoredGeometry Converter::stored_geometry(const Frame& frame, const Geometry& geometry) {
  // Scaling works in the stored orientation. The small image is turned upright afterwards.
  const int turns = frame.orientation.quarter_turns;
  StoredGeometry stored{.x = {frame.width, geometry.width, geometry.scale_x, geometry.offset_x},
                        .y = {frame.height, geometry.height, geometry.scale_y, geometry.offset_y},
                        .swapped = turns % 2 == 1,
                        .reverse_x = (turns == 2 || turns == 3) != frame.orientation.mirrored,
                        .reverse_y = turns == 1 || turns == 2};
  if (stored.swapped) {
    stored.x = {frame.width, geometry.height, geometry.scale_y, geometry.offset_y};
    stored.y = {frame.height, geometry.width, geometry.scale_x, geometry.offset_x};
  }
  Axis& x = stored.x;
  Axis& y = stored.y;
  if (stored.reverse_x) reverse_axis(x.scale, x.source, x.output, x.offset);
  if (stored.reverse_y) reverse_axis(y.scale, y.source, y.output, y.offset);
  return stored;
}

std::vector<uint8_t> Converter::make_upright(std::vector<uint8_t> stored,
                                             const StoredGeometry& geometry, size_t channels) {
  const auto [x, y, swapped, reverse_x, reverse_y] = geometry;
  if (!swapped && !reverse_x && !reverse_y) return stored;
  std::vector<uint8_t> upright(stored.size());
  const int width = swapped ? y.output : x.output;
  const int height = swapped ? x.output : y.output;
  size_t to = 0;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column, to += channels) {
      int from_x = swapped ? row : column;
      int from_y = swapped ? column : row;
      if (reverse_x) from_x = x.output - 1 - from_x;
      if (reverse_y) from_y = y.output - 1 - from_y;
      const auto from =
          static_cast<size_t>(from_y) * static_cast<size_t>(x.output) + static_cast<size_t>(from_x);
      std::copy_n(&stored[channels * from], channels, &upright[to]);
    }
  }
  return upright;
}

void Converter::blacken_outside(std::vector<uint8_t>& pixels, size_t channels) const {
  size_t at = 0;
  for (const int32_t rows : luma_.taps_y.count) {
    for (const int32_t columns : luma_.taps_x.count) {
      if (rows == 0 || columns == 0) std::fill_n(&pixels[at], channels, uint8_t{0});
      at += channels;
    }
  }
}

Image Converter::convert(const Frame& frame, const Geometry& geometry) {
  const StoredGeometry turn = stored_geometry(frame, geometry);
  const auto& [x, y, swapped, reverse_x, reverse_y] = turn;
  prepare(luma_, x, y);
  // Left-sited chroma sample i is at luma column 2 i + 0.5, not 2 i + 1.
  const auto chroma_axis = [](Axis axis, int shift, bool left) {
    axis.source = chroma_size(axis.source, shift);
    if (left) axis.offset -= axis.scale * ((1 << shift) - 1) / 2.0;
    axis.scale *= 1 << shift;
    return axis;
  };
  prepare(chroma_,
          chroma_axis(x, frame.chroma_shift_x, frame.chroma_left && frame.chroma_shift_x > 0),
          chroma_axis(y, frame.chroma_shift_y, false));

  const size_t pixels = static_cast<size_t>(x.output) * static_cast<size_t>(y.output);
  for (size_t i = 0; i < 3; ++i) {
    planes_[i].resize(pixels);
    if (i > 0 && frame.grey)
      std::ranges::fill(planes_[i], uint8_t{128});
    else
      scale_plane(frame, frame.planes[i], i == 0 ? luma_ : chroma_, planes_[i].data());
  }
  std::vector<uint8_t> stored(pixels * 3);
  if (frame.matrix == ColorMatrix::kRgb) {
    for (size_t i = 0; i < pixels; ++i) {
      for (size_t channel = 0; channel < 3; ++channel)
        stored[3 * i + channel] = planes_[channel][i];
    }
  } else {
    to_rgb(planes_[0].data(), planes_[1].data(), planes_[2].data(), stored.data(),
           static_cast<int>(pixels), color_table(frame.matrix, frame.full_range));
  }
  blacken_outside(stored, 3);
  return {geometry.width, geometry.height, make_upright(std::move(stored), turn, 3)};
}

GreyImage grey_of(const Image& image) {
  GreyImage grey{image.width, image.height, std::vector<uint8_t>(image.rgb.size() / 3)};
  for (size_t i = 0; i < grey.grey.size(); ++i) {
    const uint8_t* rgb = &image.rgb[3 * i];
    // In 1/256: 0.299, 0.587 and 0.114.
    grey.grey[i] = static_cast<uint8_t>((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2] + 128) >> 8);
  }
  return grey;
}

GreyImage Converter::convert_grey(const Frame& frame, const Geometry& geometry) {
  if (frame.matrix == ColorMatrix::kRgb) return grey_of(convert(frame, geometry));
  const StoredGeometry turn = stored_geometry(frame, geometry);
  prepare(luma_, turn.x, turn.y);
  std::vector<uint8_t> stored(static_cast<size_t>(turn.x.output) *
                              static_cast<size_t>(turn.y.output));
  scale_plane(frame, frame.planes[0], luma_, stored.data());
  if (!frame.full_range) {
    for (uint8_t& value : stored)
      value = static_cast<uint8_t>(std::clamp((value - 16) * 298 >> 8, 0, 255));
  }
  blacken_outside(stored, 1);
  return {geometry.width, geometry.height, make_upright(std::move(stored), turn, 1)};
}

}  // namespace lido::media
