// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/moving.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

namespace lido::scene {
namespace {

/// Minimum IoU of a chain's last region, widened, with the next one.
constexpr double kMinLinkIou = 0.1;
/// Share of a region's sides by which it is widened.
constexpr double kLinkMargin = 0.25;

Box widened(const Box& box) {
  return {box.x - kLinkMargin * box.width, box.y - kLinkMargin * box.height,
          (1 + 2 * kLinkMargin) * box.width, (1 + 2 * kLinkMargin) * box.height};
}

/// A region of the current tick that may continue a chain.
struct Link {
  double shared;  ///< IoU.
  size_t chain;
  size_t region;
};

/// Links of the regions of one tick with chains, the best first.
std::vector<Link> links(const std::vector<std::vector<SeenObject>>& chains,
                        const std::vector<size_t>& open, std::span<const SeenObject> regions) {
  std::vector<Link> all;
  for (const size_t chain : open) {
    const Box last = widened(chains[chain].back().box);
    for (size_t i = 0; i < regions.size(); ++i) {
      const double shared = iou(last, widened(regions[i].box));
      if (shared > kMinLinkIou) all.push_back({shared, chain, i});
    }
  }
  std::ranges::stable_sort(all, std::greater{}, &Link::shared);
  return all;
}

/// The boxes along the tracks of people, by tick. Gaps are filled as long as samples fill them.
std::multimap<int64_t, Box> places_of_people(const Followed& followed, const Detector& detector) {
  std::map<int64_t, std::vector<SeenObject>> sightings;  // by track
  for (const SeenObject& seen : followed.objects) {
    if (seen.track != 0 && detector.is_person(seen.class_id)) sightings[seen.track].push_back(seen);
  }
  std::multimap<int64_t, Box> places;
  for (const auto& [track, seen] : sightings) {
    for (const TrackBox& at : boxes_along(seen, kLookBack)) places.emplace(at.k, at.box);
  }
  return places;
}

bool is_large(const Box& box) { return std::max(box.width, box.height) >= kMinMovingSide; }

}  // namespace

std::vector<std::vector<SeenObject>> link_moving(std::span<const SeenObject> regions,
                                                 int64_t max_gap, size_t min_length) {
  std::vector<std::vector<SeenObject>> chains;
  std::vector<size_t> open;
  for (size_t begin = 0; begin < regions.size();) {
    const int64_t k = regions[begin].k;
    size_t end = begin;
    while (end < regions.size() && regions[end].k == k) ++end;
    const auto now = regions.subspan(begin, end - begin);
    std::erase_if(open, [&](size_t chain) { return k - chains[chain].back().k - 1 > max_gap; });
    std::vector<bool> is_taken(now.size(), false);
    for (const auto& [shared, chain, region] : links(chains, open, now)) {
      if (is_taken[region] || chains[chain].back().k == k) continue;
      is_taken[region] = true;
      chains[chain].push_back(now[region]);
    }
    for (size_t i = 0; i < now.size(); ++i) {
      if (is_taken[i]) continue;
      open.push_back(chains.size());
      chains.push_back({now[i]});
    }
    begin = end;
  }
  std::erase_if(chains, [&](const auto& chain) { return chain.size() < min_length; });
  return chains;
}

std::vector<std::vector<Box>> moving_cutouts(std::span<const Observation> block) {
  constexpr int64_t kMaxGap = 2;
  constexpr size_t kMinLength = 6;
  std::vector<SeenObject> regions;
  for (const Observation& one : block) {
    for (const Box& box : one.moving) {
      if (is_large(box)) regions.push_back({.k = one.k, .box = box});
    }
  }
  auto chains = link_moving(regions, kMaxGap, kMinLength);
  std::ranges::stable_sort(chains, std::greater{}, [](const auto& chain) { return chain.size(); });
  std::vector<std::vector<Box>> boxes(block.size());
  for (const auto& chain : chains) {
    for (const SeenObject& one : chain) {
      const auto observation = std::ranges::lower_bound(block, one.k, {}, &Observation::k);
      auto& at = boxes[static_cast<size_t>(observation - block.begin())];
      if (at.size() < kMaxMovingCutouts) at.push_back(one.box);
    }
  }
  return boxes;
}

std::vector<std::vector<SeenObject>> follow_moving(const ObservedClip& clip,
                                                   const Followed& followed,
                                                   const Detector& detector,
                                                   const Stillness& stillness) {
  constexpr double kMinTime_s = 2, kMaxGap_s = 1;
  constexpr double kMinShared = 0.3;  // share of the smaller box
  const auto people = places_of_people(followed, detector);
  const auto is_person = [&](int64_t k, const Box& box) {
    const auto [first, last] = people.equal_range(k);
    return std::any_of(first, last, [&](const auto& at) {
      return intersection(at.second, box) > kMinShared * std::min(at.second.area(), box.area());
    });
  };
  const auto max_gap = static_cast<int64_t>(kMaxGap_s * clip.fps);
  const auto min_length = static_cast<size_t>(std::ceil(kMinTime_s * clip.fps));
  std::vector<std::vector<SeenObject>> all;
  std::vector<SeenObject> regions;
  const auto end_view = [&] {
    auto chains = link_moving(std::exchange(regions, {}), max_gap, min_length);
    std::ranges::move(chains, std::back_inserter(all));
  };
  for (size_t i = 0; i < clip.observations.size(); ++i) {
    const Observation& one = clip.observations[i];
    const ViewMotion& motion = followed.motions[i].motion;
    if (one.after_cut || (i > 0 && motion.view != followed.motions[i - 1].motion.view)) end_view();
    for (const Box& box : one.moving) {
      if (is_large(box) && stillness.is_water(motion, box) && !is_person(one.k, box))
        regions.push_back({.k = one.k, .box = box});
    }
  }
  end_view();
  return all;
}

}  // namespace lido::scene
