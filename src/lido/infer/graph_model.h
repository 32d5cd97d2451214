// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::infer {

/// Converts a TensorFlow.js graph model to a frozen TensorFlow graph, which OpenVINO reads. Pure.
///
/// @param json     The model's topology and weight manifest (model.json).
/// @param weights  Its weight files, concatenated in the manifest's order.
/// Fused operations are written as the operations that they are made of.
/// @return The GraphDef's bytes; kCorrupt for any other input, and for models with fused operations
///         of other kinds than bias and Relu, Relu6 or Elu, or with weights that are quantised
///         otherwise than float16, which are not supported.
///
/// Source: TensorFlow's graph.proto, node_def.proto, attr_value.proto, tensor.proto; protobuf's
/// encoding and JSON mapping.
Result<std::string> freeze_graph_model(std::string_view json, std::string_view weights);

}  // namespace lido::infer
