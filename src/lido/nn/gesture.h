// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lido/nn/network.h"

namespace lido::nn {

/// Returns the network of gestures: convolutions over the frames of a window (over one frame, fully
/// connected layers), their mean, and a Linear for each head.
/// @param input  With features.
/// @param heads  Number of classes of each output, by its name.
Network gesture_network(const WindowShape& input, const std::map<std::string, int>& heads);

}  // namespace lido::nn
