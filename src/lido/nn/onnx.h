// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lido/base/result.h"
#include "lido/nn/network.h"

namespace lido::nn {

/// Writes a network as an ONNX model (IR 8, opset 17). Pure.
///
/// Its inputs, named by inputs_of(), have the shapes of WindowShape, float32, with any number of
/// windows; pixels are 0 to 255. Each output is a row of float32 logits for each window. Each Norm
/// becomes a part of the Conv before it.
///
/// @param weights   Values of all layers.
/// @param metadata  Names and values for people, stored in the model.
/// @return kInvalidArgument for a network that sizes_of() refuses, a Norm that follows no Conv, and
///         weights that are missing or of another shape.
///
/// Source: ONNX's onnx.proto and Operators.md; protobuf's encoding.
Result<std::string> write_onnx(const Network& network, const Weights& weights,
                               const std::map<std::string, std::string>& metadata = {});

}  // namespace lido::nn
