// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lido/base/result.h"
#include "lido/learn/plan.h"
#include "lido/learn/step_source.h"
#include "lido/nn/group.h"
#include "lido/nn/module.h"

namespace lido::learn {

/// State and wishes of a worker before a step.
struct StepWish {
  int64_t step = 0;               ///< Steps so far; equal in all workers.
  bool wants_checkpoint = false;  ///< Counts in the first worker only.
  bool wants_stop = false;
};

/// A step that all workers have made.
struct StepOutcome {
  std::optional<double> loss;  ///< Empty where no micro-batch had two windows or more.
  bool checkpoint = false;     ///< The first worker wants a checkpoint.
  bool stop = false;           ///< Some worker wants to stop.
};

/// Makes one step of training, of all workers together. Each worker computes the gradients of its
/// micro-batches; the group adds them in the order of micro-batches, and every worker changes its
/// weights by the sum. With equal micro-batches, the weights have equal bits for any number of
/// workers.
/// @param batches  This worker's, as MicroBatches::next() returns them.
/// @return kDegenerate for a loss or a gradient that is not finite; kUnavailable when another
///         worker is lost or resumed from another step.
Result<StepOutcome> shared_step(nn::Module& module, nn::Group& group, const Plan& plan,
                                const std::vector<std::optional<StepSamples>>& batches,
                                const StepWish& wish, double learning_rate);

}  // namespace lido::learn
