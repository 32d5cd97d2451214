// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/plan.h"

#include <algorithm>
#include <thread>

#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/nn/people.h"
#include "lido/storage/store.h"

namespace lido::learn {
namespace {

constexpr int64_t kExamples = 8;

/// Reads the first windows of the split val, which also have the samples' size.
Result<void> read_examples(Plan& plan) {
  auto options = loader_options(plan.config.options, "val");
  options.batch_size = kExamples;
  options.threads = 1;
  options.batches_ahead = 1;
  auto loader = LIDO_TRY(loader::Loader::open(plan.config.data, plan.generation, options));
  const auto batch = LIDO_TRY(loader.next());
  if (!batch) return fail(ErrorCode::kDegenerate, "{}: the split val is empty", plan.config.data);
  plan.shape = batch->shape;
  plan.val_samples = loader.samples();
  plan.examples.assign(batch->pixels.get(),
                       batch->pixels.get() + batch->rows.size() * plan.shape.bytes());
  return {};
}

/// Checksum of all that a checkpoint's weights depend on.
Result<std::string> signature_of(const Plan& plan) {
  nlohmann::ordered_json text;
  for (const auto& layer : plan.network.layers) text["layers"].push_back(layer.name);
  for (const auto& [name, shape] : LIDO_TRY(nn::weight_shapes(plan.network)))
    text["weights"][name] = shape;
  for (const TaskClasses& task : plan.tasks) text["classes"][task.task] = task.classes;
  text["input"] = {plan.shape.frames, plan.shape.height, plan.shape.width};
  return sha256_hex(json_text(text));
}

Result<void> describe_network(Plan& plan) {
  std::map<std::string, int> heads;
  for (const TaskClasses& task : plan.tasks)
    heads[task.task] = static_cast<int>(task.classes.size());
  plan.network = nn::people_network(
      {.frames = plan.shape.frames, .height = plan.shape.height, .width = plan.shape.width}, heads);
  for (const auto& [name, shape] : LIDO_TRY(nn::weight_shapes(plan.network))) {
    if (name.ends_with(".mean") || name.ends_with(".variance")) continue;
    int64_t count = 1;
    for (const int64_t side : shape) count *= side;
    plan.parameters += count;
  }
  plan.operations = LIDO_TRY(nn::operations_of(plan.network));
  plan.signature = LIDO_TRY(signature_of(plan));
  return {};
}

}  // namespace

loader::LoaderOptions loader_options(const model::TrainOptions& options, const std::string& split) {
  const bool train = split == "train";
  return {.split = split,
          .samples = options.samples,
          .batch_size = options.batch_size,
          .shuffle = train,
          .augment = train && !options.no_augment,
          .seed = options.seed,
          .shuffle_mb = options.shuffle_mb};
}

Result<Plan> plan_run(const model::TrainConfig& config, int generation) {
  LIDO_TRY(validate(config.options));
  Plan plan{.config = config};
  auto& options = plan.config.options;
  if (options.threads == 0) options.threads = std::max(1U, std::thread::hardware_concurrency());
  plan.config.data = storage::absolute(config.data);
  const auto dataset = LIDO_TRY(dataset::Dataset::open(plan.config.data));
  plan.generation = generation == 0 ? LIDO_TRY(dataset.latest()) : generation;
  if (const auto rate = dataset.frame_rate()) plan.fps = to_string(*rate);
  plan.tasks = LIDO_TRY(choose_classes(dataset, plan.generation, options.classes, options.samples));
  LIDO_TRY(read_examples(plan));
  auto train_options = loader_options(options, "train");
  train_options.threads = 1;
  train_options.batches_ahead = 1;
  const auto train =
      LIDO_TRY(loader::Loader::open(plan.config.data, plan.generation, train_options));
  plan.train_samples = train.samples();
  plan.steps_in_epoch = train.batches();
  LIDO_TRY(describe_network(plan));
  return plan;
}

nlohmann::ordered_json to_json(const Plan& plan) {
  nlohmann::ordered_json tasks = nlohmann::ordered_json::object();
  for (const TaskClasses& task : plan.tasks) {
    for (size_t c = 0; c < task.classes.size(); ++c)
      tasks[task.task][task.classes[c]] = {{"train", task.train[c]}, {"val", task.val[c]}};
  }
  return {
      {"network", plan.config.network},
      {"data", {{"uri", plan.config.data}, {"generation", plan.generation}}},
      {"classes", tasks},
      {"input",
       {{"frames", plan.shape.frames}, {"height", plan.shape.height}, {"width", plan.shape.width}}},
      {"train_samples", plan.train_samples},
      {"val_samples", plan.val_samples},
      {"steps_in_epoch", plan.steps_in_epoch},
      {"steps", plan.steps()},
      {"parameters", plan.parameters},
      {"operations_a_window", plan.operations},
      {"threads", plan.config.options.threads},
      {"signature", plan.signature}};
}

}  // namespace lido::learn
