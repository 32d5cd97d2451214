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
      return f.bright > 0.3F || f.mean > 200;
    case Fault::kGlare:
      return f.patch > 0.04F && f.bright <= 0.3F;
    case Fault::kFrozen:
      return f.change < 1;
  }
  return false;
}

}  // namespace

std::string_view name_of(Fault fault) {
  constexpr std::array<std::string_view, kFaults> kNames = {"black", "frozen", "covered", "blurred",
                                                            "dark",  "bright", "glare"};
  return kNames[static_cast<size_t>(fault)];
}

QualityFeatures QualityMeter::measure(const media::GreyImage& grey) {
  const cv::Mat full(grey.height, grey.width, CV_8U, const_cast<uint8_t*>(grey.grey.data()));
  QualityFeatures features;
  std::array<int64_t, 256> histogram{};
  for (const uint8_t value : grey.grey) ++histogram[value];
  const auto pixels = static_cast<double>(grey.grey.size());
  int64_t sum = 0, dark = 0, bright = 0;
  for (size_t value = 0; value < 256; ++value) {
    sum += static_cast<int64_t>(value) * histogram[value];
    if (value < 16) dark += histogram[value];
    if (value >= 250) bright += histogram[value];
  }
  features.mean = static_cast<float>(static_cast<double>(sum) / pixels);
  features.dark = static_cast<float>(static_cast<double>(dark) / pixels);
  features.bright = static_cast<float>(static_cast<double>(bright) / pixels);

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

  if (bright > 0) {
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
  std::vector<FaultSpan> spans;
  for (int i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    std::optional<FaultSpan> open;
    const auto close = [&] {
      // The first picture of a frozen stretch looks like any other.
      if (open && fault == Fault::kFrozen) --open->begin;
      const bool counts = open && (fault != Fault::kFrozen ||
                                   static_cast<double>(open->end - open->begin) >= frozen_s * fps);
      if (counts) spans.push_back(*open);
      open.reset();
    };
    for (const QualitySample& sample : samples) {
      if (open && sample.after_cut) close();  // times passed over in between look the same
      if (!has(fault, sample.features)) {
        close();
      } else if (open) {
        open->end = sample.k + 1;
      } else {
        open = FaultSpan{fault, sample.k, sample.k + 1};
      }
    }
    close();
  }
  std::ranges::stable_sort(spans, {}, &FaultSpan::begin);
  return spans;
}

}  // namespace lido::scene
