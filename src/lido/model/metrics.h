// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lido::model {

/// Results of one head on some samples, sample after sample.
struct HeadOutputs {
  int classes = 0;
  std::vector<float> logits;     ///< samples x classes.
  std::vector<int64_t> targets;  ///< Class of each sample; -1 for a sample without a label.
};

/// Figures of one class.
struct ClassFigures {
  int64_t samples = 0;   ///< Labelled samples of the class.
  int64_t chosen = 0;    ///< Labelled samples for which the head chose the class.
  double precision = 0;  ///< 0 for a class that was never chosen.
  double recall = 0;     ///< 0 for a class without samples.
  double f1 = 0;         ///< 0 for a class without a correct choice.
};

/// Figures of one head on the labelled samples.
struct HeadFigures {
  int64_t samples = 0;  ///< Labelled samples.
  double accuracy = 0;  ///< NaN without samples, as the four below.
  double macro_f1 = 0;  ///< Mean of F1 over the classes that have samples.
  double loss = 0;      ///< Mean negative logarithm of the target's probability.
  /// Expected calibration error over 15 bins of equal width. Source: Guo et al., ICML 2017.
  double calibration_error = 0;
  double majority_accuracy = 0;  ///< Accuracy of always choosing the most frequent class.
  double majority_macro_f1 = 0;
  std::vector<ClassFigures> by_class;
  std::vector<int64_t> confusion;  ///< classes x classes; a row for each target.
};

/// Returns the probabilities of a head: softmax of logits / temperature. Pure.
std::vector<double> probabilities(std::span<const float> logits, double temperature);

/// Computes the figures of a head. Pure.
/// @param temperature  Above 0.
HeadFigures figures_of(const HeadOutputs& outputs, double temperature);

/// Finds the temperature, 0.05 to 20, that gives the least loss. 1 without labelled samples.
/// Targets leave some doubt, more for rare classes, so that a faultless split asks for no
/// certainty. Pure. Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
double fit_temperature(const HeadOutputs& outputs);

}  // namespace lido::model
