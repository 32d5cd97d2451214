// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/model_tables.h"
#include "lido/infer/network.h"
#include "lido/loader/loader.h"
#include "lido/model/bundle.h"
#include "lido/model/gesture_set.h"

namespace lido::model {

/// An exported network, ready to run with OpenVINO. Not thread-safe.
class ModelRunner {
 public:
  /// @param batch  Windows in one run.
  /// @return kCorrupt for a graph that OpenVINO refuses or that lacks a head.
  static Result<ModelRunner> load(const Model& model, std::string_view onnx, int batch);

  /// Windows of a model of people. One of both may be empty: that stream is missing.
  struct People {
    std::span<const uint8_t> pixels;
    std::span<const float> keypoints;  ///< From keypoint_features().
  };

  /// Computes the logits of each task: windows x classes.
  /// @param windows  Whole windows, any number of them up to the batch.
  /// @return kInvalidArgument for another number of values.
  Result<std::map<std::string, std::vector<float>>> run(const People& windows);
  /// Runs a model of gestures. @param features  Features of whole windows.
  Result<std::map<std::string, std::vector<float>>> run(std::span<const float> features);

 private:
  template <typename T>
  Result<size_t> fill(size_t index, std::span<const T> values);
  Result<std::map<std::string, std::vector<float>>> logits(size_t windows);
  ModelRunner(Model model, infer::Network network, infer::Runner runner)
      : model_(std::move(model)), network_(std::move(network)), runner_(std::move(runner)) {}

  Model model_;
  infer::Network network_;
  infer::Runner runner_;
};

struct EvaluateOptions {
  std::string split = "test";
  int64_t batch_size = 16;
  int64_t threads = 0;
  bool each_stream = false;  ///< Also measure each of two streams alone. No flag.
  /// Sets the keypoints of a sample, those of the model, for a dataset without keypoints; may be
  /// empty. No flag.
  std::function<void(dataset::SampleRow&)> set_keypoints;
  static void fields(auto& self, auto&& visit) {
    visit("split", self.split, OneOf{{"train", "val", "test"}}, "Split of the samples");
    visit("batch_size", self.batch_size, Within{1, 4096}, "Samples that are run together");
    visit("threads", self.threads, Within{0, 1024}, "Threads that decode; 0: one for each core");
  }
};

/// Results of a model on a split.
struct Evaluation {
  int64_t samples = 0;
  nlohmann::ordered_json data;  ///< Dataset: uri, generation, split; of a table of points: uri.
  std::map<std::string, HeadFigures> figures;     ///< By task.
  std::map<std::string, int64_t> unknown_labels;  ///< Labelled samples with no class of the model.
  /// With each_stream and a model of two: macro-F1 of each task, by the streams used.
  nlohmann::ordered_json streams;
  std::string missing;  ///< Stream of the model that the data lack; empty for none.
};

/// Runs a model on a split of a dataset and compares with the labels.
/// @param on_prediction  Receives a row for each sample and task, in the order of shards; may be
///                       empty.
/// @param on_samples     Receives the number of samples so far and of all; may be empty.
/// @return kInvalidArgument for samples of another size than the model's, for data without any of
///         its labels, with other keypoints, or without the only stream of the model; kCancelled;
///         errors of the loader and of ModelRunner.
Result<Evaluation> evaluate(
    const LoadedModel& loaded, const std::string& data, const EvaluateOptions& options,
    const std::function<Result<void>(dataset::PredictionRow)>& on_prediction,
    const std::function<void(int64_t, int64_t)>& on_samples, const std::stop_token& stop);

/// Runs a model of gestures on a set and compares with its labels.
/// @param on_prediction  As in evaluate().
/// @return kInvalidArgument for a model of something else, or of gestures of another kind;
///         kCancelled; errors of ModelRunner.
Result<Evaluation> evaluate_gestures(
    const LoadedModel& loaded, const GestureSet& set,
    const std::function<Result<void>(dataset::PredictionRow)>& on_prediction,
    const std::function<void(int64_t, int64_t)>& on_samples, const std::stop_token& stop);

/// Returns the macro-F1 of a head's outputs as JSON: null without a labelled sample. Pure.
nlohmann::ordered_json macro_f1_of(const HeadOutputs& outputs);

/// Returns the keypoint features of a batch's samples, one after another. Pure.
/// @param seed  Seed of the batch's augmentation; empty for frames as stored.
std::vector<float> keypoint_features(const loader::Batch& batch, size_t keypoints,
                                     const std::optional<uint64_t>& seed = {});

/// Returns a row without a place: the probabilities of a head, and the most probable class. Pure.
/// @param logits  One window's.
dataset::PredictionRow prediction_row(const Head& head, std::span<const float> logits);

}  // namespace lido::model
