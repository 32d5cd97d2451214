// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::learn {

/// A task to learn, with its labelled samples.
struct TaskClasses {
  std::string task;
  std::vector<std::string> classes;  ///< Sorted, two or more.
  std::vector<int64_t> train;        ///< Samples of the split train, by class; 1 or more each.
  std::vector<int64_t> val;          ///< Samples of the split val, by class.
};

/// Chooses tasks and classes, and counts their samples in one pass over the manifest. A sample
/// counts for one class of a task, as in loader::targets().
/// @param wanted   Text of parse_vocabulary(); empty: each label that a sample of the split train
///                 has, of each task with two or more.
/// @param samples  Kind of the samples: person, frame or all.
/// @return By task. kInvalidArgument for a wanted class without a sample in train, and for fewer
///         than two classes of a task; kDegenerate when no task is left, or none has a label in
///         val.
Result<std::vector<TaskClasses>> choose_classes(const dataset::Dataset& dataset, int generation,
                                                std::string_view wanted, std::string_view samples);

/// Weights of classes in the loss: (1 / samples)^balance, with a mean of 1 over all samples. Pure.
/// @param samples  By class, 1 or more each.
std::vector<float> class_weights(const std::vector<int64_t>& samples, double balance);

}  // namespace lido::learn
