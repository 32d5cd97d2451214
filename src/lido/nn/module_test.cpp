// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/module.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "lido/base/test_folder.h"
#include "lido/infer/network.h"
#include "lido/nn/gesture.h"
#include "lido/nn/onnx.h"
#include "lido/nn/people.h"

namespace lido::nn {
namespace {

const WindowShape kSmall{.frames = 4, .height = 32, .width = 32};
constexpr size_t kWindow = 4 * 32 * 32 * 3;

/// Windows with a bright left or right half, on noise: a task with a known answer.
struct Halves {
  std::vector<uint8_t> frames;
  std::vector<int64_t> targets;
};
Halves halves(int windows, unsigned seed) {
  std::mt19937 random(seed);
  Halves made;
  for (int i = 0; i < windows; ++i) {
    const int64_t side = random() % 2;
    made.targets.push_back(side);
    for (size_t at = 0; at < kWindow; ++at) {
      const bool right = at / 3 % 32 >= 16;
      made.frames.push_back(static_cast<uint8_t>(random() % 100 + (right == (side == 1) ? 80 : 0)));
    }
  }
  return made;
}

Module made(uint64_t seed = 1) {
  set_threads(1);
  return *Module::make(people_network(kSmall, {{"side", 2}}), {}, seed);
}

double step(Module& module, unsigned batch) {
  const Halves data = halves(16, batch);
  return *module.step({data.frames, {{"side", data.targets}}}, 1e-3);
}

TEST(Module, LearnsATaskWithAKnownAnswer) {
  Module module = made();
  for (unsigned i = 0; i < 60; ++i) step(module, i);
  const Halves data = halves(64, 999);
  const auto logits = (*module.run(data.frames)).at("side");
  int right = 0;
  for (size_t i = 0; i < data.targets.size(); ++i)
    right += (logits[2 * i + 1] > logits[2 * i]) == (data.targets[i] == 1) ? 1 : 0;
  EXPECT_GE(right, 60);  // chance: 32, with a standard deviation of 4
}

// The loss of training normalises by each batch, evaluation by running statistics. They begin with
// the first batches: after a few steps, evaluation sees what training sees.
TEST(Module, EvaluatesWellAfterFewSteps) {
  Module module = made();
  for (unsigned i = 0; i < 20; ++i) step(module, i);
  const Halves data = halves(64, 999);
  const auto logits = (*module.run(data.frames)).at("side");
  int right = 0;
  for (size_t i = 0; i < data.targets.size(); ++i)
    right += (logits[2 * i + 1] > logits[2 * i]) == (data.targets[i] == 1) ? 1 : 0;
  EXPECT_GE(right, 52);  // chance: 32, with a standard deviation of 4
}

TEST(Module, ResumesWithEqualBits) {
  Module whole = made();
  for (unsigned i = 0; i < 6; ++i) step(whole, i);
  Module first = made();
  for (unsigned i = 0; i < 3; ++i) step(first, i);
  Module second = made(77);
  ASSERT_TRUE(second.restore(*first.state()));
  for (unsigned i = 3; i < 6; ++i) step(second, i);
  EXPECT_EQ(second.weights(), whole.weights());
  EXPECT_NE(first.weights(), whole.weights());
}

TEST(Module, ItsOnnxGraphGivesItsOutputs) {
  Module module = made();
  for (unsigned i = 0; i < 5; ++i) step(module, i);
  const auto network = people_network(kSmall, {{"side", 2}});
  const TestFolder folder;
  const auto file = folder / "network.onnx";
  std::ofstream(file, std::ios::binary) << *write_onnx(network, module.weights());
  const Halves data = halves(3, 5);
  const auto loaded = infer::Network::load(file.string(), {3, 4, 32, 32, 3}, {"side"}, 1);
  ASSERT_TRUE(loaded) << loaded.error().message;
  auto runner = *loaded->make_runner();
  std::ranges::copy(data.frames, runner.input().begin());
  ASSERT_TRUE(runner.run());
  const auto wanted = (*module.run(data.frames)).at("side");
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(runner.output(0)[i], wanted[i], 1e-4);
}

/// Rows of features of two frames: the class is whether the first feature rises.
Windows rising(std::vector<float>& features, std::vector<int64_t>& targets, unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 64; ++i) {
    for (int value = 0; value < 6; ++value)
      features.push_back(static_cast<float>(random() % 200) / 100 - 1);
    const size_t at = features.size() - 6;
    targets.push_back(features[at + 3] > features[at] ? 1 : 0);
  }
  return std::span<const float>(features);
}

Module gesture_module(uint64_t seed) {
  set_threads(1);
  const WindowShape input{.frames = 2, .height = 0, .width = 0, .features = 3};
  return *Module::make(gesture_network(input, {{"rises", 2}}), {.average = 0.8}, seed);
}

void gesture_steps(Module& module, unsigned from, unsigned to) {
  for (unsigned i = from; i < to; ++i) {
    std::vector<float> features;
    std::vector<int64_t> targets;
    const Windows windows = rising(features, targets, i);
    ASSERT_TRUE(module.step({windows, {{"rises", targets}}}, 5e-3));
  }
}

TEST(Module, LearnsFromFeatures) {
  Module module = gesture_module(1);
  gesture_steps(module, 0, 100);
  std::vector<float> features;
  std::vector<int64_t> targets;
  const auto logits = (*module.run(rising(features, targets, 999))).at("rises");
  int right = 0;
  for (size_t i = 0; i < targets.size(); ++i)
    right += (logits[2 * i + 1] > logits[2 * i]) == (targets[i] == 1) ? 1 : 0;
  EXPECT_GE(right, 56);  // chance: 32, with a standard deviation of 4
}

// The values that Dropout leaves out come from LibTorch's random state, which state() has.
TEST(Module, DropoutResumesWithEqualBits) {
  Module whole = gesture_module(1);
  gesture_steps(whole, 0, 3);
  const std::string state = *whole.state();
  gesture_steps(whole, 3, 6);
  Module second = gesture_module(77);
  gesture_steps(second, 0, 1);  // another random state than the one to restore
  ASSERT_TRUE(second.restore(state));
  gesture_steps(second, 3, 6);
  EXPECT_EQ(second.weights(), whole.weights());
}

// With a seed, the values that Dropout leaves out do not depend on the calls before.
TEST(Module, AGradientWithASeedIsTheSameAnywhere) {
  Module module = gesture_module(1);
  std::vector<float> features;
  std::vector<int64_t> targets;
  const Windows windows = rising(features, targets, 5);
  const StepInput input{windows, {{"rises", targets}}};
  const std::string before = *module.state();
  const auto first = *module.gradient(input, {{"rises", 64}}, 7);
  EXPECT_TRUE(*module.state() == before);
  EXPECT_NE(*module.gradient(input, {{"rises", 64}}), first);
  EXPECT_FALSE(*module.state() == before) << "the random state went on";
  EXPECT_NE(*module.gradient(input, {{"rises", 64}}, 8), first);
  EXPECT_EQ(*module.gradient(input, {{"rises", 64}}, 7), first);
}

TEST(Module, RefusesWindowsOfAnotherKind) {
  Module module = gesture_module(1);
  const std::vector<uint8_t> pixels(6);
  EXPECT_EQ(module.run(pixels).error().message, "0 values of windows, want a multiple of 6");
  const std::vector<float> features(5);
  EXPECT_EQ(module.run(features).error().message, "5 values of windows, want a multiple of 6");
}

const WindowShape kStreams{.frames = 4, .height = 32, .width = 32, .keypoints = 3};

/// A module of frames and keypoints, both of which have the answer.
Module streams_module(double left_out, uint64_t seed = 1) {
  set_threads(1);
  return *Module::make(people_network(kStreams, {{"side", 2}}, left_out), {.average = 0.9}, seed);
}

/// Keypoints that have the side: numbers of 0.5 to 1.5 with its sign.
std::vector<float> sides(const std::vector<int64_t>& targets, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values;
  for (const int64_t target : targets) {
    for (int i = 0; i < 4 * 3; ++i)
      values.push_back((target == 1 ? 1.0F : -1.0F) * static_cast<float>(50 + random() % 100) /
                       100);
  }
  return values;
}

void streams_step(Module& module, unsigned batch) {
  const Halves data = halves(16, batch);
  const auto keypoints = sides(data.targets, batch);
  ASSERT_TRUE(module.step({data.frames, {{"side", data.targets}}, keypoints}, 1e-3));
}

int count_right(const std::vector<float>& logits, const std::vector<int64_t>& targets) {
  int right = 0;
  for (size_t i = 0; i < targets.size(); ++i)
    right += (logits[2 * i + 1] > logits[2 * i]) == (targets[i] == 1) ? 1 : 0;
  return right;
}

// Training leaves each stream out at times, so that either is enough; without both, every window
// gets the same answer.
TEST(Module, LearnsEachStreamAndKnowsWithoutOne) {
  Module module = streams_module(0.3);
  for (unsigned i = 0; i < 80; ++i) streams_step(module, i);
  const Halves data = halves(64, 999);
  const auto keypoints = sides(data.targets, 999);
  const std::vector<uint8_t> no_frames(data.frames.size());
  const std::vector<float> no_keypoints(keypoints.size());
  const auto right = [&](const std::vector<uint8_t>& frames, const std::vector<float>& points) {
    return count_right((*module.run(frames, points)).at("side"), data.targets);
  };
  // Chance: 32, with a standard deviation of 4.
  EXPECT_GE(right(data.frames, keypoints), 60);
  EXPECT_GE(right(data.frames, no_keypoints), 52);
  EXPECT_GE(right(no_frames, keypoints), 60);
  const auto none = (*module.run(no_frames, no_keypoints)).at("side");
  for (size_t i = 2; i < none.size(); ++i) EXPECT_EQ(none[i], none[i - 2]);
}

// The windows that lack a stream come from LibTorch's random state, which state() has.
TEST(Module, LeavingStreamsOutResumesWithEqualBits) {
  Module whole = streams_module(0.3);
  for (unsigned i = 0; i < 3; ++i) streams_step(whole, i);
  const std::string state = *whole.state();
  for (unsigned i = 3; i < 6; ++i) streams_step(whole, i);
  Module second = streams_module(0.3, 77);
  streams_step(second, 0);
  ASSERT_TRUE(second.restore(state));
  for (unsigned i = 3; i < 6; ++i) streams_step(second, i);
  EXPECT_EQ(second.weights(), whole.weights());
}

TEST(Module, RefusesStreamsOfDifferentNumbersOfWindows) {
  Module module = streams_module(0);
  const Halves data = halves(2, 1);
  EXPECT_EQ(module.run(data.frames, std::vector<float>(12)).error().message,
            "1 windows of keypoints, want 2 as of frames");
  EXPECT_EQ(module.run(data.frames).error().message, "0 values of windows, want a multiple of 12");
}

// Without decay the average is the weights; with it, the average of w0 = 0 steps lags behind.
TEST(Module, TheAverageFollowsTheWeights) {
  const auto network = people_network(kSmall, {{"side", 2}});
  set_threads(1);
  Module last = *Module::make(network, {.average = 0}, 1);
  Module averaged = *Module::make(network, {.average = 0.9}, 1);
  const auto start = last.weights().at("head.side.bias").values;
  step(last, 0);
  step(averaged, 0);
  // Both made the same step; after one step the decay is 1/10, so that 9/10 of it shows.
  const auto now = last.weights().at("head.side.bias").values;
  const auto mean = averaged.weights().at("head.side.bias").values;
  for (size_t i = 0; i < now.size(); ++i) {
    EXPECT_NE(now[i], start[i]);
    EXPECT_NEAR(mean[i], 0.1F * start[i] + 0.9F * now[i], 1e-6F);
  }
}

// The loss is the mean over the labelled windows, each with the weight of its class.
TEST(Module, ClassWeightsWeighTheLoss) {
  const Halves data = halves(3, 1);
  set_threads(1);
  const auto loss_of = [&](const std::vector<int64_t>& targets, const std::vector<float>& weights) {
    Module module = *Module::make(people_network(kSmall, {{"side", 2}}),
                                  {.label_smoothing = 0, .class_weights = {{"side", weights}}}, 1);
    return *module.step({data.frames, {{"side", targets}}}, 0);
  };
  const double first = loss_of({0, -1, -1}, {1, 1});
  const double second = loss_of({-1, 0, -1}, {1, 1});
  const double third = loss_of({-1, -1, 1}, {1, 1});
  EXPECT_NEAR(loss_of({0, 0, 1}, {1, 1}), (first + second + third) / 3, 1e-6);
  EXPECT_NEAR(loss_of({0, 0, 1}, {1, 4}), (first + second + 4 * third) / 6, 1e-6);
}

TEST(Module, ALossThatIsNoNumberChangesNothing) {
  Module module = *Module::make(people_network(kSmall, {{"side", 2}}), {.average = 0}, 1);
  const Halves data = halves(8, 1);
  std::string error;
  auto before = module.weights();
  for (int i = 0; i < 100 && error.empty(); ++i) {
    before = module.weights();
    const auto loss = module.step({data.frames, {{"side", data.targets}}}, 1e5);
    if (!loss) {
      error = loss.error().message;
      EXPECT_EQ(loss.error().code, ErrorCode::kDegenerate);
    }
  }
  EXPECT_FALSE(error.empty()) << "a learning rate of 100,000 did no harm";
  for (const auto& [name, tensor] : module.weights()) {
    if (name.ends_with(".mean") || name.ends_with(".variance")) continue;
    for (size_t i = 0; i < tensor.values.size(); ++i) {
      const float was = before.at(name).values[i];
      EXPECT_TRUE(tensor.values[i] == was || std::isnan(was)) << name;
    }
  }
}

TEST(Module, UnknownTargetsTeachNothing) {
  Module module = made();
  const auto before = module.weights();
  Halves data = halves(4, 1);
  std::ranges::fill(data.targets, -1);
  EXPECT_EQ(*module.step({data.frames, {{"side", data.targets}}}, 0), 0);
  EXPECT_EQ(module.weights().at("head.side.weight"), before.at("head.side.weight"));
}

// Each of three equal micro-batches has a third of the loss and of its gradient; statistics of the
// normalisations and marks of parameters are whole.
TEST(Module, AMicroBatchHasItsShareOfTheGradient) {
  Module module = made();
  const Halves data = halves(16, 1);
  const StepInput input{data.frames, {{"side", data.targets}}};
  const auto all = *module.gradient(input, {{"side", 16}});
  const auto third = *module.gradient(input, {{"side", 48}});
  EXPECT_NEAR(third.back() * 3, all.back(), 1e-6);
  size_t shared = 0;
  double difference2 = 0, length2 = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] == third[i]) continue;
    difference2 += std::pow(double{third[i]} * 3 - all[i], 2);
    length2 += std::pow(all[i], 2);
    ++shared;
  }
  EXPECT_GT(shared, all.size() / 2);
  // Rounding, where large terms cancel each other; a whole gradient would differ by 2.
  EXPECT_LT(std::sqrt(difference2 / length2), 1e-3);
}

TEST(Module, AGradientChangesNothing) {
  Module module = made();
  step(module, 0);
  const std::string before = *module.state();
  const Halves data = halves(16, 1);
  const auto gradient = module.gradient({data.frames, {{"side", data.targets}}}, {{"side", 16}});
  ASSERT_TRUE(gradient) << gradient.error().message;
  EXPECT_EQ(gradient->size(), module.gradient_size());
  EXPECT_TRUE(*module.state() == before);
  Module other = made();
  step(other, 0);
  step(other, 1);
  ASSERT_TRUE(module.apply(*gradient, 1, 1e-3));
  EXPECT_TRUE(*module.state() == *other.state());
  EXPECT_EQ(module.apply(std::vector<float>(3), 1, 1e-3).error().code, ErrorCode::kInvalidArgument);
}

TEST(Module, RefusesOtherSizesAndStates) {
  Module module = made();
  const Halves data = halves(2, 1);
  EXPECT_FALSE(module.run(std::span(data.frames).first(100)));
  EXPECT_FALSE(module.step({data.frames, {{"side", {1}}}}, 1e-3));
  EXPECT_FALSE(module.step({data.frames, {}}, 1e-3));
  const auto before = module.weights();
  EXPECT_FALSE(module.restore("no archive"));
  Module other = *Module::make(people_network(kSmall, {{"side", 3}}), {}, 1);
  EXPECT_FALSE(module.restore(*other.state()));
  EXPECT_EQ(module.weights(), before);
}

}  // namespace
}  // namespace lido::nn
