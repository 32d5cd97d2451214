// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/network.h"

#include <algorithm>
#include <optional>

#include "lido/base/counted.h"

namespace lido::nn {
namespace {

using Sizes = std::map<std::string, Size>;
using Shapes = std::map<std::string, std::vector<int64_t>>;

std::unexpected<Error> bad(const Layer& layer, std::string_view reason) {
  return fail(ErrorCode::kInvalidArgument, "layer {}: {}", layer.name, reason);
}

std::string text_of(const Size& size) {
  if (size.height == 0) return fmt::format("{} channels", size.channels);
  return fmt::format("{} channels of {}x{}", size.channels, size.width, size.height);
}

/// Computes the size of one operation's result.
struct SizeOf {
  const Layer& layer;
  const Network& network;
  Size input;
  std::optional<Size> second;  // for a layer with two inputs

  Result<Size> operator()(const Conv& conv) const {
    if (input.height == 0) return bad(layer, "a convolution needs a plane, got a row of channels");
    if (conv.channels < 1 || conv.stride < 1 || conv.kernel < 1 || conv.kernel % 2 == 0)
      return bad(layer, "want channels and stride of 1 or more, and an odd kernel");
    if (conv.groups < 1 || input.channels % conv.groups != 0 || conv.channels % conv.groups != 0) {
      return bad(layer, fmt::format("{} groups, want a divisor of {} and {} channels", conv.groups,
                                    input.channels, conv.channels));
    }
    const auto after = [&](int side) { return (side - 1) / conv.stride + 1; };
    const int width = input.per_frame ? after(input.width) : input.width;
    return Size{input.per_frame, conv.channels, after(input.height), width};
  }
  Result<Size> operator()(const Norm&) const { return input; }
  Result<Size> operator()(const Relu&) const { return input; }
  Result<Size> operator()(const Add&) const {
    if (second && *second == input) return input;
    return bad(layer, fmt::format("a sum of {} and {}, want equal sizes", text_of(input),
                                  second ? text_of(*second) : "nothing"));
  }
  Result<Size> operator()(const PlaneMean&) const {
    if (input.height == 0) return bad(layer, "a mean needs a plane, got a row of channels");
    return Size{input.per_frame, input.channels, 0, 0};
  }
  Result<Size> operator()(const Sequence&) const {
    if (input.height != 0 || !input.per_frame)
      return bad(layer, "a sequence needs a row of channels for each frame");
    return Size{false, input.channels, network.input.frames, 1};
  }
  Result<Size> operator()(const Linear& linear) const {
    if (input.height != 0) return bad(layer, "want a row of channels, got a plane");
    if (linear.outputs < 1) return bad(layer, "want one output or more");
    return Size{input.per_frame, linear.outputs, 0, 0};
  }
  Result<Size> operator()(const Dropout& dropout) const {
    if (dropout.share >= 0 && dropout.share < 1) return input;
    return bad(layer, fmt::format("a share of {}, want 0 to less than 1", dropout.share));
  }
  Result<Size> operator()(const Join& join) const {
    const auto inputs = inputs_of(network.input);
    for (const std::string& stream : join.streams) {
      if (std::ranges::find(inputs, stream) == inputs.end())
        return bad(layer, fmt::format("the network has no input \"{}\"", stream));
    }
    if (!(join.left_out >= 0 && join.left_out <= 0.5))
      return bad(layer, fmt::format("a share of {}, want 0 to 0.5", join.left_out));
    if (input.per_frame) return bad(layer, "a sum of streams needs a result for each window");
    return (*this)(Add{});
  }
};

/// Number of results that an operation takes.
size_t inputs_wanted(const Operation& operation) {
  return std::holds_alternative<Add>(operation) || std::holds_alternative<Join>(operation) ? 2 : 1;
}

Result<std::vector<Size>> results_before(const Network& network, size_t number,
                                         const Sizes& sizes) {
  const Layer& layer = network.layers[number];
  std::vector<Size> found;
  for (const std::string& name : input_names(network, number)) {
    const auto at = sizes.find(name);
    if (at == sizes.end()) return bad(layer, fmt::format("no earlier layer \"{}\"", name));
    found.push_back(at->second);
  }
  const size_t wanted = inputs_wanted(layer.operation);
  if (found.size() != wanted)
    return bad(layer, fmt::format("{}, want {}", counted(std::ssize(found), "input"), wanted));
  return found;
}

}  // namespace

std::vector<std::string> inputs_of(const WindowShape& input) {
  std::vector<std::string> names;
  if (input.has_pixels()) names.emplace_back(kFramesInput);
  if (input.features > 0) names.emplace_back(kFeaturesInput);
  if (input.keypoints > 0) names.emplace_back(kKeypointsInput);
  return names;
}

std::vector<int64_t> window_sides(const WindowShape& input, std::string_view name) {
  if (name == kFramesInput) return {input.frames, input.height, input.width, 3};
  return {input.frames, name == kFeaturesInput ? input.features : input.keypoints};
}

std::vector<std::string> input_names(const Network& network, size_t number) {
  const Layer& layer = network.layers[number];
  if (!layer.inputs.empty()) return layer.inputs;
  return {number == 0 ? inputs_of(network.input).front() : network.layers[number - 1].name};
}

Result<Sizes> sizes_of(const Network& network) {
  const WindowShape& input = network.input;
  const bool pixels = input.has_pixels();
  if (input.features < 0 || input.keypoints < 0 || input.frames < 1 ||
      (pixels && (input.height < 1 || input.width < 1)))
    return fail(ErrorCode::kInvalidArgument, "input: {} frames of {}x{} pixels, want 1 or more",
                input.frames, input.width, input.height);
  Sizes sizes;
  if (pixels) sizes[kFramesInput] = {true, 3, input.height, input.width};
  if (input.features > 0) sizes[kFeaturesInput] = {true, input.features, 0, 0};
  if (input.keypoints > 0) sizes[kKeypointsInput] = {true, input.keypoints, 0, 0};
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    const auto inputs = LIDO_TRY(results_before(network, i, sizes));
    const SizeOf size_of{layer, network, inputs[0],
                         inputs.size() > 1 ? std::optional(inputs[1]) : std::nullopt};
    const Size size = LIDO_TRY(std::visit(size_of, layer.operation));
    if (layer.name.empty() || !sizes.emplace(layer.name, size).second)
      return bad(layer, "the name is empty or taken");
  }
  for (const auto& [output, name] : network.outputs) {
    const auto found = sizes.find(name);
    if (found == sizes.end() || found->second.per_frame || found->second.height != 0) {
      return fail(ErrorCode::kInvalidArgument,
                  "output {}: \"{}\" gives no row of channels for each window", output, name);
    }
  }
  if (network.outputs.empty()) return fail(ErrorCode::kInvalidArgument, "a network has no outputs");
  return sizes;
}

Result<Shapes> weight_shapes(const Network& network) {
  const Sizes sizes = LIDO_TRY(sizes_of(network));
  Shapes shapes;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    const Size input = sizes.at(input_names(network, i)[0]);
    const int64_t in = input.channels;
    if (const auto* conv = std::get_if<Conv>(&layer.operation)) {
      const int64_t across = input.per_frame ? conv->kernel : 1;
      shapes[layer.name + ".weight"] = {conv->channels, in / conv->groups, conv->kernel, across};
    } else if (std::holds_alternative<Norm>(layer.operation)) {
      for (const char* part : {".weight", ".bias", ".mean", ".variance"})
        shapes[layer.name + part] = {in};
    } else if (const auto* linear = std::get_if<Linear>(&layer.operation)) {
      shapes[layer.name + ".weight"] = {linear->outputs, in};
      shapes[layer.name + ".bias"] = {linear->outputs};
    }
  }
  return shapes;
}

Result<int64_t> operations_of(const Network& network) {
  const Sizes sizes = LIDO_TRY(sizes_of(network));
  const Shapes shapes = LIDO_TRY(weight_shapes(network));
  int64_t sum = 0;
  for (const Layer& layer : network.layers) {
    const bool multiplies = std::holds_alternative<Conv>(layer.operation) ||
                            std::holds_alternative<Linear>(layer.operation);
    if (!multiplies) continue;
    const Size& size = sizes.at(layer.name);
    int64_t each = 2;  // a multiplication and an addition
    for (const int64_t side : shapes.at(layer.name + ".weight")) each *= side;
    sum += each * std::max(size.height, 1) * std::max(size.width, 1) *
           (size.per_frame ? network.input.frames : 1);
  }
  return sum;
}

}  // namespace lido::nn
