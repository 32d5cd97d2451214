// SPDX-License-Identifier: Apache-2.0
#include "lido/model/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lido::model {
namespace {

/// Logits whose softmax is the given rows.
HeadOutputs outputs_of(const std::vector<std::vector<double>>& rows,
                       const std::vector<int64_t>& targets) {
  HeadOutputs outputs{
      .classes = static_cast<int>(rows[0].size()), .logits = {}, .targets = targets};
  for (const auto& row : rows) {
    for (const double value : row) outputs.logits.push_back(static_cast<float>(std::log(value)));
  }
  return outputs;
}

TEST(Metrics, ProbabilitiesAreASoftmax) {
  const std::vector<float> logits = {0, std::log(3.0F)};
  EXPECT_NEAR(probabilities(logits, 1)[1], 0.75, 1e-6);
  EXPECT_NEAR(probabilities(logits, 2)[1], std::sqrt(3) / (1 + std::sqrt(3)), 1e-6);
  const std::vector<float> large = {1000, 0};
  EXPECT_EQ(probabilities(large, 1)[0], 1);
}

// Three classes: a a a b b, and one sample without a label. Chosen: a a b b a.
// Precision of a 2/3, recall 2/3; of b 1/2 and 1/2; c has no samples and is left out of the mean.
TEST(Metrics, FiguresFollowTheirDefinitions) {
  const auto figures = figures_of(
      outputs_of(
          {{.6, .3, .1}, {.6, .3, .1}, {.3, .6, .1}, {.3, .6, .1}, {.6, .3, .1}, {.1, .1, .8}},
          {0, 0, 0, 1, 1, -1}),
      1);
  EXPECT_EQ(figures.samples, 5);
  EXPECT_DOUBLE_EQ(figures.accuracy, 0.6);
  EXPECT_NEAR(figures.macro_f1, (2.0 / 3 + 0.5) / 2, 1e-12);
  EXPECT_NEAR(figures.loss, -(3 * std::log(.6) + 2 * std::log(.3)) / 5, 1e-6);
  // All choices have a confidence of 0.6, and 3 of 5 are correct.
  EXPECT_NEAR(figures.calibration_error, 0, 1e-6);
  EXPECT_EQ(figures.confusion, (std::vector<int64_t>{2, 1, 0, 1, 1, 0, 0, 0, 0}));
  // Always a: accuracy 3/5; F1 of a is 2 * 0.6 / 1.6, that of b is 0.
  EXPECT_DOUBLE_EQ(figures.majority_accuracy, 0.6);
  EXPECT_NEAR(figures.majority_macro_f1, 0.375, 1e-12);
  EXPECT_EQ(figures.by_class[2].samples, 0);
}

TEST(Metrics, OverconfidenceIsACalibrationError) {
  // Each choice has a probability of 0.95, and half of them are wrong.
  std::vector<std::vector<double>> rows(10, {.95, .05});
  std::vector<int64_t> targets = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
  EXPECT_NEAR(figures_of(outputs_of(rows, targets), 1).calibration_error, 0.45, 1e-6);
}

TEST(Metrics, NoLabelsGiveNoFigures) {
  const auto outputs = outputs_of({{.5, .5}}, {-1});
  EXPECT_TRUE(std::isnan(figures_of(outputs, 1).macro_f1));
  EXPECT_EQ(fit_temperature(outputs), 1);
}

// Targets drawn from softmax(z), logits 3 z: the least loss has a temperature near 3.
TEST(Metrics, FindsTheTemperatureOfDrawnTargets) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<double> uniform;
  HeadOutputs outputs{.classes = 3, .logits = {}, .targets = {}};
  for (int i = 0; i < 20000; ++i) {
    const std::vector<float> z = {normal(random), normal(random), normal(random)};
    const auto truth = probabilities(z, 1);
    const double drawn = uniform(random);
    outputs.targets.push_back(drawn < truth[0] ? 0 : drawn < truth[0] + truth[1] ? 1 : 2);
    for (const float value : z) outputs.logits.push_back(3 * value);
  }
  EXPECT_NEAR(fit_temperature(outputs), 3, 0.15);  // four standard deviations
}

// Logits of 1 and 0, all correct, 8 of each class: by the rule of succession the confidence is
// (8 + 1) / (8 + 2), and the softmax of 1 / T has it at T = 1 / log(9).
TEST(Metrics, AFaultlessSplitIsNoCertainty) {
  HeadOutputs outputs{.classes = 2, .logits = {}, .targets = {}};
  for (int i = 0; i < 16; ++i) {
    outputs.targets.push_back(i % 2);
    outputs.logits.push_back(i % 2 == 0 ? 1 : 0);
    outputs.logits.push_back(i % 2 == 0 ? 0 : 1);
  }
  EXPECT_NEAR(fit_temperature(outputs), 1 / std::log(9), 1e-6);
}

}  // namespace
}  // namespace lido::model
