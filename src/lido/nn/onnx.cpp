// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/onnx.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <set>

namespace lido::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr int64_t kIrVersion = 8;
constexpr int64_t kOpset = 17;
constexpr double kNormEpsilon = 1e-5;  // that of LibTorch's BatchNorm
constexpr int64_t kFloat = 1, kInt64 = 7;

/// A message of Protocol Buffers.
class Message {
 public:
  Message& number(int field, int64_t value) {
    key(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  Message& text(int field, std::string_view bytes) {
    key(field, 2);
    varint(bytes.size());
    bytes_.append(bytes);
    return *this;
  }
  Message& message(int field, const Message& inner) { return text(field, inner.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, int type) { varint(static_cast<uint64_t>(field << 3 | type)); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  std::string bytes_;
};

Message tensor_of(const std::string& name, const std::vector<int64_t>& shape, int64_t type,
                  std::string_view raw) {
  Message tensor;
  for (const int64_t side : shape) tensor.number(1, side);
  return tensor.number(2, type).text(8, name).text(9, raw);
}

template <typename T>
std::string_view raw_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// An input or output: its first side has the name "windows".
Message value_of(const std::string& name, int64_t type, const std::vector<int64_t>& sides) {
  Message shape;
  shape.message(1, Message().text(2, "windows"));
  for (const int64_t side : sides) shape.message(1, Message().number(1, side));
  return Message().text(1, name).message(
      2, Message().message(1, Message().number(1, type).message(2, shape)));
}

/// Values of a convolution with the Norm after it.
struct FoldedConv {
  Tensor weight;
  std::vector<float> bias;
};

class Writer {
 public:
  Writer(const Network& network, const Weights& weights, const std::map<std::string, Size>& sizes)
      : network_(network), weights_(weights), sizes_(sizes) {}

  Result<Message> graph() {
    begin();
    for (size_t i = 0; i < network_.layers.size(); ++i) LIDO_TRY(add(i));
    for (const auto& [output, layer] : network_.outputs) {
      node("Identity", {results_.at(layer)}, output);
      graph_.message(12, value_of(output, kFloat, {sizes_.at(layer).channels}));
    }
    return std::move(graph_);
  }

 private:
  /// Frames become planes of -1 to 1, and numbers rows of channels; a row for each frame.
  void begin() {
    const WindowShape& in = network_.input;
    graph_.text(2, "lido");
    for (const std::string& name : inputs_of(in)) {
      const auto sides = window_sides(in, name);
      graph_.message(11, value_of(name, kFloat, sides));
      if (name == kFramesInput) continue;
      constant(name + ".shape", {-1, sides.back()});
      node("Reshape", {name, name + ".shape"}, name + ".rows");
      results_[name] = name + ".rows";
    }
    if (!in.has_pixels()) return;
    constant("frames.rows", {-1, in.height, in.width, 3});
    node("Reshape", {"frames", "frames.rows"}, "frames.hwc");
    node("Transpose", {"frames.hwc"}, "frames.chw", {{"perm", {0, 3, 1, 2}}});
    scalar("frames.half", 127.5F);
    node("Sub", {"frames.chw", "frames.half"}, "frames.centred");
    node("Div", {"frames.centred", "frames.half"}, "frames.unit");
    results_["frames"] = "frames.unit";
  }

  Result<void> add(size_t number) {
    const Layer& layer = network_.layers[number];
    std::vector<std::string> inputs;
    for (const std::string& name : input_names(network_, number))
      inputs.push_back(results_.at(name));
    results_[layer.name] = layer.name;
    const auto* operation = &layer.operation;
    if (const auto* conv = std::get_if<Conv>(operation)) {
      LIDO_TRY(convolve(number, *conv, inputs[0]));
    } else if (std::holds_alternative<Norm>(*operation)) {
      if (!folded_.contains(number)) {
        return fail(ErrorCode::kInvalidArgument,
                    "layer {}: a Norm that does not follow its Conv cannot be exported",
                    layer.name);
      }
      results_[layer.name] = inputs[0];
    } else if (std::holds_alternative<Dropout>(*operation)) {
      results_[layer.name] = inputs[0];
    } else if (std::holds_alternative<Relu>(*operation)) {
      node("Relu", inputs, layer.name);
    } else if (std::holds_alternative<Add>(*operation)) {
      node("Add", inputs, layer.name);
    } else if (const auto* streams = std::get_if<Join>(operation)) {
      join(layer.name, *streams, inputs);
    } else if (std::holds_alternative<PlaneMean>(*operation)) {
      node("ReduceMean", inputs, layer.name, {{"axes", {2, 3}}}, {{"keepdims", 0}});
    } else if (std::holds_alternative<Sequence>(*operation)) {
      const int64_t channels = sizes_.at(layer.name).channels;
      constant(layer.name + ".shape", {-1, network_.input.frames, channels, 1});
      node("Reshape", {inputs[0], layer.name + ".shape"}, layer.name + ".rows");
      node("Transpose", {layer.name + ".rows"}, layer.name, {{"perm", {0, 2, 1, 3}}});
    } else {
      initialise(layer.name + ".weight", weights_.at(layer.name + ".weight"));
      initialise(layer.name + ".bias", weights_.at(layer.name + ".bias"));
      node("Gemm", {inputs[0], layer.name + ".weight", layer.name + ".bias"}, layer.name, {},
           {{"transB", 1}});
    }
    return {};
  }

  /// Multiplies each stream by 1 or 0 for each window, whether its input has a value other than 0,
  /// and adds the streams.
  void join(const std::string& name, const Join& join, const std::vector<std::string>& inputs) {
    constant(name + ".each", {-1, 1, 1, 1});
    std::vector<std::string> known;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::string& stream = join.streams[i];
      const std::string prefix = name + "." + stream;
      std::vector<int64_t> axes(window_sides(network_.input, stream).size());
      std::iota(axes.begin(), axes.end(), 1);
      node("Abs", {stream}, prefix + ".size");
      node("ReduceMax", {prefix + ".size"}, prefix + ".greatest", {{"axes", axes}},
           {{"keepdims", 0}});
      node("Sign", {prefix + ".greatest"}, prefix + ".known");
      node("Reshape", {prefix + ".known", name + ".each"}, prefix + ".factor");
      node("Mul", {inputs[i], prefix + ".factor"}, prefix);
      known.push_back(prefix);
    }
    node("Add", known, name);
  }

  Result<void> convolve(size_t number, const Conv& conv, const std::string& input) {
    const Layer& layer = network_.layers[number];
    FoldedConv folded{weights_.at(layer.name + ".weight"), {}};
    const size_t channels = static_cast<size_t>(conv.channels);
    folded.bias.assign(channels, 0);
    if (const auto norm = norm_after(number)) {
      fold(folded, network_.layers[*norm].name);
      folded_.insert(*norm);
    }
    initialise(layer.name + ".weight", folded.weight);
    initialise(layer.name + ".bias", {{conv.channels}, folded.bias});
    const int64_t high = folded.weight.shape[2], wide = folded.weight.shape[3];
    const int64_t stride_x = wide == 1 && high > 1 ? 1 : conv.stride;
    node("Conv", {input, layer.name + ".weight", layer.name + ".bias"}, layer.name,
         {{"kernel_shape", {high, wide}},
          {"strides", {conv.stride, stride_x}},
          {"pads", {high / 2, wide / 2, high / 2, wide / 2}}},
         {{"group", conv.groups}});
    return {};
  }

  /// The only layer that takes a convolution's result, if it is a Norm.
  std::optional<size_t> norm_after(size_t number) const {
    std::optional<size_t> norm;
    for (size_t i = number + 1; i < network_.layers.size(); ++i) {
      for (const std::string& name : input_names(network_, i)) {
        if (name != network_.layers[number].name) continue;
        if (norm || !std::holds_alternative<Norm>(network_.layers[i].operation)) return {};
        norm = i;
      }
    }
    return norm;
  }

  void fold(FoldedConv& conv, const std::string& norm) const {
    const size_t each = conv.weight.values.size() / conv.bias.size();
    for (size_t c = 0; c < conv.bias.size(); ++c) {
      const auto value = [&](const char* part) {
        return static_cast<double>(weights_.at(norm + part).values[c]);
      };
      const double scale = value(".weight") / std::sqrt(value(".variance") + kNormEpsilon);
      for (size_t i = c * each; i < (c + 1) * each; ++i)
        conv.weight.values[i] = static_cast<float>(conv.weight.values[i] * scale);
      conv.bias[c] = static_cast<float>(value(".bias") - value(".mean") * scale);
    }
  }

  using Lists = std::vector<std::pair<std::string, std::vector<int64_t>>>;
  using Numbers = std::vector<std::pair<std::string, int64_t>>;

  void node(const std::string& type, const std::vector<std::string>& inputs,
            const std::string& output, const Lists& lists = {}, const Numbers& numbers = {}) {
    Message node;
    for (const std::string& input : inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, type);
    for (const auto& [name, values] : lists) {
      Message attribute;
      attribute.text(1, name);
      for (const int64_t value : values) attribute.number(8, value);
      node.message(5, attribute.number(20, 7));
    }
    for (const auto& [name, value] : numbers)
      node.message(5, Message().text(1, name).number(3, value).number(20, 2));
    graph_.message(1, node);
  }
  void initialise(const std::string& name, const Tensor& tensor) {
    graph_.message(5, tensor_of(name, tensor.shape, kFloat, raw_of(tensor.values)));
  }
  void constant(const std::string& name, const std::vector<int64_t>& values) {
    const std::vector<int64_t> shape = {std::ssize(values)};
    graph_.message(5, tensor_of(name, shape, kInt64, raw_of(values)));
  }
  void scalar(const std::string& name, float value) {
    graph_.message(5, tensor_of(name, {}, kFloat, raw_of(std::vector<float>{value})));
  }

  const Network& network_;
  const Weights& weights_;
  const std::map<std::string, Size>& sizes_;
  Message graph_;
  std::map<std::string, std::string> results_;  // layer: value in the graph
  std::set<size_t> folded_;                     // Norms that are part of a Conv
};

}  // namespace

Result<std::string> write_onnx(const Network& network, const Weights& weights,
                               const std::map<std::string, std::string>& metadata) {
  const auto sizes = LIDO_TRY(sizes_of(network));
  for (const auto& [name, shape] : LIDO_TRY(weight_shapes(network))) {
    const auto found = weights.find(name);
    if (found == weights.end() || found->second.shape != shape)
      return fail(ErrorCode::kInvalidArgument, "weights: {} is missing or of another shape", name);
  }
  const Message graph = LIDO_TRY(Writer(network, weights, sizes).graph());
  Message model;
  model.number(1, kIrVersion).text(2, "lido").message(7, graph);
  model.message(8, Message().text(1, "").number(2, kOpset));
  for (const auto& [name, value] : metadata)
    model.message(14, Message().text(1, name).text(2, value));
  return model.bytes();
}

}  // namespace lido::nn
