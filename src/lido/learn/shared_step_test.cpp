// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/shared_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "lido/nn/people.h"

namespace lido::learn {
namespace {

constexpr int kSide = 32, kFrames = 4;

Plan plan_of(int micro_batches) {
  Plan plan;
  plan.config.options.micro_batches = micro_batches;
  plan.shape = {.frames = kFrames, .height = kSide, .width = kSide};
  plan.tasks = {{.task = "side", .classes = {"left", "right"}, .train = {1, 1}, .val = {1, 1}}};
  plan.network =
      nn::people_network({.frames = kFrames, .height = kSide, .width = kSide}, {{"side", 2}});
  return plan;
}

/// Windows of noise. @param label  Empty for windows without one.
StepSamples batch_of(const std::vector<std::string>& labels, unsigned seed) {
  std::mt19937 random(seed);
  const auto pixels = std::make_shared<std::vector<uint8_t>>(
      labels.size() * loader::Shape{.frames = kFrames, .height = kSide, .width = kSide}.bytes());
  for (uint8_t& value : *pixels) value = static_cast<uint8_t>(random());
  StepSamples batch{.input = {.windows = std::span<const uint8_t>(*pixels), .targets = {}},
                    .names = labels,
                    .memory = pixels};
  for (const std::string& label : labels)
    batch.input.targets["side"].push_back(label.empty() ? -1 : label == "left" ? 0 : 1);
  return batch;
}

struct Trial {
  Plan plan;
  nn::Module module;
  nn::Group group = *nn::Group::join({});
  explicit Trial(int micro_batches)
      : plan(plan_of(micro_batches)),
        module(*nn::Module::make(plan.network, {.average = 0, .class_weights = {{"side", {1, 3}}}},
                                 1)) {
    nn::set_threads(1);
  }
  Result<StepOutcome> step(const std::vector<std::optional<StepSamples>>& batches,
                           const StepWish& wish = {}) {
    return shared_step(module, group, plan, batches, wish, 1e-3);
  }
};

float greatest_change(const nn::Weights& a, const nn::Weights& b) {
  float greatest = 0;
  for (const auto& [name, tensor] : a) {
    for (size_t i = 0; i < tensor.values.size(); ++i)
      greatest = std::max(greatest, std::abs(tensor.values[i] - b.at(name).values[i]));
  }
  return greatest;
}

// Micro-batches of equal windows have equal statistics: their step is that of one of them.
TEST(SharedStep, EqualMicroBatchesMakeTheStepOfOne) {
  const StepSamples batch = batch_of({"left", "right", "right", ""}, 1);
  Trial one(1), three(3);
  const auto before = one.module.weights();
  const auto single = one.step({batch});
  const auto triple = three.step({batch, batch, batch});
  ASSERT_TRUE(single && triple);
  EXPECT_NEAR(*single->loss, *triple->loss, 1e-6);
  // AdamW's first step moves a weight by the learning rate, 1e-3, whatever the gradient's length.
  // A rounded gradient moves it by less where it is as small as AdamW's epsilon, 1e-8: by 3.5e-5 at
  // most when this was written. A gradient of the wrong sign moves it by 2e-3.
  EXPECT_GT(greatest_change(before, one.module.weights()), 5e-4F);
  EXPECT_LT(greatest_change(one.module.weights(), three.module.weights()), 2e-4F);
}

// The loss is the mean over all labelled windows of the step, by class weights: (1 a + 3 b) / 4
// for losses a and b, not the mean of the micro-batches' means.
TEST(SharedStep, WeighsWindowsNotMicroBatches) {
  const StepSamples left = batch_of({"left", "", ""}, 1), right = batch_of({"right", "", ""}, 2);
  const double a = *Trial(1).step({left})->loss, b = *Trial(1).step({right})->loss;
  Trial both(2);
  EXPECT_NEAR(*both.step({left, right})->loss, (a + 3 * b) / 4, 1e-6);
}

TEST(SharedStep, LeavesOutSingleWindowsAndMissingMicroBatches) {
  const StepSamples batch = batch_of({"left", "right"}, 1);
  Trial one(1), four(4);
  ASSERT_TRUE(one.step({batch}));
  ASSERT_TRUE(four.step({batch_of({"left"}, 9), std::nullopt, batch, std::nullopt}));
  EXPECT_EQ(one.module.weights(), four.module.weights());
  const auto before = four.module.weights();
  const auto none = four.step({batch_of({"left"}, 9), std::nullopt, std::nullopt, std::nullopt});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->loss);
  EXPECT_EQ(four.module.weights(), before);
}

TEST(SharedStep, PassesWishesOn) {
  Trial one(1);
  const auto made = *one.step({batch_of({"left", "right"}, 1)},
                              {.step = 5, .wants_checkpoint = true, .wants_stop = true});
  EXPECT_TRUE(made.checkpoint && made.stop);
  const auto quiet = *one.step({batch_of({"left", "right"}, 1)});
  EXPECT_FALSE(quiet.checkpoint || quiet.stop);
}

}  // namespace
}  // namespace lido::learn
