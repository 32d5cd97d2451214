// SPDX-License-Identifier: Apache-2.0
#include "lido/model/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace lido::model {
namespace {

constexpr size_t kBins = 15;
constexpr double kMinTemperature = 0.05, kMaxTemperature = 20;

std::span<const float> logits_of(const HeadOutputs& outputs, size_t sample) {
  const auto classes = static_cast<size_t>(outputs.classes);
  return std::span(outputs.logits).subspan(sample * classes, classes);
}

/// Mean loss of the labelled samples; NaN without any.
/// @param doubt  For each class, the share of a target that each other class gets.
double loss_of(const HeadOutputs& outputs, double temperature, std::span<const double> doubt) {
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < outputs.targets.size(); ++i) {
    if (outputs.targets[i] < 0) continue;
    const auto logits = logits_of(outputs, i);
    const double highest = static_cast<double>(std::ranges::max(logits));
    const auto target = static_cast<size_t>(outputs.targets[i]);
    double total = 0, expected = 0;
    for (size_t c = 0; c < logits.size(); ++c) {
      const double scaled = (static_cast<double>(logits[c]) - highest) / temperature;
      const double others = static_cast<double>(logits.size() - 1) * doubt[target];
      total += std::exp(scaled);
      expected += (c == target ? 1 - others : doubt[target]) * scaled;
    }
    sum += std::log(total) - expected;
    ++count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

/// Share of a target that each other class gets, by class: a class seen N times may still be
/// another with a probability of 1 / (N + classes). Without, a faultless split would ask for
/// certainty. Source: Platt, Probabilistic outputs for support vector machines, 1999, sec. 2.2.
std::vector<double> doubts(const HeadOutputs& outputs) {
  const auto classes = static_cast<size_t>(outputs.classes);
  std::vector<double> counts(classes);
  for (const int64_t target : outputs.targets) {
    if (target >= 0) ++counts[static_cast<size_t>(target)];
  }
  for (double& count : counts) count = 1 / (count + static_cast<double>(classes));
  return counts;
}

/// Confidence and correctness, bin by bin.
class Calibration {
 public:
  void add(double confidence, bool correct) {
    const size_t bin = std::min(static_cast<size_t>(confidence * kBins), kBins - 1);
    confidence_[bin] += confidence;
    correct_[bin] += correct ? 1 : 0;
    ++count_;
  }
  double error() const {
    double sum = 0;
    for (size_t bin = 0; bin < kBins; ++bin) sum += std::abs(confidence_[bin] - correct_[bin]);
    return sum / static_cast<double>(count_);
  }

 private:
  std::array<double, kBins> confidence_{}, correct_{};
  int64_t count_ = 0;
};

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double f1_of(double precision, double recall) {
  return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
}

/// Figures by class, their mean, and the baseline, from the confusion.
void summarise(HeadFigures& figures, size_t classes) {
  figures.by_class.resize(classes);
  int64_t known = 0, correct = 0, most = 0;
  for (size_t c = 0; c < classes; ++c) {
    ClassFigures& one = figures.by_class[c];
    for (size_t other = 0; other < classes; ++other) {
      one.samples += figures.confusion[c * classes + other];
      one.chosen += figures.confusion[other * classes + c];
    }
    const int64_t hits = figures.confusion[c * classes + c];
    one.precision = ratio(hits, one.chosen);
    one.recall = ratio(hits, one.samples);
    one.f1 = f1_of(one.precision, one.recall);
    correct += hits;
    known += one.samples > 0 ? 1 : 0;
    most = std::max(most, one.samples);
    if (one.samples > 0) figures.macro_f1 += one.f1;
  }
  figures.accuracy = ratio(correct, figures.samples);
  figures.macro_f1 /= static_cast<double>(known);
  figures.majority_accuracy = ratio(most, figures.samples);
  figures.majority_macro_f1 = f1_of(figures.majority_accuracy, 1) / static_cast<double>(known);
}

}  // namespace

std::vector<double> probabilities(std::span<const float> logits, double temperature) {
  const double highest = static_cast<double>(std::ranges::max(logits));
  std::vector<double> values;
  for (const float logit : logits)
    values.push_back(std::exp((static_cast<double>(logit) - highest) / temperature));
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= total;
  return values;
}

HeadFigures figures_of(const HeadOutputs& outputs, double temperature) {
  const auto classes = static_cast<size_t>(outputs.classes);
  HeadFigures figures;
  figures.confusion.resize(classes * classes);
  Calibration calibration;
  for (size_t i = 0; i < outputs.targets.size(); ++i) {
    if (outputs.targets[i] < 0) continue;
    const auto values = probabilities(logits_of(outputs, i), temperature);
    const auto chosen = static_cast<size_t>(std::ranges::max_element(values) - values.begin());
    const auto target = static_cast<size_t>(outputs.targets[i]);
    ++figures.samples;
    ++figures.confusion[target * classes + chosen];
    calibration.add(values[chosen], chosen == target);
  }
  figures.loss = loss_of(outputs, temperature, std::vector<double>(classes));
  if (figures.samples == 0) {
    figures.by_class.resize(classes);
    figures.accuracy = figures.macro_f1 = figures.calibration_error = figures.loss;
    figures.majority_accuracy = figures.majority_macro_f1 = figures.loss;
    return figures;
  }
  figures.calibration_error = calibration.error();
  summarise(figures, classes);
  return figures;
}

double fit_temperature(const HeadOutputs& outputs) {
  if (std::ranges::all_of(outputs.targets, [](int64_t target) { return target < 0; })) return 1;
  const std::vector<double> doubt = doubts(outputs);
  // The loss is convex in 1/temperature: golden sections of its range.
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double low = 1 / kMaxTemperature, high = 1 / kMinTemperature;
  for (int i = 0; i < 60; ++i) {
    const double left = high - golden * (high - low), right = low + golden * (high - low);
    if (loss_of(outputs, 1 / left, doubt) <= loss_of(outputs, 1 / right, doubt))
      high = right;
    else
      low = left;
  }
  return 2 / (low + high);
}

}  // namespace lido::model
