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
  const std::string file = folder.path() / kGraphFile;
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
    const auto values = probabilities(logits.subspan(i * head.classes.size(), head.classes.size()),
                                      head.temperature);
    const auto chosen = static_cast<size_t>(std::ranges::max_element(values) - values.begin());
    const auto target = static_cast<size_t>(targets[i]);
    LIDO_TRY(on_prediction({.sample = batch.rows[i].sample,
                            .clip = batch.rows[i].clip,
                            .start_s = batch.rows[i].start_s,
                            .end_s = batch.rows[i].end_s,
                            .track = batch.rows[i].track,
                            .task = head.task,
                            .predicted = head.classes[chosen],
                            .label = targets[i] < 0 ? "" : head.classes[target],
                            .classes = head.classes,
                            .probabilities = values,
                            .model = model}));
  }
  return {};
}

}  // namespace

Result<ModelRunner> ModelRunner::load(const Model& model, std::string_view onnx, int batch) {
  const auto folder = LIDO_TRY(TemporaryFolder::make("graph-"));
  const std::string file = LIDO_TRY(write_graph(folder, onnx));
  std::vector<std::string> outputs;
  for (const Head& head : model.heads) outputs.push_back(head.task);
  auto network = LIDO_TRY(infer::Network::load(
      file, {batch, model.input.frames, model.input.height, model.input.width, 3}, outputs, 1));
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

Result<std::map<std::string, std::vector<float>>> ModelRunner::run(
    std::span<const uint8_t> frames) {
  const auto input = runner_.input();
  if (frames.empty() || frames.size() > input.size() || frames.size() % model_.input.bytes() != 0)
    return fail(ErrorCode::kInvalidArgument, "{} bytes of frames, want windows of {}",
                frames.size(), model_.input.bytes());
  std::ranges::fill(input, 0.0F);
  std::ranges::copy(frames, input.begin());
  LIDO_TRY(runner_.run());
  const size_t windows = frames.size() / model_.input.bytes();
  std::map<std::string, std::vector<float>> logits;
  for (size_t i = 0; i < model_.heads.size(); ++i) {
    const auto values = runner_.output(i).first(windows * model_.heads[i].classes.size());
    logits[model_.heads[i].task].assign(values.begin(), values.end());
  }
  return logits;
}

Result<Evaluation> evaluate(
    const LoadedModel& loaded, const std::string& data, const EvaluateOptions& options,
    const std::function<Result<void>(dataset::PredictionRow)>& on_prediction,
    const std::function<void(int64_t, int64_t)>& on_samples, const std::stop_token& stop) {
  LIDO_TRY(validate(options));
  const Model& model = loaded.model;
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

}  // namespace lido::model
