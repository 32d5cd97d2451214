// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/people.h"

#include <fmt/format.h>

#include "lido/nn/chain.h"

namespace lido::nn {

namespace {

constexpr int kChannels = 96;
/// Share of the values of keypoints that training leaves out: they are few, and layers have many
/// weights.
constexpr double kKeypointDropout = 0.2;

/// Layers from the frames to a column of kChannels for every other frame. @return The last's name.
std::string add_frames(Chain& chain) {
  chain.convolve("stem", {.channels = 16, .kernel = 3, .stride = 2});
  int channels = 16;
  int number = 0;
  for (const auto& [to, stride] :
       {std::pair{24, 2}, {32, 1}, {48, 2}, {64, 1}, {kChannels, 2}, {kChannels, 1}}) {
    chain.separable(fmt::format("block{}", ++number), channels, to, stride);
    channels = to;
  }
  chain.add("frame", PlaneMean{});
  chain.add("time", Sequence{});
  chain.convolve("time1", {.channels = kChannels, .kernel = 5, .stride = 2});
  return "time1.relu";
}

/// Layers from the keypoints to the same. @return The last's name.
std::string add_keypoints(Chain& chain) {
  chain.add_from("pose", Sequence{}, {kKeypointsInput});
  chain.convolve("pose1", {.channels = 64, .kernel = 1});
  chain.add("pose1.drop", Dropout{kKeypointDropout});
  chain.convolve("pose2", {.channels = 64, .kernel = 5});
  chain.add("pose2.drop", Dropout{kKeypointDropout});
  chain.convolve("pose3", {.channels = kChannels, .kernel = 5, .stride = 2});
  return "pose3.relu";
}

}  // namespace

Network people_network(const WindowShape& input, const std::map<std::string, int>& heads,
                       double left_out) {
  Network network{.input = input};
  Chain chain(network);
  const std::string frames = input.has_pixels() ? add_frames(chain) : "";
  const std::string keypoints = input.keypoints > 0 ? add_keypoints(chain) : "";
  if (!frames.empty() && !keypoints.empty()) {
    chain.add_from("joined", Join{{kFramesInput, kKeypointsInput}, left_out}, {frames, keypoints});
  }
  chain.convolve("time2", {.channels = kChannels, .kernel = 5, .stride = 2});
  chain.add("window", PlaneMean{});
  chain.add_heads(heads);
  return network;
}

}  // namespace lido::nn
