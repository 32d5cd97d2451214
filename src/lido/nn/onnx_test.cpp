// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/onnx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "lido/base/test_folder.h"
#include "lido/infer/network.h"
#include "lido/nn/gesture.h"
#include "lido/nn/people.h"

namespace lido::nn {
namespace {

Weights random_weights(const Network& network) {
  std::mt19937 random(7);
  Weights weights;
  const auto shapes = *weight_shapes(network);
  for (const auto& [name, shape] : shapes) {
    int64_t count = 1, fan = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      count *= shape[i];
      if (i > 0) fan *= shape[i];
    }
    const bool spread = name.ends_with(".variance");
    std::uniform_real_distribution<float> draw(spread ? 0.5F : -1.0F, spread ? 2.0F : 1.0F);
    Tensor tensor{shape, {}};
    for (int64_t i = 0; i < count; ++i) {
      const float scale = fan > 1 ? std::sqrt(3.0F / static_cast<float>(fan)) : 1.0F;
      tensor.values.push_back(draw(random) * (spread ? 1.0F : scale));
    }
    weights[name] = std::move(tensor);
  }
  return weights;
}

/// Rows of planes in double precision.
struct Planes {
  size_t rows = 0, channels = 0, height = 1, width = 1;
  std::vector<double> values;
  Planes(size_t r, size_t c, size_t h, size_t w)
      : rows(r), channels(c), height(h), width(w), values(r * c * h * w) {}
  double& at(size_t r, size_t c, size_t y, size_t x) {
    return values[((r * channels + c) * height + y) * width + x];
  }
  double padded(size_t r, size_t c, int64_t y, int64_t x) {
    const bool inside =
        y >= 0 && x >= 0 && y < static_cast<int64_t>(height) && x < static_cast<int64_t>(width);
    return inside ? at(r, c, static_cast<size_t>(y), static_cast<size_t>(x)) : 0;
  }
};

/// Plain loops over the definition of each layer, as LibTorch's documentation gives it.
class Reference {
 public:
  Reference(const Network& network, const Weights& weights)
      : network_(network), weights_(weights) {}

  /// @param inputs  Values of each input.
  std::map<std::string, std::vector<double>> run(
      const std::map<std::string, std::vector<float>>& inputs) {
    results_.clear();
    inputs_ = inputs;
    for (const auto& [name, values] : inputs) results_.emplace(name, input_of(name, values));
    for (size_t i = 0; i < network_.layers.size(); ++i) {
      const Layer& layer = network_.layers[i];
      Planes& from = results_.at(input_names(network_, i)[0]);
      results_.emplace(
          layer.name,
          std::visit([&](const auto& op) { return apply(layer, op, from); }, layer.operation));
    }
    std::map<std::string, std::vector<double>> outputs;
    for (const auto& [name, layer] : network_.outputs) outputs[name] = results_.at(layer).values;
    return outputs;
  }

 private:
  Planes input_of(const std::string& name, const std::vector<float>& values) const {
    const auto& in = network_.input;
    if (name != "frames") {
      const auto features = static_cast<size_t>(name == "features" ? in.features : in.keypoints);
      Planes rows(values.size() / features, features, 1, 1);
      std::ranges::copy(values, rows.values.begin());
      return rows;
    }
    const auto h = static_cast<size_t>(in.height), w = static_cast<size_t>(in.width);
    Planes planes(values.size() / (h * w * 3), 3, h, w);
    for (size_t i = 0; i < values.size(); ++i)
      planes.at(i / (h * w * 3), i % 3, i / 3 / w % h, i / 3 % w) = (values[i] - 127.5) / 127.5;
    return planes;
  }
  const std::vector<float>& of(const Layer& layer, const char* part) const {
    return weights_.at(layer.name + part).values;
  }
  Planes apply(const Layer& layer, const Conv& conv, Planes& from) const {
    const Tensor& weight = weights_.at(layer.name + ".weight");
    const auto each = static_cast<size_t>(weight.shape[1]);
    const int64_t high = weight.shape[2], wide = weight.shape[3];
    const int stride_x = wide == 1 && high > 1 ? 1 : conv.stride;
    const auto after = [](size_t side, int stride) {
      return (side - 1) / static_cast<size_t>(stride) + 1;
    };
    Planes to(from.rows, static_cast<size_t>(conv.channels), after(from.height, conv.stride),
              after(from.width, stride_x));
    const size_t in_group = to.channels / static_cast<size_t>(conv.groups);
    for (size_t r = 0; r < to.rows; ++r) {
      for (size_t c = 0; c < to.channels; ++c) {
        for (size_t y = 0; y < to.height; ++y) {
          for (size_t x = 0; x < to.width; ++x) {
            double sum = 0;
            size_t at = c * each * static_cast<size_t>(high * wide);
            for (size_t i = 0; i < each; ++i) {
              for (int64_t ky = 0; ky < high; ++ky) {
                for (int64_t kx = 0; kx < wide; ++kx) {
                  sum += static_cast<double>(weight.values[at++]) *
                         from.padded(r, c / in_group * each + i,
                                     static_cast<int64_t>(y) * conv.stride + ky - high / 2,
                                     static_cast<int64_t>(x) * stride_x + kx - wide / 2);
                }
              }
            }
            to.at(r, c, y, x) = sum;
          }
        }
      }
    }
    return to;
  }
  Planes apply(const Layer& layer, const Norm&, Planes& from) const {
    Planes to = from;
    const size_t plane = from.height * from.width;
    for (size_t i = 0; i < to.values.size(); ++i) {
      const size_t c = i / plane % from.channels;
      const double deviation = std::sqrt(static_cast<double>(of(layer, ".variance")[c]) + 1e-5);
      to.values[i] = (to.values[i] - static_cast<double>(of(layer, ".mean")[c])) / deviation *
                         static_cast<double>(of(layer, ".weight")[c]) +
                     static_cast<double>(of(layer, ".bias")[c]);
    }
    return to;
  }
  Planes apply(const Layer&, const Relu&, Planes& from) const {
    Planes to = from;
    for (double& value : to.values) value = std::max(value, 0.0);
    return to;
  }
  Planes apply(const Layer&, const Dropout&, Planes& from) const { return from; }
  Planes apply(const Layer& layer, const Add&, Planes& from) const {
    Planes to = from;
    const Planes& other = results_.at(layer.inputs[1]);
    for (size_t i = 0; i < to.values.size(); ++i) to.values[i] += other.values[i];
    return to;
  }
  Planes apply(const Layer& layer, const Join& join, Planes& from) const {
    const Planes& other = results_.at(layer.inputs[1]);
    const auto known = [&](size_t stream, size_t row) {
      const auto& values = inputs_.at(join.streams[stream]);
      const size_t each = values.size() / from.rows;
      return std::ranges::any_of(std::span(values).subspan(row * each, each),
                                 [](float value) { return value != 0; });
    };
    Planes to(from.rows, from.channels, from.height, from.width);
    const size_t each = to.values.size() / to.rows;
    for (size_t i = 0; i < to.values.size(); ++i) {
      if (known(0, i / each)) to.values[i] += from.values[i];
      if (known(1, i / each)) to.values[i] += other.values[i];
    }
    return to;
  }
  Planes apply(const Layer&, const PlaneMean&, Planes& from) const {
    Planes to(from.rows, from.channels, 1, 1);
    const size_t plane = from.height * from.width;
    for (size_t i = 0; i < from.values.size(); ++i)
      to.values[i / plane] += from.values[i] / static_cast<double>(plane);
    return to;
  }
  Planes apply(const Layer&, const Sequence&, Planes& from) const {
    const auto frames = static_cast<size_t>(network_.input.frames);
    Planes to(from.rows / frames, from.channels, frames, 1);
    for (size_t r = 0; r < from.rows; ++r) {
      for (size_t c = 0; c < from.channels; ++c)
        to.at(r / frames, c, r % frames, 0) = from.at(r, c, 0, 0);
    }
    return to;
  }
  Planes apply(const Layer& layer, const Linear& linear, Planes& from) const {
    Planes to(from.rows, static_cast<size_t>(linear.outputs), 1, 1);
    for (size_t r = 0; r < to.rows; ++r) {
      for (size_t o = 0; o < to.channels; ++o) {
        double sum = static_cast<double>(of(layer, ".bias")[o]);
        for (size_t c = 0; c < from.channels; ++c)
          sum += static_cast<double>(of(layer, ".weight")[o * from.channels + c]) *
                 from.at(r, c, 0, 0);
        to.at(r, o, 0, 0) = sum;
      }
    }
    return to;
  }

  const Network& network_;
  const Weights& weights_;
  std::map<std::string, Planes> results_;
  std::map<std::string, std::vector<float>> inputs_;
};

using Values = std::map<std::string, std::vector<float>>;

/// Random values of each input.
Values random_inputs(const WindowShape& in, size_t windows) {
  std::mt19937 random(3);
  Values inputs;
  for (const std::string& name : inputs_of(in)) {
    size_t count = windows;
    for (const int64_t side : window_sides(in, name)) count *= static_cast<size_t>(side);
    const float scale = name == "frames" ? 1 : 128;
    for (size_t i = 0; i < count; ++i)
      inputs[name].push_back(static_cast<float>(random() % 256) / scale);
  }
  return inputs;
}

/// Runs the ONNX graph in OpenVINO and compares each output with plain arithmetic.
void expect_equal_outputs(const Network& network, size_t windows, const Values& inputs) {
  const Weights weights = random_weights(network);
  const auto model = write_onnx(network, weights);
  ASSERT_TRUE(model) << model.error().message;
  const TestFolder folder;
  const auto file = folder / "network.onnx";
  std::ofstream(file, std::ios::binary) << *model;
  std::vector<std::string> names;
  for (const auto& [name, layer] : network.outputs) names.push_back(name);
  std::vector<infer::Port> ports;
  for (const std::string& name : inputs_of(network.input)) {
    auto sides = window_sides(network.input, name);
    sides.insert(sides.begin(), static_cast<int64_t>(windows));
    ports.push_back({name, sides});
  }
  const auto loaded = infer::Network::load_named(file.string(), ports, names, 1);
  ASSERT_TRUE(loaded) << loaded.error().message;
  auto runner = *loaded->make_runner();
  for (size_t i = 0; i < ports.size(); ++i)
    std::ranges::copy(inputs.at(ports[i].name), runner.input(i).begin());
  ASSERT_TRUE(runner.run());
  const auto wanted = Reference(network, weights).run(inputs);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto got = runner.output(i);
    ASSERT_EQ(got.size(), wanted.at(names[i]).size());
    for (size_t k = 0; k < got.size(); ++k)
      EXPECT_NEAR(static_cast<double>(got[k]), wanted.at(names[i])[k], 1e-4) << names[i] << k;
  }
}
void expect_equal_outputs(const Network& network, size_t windows) {
  expect_equal_outputs(network, windows, random_inputs(network.input, windows));
}

TEST(WriteOnnx, ThePeopleNetworkRunsAsItsLayersAreDefined) {
  const Network network =
      people_network({.frames = 5, .height = 24, .width = 32}, {{"behaviour", 7}, {"signal", 3}});
  expect_equal_outputs(network, 2);
}

// The second of three windows lacks its frames and the third its keypoints.
TEST(WriteOnnx, StreamsThatAreMissingAddNothing) {
  const WindowShape input{.frames = 5, .height = 24, .width = 32, .keypoints = 11};
  const Network network = people_network(input, {{"behaviour", 7}}, 0.2);
  Values values = random_inputs(input, 3);
  const size_t window = 5 * 24 * 32 * 3;
  std::fill_n(values.at("frames").begin() + window, window, 0.0F);
  std::fill_n(values.at("keypoints").begin() + 2 * 5 * 11, 5 * 11, 0.0F);
  expect_equal_outputs(network, 3, values);
}

TEST(WriteOnnx, KeypointsAloneAreANetworkToo) {
  const WindowShape input{.frames = 6, .height = 0, .width = 0, .keypoints = 11};
  expect_equal_outputs(people_network(input, {{"behaviour", 4}, {"age", 2}}), 2);
}

TEST(WriteOnnx, TheGestureNetworksRunAsTheirLayersAreDefined) {
  for (const int frames : {1, 16}) {
    const WindowShape input{.frames = frames, .height = 0, .width = 0, .features = 9};
    expect_equal_outputs(gesture_network(input, {{"signal", 3}}), 3);
  }
}

TEST(WriteOnnx, ConvolutionsMayHaveGroupsAndSums) {
  Network network{.input = {.frames = 3, .height = 9, .width = 7}};
  network.layers = {{"a", Conv{.channels = 8, .kernel = 3}, {}},
                    {"b", Conv{.channels = 8, .kernel = 5, .groups = 4}, {}},
                    {"b.norm", Norm{}, {}},
                    {"sum", Add{}, {"a", "b.norm"}},
                    {"relu", Relu{}, {}},
                    {"c", Conv{.channels = 4, .kernel = 1, .stride = 2}, {}},
                    {"mean", PlaneMean{}, {}},
                    {"time", Sequence{}, {}},
                    {"window", PlaneMean{}, {}},
                    {"out", Linear{2}, {}}};
  network.outputs = {{"out", "out"}};
  expect_equal_outputs(network, 1);
}

TEST(WriteOnnx, RefusesMissingWeightsAndAFreeNorm) {
  Network network = people_network({.frames = 2, .height = 16, .width = 16}, {{"age", 2}});
  Weights weights = random_weights(network);
  weights.erase("stem.weight");
  EXPECT_EQ(write_onnx(network, weights).error().message,
            "weights: stem.weight is missing or of another shape");
  network.layers.insert(network.layers.begin() + 1, {"extra", Relu{}, {}});
  EXPECT_EQ(write_onnx(network, random_weights(network)).error().message,
            "layer stem.norm: a Norm that does not follow its Conv cannot be exported");
}

}  // namespace
}  // namespace lido::nn
