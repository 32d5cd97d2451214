// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lido/nn/network.h"

namespace lido::nn {

/// Appends layers to a network, each on the one before. The network must outlive it.
class Chain {
 public:
  explicit Chain(Network& network) : network_(network) {}
  void add(const std::string& name, Operation operation) {
    network_.layers.push_back({name, operation, {}});
  }
  /// @param inputs  Names of the layers or inputs that the layer takes.
  void add_from(const std::string& name, Operation operation, std::vector<std::string> inputs) {
    network_.layers.push_back({name, operation, std::move(inputs)});
  }
  void convolve(const std::string& name, const Conv& conv) {
    add(name, conv);
    add(name + ".norm", Norm{});
    add(name + ".relu", Relu{});
  }
  /// A convolution of each channel, then one across channels. Source: Howard et al., MobileNets.
  void separable(const std::string& name, int from, int to, int stride) {
    convolve(name + ".depth", {.channels = from, .kernel = 3, .stride = stride, .groups = from});
    convolve(name + ".point", {.channels = to, .kernel = 1});
  }

  /// Ends the network with a linear layer for each task, on the last layer.
  void add_heads(const std::map<std::string, int>& heads) {
    const std::string last = network_.layers.back().name;
    for (const auto& [name, classes] : heads) {
      network_.layers.push_back({"head." + name, Linear{classes}, {last}});
      network_.outputs[name] = "head." + name;
    }
  }

 private:
  Network& network_;
};

}  // namespace lido::nn
