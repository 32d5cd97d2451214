// SPDX-License-Identifier: Apache-2.0
#include "lido/media/decode_plan.h"

#include <algorithm>

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

/// What is shown from the group's first PTS up to the next group's, in display order.
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
  // Where the edit list hides a random access point, its neighbours cannot be told apart here.
  if (!next.empty() && (!next[0].shown || next[0].pts <= group[0].pts)) return false;
  for (size_t i = 1; i < shown.size(); ++i) {
    if (shown[i]->pts == shown[i - 1]->pts) return false;
  }
  // A picture of this group that is due after the next group's start follows no rule we know.
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

  // Layers up to which somebody later needs references; -1 while nobody does.
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
  plan.reorder_depth = reorder_depth(group);
  return plan;
}

}  // namespace lido::media
