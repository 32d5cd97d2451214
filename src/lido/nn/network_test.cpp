// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/network.h"

#include <gtest/gtest.h>

namespace lido::nn {
namespace {

Network small(std::vector<Layer> layers) {
  layers.push_back({"mean", PlaneMean{}, {}});
  layers.push_back({"time", Sequence{}, {}});
  layers.push_back({"window", PlaneMean{}, {}});
  layers.push_back({"out", Linear{2}, {}});
  return {.input = {.frames = 4, .height = 10, .width = 7},
          .layers = layers,
          .outputs = {{"out", "out"}}};
}

std::string error_of(const Network& network) {
  const auto sizes = sizes_of(network);
  return sizes ? "" : sizes.error().message;
}

TEST(Network, SizesFollowStridesAndMeans) {
  const auto sizes = *sizes_of(small({{"a", Conv{.channels = 8, .stride = 2}, {}}}));
  EXPECT_EQ(sizes.at("a"), (Size{true, 8, 5, 4}));
  EXPECT_EQ(sizes.at("mean"), (Size{true, 8, 0, 0}));
  EXPECT_EQ(sizes.at("time"), (Size{false, 8, 4, 1}));
  EXPECT_EQ(sizes.at("out"), (Size{false, 2, 0, 0}));
}

// 4 frames of 5 x 4 pixels: 8 x 3 x 3 x 3 products each; then 8 x 2.
TEST(Network, CountsItsOperations) {
  EXPECT_EQ(*operations_of(small({{"a", Conv{.channels = 8, .stride = 2}, {}}})),
            2 * (4 * 20 * 8 * 27 + 16));
}

TEST(Network, NamesTheLayerThatDoesNotFit) {
  EXPECT_EQ(error_of(small({{"a", Conv{.channels = 8, .kernel = 2}, {}}})),
            "layer a: want channels and stride of 1 or more, and an odd kernel");
  EXPECT_EQ(error_of(small({{"a", Conv{.channels = 8, .groups = 2}, {}}})),
            "layer a: 2 groups, want a divisor of 3 and 8 channels");
  EXPECT_EQ(error_of(small({{"a", Relu{}, {"b"}}})), "layer a: no earlier layer \"b\"");
  EXPECT_EQ(error_of(small({{"a", Add{}, {}}})), "layer a: 1 input, want 2");
  EXPECT_EQ(error_of(small({{"a", Linear{3}, {}}})),
            "layer a: want a row of channels, got a plane");
  EXPECT_EQ(error_of(small({{"a", Relu{}, {}}, {"a", Relu{}, {}}})),
            "layer a: the name is empty or taken");
  EXPECT_EQ(error_of(small({{"a", Conv{.channels = 4}, {}}, {"b", Add{}, {"a", "frames"}}})),
            "layer b: a sum of 4 channels of 7x10 and 3 channels of 7x10, want equal sizes");
  EXPECT_EQ(error_of(small({{"a", Join{{"frames", "keypoints"}}, {"frames", "frames"}}})),
            "layer a: the network has no input \"keypoints\"");
  Network network = small({});
  network.outputs = {{"out", "mean"}};
  EXPECT_EQ(error_of(network), "output out: \"mean\" gives no row of channels for each window");
}

TEST(Network, JoinsResultsOfWindowsAlone) {
  Network network{.input = {.frames = 4, .height = 8, .width = 8, .keypoints = 3},
                  .layers = {{"frame", PlaneMean{}, {}},
                             {"sum", Join{{"frames", "keypoints"}}, {"frame", "keypoints"}},
                             {"out", Linear{2}, {}}},
                  .outputs = {{"out", "out"}}};
  EXPECT_EQ(error_of(network), "layer sum: a sum of streams needs a result for each window");
  std::get<Join>(network.layers[1].operation).left_out = 0.6;
  EXPECT_EQ(error_of(network), "layer sum: a share of 0.6, want 0 to 0.5");
  EXPECT_EQ(inputs_of(network.input), (std::vector<std::string>{"frames", "keypoints"}));
  EXPECT_EQ(inputs_of({.frames = 4, .height = 0, .width = 0, .keypoints = 3}),
            std::vector<std::string>{"keypoints"});
}

}  // namespace
}  // namespace lido::nn
