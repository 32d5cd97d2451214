// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/gesture.h"

#include "lido/nn/chain.h"

namespace lido::nn {
namespace {

/// Share of the values that training leaves out: tables have few rows, and layers many weights.
constexpr double kDropout = 0.2;

}  // namespace

Network gesture_network(const WindowShape& input, const std::map<std::string, int>& heads) {
  Network network{.input = input};
  Chain chain(network);
  const bool one_frame = input.frames == 1;
  const int kernel = one_frame ? 1 : 5, stride = one_frame ? 1 : 2;
  chain.add("time", Sequence{});
  chain.convolve("layer1", {.channels = 64, .kernel = kernel});
  chain.add("drop1", Dropout{kDropout});
  chain.convolve("layer2", {.channels = 64, .kernel = kernel, .stride = stride});
  chain.add("drop2", Dropout{kDropout});
  chain.convolve("layer3", {.channels = 64, .kernel = kernel, .stride = stride});
  chain.add("window", PlaneMean{});
  chain.add_heads(heads);
  return network;
}

}  // namespace lido::nn
