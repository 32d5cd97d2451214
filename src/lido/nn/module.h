// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lido/base/result.h"
#include "lido/nn/network.h"

namespace lido::nn {

/// Options of the optimiser, AdamW. Source: Loshchilov and Hutter, ICLR 2019.
struct OptimiserOptions {
  double weight_decay = 0.05;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double max_gradient = 1.0;     ///< Larger norms of the gradient are scaled down to this.
  double label_smoothing = 0.1;  ///< Share of each target that is spread over all classes.
  /// Decay of the moving average of the weights, a step; smaller in the first steps.
  /// Source: Polyak and Juditsky, 1992; the warm-up is that of TensorFlow's moving averages.
  double average = 0.99;
  /// Weight of each class of an output in the loss; an output without an entry weighs all alike.
  std::map<std::string, std::vector<float>> class_weights;
};

/// Whole windows in the order of WindowShape: pixels as bytes, or features; empty for a network of
/// keypoints alone.
using Windows = std::variant<std::span<const uint8_t>, std::span<const float>>;

/// Windows of one step, and the class of each for each output; -1 for an unknown class.
struct StepInput {
  Windows windows;
  std::map<std::string, std::vector<int64_t>> targets;
  std::span<const float> keypoints = {};  ///< Same windows; empty without that input.
};

/// A network in LibTorch, with an optimiser. Equal calls on equal machines with an equal number of
/// threads give equal bits. Not thread-safe.
class Module {
 public:
  /// @param seed  Seed of the initial weights.
  /// @return kInvalidArgument as sizes_of().
  static Result<Module> make(const Network& network, const OptimiserOptions& options,
                             uint64_t seed);
  Module(Module&&) noexcept;
  Module& operator=(Module&&) noexcept;
  ~Module();

  /// Makes one step. @return The mean loss over the outputs; kDegenerate for a loss or a gradient
  /// that is not finite, which changes no weight; kInvalidArgument for sizes that do not fit.
  Result<double> step(const StepInput& input, double learning_rate);

  // A step in parts: gradient() of each micro-batch, in any process; apply() with their sum.

  /// Weight of the known targets of one output in the loss. @param output  Name.
  double target_weight(const std::string& output, std::span<const int64_t> targets) const;
  /// Computes what a micro-batch adds to a step: gradients, statistics of the normalisations and
  /// loss, in one vector whose length depends on the network only. Changes nothing but, without a
  /// seed, LibTorch's random state.
  /// @param totals  target_weight() of each output, of all micro-batches of the step.
  /// @param seed    Seed of the values that Dropout leaves out; empty: those after the step before.
  /// @return kDegenerate for a loss that is not finite; kInvalidArgument for sizes that do not fit.
  Result<std::vector<float>> gradient(const StepInput& input,
                                      const std::map<std::string, double>& totals,
                                      std::optional<uint64_t> seed = {});
  /// Length of the vectors of gradient().
  size_t gradient_size() const;
  /// Makes a step.
  /// @param sum            Sum of the vectors of gradient().
  /// @param micro_batches  Number of those vectors that are not zero.
  /// @return As step().
  Result<double> apply(std::span<const float> sum, int micro_batches, double learning_rate);
  /// Computes each output's logits, windows x classes, with the averaged weights.
  /// @param keypoints  As in StepInput.
  Result<std::map<std::string, std::vector<float>>> run(const Windows& windows,
                                                        std::span<const float> keypoints = {});

  /// Copies the averaged weights, for write_onnx().
  Weights weights() const;
  /// Everything that step() depends on, as bytes for a checkpoint: weights, their average, the
  /// optimiser and LibTorch's random state.
  /// @return kDegenerate for a weight that is not finite, which no checkpoint may hold.
  Result<std::string> state() const;
  /// Continues from state() of a module of the same network. @return kCorrupt; kInvalidArgument for
  /// the state of another network. The module is unchanged then.
  Result<void> restore(std::string_view state);

 private:
  struct State;
  explicit Module(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Threads that LibTorch computes with; part of a run's identity.
void set_threads(int threads);

}  // namespace lido::nn
