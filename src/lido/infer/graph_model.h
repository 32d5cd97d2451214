// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::infer {

/// Turns a TensorFlow.js graph model into a frozen TensorFlow graph, which OpenVINO reads.
///
/// @param json     The model's topology and weight manifest (model.json).
/// @param weights  Its weight files, one after another in the manifest's order.
/// @return The GraphDef's bytes; kCorrupt for what is no such model, or one with fused or quantised
///         parts, which are not handled.
///
/// Source: TensorFlow's graph.proto, node_def.proto, attr_value.proto, tensor.proto; protobuf's
/// encoding and JSON mapping.
Result<std::string> freeze_graph_model(std::string_view json, std::string_view weights);

}  // namespace lido::infer
