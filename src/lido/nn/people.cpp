// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/people.h"

#include <fmt/format.h>

#include "lido/nn/chain.h"

namespace lido::nn {

Network people_network(const WindowShape& input, const std::map<std::string, int>& heads) {
  Network network{.input = input};
  Chain chain(network);
  chain.convolve("stem", {.channels = 16, .kernel = 3, .stride = 2});
  int channels = 16;
  int number = 0;
  for (const auto& [to, stride] : {std::pair{24, 2}, {32, 1}, {48, 2}, {64, 1}, {96, 2}, {96, 1}}) {
    chain.separable(fmt::format("block{}", ++number), channels, to, stride);
    channels = to;
  }
  chain.add("frame", PlaneMean{});
  chain.add("time", Sequence{});
  chain.convolve("time1", {.channels = 96, .kernel = 5, .stride = 2});
  chain.convolve("time2", {.channels = 96, .kernel = 5, .stride = 2});
  chain.add("window", PlaneMean{});
  chain.add_heads(heads);
  return network;
}

}  // namespace lido::nn
