// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/model/gesture_set.h"

namespace lido::model {

/// Hands of a dataset's people who give signals.
struct DatasetGestures {
  std::string task;
  GestureSet set;                                    ///< Hands in one frame.
  std::map<std::string, std::vector<size_t>> split;  ///< Samples by split, as indices.
};

/// Reads the hands of people whose sample has a label of a task for its whole time: a sample for
/// each person and frame, of the hand that is seen, of two the one whose wrist is higher.
/// @param task     Empty: signal.
/// @param classes  Empty: each label of the task, in order.
/// @return kInvalidArgument for a table of other hands than MediaPipe's; kDegenerate for a dataset
///         without hands, and without such labels; errors of the dataset.
Result<DatasetGestures> read_dataset_gestures(const dataset::Dataset& dataset, int generation,
                                              std::string_view task,
                                              const std::vector<std::string>& classes);

/// Task of gestures where nothing else names one.
inline constexpr const char* kSignalTask = "signal";

}  // namespace lido::model
