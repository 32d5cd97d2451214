// SPDX-License-Identifier: Apache-2.0
#include "lido/media/decode_plan.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>
#include <unordered_set>

namespace lido::media {

SampleRange FrameSelector::asked_for(int64_t first, int64_t end) const {
  return {std::max(first, first_k_), std::min(end, end_k_)};
}

SampleRange FrameSelector::times_of(int64_t pts, int64_t next_pts) const {
  if (is_cut(pts, next_pts)) return times_of_last(pts, pts);
  return asked_for(grid_.first_at_or_after(pts), grid_.first_at_or_after(next_pts));
}

SampleRange FrameSelector::times_of_last(int64_t pts, int64_t last_pts) const {
  return asked_for(grid_.first_at_or_after(pts), grid_.first_after(last_pts));
}

namespace {

/// Returns the packets shown from the group's first PTS up to the next group's, in display order.
std::vector<PlannedPacket*> display_order(std::span<PlannedPacket> group,
                                          std::span<PlannedPacket> next) {
  std::vector<PlannedPacket*> shown;
  for (PlannedPacket& packet : group) {
    if (packet.shown && packet.pts >= group[0].pts) shown.push_back(&packet);
  }
  for (PlannedPacket& packet : next) {
    if (packet.shown && packet.pts < next[0].pts) shown.push_back(&packet);
  }
  std::ranges::sort(shown, {}, &PlannedPacket::pts);
  return shown;
}

bool timestamps_allow_a_plan(std::span<const PlannedPacket> group,
                             std::span<const PlannedPacket> next,
                             std::span<PlannedPacket* const> shown) {
  const auto usable = [](const PlannedPacket& packet) {
    return packet.pts != kNoPts && !packet.facts.unplannable;
  };
  if (!std::ranges::all_of(group, usable) || !std::ranges::all_of(next, usable)) return false;
  // A random access point hidden by the edit list leaves the bounds of its group unknown.
  if (!next.empty() && (!next[0].shown || next[0].pts <= group[0].pts)) return false;
  for (size_t i = 1; i < shown.size(); ++i) {
    if (shown[i]->pts == shown[i - 1]->pts) return false;
  }
  // A picture of this group that is shown after the next group's start breaks the standard's order.
  return shown.empty() || next.empty() || shown.back()->pts < next[0].pts;
}

void find_wanted(std::span<PlannedPacket* const> shown, std::span<const PlannedPacket> next,
                 const FrameSelector& selector, const GroupContext& context, GroupPlan& plan) {
  plan.cut_at_end = context.after_cut;
  for (size_t i = 0; i < shown.size(); ++i) {
    if (i + 1 == shown.size() && next.empty()) {
      const SampleRange times =
          selector.times_of_last(shown[i]->pts, std::max(context.clip_end, shown[i]->pts));
      if (!times.empty()) plan.wanted.push_back({shown[i]->pts, times, plan.cut_at_end});
      shown[i]->wanted = !times.empty();
      return;
    }
    const int64_t following = i + 1 < shown.size() ? shown[i + 1]->pts : next[0].pts;
    const SampleRange times = selector.times_of(shown[i]->pts, following);
    if (!times.empty()) {
      shown[i]->wanted = true;
      plan.wanted.push_back({shown[i]->pts, times, plan.cut_at_end});
      plan.cut_at_end = false;
    }
    plan.cut_at_end = plan.cut_at_end || selector.is_cut(shown[i]->pts, following);
  }
}

int reorder_depth(std::span<const PlannedPacket> group) {
  std::vector<int64_t> larger;  // PTS seen so far, ascending
  int depth = 0;
  for (const PlannedPacket& packet : group) {
    const auto position = std::ranges::upper_bound(larger, packet.pts);
    depth = std::max(depth, static_cast<int>(larger.end() - position));
    larger.insert(position, packet.pts);
  }
  return depth;
}

int top_layer(std::span<const PlannedPacket> group) {
  int layer = 0;
  for (const PlannedPacket& packet : group) layer = std::max(layer, packet.facts.temporal_id);
  return layer;
}

/// Returns whether the decoder, which reads only the lower bits of each number, derives all of them
/// correctly from the marked packets.
/// @param next  The next group's first packet where the decoder is not flushed before it.
bool decoder_keeps_count(std::span<const PlannedPacket> group,
                         std::span<const PlannedPacket> next) {
  int32_t anchor = group[0].facts.prediction->number;
  const auto follows = [&](const PlannedPacket& packet) {
    const Prediction& prediction = *packet.facts.prediction;
    if (std::abs(prediction.number - anchor) >= prediction.reach) return false;
    if (prediction.anchors) anchor = prediction.number;
    return true;
  };
  const auto keeps_count = [&](const PlannedPacket& packet) {
    return !packet.decode || follows(packet);
  };
  return std::ranges::all_of(group, keeps_count) && std::ranges::all_of(next, follows);
}

/// Marks the packets to decode by the pictures that each is predicted from. @return False, with
/// marks that must be replaced, when a prediction is unknown or the decoder would derive wrong
/// numbers.
bool mark_by_prediction(std::span<PlannedPacket> group, std::span<const PlannedPacket> next,
                        GroupPlan& plan) {
  std::unordered_map<int32_t, size_t> place;
  for (size_t i = 0; i < group.size(); ++i) {
    const auto& prediction = group[i].facts.prediction;
    if (!prediction || !place.emplace(prediction->number, i).second) return false;
  }
  // The next group's leading pictures are predicted from each other, its first, and this group.
  std::unordered_set<int32_t> needed_by_next;
  for (size_t i = next.size(); i-- > 0;) {
    const auto& prediction = next[i].facts.prediction;
    if (!prediction) return false;
    const bool needed = needed_by_next.erase(prediction->number) > 0;
    if (!next[i].facts.needs_previous || !(next[i].wanted || needed)) continue;
    const auto sources = prediction->sources();
    needed_by_next.insert(sources.begin(), sources.end());
  }
  plan.next_stands_alone = needed_by_next.empty();
  std::vector<bool> needed(group.size(), false);
  for (const int32_t number : needed_by_next) {
    const auto found = place.find(number);
    if (found == place.end()) return false;
    needed[found->second] = true;
  }
  for (size_t i = group.size(); i-- > 0;) {
    group[i].decode = group[i].wanted || needed[i];
    if (!group[i].decode) continue;
    for (const int32_t number : group[i].facts.prediction->sources()) {
      const auto found = place.find(number);
      const bool before = found != place.end() && found->second < i;
      // Other sources of a leading picture are in the previous group, and were marked there.
      if (before)
        needed[found->second] = true;
      else if (!group[i].facts.needs_previous)
        return false;
    }
  }
  return decoder_keeps_count(group, plan.next_stands_alone ? next.first(0) : next.first(1));
}

/// Marks the packets to decode by whether they are references, and for which layers.
void mark_by_layer(std::span<PlannedPacket> group, std::span<const PlannedPacket> next,
                   GroupPlan& plan) {
  // Highest layer of the later pictures that need references; -1: none does.
  int needed_layer = -1;
  if (!next.empty() && !next[0].facts.resets) needed_layer = top_layer(next);
  for (const PlannedPacket& packet : next) {
    if (packet.facts.needs_previous && packet.wanted) {
      needed_layer = std::max(needed_layer, packet.facts.temporal_id);
    }
  }
  plan.next_stands_alone = needed_layer < 0;
  for (size_t i = group.size(); i-- > 0;) {
    PlannedPacket& packet = group[i];
    const PacketFacts& facts = packet.facts;
    const bool depended_on =
        facts.referenced ? needed_layer >= facts.temporal_id : needed_layer > facts.temporal_id;
    packet.decode = packet.wanted || depended_on;
    if (packet.decode) needed_layer = std::max(needed_layer, facts.temporal_id);
  }
}

}  // namespace

GroupPlan plan_group(std::span<PlannedPacket> group, std::span<PlannedPacket> next,
                     const FrameSelector& selector, const GroupContext& context) {
  GroupPlan plan;
  const std::vector<PlannedPacket*> shown = display_order(group, next);
  if (!timestamps_allow_a_plan(group, next, shown)) {
    plan.planned = false;
    return plan;
  }
  find_wanted(shown, next, selector, context, plan);

  if (!mark_by_prediction(group, next, plan)) mark_by_layer(group, next, plan);
  plan.reorder_depth = reorder_depth(group);
  return plan;
}

}  // namespace lido::media
