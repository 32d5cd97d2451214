// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/plan.h"

#include <algorithm>
#include <thread>

#include "lido/base/counted.h"
#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/model/bundle.h"
#include "lido/model/dataset_gestures.h"
#include "lido/nn/gesture.h"
#include "lido/nn/people.h"
#include "lido/storage/store.h"

namespace lido::learn {
namespace {

/// Chooses the streams of a network of people.
/// @param keypoints  Names of the dataset's keypoints.
Result<void> choose_streams(Plan& plan, const std::vector<std::string>& keypoints) {
  const bool available = !keypoints.empty() && plan.config.options.samples == "person";
  std::string& streams = plan.config.options.streams;
  if (streams == "auto") streams = available ? model::kBothStreams : model::kFramesStream;
  if (streams == model::kFramesStream) return {};
  if (!available) {
    return fail(ErrorCode::kInvalidArgument,
                "streams is {}, want {}: the samples of {} have no keypoints. lido ingest --poses "
                "gives them to samples of people.",
                streams, model::kFramesStream, plan.config.data);
  }
  plan.sees_frames = streams != model::kKeypointsStream;
  plan.keypoints = model::KeypointInput{keypoints};
  return {};
}

/// Reads the first samples of the split val, for their size and number, and for their streams.
Result<void> read_shape(Plan& plan) {
  auto options = loader_options(plan.config.options, "val");
  options.threads = 1;
  options.batches_ahead = 1;
  auto loader = LIDO_TRY(loader::Loader::open(plan.config.data, plan.generation, options));
  const auto batch = LIDO_TRY(loader.next());
  if (!batch) return fail(ErrorCode::kDegenerate, "{}: the split val is empty", plan.config.data);
  plan.shape = batch->shape;
  plan.val_samples = loader.samples();
  return choose_streams(plan, loader.keypoints());
}

/// Checks the size of micro-batches: a single window has no variance to normalise by.
Result<void> check_micro_batches(const model::TrainOptions& options) {
  const int64_t batch = options.batch_size, parts = options.micro_batches;
  if (batch % parts == 0 && batch / parts >= 2) return {};
  return fail(ErrorCode::kInvalidArgument,
              "batch_size is {}, want a multiple of micro_batches, which is {}, and 2 samples or "
              "more in each",
              batch, parts);
}

/// Checksum of all that a checkpoint's weights depend on.
Result<std::string> signature_of(const Plan& plan) {
  nlohmann::ordered_json text;
  for (const auto& layer : plan.network.layers) text["layers"].push_back(layer.name);
  for (const auto& [name, shape] : LIDO_TRY(nn::weight_shapes(plan.network)))
    text["weights"][name] = shape;
  for (const TaskClasses& task : plan.tasks) text["classes"][task.task] = task.classes;
  text["input"] = {plan.shape.frames, plan.shape.height, plan.shape.width};
  if (plan.keypoints) text["keypoints"] = plan.keypoints->names;
  if (plan.gestures) text["gesture"] = {plan.gestures->input.kind(), plan.gestures->input.frames};
  return sha256_hex(json_text(text));
}

Result<void> describe_network(Plan& plan) {
  std::map<std::string, int> heads;
  for (const TaskClasses& task : plan.tasks)
    heads[task.task] = static_cast<int>(task.classes.size());
  if (plan.gestures) {
    const model::GestureInput& input = plan.gestures->input;
    plan.network = nn::gesture_network(
        {.frames = input.frames, .height = 0, .width = 0, .features = input.features()}, heads);
  } else {
    const loader::Shape& shape = plan.shape;
    const nn::WindowShape input{.frames = shape.frames,
                                .height = plan.sees_frames ? shape.height : 0,
                                .width = plan.sees_frames ? shape.width : 0,
                                .keypoints = plan.keypoints ? plan.keypoints->features() : 0};
    plan.network = nn::people_network(input, heads, plan.config.options.stream_dropout);
  }
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

/// Reads a table of points.
Result<void> read_points(Plan& plan) {
  model::TrainConfig& config = plan.config;
  auto& options = config.options;
  if (options.classes.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--classes is missing, want a file with the name of each class of {}",
                config.points);
  }
  config.points = storage::absolute(config.points);
  options.classes = storage::absolute(options.classes);
  const auto names = LIDO_TRY(model::read_class_names(options.classes));
  plan.gestures = std::make_shared<const model::GestureSet>(
      LIDO_TRY(model::read_gestures(config.points, names)));
  plan.split = LIDO_TRY(model::split_gestures(*plan.gestures, static_cast<uint64_t>(options.seed)));
  plan.tasks = {{.task = model::kSignalTask, .classes = names, .train = {}, .val = {}}};
  return {};
}

/// Reads the hands of a dataset's people.
Result<void> read_hands(Plan& plan, int generation) {
  const auto wanted = LIDO_TRY(dataset::parse_vocabulary(plan.config.options.classes));
  if (wanted.size() > 1) {
    return fail(ErrorCode::kInvalidArgument, "classes: {} tasks, want one for gestures",
                wanted.size());
  }
  plan.config.data = storage::absolute(plan.config.data);
  const auto dataset = LIDO_TRY(dataset::Dataset::open(plan.config.data));
  plan.generation = generation == 0 ? LIDO_TRY(dataset.latest()) : generation;
  if (const auto rate = dataset.frame_rate()) plan.fps = to_string(*rate);
  std::vector<std::string> classes;
  if (!wanted.empty()) classes.assign(wanted.begin()->second.begin(), wanted.begin()->second.end());
  auto gestures = LIDO_TRY(model::read_dataset_gestures(
      dataset, plan.generation, wanted.empty() ? "" : wanted.begin()->first, classes));
  plan.split = {gestures.split["train"], gestures.split["val"]};
  plan.tasks = {{.task = gestures.task, .classes = gestures.set.classes, .train = {}, .val = {}}};
  plan.gestures = std::make_shared<const model::GestureSet>(std::move(gestures.set));
  return {};
}

/// Checks that each class has samples to learn from, and that there are samples to validate on.
Result<void> check_samples(const Plan& plan, const TaskClasses& task) {
  for (size_t c = 0; c < task.classes.size(); ++c) {
    if (task.train[c] > 0) continue;
    return fail(ErrorCode::kInvalidArgument,
                "{}: no hand of the split train has {} \"{}\", want 1 or more. Leave it out of "
                "--classes, or add footage.",
                plan.gestures->uri, task.task, task.classes[c]);
  }
  if (task.classes.size() < 2) {
    return fail(ErrorCode::kInvalidArgument, "{}: {} has {}, want 2 or more", plan.gestures->uri,
                task.task, counted(std::ssize(task.classes), "class", "classes"));
  }
  if (!plan.split.val.empty()) return {};
  return fail(ErrorCode::kDegenerate, "{}: no hand of the split val has a label of {}",
              plan.gestures->uri, task.task);
}

/// Plans a run on hands.
Result<void> plan_gestures(Plan& plan, int generation) {
  const auto& options = plan.config.options;
  if (options.streams != "auto") {
    return fail(ErrorCode::kInvalidArgument, "streams is {}, want auto: gestures have one stream",
                options.streams);
  }
  LIDO_TRY(plan.config.points.empty() ? read_hands(plan, generation) : read_points(plan));
  TaskClasses& task = plan.tasks[0];
  task.train.resize(task.classes.size());
  task.val.resize(task.classes.size());
  const auto& samples = plan.gestures->samples;
  for (const size_t i : plan.split.train) ++task.train[static_cast<size_t>(samples[i].label)];
  for (const size_t i : plan.split.val) ++task.val[static_cast<size_t>(samples[i].label)];
  LIDO_TRY(check_samples(plan, task));
  plan.train_samples = std::ssize(plan.split.train);
  plan.val_samples = std::ssize(plan.split.val);
  if (plan.train_samples < options.micro_batches) {
    return fail(ErrorCode::kInvalidArgument, "{}: {} in the split train, want micro_batches, {}",
                plan.gestures->uri, counted(plan.train_samples, "hand"), options.micro_batches);
  }
  // The first micro-batch is never shorter than others.
  const int64_t longest = (plan.train_samples - 1) / options.micro_batches + 1;
  plan.steps_in_epoch = (longest - 1) / (options.batch_size / options.micro_batches) + 1;
  return describe_network(plan);
}

}  // namespace

loader::LoaderOptions loader_options(const model::TrainOptions& options, const std::string& split) {
  const bool train = split == "train";
  return {.split = split,
          .samples = options.samples,
          .batch_size = train ? options.batch_size / options.micro_batches : options.batch_size,
          .shuffle = train,
          .augment = train && !options.no_augment,
          .seed = options.seed,
          .shuffle_mb = options.shuffle_mb,
          .pixels = options.streams != model::kKeypointsStream};
}

Result<Plan> plan_run(const model::TrainConfig& config, int generation) {
  LIDO_TRY(validate(config.options));
  LIDO_TRY(check_micro_batches(config.options));
  Plan plan{.config = config};
  auto& options = plan.config.options;
  if (options.threads == 0) options.threads = std::max(1U, std::thread::hardware_concurrency());
  if (config.network == model::kGestureNetwork) {
    LIDO_TRY(plan_gestures(plan, generation));
    return plan;
  }
  plan.config.data = storage::absolute(config.data);
  const auto dataset = LIDO_TRY(dataset::Dataset::open(plan.config.data));
  plan.generation = generation == 0 ? LIDO_TRY(dataset.latest()) : generation;
  if (const auto rate = dataset.frame_rate()) plan.fps = to_string(*rate);
  plan.tasks = LIDO_TRY(choose_classes(dataset, plan.generation, options.classes, options.samples));
  LIDO_TRY(read_shape(plan));
  auto train_options = loader_options(options, "train");
  train_options.threads = 1;
  train_options.batches_ahead = 1;
  const loader::Share longest{0, static_cast<int>(options.micro_batches)};
  const auto train =
      LIDO_TRY(loader::Loader::open(plan.config.data, plan.generation, train_options, longest));
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
  nlohmann::ordered_json data = {{"uri", plan.config.data}, {"generation", plan.generation}};
  nlohmann::ordered_json input = {
      {"frames", plan.shape.frames}, {"height", plan.shape.height}, {"width", plan.shape.width}};
  if (!plan.gestures) input["streams"] = plan.config.options.streams;
  if (plan.gestures) {
    const model::GestureInput& gesture = plan.gestures->input;
    data = {{"uri", plan.gestures->uri}};
    if (plan.generation > 0) data["generation"] = plan.generation;
    data["checksum"] = plan.gestures->checksum;
    input = {
        {"kind", gesture.kind()}, {"frames", gesture.frames}, {"features", gesture.features()}};
  }
  return {{"network", plan.config.network},
          {"data", data},
          {"classes", tasks},
          {"input", input},
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
