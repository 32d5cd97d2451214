// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/stillness.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lido::scene {
namespace {

/// A shorter view shows too few people come and go.
constexpr double kMinView_s = 15;
constexpr size_t kMinThumbnails = 9;
constexpr double kMinWaterActivity = 2.5;   // brightness levels
constexpr double kMaxPatchDistance = 10;    // brightness levels
constexpr double kMaxContrastShare = 0.25;  // share of the patch's own contrast

bool is_at_rest(const ViewMotion& motion) { return motion.view_from_frame == Homography{}; }

double mean_of(std::span<const uint8_t> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

/// Mean distance of values from their mean.
double contrast_of(std::span<const uint8_t> values, double mean_value) {
  double sum = 0;
  for (const uint8_t value : values) sum += std::abs(value - mean_value);
  return sum / static_cast<double>(values.size());
}

/// Whether two patches show the same, in any brightness.
bool shows_same(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double distance = 0;
  for (size_t i = 0; i < a.size(); ++i) distance += std::abs((a[i] - mean_a) - (b[i] - mean_b));
  distance /= static_cast<double>(a.size());
  const double own = std::max(contrast_of(a, mean_a), contrast_of(b, mean_b));
  return distance < kMaxPatchDistance && distance < std::max(2.0, kMaxContrastShare * own);
}

}  // namespace

Stillness::Stillness(std::span<const GreyThumbnail> thumbnails, std::span<const ViewMotion> motions,
                     double fps, int width, int height)
    : width_(width), height_(height) {
  std::map<int64_t, std::vector<const GreyThumbnail*>> by_view;
  for (const GreyThumbnail& one : thumbnails) {
    const auto at = std::ranges::lower_bound(motions, one.k, {}, &ViewMotion::k);
    if (at == motions.end() || at->k != one.k || !is_at_rest(*at)) continue;
    auto& of_view = by_view[at->view];
    const size_t size = one.image.grey.size();
    if (of_view.empty() || of_view[0]->image.grey.size() == size) of_view.push_back(&one);
  }
  for (const auto& [view, all] : by_view) {
    const double length_s = static_cast<double>(all.back()->k - all.front()->k) / fps;
    if (all.size() < kMinThumbnails || length_s < kMinView_s) continue;
    Background background{all[0]->image, all[0]->image};
    std::vector<uint8_t> values(all.size());
    for (size_t i = 0; i < background.median.grey.size(); ++i) {
      for (size_t j = 0; j < all.size(); ++j) values[j] = all[j]->image.grey[i];
      const Spread spread = spread_of(values);
      background.median.grey[i] = spread.median;
      background.activity.grey[i] = spread.distance;
    }
    backgrounds_.emplace(view, std::move(background));
  }
}

Box Stillness::reduced(const Background& background, const Box& box) const {
  const double x = static_cast<double>(background.median.width) / width_;
  const double y = static_cast<double>(background.median.height) / height_;
  return {box.x * x, box.y * y, box.width * x, box.height * y};
}

bool Stillness::is_water(const ViewMotion& motion, const Box& box) const {
  const auto at = backgrounds_.find(motion.view);
  if (at == backgrounds_.end() || !is_at_rest(motion)) return false;
  const auto ripples = patch_of(at->second.activity, reduced(at->second, box));
  return !ripples.empty() && mean_of(ripples) >= kMinWaterActivity;
}

Evidence Stillness::judge(const ViewMotion& motion, const Box& box, const BoxLook& look) const {
  if (look.moved < 0) return Evidence::kUnknown;
  const auto at = backgrounds_.find(motion.view);
  if (at == backgrounds_.end() || !is_at_rest(motion))
    return look.moved >= kMinMovedShare ? Evidence::kMoves : Evidence::kUnknown;
  if (is_water(motion, box)) return Evidence::kWater;
  if (look.moved >= kMinMovedShare) return Evidence::kMoves;
  const auto usual = patch_of(at->second.median, reduced(at->second, box));
  const bool same =
      usual.size() == look.patch.size() && !usual.empty() && shows_same(usual, look.patch);
  return same ? Evidence::kBackground : Evidence::kStill;
}

}  // namespace lido::scene
