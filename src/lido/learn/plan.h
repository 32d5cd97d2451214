// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/learn/classes.h"
#include "lido/loader/loader.h"
#include "lido/model/config.h"
#include "lido/model/gesture_set.h"
#include "lido/model/keypoint_features.h"
#include "lido/nn/network.h"

namespace lido::learn {

/// A training run before its first step.
struct Plan {
  model::TrainConfig config;  ///< Threads are a number above 0; streams of people are not auto.
  int generation = 0;         ///< Number of the dataset's generation; 0 for a table of points.
  std::string fps;            ///< Frames a second of the samples; empty when unknown.
  std::vector<TaskClasses> tasks;
  loader::Shape shape;      ///< Size of the samples; all 0 for gestures.
  bool sees_frames = true;  ///< False for a network of keypoints alone.
  /// Keypoints that the network sees; empty without that stream.
  std::optional<model::KeypointInput> keypoints;
  /// With network gesture; otherwise null.
  std::shared_ptr<const model::GestureSet> gestures;
  model::GestureSplit split;  ///< Samples of `gestures` by split.
  nn::Network network;
  std::string signature;  ///< Checksum of layers, sizes and classes.
  int64_t train_samples = 0, val_samples = 0;
  int64_t steps_in_epoch = 0;
  int64_t parameters = 0;  ///< Numbers that are learnt.
  int64_t operations = 0;  ///< Floating-point operations for one window.

  int64_t steps() const { return steps_in_epoch * config.options.epochs; }
};

/// Options of the loader for a split of a run; those of the split train are for one micro-batch.
loader::LoaderOptions loader_options(const model::TrainOptions& options, const std::string& split);

/// Reads the dataset's tables and some samples, and plans a run.
/// @param generation  Number of the generation; 0 for the latest.
/// @return kInvalidArgument for bad options; errors of choose_classes() and of the loader.
Result<Plan> plan_run(const model::TrainConfig& config, int generation);

/// Returns a plan as JSON: data, tasks with samples by class, sizes. Pure.
nlohmann::ordered_json to_json(const Plan& plan);

}  // namespace lido::learn
