// SPDX-License-Identifier: Apache-2.0
#include "lido/model/evaluate.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "lido/base/temporary_folder.h"

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
  std::vector<int64_t> shape = model.window_shape();
  shape.insert(shape.begin(), batch);
  auto network = LIDO_TRY(infer::Network::load(file, shape, outputs, 1));
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

template <typename T>
Result<std::map<std::string, std::vector<float>>> ModelRunner::run_windows(
    std::span<const T> windows) {
  const auto input = runner_.input();
  size_t each = 1;
  for (const int64_t side : model_.window_shape()) each *= static_cast<size_t>(side);
  if (windows.empty() || windows.size() > input.size() || windows.size() % each != 0) {
    return fail(ErrorCode::kInvalidArgument, "{} values, want windows of {}", windows.size(), each);
  }
  std::ranges::fill(input, 0.0F);
  std::ranges::copy(windows, input.begin());
  LIDO_TRY(runner_.run());
  const size_t count = windows.size() / each;
  std::map<std::string, std::vector<float>> logits;
  for (size_t i = 0; i < model_.heads.size(); ++i) {
    const auto values = runner_.output(i).first(count * model_.heads[i].classes.size());
    logits[model_.heads[i].task].assign(values.begin(), values.end());
  }
  return logits;
}

Result<std::map<std::string, std::vector<float>>> ModelRunner::run(
    std::span<const uint8_t> windows) {
  return run_windows(windows);
}
Result<std::map<std::string, std::vector<float>>> ModelRunner::run(std::span<const float> windows) {
  return run_windows(windows);
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
                                               .threads = options.threads}));
  auto runner =
      LIDO_TRY(ModelRunner::load(model, loaded.onnx, static_cast<int>(options.batch_size)));
  Evaluation result;
  std::map<std::string, HeadOutputs> outputs;
  while (const auto batch = LIDO_TRY(loader.next())) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "{}: interrupted", data);
    if (batch->shape != model.input) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: samples of {} frames of {}x{}, want {} frames of {}x{} as the model's", data,
                  batch->shape.frames, batch->shape.width, batch->shape.height, model.input.frames,
                  model.input.width, model.input.height);
    }
    const auto logits =
        LIDO_TRY(runner.run({batch->pixels.get(), batch->rows.size() * batch->shape.bytes()}));
    for (const Head& head : model.heads) {
      const auto targets = loader::targets(batch->rows, head.task, head.classes);
      HeadOutputs& all = outputs[head.task];
      all.classes = static_cast<int>(head.classes.size());
      all.logits.insert(all.logits.end(), logits.at(head.task).begin(), logits.at(head.task).end());
      all.targets.insert(all.targets.end(), targets.begin(), targets.end());
      result.unknown_labels[head.task] += count_unknown(batch->rows, head, targets);
      if (on_prediction)
        LIDO_TRY(predict(head, *batch, logits.at(head.task), targets, on_prediction, model.sha256));
    }
    result.samples += std::ssize(batch->rows);
    if (on_samples) on_samples(result.samples, loader.samples());
  }
  for (const Head& head : model.heads)
    result.figures[head.task] = figures_of(outputs[head.task], head.temperature);
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
