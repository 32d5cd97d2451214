// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lido/base/result.h"

namespace lido::nn {

// A network is a list of layers. The list builds the module that is trained and writes the ONNX
// graph that is run, so that the two cannot differ.

/// Convolution over height and width, padded so that only the stride changes the size. No bias:
/// a Norm follows.
struct Conv {
  int channels = 0;  ///< Channels of the output.
  int kernel = 3;    ///< Odd.
  int stride = 1;
  int groups = 1;  ///< Divides the channels of input and output.
};
/// Batch normalisation of each channel; in the ONNX graph a part of the Conv before it.
struct Norm {};
struct Relu {};
/// Sum of two equal shapes.
struct Add {};
/// Mean over height and width: N x C x H x W to N x C.
struct PlaneMean {};
/// The frames of a window as a column: (N T) x C to N x C x T x 1. Convolutions after it are over
/// time, with a kernel of K x 1.
struct Sequence {};
/// Fully connected, with bias: N x C to N x outputs.
struct Linear {
  int outputs = 0;
};
/// In training, sets values to 0 at random and scales the others up; afterwards, nothing.
/// Source: Srivastava et al., Dropout, JMLR 2014.
struct Dropout {
  double share = 0;  ///< Share of the values that become 0; below 1.
};
/// Sum of two streams of equal shapes, by window. A stream whose input is 0 throughout a window
/// adds nothing to that window. In training, one stream is left out of some windows at random, so
/// that the network also works where it is missing.
struct Join {
  std::array<std::string, 2> streams;  ///< Input of the network that each stream comes from.
  double left_out = 0;                 ///< Share of the windows without each stream; 0 to 0.5.
};

using Operation = std::variant<Conv, Norm, Relu, Add, PlaneMean, Sequence, Linear, Dropout, Join>;

/// One step: an operation on the results of earlier steps.
struct Layer {
  std::string name;  ///< Unique; names its weights.
  Operation operation;
  /// Names of the layers that it takes; empty for the layer before it. The inputs have the names
  /// that inputs_of() returns; the first layer takes the first of them.
  std::vector<std::string> inputs;
};

/// Inputs: windows of RGB frames of 0 to 255, N x frames x height x width x 3; or, with features,
/// windows of rows of numbers, N x frames x features. With keypoints, these are another input, N x
/// frames x keypoints, or the only one.
struct WindowShape {
  int frames = 16;
  int height = 96;    ///< Pixels; 0 without frames.
  int width = 96;     ///< Pixels; 0 without frames.
  int features = 0;   ///< Numbers of each frame; 0 for pixels.
  int keypoints = 0;  ///< Numbers of each frame in the input of keypoints; 0 without.
  bool operator==(const WindowShape&) const = default;

  bool has_pixels() const { return features == 0 && (keypoints == 0 || height != 0 || width != 0); }
};

inline constexpr const char* kFramesInput = "frames";
inline constexpr const char* kFeaturesInput = "features";
inline constexpr const char* kKeypointsInput = "keypoints";

/// Returns the names of the inputs, in their order.
std::vector<std::string> inputs_of(const WindowShape& input);

/// Returns the sides of one window of an input, without the first side: {frames, height, width, 3}
/// or {frames, numbers}.
std::vector<int64_t> window_sides(const WindowShape& input, std::string_view name);

/// A network with its outputs by name, each the result of a Linear.
struct Network {
  WindowShape input;
  std::vector<Layer> layers;
  std::map<std::string, std::string> outputs;  ///< Output: layer.
};

/// Values with a shape, in C order.
struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
  bool operator==(const Tensor&) const = default;
};

/// Trained values by name: "LAYER.weight", "LAYER.bias", "LAYER.mean", "LAYER.variance".
using Weights = std::map<std::string, Tensor>;

/// Size of a layer's result. N is the batch; `per_frame` results have N times frames rows.
struct Size {
  bool per_frame = true;
  int channels = 0;
  int height = 0;  ///< 0 for a result without a plane.
  int width = 0;
  bool operator==(const Size&) const = default;
};

/// Returns the size of each layer's result and of each input, by name.
/// @return kInvalidArgument that names the first layer whose inputs are missing or do not fit.
Result<std::map<std::string, Size>> sizes_of(const Network& network);

/// Returns the names of the results that a layer takes. @param number  Index of the layer.
std::vector<std::string> input_names(const Network& network, size_t number);

/// Shapes of all weights of a network. @return As sizes_of().
Result<std::map<std::string, std::vector<int64_t>>> weight_shapes(const Network& network);

/// Floating-point operations (multiplications and additions) for one window. @return As sizes_of().
Result<int64_t> operations_of(const Network& network);

}  // namespace lido::nn
