// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lido/nn/network.h"

namespace lido::nn {

/// Returns the network of people: a backbone of separable convolutions over each cutout, two
/// convolutions over time, and a Linear for each head. Keypoints are a stream of their own, of
/// convolutions over time, which joins the frames before the second of those.
/// @param input     Frames, keypoints or both.
/// @param heads     Number of classes of each output, by its name.
/// @param left_out  Share of the windows from which training leaves each of two streams out.
Network people_network(const WindowShape& input, const std::map<std::string, int>& heads,
                       double left_out = 0);

}  // namespace lido::nn
