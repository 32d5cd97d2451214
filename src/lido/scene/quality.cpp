// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

namespace lido::scene {
namespace {

bool has(Fault fault, const QualityFeatures& f) {
  switch (fault) {
    case Fault::kBlack:
      return f.mean < 22 && f.structure < 2;
    case Fault::kCovered:
      return f.mean >= 22 && f.structure < 7;
    case Fault::kBlurred:
      return f.structure >= 7 && f.detail < 0.42F;
    case Fault::kDark:
      return f.structure >= 2 && f.dark > 0.5F && f.mean < 40;
    case Fault::kBright:
      return f.bright > 0.2F;
    case Fault::kGlare:
      return f.patch > 0.04F && f.bright <= 0.2F;
    case Fault::kFrozen:
      return f.change < 1;
  }
  return false;
}

/// Every nth row of a frame, without a copy: enough for shares of pixels, and most bytes stay
/// unread.
media::Frame every_row(const media::Frame& frame, int n) {
  media::Frame thinned = frame;
  thinned.height = std::max(1, frame.height / n);
  thinned.pixel_aspect = frame.pixel_aspect * frame.height / (n * thinned.height);
  for (auto& plane : thinned.planes) plane.stride *= n;
  return thinned;
}

}  // namespace

std::string_view name_of(Fault fault) {
  constexpr std::array<std::string_view, kFaults> kNames = {"black", "frozen", "covered", "blurred",
                                                            "dark",  "bright", "glare"};
  return kNames[static_cast<size_t>(fault)];
}

namespace {

using Histogram = std::array<int64_t, 256>;

Histogram histogram_of(const media::GreyImage& grey) {
  Histogram histogram{};
  for (const uint8_t value : grey.grey) ++histogram[value];
  return histogram;
}

void measure_brightness(const Histogram& histogram, double pixels, QualityFeatures& features) {
  constexpr size_t kDark = 16;
  int64_t sum = 0, dark = 0;
  for (size_t value = 0; value < histogram.size(); ++value) {
    sum += static_cast<int64_t>(value) * histogram[value];
    if (value < kDark) dark += histogram[value];
  }
  features.mean = static_cast<float>(static_cast<double>(sum) / pixels);
  features.dark = static_cast<float>(static_cast<double>(dark) / pixels);
}

/// Share of pixels with a colour at its limit. Overexposed water is blue or green without shades
/// long before it is white.
float clipped_share(const media::Frame& frame, media::Converter& converter) {
  constexpr int kSampleSide = 96;
  constexpr int kLimit = 250;
  const media::Frame thinned = every_row(frame, std::max(1, frame.height / kSampleSide));
  const media::Image image =
      converter.convert(thinned, media::shrunk_geometry(thinned, kSampleSide));
  int64_t clipped = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    clipped += std::max({image.rgb[i], image.rgb[i + 1], image.rgb[i + 2]}) >= kLimit ? 1 : 0;
  return static_cast<float>(3 * clipped) / static_cast<float>(image.rgb.size());
}

/// Mean absolute second difference along the rows. Every second row is enough.
double roughness(const cv::Mat& image) {
  int64_t total = 0, count = 0;
  for (int y = 1; y + 1 < image.rows; y += 2) {
    const auto* row = image.ptr<uint8_t>(y);
    for (int x = 1; x + 1 < image.cols; ++x) {
      const int d = 2 * row[x] - row[x - 1] - row[x + 1];
      total += d < 0 ? -d : d;
    }
    count += image.cols - 2;
  }
  return static_cast<double>(total) / static_cast<double>(std::max<int64_t>(1, count));
}

/// Share of the image in its largest connected patch of white.
float largest_patch(const cv::Mat& image) {
  constexpr double kWhite = 247;
  cv::Mat patches, labels, stats, centres;
  cv::threshold(image, patches, kWhite, 255, cv::THRESH_BINARY);
  const int count = cv::connectedComponentsWithStats(patches, labels, stats, centres, 8, CV_32S);
  int largest = 0;
  for (int i = 1; i < count; ++i) largest = std::max(largest, stats.at<int>(i, cv::CC_STAT_AREA));
  return static_cast<float>(largest) / static_cast<float>(image.total());
}

}  // namespace

QualityFeatures QualityMeter::measure(const media::GreyImage& grey, const media::Frame& frame) {
  QualityFeatures features;
  const Histogram histogram = histogram_of(grey);
  measure_brightness(histogram, static_cast<double>(grey.grey.size()), features);
  features.bright = clipped_share(frame, converter_);

  const cv::Mat full(grey.height, grey.width, CV_8U, const_cast<uint8_t*>(grey.grey.data()));
  cv::Mat half, small, tiny;
  const auto size_over = [&](int divisor) {
    return cv::Size(std::max(1, grey.width / divisor), std::max(1, grey.height / divisor));
  };
  cv::resize(full, half, size_over(2), 0, 0, cv::INTER_AREA);
  cv::resize(full, small, size_over(4), 0, 0, cv::INTER_AREA);
  cv::resize(small, tiny, size_over(16), 0, 0, cv::INTER_AREA);
  cv::Scalar mean, deviation;
  cv::meanStdDev(tiny, mean, deviation);
  features.structure = static_cast<float>(deviation[0]);
  // Detail finer than half size is noise and compression.
  features.detail = static_cast<float>(roughness(half) / (roughness(small) + 0.5));
  if (std::any_of(histogram.begin() + 248, histogram.end(), [](int64_t n) { return n > 0; }))
    features.patch = largest_patch(small);

  std::vector<uint8_t> now(small.datastart, small.dataend);
  if (now.size() == previous_.size()) {
    int max_change = 0;
    for (size_t i = 0; i < now.size(); ++i)
      max_change = std::max(max_change, std::abs(now[i] - previous_[i]));
    features.change = static_cast<float>(max_change);
  }
  previous_ = std::move(now);
  return features;
}

std::vector<FaultSpan> find_faults(std::span<const QualitySample> samples, double fps,
                                   double frozen_s) {
  // An encoder refines a view that no longer changes.
  constexpr float kMaxEncoderChange = 3.5F;
  std::vector<FaultSpan> spans;
  for (int i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    std::optional<FaultSpan> open;
    int64_t quiet_since = 0;  // tick of the last change
    const auto close = [&] {
      const bool counts = open && (fault != Fault::kFrozen ||
                                   static_cast<double>(open->end - open->begin) >= frozen_s * fps);
      if (counts) spans.push_back(*open);
      open.reset();
    };
    for (const QualitySample& sample : samples) {
      // Ticks that were skipped in between looked like the frame before.
      if (open && sample.after_cut) close();
      // The first frame of a frozen period still differs from the frame before.
      if (sample.features.change > kMaxEncoderChange || sample.after_cut) quiet_since = sample.k;
      const bool still_frozen =
          open && fault == Fault::kFrozen && sample.features.change <= kMaxEncoderChange;
      if (!has(fault, sample.features) && !still_frozen) {
        close();
      } else if (open) {
        open->end = sample.k + 1;
      } else {
        open = FaultSpan{fault, fault == Fault::kFrozen ? quiet_since : sample.k, sample.k + 1};
      }
    }
    close();
  }
  std::ranges::stable_sort(spans, {}, &FaultSpan::begin);
  return spans;
}

}  // namespace lido::scene
