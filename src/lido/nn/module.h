// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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
};

/// Windows of one step, and the class of each for each output; -1 for an unknown class.
struct StepInput {
  std::span<const uint8_t> frames;  ///< NetworkInput, bytes.
  std::map<std::string, std::vector<int64_t>> targets;
};

/// A network in LibTorch, with an optimiser. Equal calls on equal machines with an equal number of
/// threads give equal bits. Not thread-safe.
class Module {
 public:
  /// @param seed  Of the initial weights.
  /// @return kInvalidArgument as sizes_of().
  static Result<Module> make(const Network& network, const OptimiserOptions& options,
                             uint64_t seed);
  Module(Module&&) noexcept;
  Module& operator=(Module&&) noexcept;
  ~Module();

  /// Makes one step. @return The mean loss over the outputs; kDegenerate for a loss that is not
  /// finite, which changes no weight; kInvalidArgument for sizes that do not fit.
  Result<double> step(const StepInput& input, double learning_rate);
  /// Computes each output's logits, windows x classes, without learning.
  Result<std::map<std::string, std::vector<float>>> run(std::span<const uint8_t> frames);

  /// Copies the weights, for write_onnx().
  Weights weights() const;
  /// Everything that step() depends on, as bytes for a checkpoint.
  std::string state() const;
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
