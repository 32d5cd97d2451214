// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/model_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/model/evaluate.h"

namespace lido::model {

struct HandSignalOptions {
  double fps = 0;              ///< Sampling times a second of the poses; above 0.
  int width = 0, height = 0;   ///< Size of the upright frames, pixels.
  double min_probability = 0;  ///< A signal is unknown below this.
  int stride = 0;              ///< Ticks between two motions; 0: half a motion.
};

/// Returns the mean probabilities of the classes over some samples, one or more, each of them the
/// points of a gesture.
using Classify =
    std::function<Result<std::vector<double>>(std::span<const std::vector<float>> samples)>;

/// Returns a function that runs a model of gestures.
/// @param runner  Loaded from `model`; both must outlive the result.
Classify classify_with(ModelRunner& runner, const Model& model);
/// Samples that the runner of classify_with() is loaded for.
inline constexpr int kClassifyBatch = 64;

/// Returns what a model of gestures makes of the hands of one clip: a row for each hand of each
/// person and stretch of time, by track, hand and time. A stretch is a second for hands in one
/// frame, whose probabilities are averaged, and the frames of a motion of the tip of the index
/// finger.
///
/// A row's `sample` names track, hand and first tick. Where the hand was seen in too few of the
/// frames (half of a second, three quarters of a motion), since it is small or hidden,
/// `probabilities` and `predicted` are empty; where no class is probable enough, `predicted` is.
/// @param poses  Rows of one clip, by track and k. Not all 0 for width and height.
/// @return kInvalidArgument for a model of something else and for hands of other than 21
///         landmarks; errors of `classify`.
Result<std::vector<dataset::PredictionRow>> predict_hand_signals(
    const Model& model, const Classify& classify, std::span<const dataset::PoseRow> poses,
    const HandSignalOptions& options);

}  // namespace lido::model
