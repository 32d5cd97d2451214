// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/shared_step.h"

#include <algorithm>
#include <map>
#include <string>

#include "lido/base/hash.h"

namespace lido::learn {
namespace {

/// Numbers of a worker before those of its micro-batches: step, checkpoint, stop.
constexpr size_t kWishes = 3;

/// A single window has no variance to normalise by.
bool counts(const std::optional<StepSamples>& batch) { return batch && batch->names.size() > 1; }

/// Returns a worker's message to the others: its wishes; for each micro-batch, whether the
/// micro-batch counts, and the weight of each task's targets.
std::vector<double> message_of(const nn::Module& module, const Plan& plan,
                               const std::vector<std::optional<StepSamples>>& batches, size_t slots,
                               const StepWish& wish) {
  std::vector<double> message = {static_cast<double>(wish.step), wish.wants_checkpoint ? 1.0 : 0.0,
                                 wish.wants_stop ? 1.0 : 0.0};
  for (const auto& batch : batches) {
    message.push_back(counts(batch) ? 1 : 0);
    for (const TaskClasses& task : plan.tasks) {
      message.push_back(
          counts(batch) ? module.target_weight(task.task, batch->input.targets.at(task.task)) : 0);
    }
  }
  message.resize(kWishes + slots * (1 + plan.tasks.size()));
  return message;
}

/// Seed of the values that Dropout leaves out, whichever worker computes them. A run without
/// micro-batches draws on from step to step.
std::optional<uint64_t> dropout_seed(const Plan& plan, int64_t step, int64_t number) {
  const auto& options = plan.config.options;
  if (options.micro_batches == 1) return std::nullopt;
  return derive_seed(static_cast<uint64_t>(options.seed),
                     {"dropout", std::to_string(step), std::to_string(number)});
}

/// Sums over the micro-batches of all workers.
struct Totals {
  int counted = 0;  ///< Micro-batches that count.
  std::map<std::string, double> weights;
};

/// Adds in the order of micro-batches, so that the number of workers has no effect.
Totals totals_of(const std::vector<std::vector<double>>& messages, const Plan& plan) {
  Totals totals;
  const auto count = static_cast<size_t>(plan.config.options.micro_batches);
  for (size_t number = 0; number < count; ++number) {
    const auto& message = messages[number % messages.size()];
    size_t at = kWishes + number / messages.size() * (1 + plan.tasks.size());
    totals.counted += static_cast<int>(message[at]);
    for (const TaskClasses& task : plan.tasks) totals.weights[task.task] += message[++at];
  }
  return totals;
}

}  // namespace

Result<StepOutcome> shared_step(nn::Module& module, nn::Group& group, const Plan& plan,
                                const std::vector<std::optional<StepSamples>>& batches,
                                const StepWish& wish, double learning_rate) {
  const auto count = static_cast<int>(plan.config.options.micro_batches);
  const auto slots = static_cast<size_t>((count + group.workers() - 1) / group.workers());
  const auto messages = LIDO_TRY(group.gather(message_of(module, plan, batches, slots, wish)));
  StepOutcome outcome;
  for (const auto& message : messages) {
    if (message[0] != messages[0][0]) {
      return fail(ErrorCode::kUnavailable, "the workers resumed from different steps: {} and {}",
                  messages[0][0], message[0]);
    }
    outcome.stop |= message[2] != 0;
  }
  outcome.checkpoint = messages[0][1] != 0;
  const Totals totals = totals_of(messages, plan);
  if (totals.counted == 0) return outcome;
  std::vector<std::vector<float>> parts;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (!counts(batches[i])) {
      parts.emplace_back(module.gradient_size());
      continue;
    }
    const int64_t number = group.rank() + static_cast<int64_t>(i) * group.workers();
    parts.push_back(LIDO_TRY(
        module.gradient(batches[i]->input, totals.weights, dropout_seed(plan, wish.step, number))));
  }
  const auto sum = LIDO_TRY(group.sum(parts, count));
  outcome.loss = LIDO_TRY(module.apply(sum, totals.counted, learning_rate));
  return outcome;
}

}  // namespace lido::learn
