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

/// Every nth row of a picture: where a glance will do, most of it need not be read.
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

QualityFeatures QualityMeter::measure(const media::GreyImage& grey, const media::Frame& frame) {
  const cv::Mat full(grey.height, grey.width, CV_8U, const_cast<uint8_t*>(grey.grey.data()));
  QualityFeatures features;
  std::array<int64_t, 256> histogram{};
  for (const uint8_t value : grey.grey) ++histogram[value];
  const auto pixels = static_cast<double>(grey.grey.size());
  int64_t sum = 0, dark = 0;
  for (size_t value = 0; value < 256; ++value) {
    sum += static_cast<int64_t>(value) * histogram[value];
    if (value < 16) dark += histogram[value];
  }
  features.mean = static_cast<float>(static_cast<double>(sum) / pixels);
  features.dark = static_cast<float>(static_cast<double>(dark) / pixels);

  // Water that is too bright is blue or green without shades long before it is white.
  constexpr int kGlance = 96;
  const media::Frame thinned = every_row(frame, std::max(1, frame.height / kGlance));
  const media::Image glance = glance_.convert(thinned, media::shrunk_geometry(thinned, kGlance));
  int64_t clipped = 0;
  for (size_t i = 0; i < glance.rgb.size(); i += 3)
    clipped += std::max({glance.rgb[i], glance.rgb[i + 1], glance.rgb[i + 2]}) >= 250 ? 1 : 0;
  features.bright = static_cast<float>(3 * clipped) / static_cast<float>(glance.rgb.size());

  cv::Mat half, small, tiny;
  const auto reduced = [&](int parts) {
    return cv::Size(std::max(1, grey.width / parts), std::max(1, grey.height / parts));
  };
  cv::resize(full, half, reduced(2), 0, 0, cv::INTER_AREA);
  cv::resize(full, small, reduced(4), 0, 0, cv::INTER_AREA);
  cv::resize(small, tiny, reduced(16), 0, 0, cv::INTER_AREA);
  cv::Scalar mean, deviation;
  cv::meanStdDev(tiny, mean, deviation);
  features.structure = static_cast<float>(deviation[0]);

  // Every second row is plenty. Finer detail than half the size is noise and compression.
  const auto roughness = [](const cv::Mat& image) {
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
  };
  features.detail = static_cast<float>(roughness(half) / (roughness(small) + 0.5));

  if (std::any_of(histogram.begin() + 248, histogram.end(), [](int64_t n) { return n > 0; })) {
    cv::Mat patches, labels, stats, centres;
    cv::threshold(small, patches, 247, 255, cv::THRESH_BINARY);
    const int count = cv::connectedComponentsWithStats(patches, labels, stats, centres, 8, CV_32S);
    int largest = 0;
    for (int i = 1; i < count; ++i) largest = std::max(largest, stats.at<int>(i, cv::CC_STAT_AREA));
    features.patch = static_cast<float>(largest) / static_cast<float>(small.total());
  }
  std::vector<uint8_t> now(small.datastart, small.dataend);
  if (now.size() == previous_.size()) {
    int most = 0;
    for (size_t i = 0; i < now.size(); ++i) most = std::max(most, std::abs(now[i] - previous_[i]));
    features.change = static_cast<float>(most);
  }
  previous_ = std::move(now);
  return features;
}

std::vector<FaultSpan> find_faults(std::span<const QualitySample> samples, double fps,
                                   double frozen_s) {
  // An encoder goes on polishing a picture that does not change any more.
  constexpr float kPolished = 3.5F;
  std::vector<FaultSpan> spans;
  for (int i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    std::optional<FaultSpan> open;
    int64_t quiet = 0;  ///< Since when little changed.
    const auto close = [&] {
      const bool counts = open && (fault != Fault::kFrozen ||
                                   static_cast<double>(open->end - open->begin) >= frozen_s * fps);
      if (counts) spans.push_back(*open);
      open.reset();
    };
    for (const QualitySample& sample : samples) {
      // Times passed over in between look the same.
      if (open && sample.after_cut) close();
      // The first picture of a frozen stretch looks like any other.
      if (sample.features.change > kPolished || sample.after_cut) quiet = sample.k;
      const bool still_frozen =
          open && fault == Fault::kFrozen && sample.features.change <= kPolished;
      if (!has(fault, sample.features) && !still_frozen) {
        close();
      } else if (open) {
        open->end = sample.k + 1;
      } else {
        open = FaultSpan{fault, fault == Fault::kFrozen ? quiet : sample.k, sample.k + 1};
      }
    }
    close();
  }
  std::ranges::stable_sort(spans, {}, &FaultSpan::begin);
  return spans;
}

}  // namespace lido::scene
