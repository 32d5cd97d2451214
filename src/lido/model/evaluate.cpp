// SPDX-License-Identifier: Apache-2.0
#include "lido/model/evaluate.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "lido/base/temporary_folder.h"
#include "lido/loader/decode.h"
#include "lido/model/options.h"

namespace lido::model {
namespace {

/// Writes a graph as a file, which OpenVINO reads it from. @return The file.
Result<std::string> write_graph(const TemporaryFolder& folder, std::string_view onnx) {
  std::string file = folder.path() / kGraphFile;
  std::ofstream out(file, std::ios::binary);
  out << onnx;
  if (out.flush()) return file;
  return fail(ErrorCode::kUnavailable, "{}: cannot be written; is the disk full?", file);
}

/// Labelled samples of a task whose label is none of the model's classes.
int64_t count_unknown(const std::vector<dataset::SampleRow>& rows, const Head& head,
                      const std::vector<int64_t>& targets) {
  int64_t count = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool labelled = std::ranges::any_of(
        rows[i].labels, [&](const auto& label) { return label.task == head.task; });
    count += labelled && targets[i] < 0 ? 1 : 0;
  }
  return count;
}

Result<void> predict(const Head& head, const loader::Batch& batch, std::span<const float> logits,
                     const std::vector<int64_t>& targets,
                     const std::function<Result<void>(dataset::PredictionRow)>& on_prediction,
                     const std::string& model) {
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    auto row = prediction_row(head, logits.subspan(i * head.classes.size(), head.classes.size()));
    row.sample = batch.rows[i].sample;
    row.clip = batch.rows[i].clip;
    row.start_s = batch.rows[i].start_s;
    row.end_s = batch.rows[i].end_s;
    row.track = batch.rows[i].track;
    row.label = targets[i] < 0 ? "" : head.classes[static_cast<size_t>(targets[i])];
    row.model = model;
    LIDO_TRY(on_prediction(std::move(row)));
  }
  return {};
}

/// Samples of gestures that are run together.
constexpr int kGestureBatch = 64;

/// Checks that a set is of what the model knows.
Result<void> check_gestures(const Model& model, const GestureSet& set) {
  if (!model.gesture) {
    return fail(ErrorCode::kInvalidArgument, "{}: the model is of {}, want one of gestures",
                set.uri, model.network);
  }
  if (*model.gesture != set.input) {
    const auto text = [](const GestureInput& input) {
      return input.motion ? fmt::format("{} positions of a point", input.frames)
                          : std::string("landmarks of a hand");
    };
    return fail(ErrorCode::kInvalidArgument, "{}: its rows are {}, want {} as the model's", set.uri,
                text(set.input), text(*model.gesture));
  }
  if (model.heads.size() != 1 || model.heads[0].classes != set.classes) {
    return fail(ErrorCode::kInvalidArgument, "{}: its classes are not those of the model", set.uri);
  }
  return {};
}

}  // namespace

Result<ModelRunner> ModelRunner::load(const Model& model, std::string_view onnx, int batch) {
  const auto folder = LIDO_TRY(TemporaryFolder::make("graph-"));
  const std::string file = LIDO_TRY(write_graph(folder, onnx));
  std::vector<std::string> outputs;
  for (const Head& head : model.heads) outputs.push_back(head.task);
  auto inputs = model.inputs();
  for (infer::Port& input : inputs) input.shape.insert(input.shape.begin(), batch);
  auto network = LIDO_TRY(infer::Network::load_named(file, inputs, outputs, 1));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int64_t wanted = batch * std::ssize(model.heads[i].classes);
    if (network.outputs()[i].size() != wanted) {
      return fail(ErrorCode::kCorrupt, "{}: output {} has {} values, want {}", kGraphFile,
                  outputs[i], network.outputs()[i].size(), wanted);
    }
  }
  auto runner = LIDO_TRY(network.make_runner());
  return ModelRunner(model, std::move(network), std::move(runner));
}

/// Fills an input, and the windows that are left with 0. @return Number of windows; 0 for none.
template <typename T>
Result<size_t> ModelRunner::fill(size_t index, std::span<const T> values) {
  const auto input = runner_.input(index);
  const auto each = static_cast<size_t>(model_.inputs()[index].size());
  if (values.size() > input.size() || values.size() % each != 0) {
    return fail(ErrorCode::kInvalidArgument, "{} values, want windows of {}", values.size(), each);
  }
  std::ranges::fill(input, 0.0F);
  std::ranges::copy(values, input.begin());
  return values.size() / each;
}

Result<std::map<std::string, std::vector<float>>> ModelRunner::logits(size_t windows) {
  LIDO_TRY(runner_.run());
  std::map<std::string, std::vector<float>> logits;
  for (size_t i = 0; i < model_.heads.size(); ++i) {
    const auto values = runner_.output(i).first(windows * model_.heads[i].classes.size());
    logits[model_.heads[i].task].assign(values.begin(), values.end());
  }
  return logits;
}

Result<std::map<std::string, std::vector<float>>> ModelRunner::run(const People& windows) {
  size_t frames = 0, keypoints = 0, index = 0;
  if (model_.sees_frames) frames = LIDO_TRY(fill(index++, windows.pixels));
  if (model_.keypoints) keypoints = LIDO_TRY(fill(index++, windows.keypoints));
  const bool differ = frames > 0 && keypoints > 0 && frames != keypoints;
  if (differ || std::max(frames, keypoints) == 0) {
    return fail(ErrorCode::kInvalidArgument, "{} windows of frames and {} of keypoints", frames,
                keypoints);
  }
  return logits(std::max(frames, keypoints));
}

Result<std::map<std::string, std::vector<float>>> ModelRunner::run(
    std::span<const float> features) {
  const size_t windows = LIDO_TRY(fill(0, features));
  if (windows == 0) return fail(ErrorCode::kInvalidArgument, "no windows");
  return logits(windows);
}

std::vector<float> keypoint_features(const loader::Batch& batch, size_t keypoints,
                                     const std::optional<uint64_t>& seed) {
  std::vector<float> all;
  for (const dataset::SampleRow& row : batch.rows) {
    FrameMap map = {1, 0, 0, 0, 1, 0};
    if (seed) map = loader::augmentation_of(row, batch.shape, {*seed, batch.epoch}).map;
    std::ranges::copy(keypoint_features(row, batch.shape, keypoints, map), std::back_inserter(all));
  }
  return all;
}

dataset::PredictionRow prediction_row(const Head& head, std::span<const float> logits) {
  dataset::PredictionRow row;
  row.task = head.task;
  row.classes = head.classes;
  row.probabilities = probabilities(logits, head.temperature);
  const auto best = std::ranges::max_element(row.probabilities) - row.probabilities.begin();
  row.predicted = head.classes[static_cast<size_t>(best)];
  return row;
}

namespace {

/// Decides whether a dataset has the keypoints of a model.
Result<bool> has_keypoints(const Model& model, const loader::Loader& loader,
                           const std::string& data) {
  if (!model.keypoints) return false;
  if (loader.keypoints() == model.keypoints->names) return true;
  if (loader.keypoints().empty() && model.sees_frames) return false;
  return fail(
      ErrorCode::kInvalidArgument,
      "{}: its keypoints are {}, want {} as the model's, from lido ingest --poses", data,
      loader.keypoints().empty() ? "none" : fmt::format("{}", fmt::join(loader.keypoints(), ",")),
      fmt::join(model.keypoints->names, ","));
}

/// Appends the outputs of a batch to those of a split.
void append(HeadOutputs& all, const Head& head, const std::vector<float>& logits,
            const std::vector<int64_t>& targets) {
  all.classes = static_cast<int>(head.classes.size());
  all.logits.insert(all.logits.end(), logits.begin(), logits.end());
  all.targets.insert(all.targets.end(), targets.begin(), targets.end());
}

/// Runs a model of people on one split.
class PeopleEvaluation {
 public:
  using OnPrediction = std::function<Result<void>(dataset::PredictionRow)>;
  /// @param model  Must outlive the evaluation.
  PeopleEvaluation(const Model& model, ModelRunner runner, bool has_keypoints, bool each_stream)
      : model_(model),
        runner_(std::move(runner)),
        has_keypoints_(has_keypoints),
        each_stream_(each_stream && has_keypoints && model.sees_frames) {}

  Result<void> add(const loader::Batch& batch, const OnPrediction& on_prediction) {
    ModelRunner::People windows;
    if (model_.sees_frames)
      windows.pixels = {batch.pixels.get(), batch.rows.size() * batch.shape.bytes()};
    std::vector<float> keypoints;
    if (has_keypoints_) keypoints = keypoint_features(batch, model_.keypoints->names.size());
    windows.keypoints = keypoints;
    const auto logits = LIDO_TRY(runner_.run(windows));
    for (const Head& head : model_.heads) {
      const auto targets = loader::targets(batch.rows, head.task, head.classes);
      append(outputs_[head.task], head, logits.at(head.task), targets);
      result_.unknown_labels[head.task] += count_unknown(batch.rows, head, targets);
      if (on_prediction)
        LIDO_TRY(predict(head, batch, logits.at(head.task), targets, on_prediction, model_.sha256));
    }
    if (each_stream_) {
      LIDO_TRY(add_alone(batch, kFramesStream, {windows.pixels, {}}));
      LIDO_TRY(add_alone(batch, kKeypointsStream, {{}, windows.keypoints}));
    }
    result_.samples += std::ssize(batch.rows);
    return {};
  }
  int64_t samples() const { return result_.samples; }

  Evaluation finish() {
    for (const Head& head : model_.heads) {
      result_.figures[head.task] = figures_of(outputs_[head.task], head.temperature);
      if (!each_stream_) continue;
      for (const auto& [stream, outputs] : alone_)
        result_.streams[stream][head.task] = macro_f1_of(outputs.at(head.task));
      result_.streams[kBothStreams][head.task] = macro_f1_of(outputs_.at(head.task));
    }
    if (model_.keypoints && !has_keypoints_) result_.missing = kKeypointsStream;
    return std::move(result_);
  }

 private:
  Result<void> add_alone(const loader::Batch& batch, const std::string& stream,
                         const ModelRunner::People& windows) {
    const auto logits = LIDO_TRY(runner_.run(windows));
    for (const Head& head : model_.heads) {
      append(alone_[stream][head.task], head, logits.at(head.task),
             loader::targets(batch.rows, head.task, head.classes));
    }
    return {};
  }

  const Model& model_;
  ModelRunner runner_;
  bool has_keypoints_, each_stream_;
  std::map<std::string, HeadOutputs> outputs_;
  std::map<std::string, std::map<std::string, HeadOutputs>> alone_;  // by stream
  Evaluation result_;
};

}  // namespace

nlohmann::ordered_json macro_f1_of(const HeadOutputs& outputs) {
  const double value = figures_of(outputs, 1).macro_f1;
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

Result<Evaluation> evaluate(
    const LoadedModel& loaded, const std::string& data, const EvaluateOptions& options,
    const std::function<Result<void>(dataset::PredictionRow)>& on_prediction,
    const std::function<void(int64_t, int64_t)>& on_samples, const std::stop_token& stop) {
  LIDO_TRY(validate(options));
  const Model& model = loaded.model;
  if (model.gesture) {
    return fail(ErrorCode::kInvalidArgument, "{}: the model is of gestures, want people", data);
  }
  auto loader = LIDO_TRY(loader::Loader::open(data, 0,
                                              {.split = options.split,
                                               .samples = model.samples,
                                               .batch_size = options.batch_size,
                                               .shuffle = false,
                                               .augment = false,
                                               .threads = options.threads,
                                               .pixels = model.sees_frames}));
  const bool given = model.keypoints && options.set_keypoints;
  const bool keypoints = given || LIDO_TRY(has_keypoints(model, loader, data));
  PeopleEvaluation evaluation(
      model, LIDO_TRY(ModelRunner::load(model, loaded.onnx, static_cast<int>(options.batch_size))),
      keypoints, options.each_stream);
  while (auto batch = LIDO_TRY(loader.next())) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "{}: interrupted", data);
    if (given) std::ranges::for_each(batch->rows, options.set_keypoints);
    if (batch->shape != model.input) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: samples of {} frames of {}x{}, want {} frames of {}x{} as the model's", data,
                  batch->shape.frames, batch->shape.width, batch->shape.height, model.input.frames,
                  model.input.width, model.input.height);
    }
    LIDO_TRY(evaluation.add(*batch, on_prediction));
    if (on_samples) on_samples(evaluation.samples(), loader.samples());
  }
  Evaluation result = evaluation.finish();
  result.data = {{"uri", storage::absolute(data)},
                 {"generation", loader.generation()},
                 {"split", options.split}};
  return result;
}

Result<Evaluation> evaluate_gestures(
    const LoadedModel& loaded, const GestureSet& set,
    const std::function<Result<void>(dataset::PredictionRow)>& on_prediction,
    const std::function<void(int64_t, int64_t)>& on_samples, const std::stop_token& stop) {
  const Model& model = loaded.model;
  LIDO_TRY(check_gestures(model, set));
  const Head& head = model.heads[0];
  auto runner = LIDO_TRY(ModelRunner::load(model, loaded.onnx, kGestureBatch));
  Evaluation result;
  HeadOutputs all{.classes = static_cast<int>(head.classes.size()), .logits = {}, .targets = {}};
  for (size_t first = 0; first < set.samples.size(); first += kGestureBatch) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "{}: interrupted", set.uri);
    const auto samples =
        std::span(set.samples)
            .subspan(first, std::min<size_t>(kGestureBatch, set.samples.size() - first));
    std::vector<float> features;
    for (const GestureSample& sample : samples)
      std::ranges::copy(gesture_features(set.input, sample.points), std::back_inserter(features));
    const auto logits = LIDO_TRY(runner.run(std::span<const float>(features))).at(head.task);
    for (size_t i = 0; i < samples.size(); ++i) {
      all.targets.push_back(samples[i].label);
      if (!on_prediction) continue;
      auto row = prediction_row(
          head, std::span(logits).subspan(i * head.classes.size(), head.classes.size()));
      row.sample = samples[i].name;
      row.clip = set.uri;
      row.label = head.classes[static_cast<size_t>(samples[i].label)];
      row.model = model.sha256;
      LIDO_TRY(on_prediction(std::move(row)));
    }
    all.logits.insert(all.logits.end(), logits.begin(), logits.end());
    result.samples += std::ssize(samples);
    if (on_samples) on_samples(result.samples, std::ssize(set.samples));
  }
  result.figures[head.task] = figures_of(all, head.temperature);
  result.unknown_labels[head.task] = 0;
  result.data = {{"uri", set.uri}};
  return result;
}

}  // namespace lido::model
