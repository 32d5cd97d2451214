// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lido/nn/network.h"

namespace lido::nn {

/// Returns the network of people: a backbone of separable convolutions over each cutout, two
/// convolutions over time, and a Linear for each head.
/// @param heads  Number of classes of each output, by its name.
Network people_network(const WindowShape& input, const std::map<std::string, int>& heads);

}  // namespace lido::nn
