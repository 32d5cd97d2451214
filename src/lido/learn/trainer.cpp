// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "lido/base/hash.h"
#include "lido/base/json_field.h"
#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"
#include "lido/dataset/table.h"
#include "lido/dataset/time.h"
#include "lido/infer/network.h"
#include "lido/learn/checkpoint.h"
#include "lido/learn/events.h"
#include "lido/learn/micro_batches.h"
#include "lido/learn/open_source.h"
#include "lido/learn/run_report.h"
#include "lido/learn/schedule.h"
#include "lido/learn/shared_step.h"
#include "lido/model/evaluate.h"
#include "lido/nn/module.h"
#include "lido/nn/onnx.h"

namespace lido::learn {
namespace {

using Clock = std::chrono::steady_clock;

/// Greatest difference that an export may have.
constexpr double kMaxDifference = 1e-4;
constexpr const char* kModelFolder = "model";
/// Steps between two losses in the metrics.
constexpr int64_t kLoggedSteps = 10;
/// Share of the best loss below which an epoch of equal score is the better one.
constexpr double kSurer = 0.99;
/// Windows on which an export is compared with the network.
constexpr size_t kExamples = 8;
/// Samples of a failed step that the error names; the file has all.
constexpr size_t kMaxNamed = 8;

double seconds_since(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

nn::OptimiserOptions optimiser_options(const Plan& plan) {
  const auto& options = plan.config.options;
  nn::OptimiserOptions optimiser{.weight_decay = options.weight_decay,
                                 .max_gradient = options.max_gradient,
                                 .label_smoothing = options.label_smoothing,
                                 .average = options.average};
  for (const TaskClasses& task : plan.tasks)
    optimiser.class_weights[task.task] = class_weights(task.train, options.balance);
  return optimiser;
}

/// A model without its heads, its figures and its graph.
model::Model describe(const Plan& plan, const std::string& checksum) {
  const auto& options = plan.config.options;
  model::Model model{.network = plan.config.network,
                     .input = plan.shape,
                     .gesture = {},
                     .sees_frames = plan.sees_frames,
                     .keypoints = plan.keypoints,
                     .fps = plan.fps,
                     .samples = options.samples,
                     .footage = options.footage,
                     .revision = "",
                     .heads = {},
                     .data = to_json(plan)["data"],
                     .figures = {},
                     .streams = {},
                     .sha256 = ""};
  if (plan.gestures) {
    model.gesture = plan.gestures->input;
    model.samples = model.gesture->kind();
  }
  model.data["train_samples"] = plan.train_samples;
  model.data["val_samples"] = plan.val_samples;
  model.data["checksum"] = checksum;
  return model;
}

/// One run, from its first step in this process to its last.
class Trainer {
 public:
  struct Parts {
    Plan plan;
    nn::Module module;
    nn::Group group;
    MicroBatches train;
    std::unique_ptr<StepSource> val;  ///< In the first worker only.
    std::optional<RunEntry> entry;    ///< In the first worker only; none for a table of points.
  };
  /// @param request,store,progress  Must outlive the trainer.
  Trainer(const TrainRequest& request, storage::Store& store, Parts parts, TrainProgress& progress)
      : request_(request),
        store_(store),
        plan_(std::move(parts.plan)),
        module_(std::move(parts.module)),
        group_(std::move(parts.group)),
        train_(std::move(parts.train)),
        val_(std::move(parts.val)),
        entry_(std::move(parts.entry)),
        progress_(progress) {}

  void resume(Checkpoint checkpoint) {
    state_ = std::move(checkpoint);
    progress_.resumed_at = state_.step;
    progress_.score = state_.best_score;
  }

  Result<TrainSummary> run(const std::stop_token& stop) {
    state_.network = plan_.signature;
    progress_.steps_total = plan_.steps();
    progress_.steps = state_.step;
    saved_at_ = Clock::now();
    while (state_.step < plan_.steps() && !stops_early()) {
      const auto begin = Clock::now();
      const auto batches = LIDO_TRY(train_.next(epoch()));
      summary_.wait_s += seconds_since(begin);
      const StepOutcome made = LIDO_TRY(step(batches, stop.stop_requested()));
      const bool epoch_ends = state_.step % plan_.steps_in_epoch == 0;
      if (epoch_ends) LIDO_TRY(end_epoch());
      if (epoch_ends || made.checkpoint || made.stop)
        LIDO_TRY(group_.in_first([this] { return save_checkpoint(); }));
      if (made.stop && state_.step < plan_.steps()) {
        return fail(ErrorCode::kCancelled, "{}: interrupted. lido train --resume {} resumes it.",
                    request_.out, request_.out);
      }
    }
    if (entry_) LIDO_TRY(entry_->finish());
    summary_.steps = state_.step;
    summary_.epochs = state_.step / plan_.steps_in_epoch;
    summary_.best_epoch = state_.best_epoch;
    summary_.best_score = state_.best_score;
    summary_.stopped_early = state_.step < plan_.steps();
    summary_.model = store_.uri() + "/" + kModelFolder;
    return summary_;
  }

 private:
  int64_t epoch() const { return state_.step / plan_.steps_in_epoch; }

  /// Whether the last epochs were no better. Only at an epoch's end, which resuming repeats
  /// exactly.
  bool stops_early() const {
    const int64_t patience = plan_.config.options.patience;
    return patience > 0 && state_.epochs_since >= patience &&
           state_.step % plan_.steps_in_epoch == 0;
  }

  void log(const std::string& split, const std::string& task, const std::string& name, double value,
           int64_t at_epoch) {
    state_.metrics.push_back({state_.step, at_epoch, split, task, name, value});
  }

  bool checkpoint_is_due() const {
    const double every = plan_.config.options.checkpoint_seconds;
    return every > 0 && seconds_since(saved_at_) >= every;
  }

  using Batches = std::vector<std::optional<StepSamples>>;

  Result<StepOutcome> step(const Batches& batches, bool stop) {
    const auto begin = Clock::now();
    const auto& options = plan_.config.options;
    const double rate =
        Schedule{options.learning_rate, plan_.steps(), options.warmup}.rate(state_.step);
    const int64_t at_epoch = epoch();
    const StepWish wish{state_.step, checkpoint_is_due(), stop};
    auto made = shared_step(module_, group_, plan_, batches, wish, rate);
    if (!made && made.error().code == ErrorCode::kDegenerate)
      return failed_step(batches, made.error());
    if (!made) return made;
    if (made->loss) {
      state_.loss_sum += *made->loss;
      ++state_.loss_count;
      progress_.loss = *made->loss;
    }
    ++state_.step;
    if (state_.step % kLoggedSteps == 0 && state_.loss_count > 0) {
      log("train", "", "loss", state_.loss_sum / static_cast<double>(state_.loss_count), at_epoch);
      log("train", "", "learning_rate", rate, at_epoch);
      state_.loss_sum = 0;
      state_.loss_count = 0;
    }
    summary_.step_s += seconds_since(begin);
    progress_.steps = state_.step;
    progress_.epoch = at_epoch;
    return made;
  }

  std::unexpected<Error> failed_step(const Batches& batches, const Error& error) {
    nlohmann::ordered_json samples = nlohmann::ordered_json::array();
    std::string named;
    for (const auto& batch : batches) {
      if (!batch) continue;
      for (const std::string& name : batch->names) {
        if (samples.size() < kMaxNamed) named += (named.empty() ? "" : ", ") + name;
        samples.push_back(name);
      }
    }
    if (samples.size() > kMaxNamed)
      named += fmt::format(", and {} more", samples.size() - kMaxNamed);
    const nlohmann::ordered_json failure = {
        {"step", state_.step}, {"error", error.message}, {"samples", samples}};
    const auto written = store_.write_text(kFailureFile, json_text(failure, 2) + "\n");
    return fail(error.code,
                "{}: step {}: {}, in the samples {}{}. The last checkpoint is kept; a lower "
                "--learning-rate may help.",
                store_.uri(), state_.step, error.message, named,
                written ? fmt::format(" (all of them in {})", kFailureFile) : std::string());
  }

  /// Ends an epoch in all workers: the first one validates and writes, and all know its figures.
  Result<void> end_epoch() {
    double score = 0;
    LIDO_TRY(group_.in_first([&]() -> Result<void> {
      score = LIDO_TRY(validate_epoch());
      return {};
    }));
    const std::vector<double> own = {score, state_.best_score,
                                     static_cast<double>(state_.best_epoch),
                                     static_cast<double>(state_.epochs_since), state_.best_loss};
    const auto first = LIDO_TRY(group_.gather(own)).front();
    state_.best_score = first[1];
    state_.best_epoch = static_cast<int64_t>(first[2]);
    state_.epochs_since = static_cast<int64_t>(first[3]);
    state_.best_loss = first[4];
    progress_.score = state_.best_score;
    if (request_.on_epoch) {
      request_.on_epoch(
          {epoch() - 1, state_.step, progress_.loss.load(), first[0], state_.best_score});
    }
    return {};
  }

  /// Validates, and writes the figures, and the model if it is the best so far.
  /// @return The score.
  Result<double> validate_epoch() {
    const int64_t ended = epoch() - 1;
    const auto outputs = LIDO_TRY(validate_module());
    double score = 0, loss = 0;
    int64_t scored = 0;
    for (const auto& [task, output] : outputs) {
      const auto figures = model::figures_of(output, 1);
      log("val", task, "loss", figures.loss, ended);
      log("val", task, "accuracy", figures.accuracy, ended);
      log("val", task, "macro_f1", figures.macro_f1, ended);
      log("val", task, "calibration_error", figures.calibration_error, ended);
      if (figures.samples == 0) continue;
      score += figures.macro_f1;
      loss += figures.loss;
      ++scored;
    }
    score /= static_cast<double>(scored);
    log("val", "", "score", score, ended);
    ++state_.epochs_since;
    // Where every sample is right, the network that is surer of it is the better one.
    const bool is_surer = score == state_.best_score && loss < kSurer * state_.best_loss;
    const bool is_better = score > state_.best_score || is_surer;
    if (is_better) {
      state_.best_score = score;
      state_.best_loss = loss;
      state_.best_epoch = ended;
      state_.epochs_since = 0;
      LIDO_TRY(export_model(outputs));
    }
    LIDO_TRY(dataset::write_table(store_, kMetricsFile, state_.metrics));
    LIDO_TRY(write_events(ended));
    LIDO_TRY(write_report());
    return score;
  }

  /// Writes an epoch's figures for TensorBoard, which reads the files in the order of their names.
  /// A file for each epoch: TensorBoard does not notice that a file was replaced by a longer one.
  Result<void> write_events(int64_t ended) {
    std::vector<dataset::MetricRow> rows;
    std::ranges::copy_if(state_.metrics, std::back_inserter(rows),
                         [&](const auto& row) { return row.epoch == ended; });
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    return store_.write_text(
        fmt::format("{}/events.out.tfevents.{:010}.lido", kEventsFolder, state_.step),
        event_file(rows, now.count()));
  }

  /// Writes the page of the run, once there is a model.
  Result<void> write_report() {
    if (state_.best_score < 0) return {};
    const std::string file = fmt::format("{}/{}", kModelFolder, model::kModelFile);
    const auto best = model::parse_model(LIDO_TRY(store_.read_text(file, 64 << 20)));
    if (!best) return with_context(store_.uri() + "/" + file, best.error());
    return store_.write_text(kReportFile, run_report(*best, state_.metrics));
  }

  /// Runs the averaged weights on samples, with both streams or one of them.
  Result<std::map<std::string, std::vector<float>>> run_streams(const StepSamples& samples,
                                                                std::string_view streams) {
    nn::Windows windows = samples.input.windows;
    std::span<const float> keypoints = samples.input.keypoints;
    std::vector<uint8_t> no_frames;
    std::vector<float> no_keypoints;
    if (streams == model::kKeypointsStream) {
      no_frames.resize(std::get<std::span<const uint8_t>>(windows).size());
      windows = std::span<const uint8_t>(no_frames);
    } else if (streams == model::kFramesStream) {
      no_keypoints.resize(keypoints.size());
      keypoints = no_keypoints;
    }
    return module_.run(windows, keypoints);
  }

  /// Measures each of two streams alone on the split val. @return As Model::streams.
  Result<nlohmann::ordered_json> measure_streams(
      const std::map<std::string, model::HeadOutputs>& both) {
    nlohmann::ordered_json streams;
    if (!plan_.keypoints || !plan_.sees_frames) return streams;
    for (const char* alone : {model::kFramesStream, model::kKeypointsStream}) {
      for (const auto& [task, outputs] : LIDO_TRY(validate_module(alone)))
        streams[alone][task] = model::macro_f1_of(outputs);
    }
    for (const auto& [task, outputs] : both)
      streams[model::kBothStreams][task] = model::macro_f1_of(outputs);
    return streams;
  }

  /// Runs the averaged weights on the split val.
  /// @param streams  kFramesStream or kKeypointsStream for one of two streams.
  Result<std::map<std::string, model::HeadOutputs>> validate_module(
      std::string_view streams = model::kBothStreams) {
    std::map<std::string, model::HeadOutputs> outputs;
    while (const auto batch = LIDO_TRY(val_->next())) {
      if (examples_.names.empty()) examples_ = *batch;
      const auto logits = LIDO_TRY(run_streams(*batch, streams));
      for (const TaskClasses& task : plan_.tasks) {
        const auto& targets = batch->input.targets.at(task.task);
        model::HeadOutputs& all = outputs[task.task];
        all.classes = static_cast<int>(task.classes.size());
        const auto& values = logits.at(task.task);
        all.logits.insert(all.logits.end(), values.begin(), values.end());
        all.targets.insert(all.targets.end(), targets.begin(), targets.end());
      }
    }
    return outputs;
  }

  Result<void> export_model(const std::map<std::string, model::HeadOutputs>& outputs) {
    model::Model described = describe(plan_, train_.checksum());
    described.revision = request_.revision;
    for (const TaskClasses& task : plan_.tasks) {
      const double temperature = model::fit_temperature(outputs.at(task.task));
      described.heads.push_back({task.task, task.classes, temperature});
      described.figures[task.task] = model::figures_json(
          model::figures_of(outputs.at(task.task), temperature), described.heads.back());
    }
    described.streams = LIDO_TRY(measure_streams(outputs));
    const auto onnx = LIDO_TRY(
        nn::write_onnx(plan_.network, module_.weights(), {{"lido.network", plan_.config.network}}));
    const double difference = LIDO_TRY(difference_of(described, onnx));
    if (!(difference <= kMaxDifference)) {
      return fail(ErrorCode::kDegenerate,
                  "{}: the exported graph's outputs differ from the network's by {:.2g}, want {} "
                  "at most; model/ is left as it was",
                  store_.uri(), difference, kMaxDifference);
    }
    summary_.export_difference = difference;
    if (entry_) LIDO_TRY(entry_->add_model(sha256_hex(onnx)));
    return model::write_model(store_, kModelFolder, std::move(described), onnx);
  }

  /// Greatest difference of a graph's outputs from the network's on some windows of the split val.
  Result<double> difference_of(const model::Model& described, const std::string& onnx) {
    const size_t all_windows = examples_.names.size();
    const size_t windows = std::min(kExamples, all_windows);
    auto runner = LIDO_TRY(model::ModelRunner::load(described, onnx, static_cast<int>(windows)));
    const auto first = [&](const auto all) {
      return all.first(all.size() / all_windows * windows);
    };
    const auto& input = examples_.input;
    if (const auto* features = std::get_if<std::span<const float>>(&input.windows)) {
      return greatest_difference(LIDO_TRY(runner.run(first(*features))),
                                 LIDO_TRY(module_.run(first(*features))));
    }
    const auto pixels = first(std::get<std::span<const uint8_t>>(input.windows));
    const auto keypoints = first(input.keypoints);
    return greatest_difference(LIDO_TRY(runner.run(model::ModelRunner::People{pixels, keypoints})),
                               LIDO_TRY(module_.run(pixels, keypoints)));
  }

  Result<void> save_checkpoint() {
    const auto begin = Clock::now();
    state_.module = LIDO_TRY(module_.state());
    state_.position = train_.position();
    LIDO_TRY(save(store_, state_));
    state_.module.clear();
    saved_at_ = Clock::now();
    summary_.checkpoint_s += seconds_since(begin);
    ++summary_.checkpoints;
    return {};
  }

  const TrainRequest& request_;
  storage::Store& store_;
  Plan plan_;
  nn::Module module_;
  nn::Group group_;
  MicroBatches train_;
  std::unique_ptr<StepSource> val_;
  std::optional<RunEntry> entry_;
  StepSamples examples_;  // the first of the split val
  TrainProgress& progress_;
  Checkpoint state_;
  TrainSummary summary_;
  Clock::time_point saved_at_;
};

/// A run as its run.json describes it.
struct RunFile {
  int generation = 0;  ///< Generation of the dataset that it learns from.
  RunName name;
};

Result<RunFile> read_run_file(storage::Store& store, bool has_dataset) {
  const auto text = LIDO_TRY(store.read_text(kRunFile, 64 << 20));
  const auto run = nlohmann::json::parse(text, nullptr, false);
  const auto data = run.is_object() && run.contains("data") ? run["data"] : nlohmann::json();
  const auto number = data.is_object() && data.contains("generation")
                          ? json_integer<int>(data["generation"])
                          : std::nullopt;
  if (has_dataset && (!number || *number < 1)) {
    return fail(ErrorCode::kCorrupt, "{}/{}: data.generation: want a whole number from 1 on",
                store.uri(), kRunFile);
  }
  RunFile file{.generation = number.value_or(0),
               .name = {text_at(run, "id"), text_at(run, "begun_utc")}};
  if (!dataset::is_training_run_id(file.name.id) || !dataset::parse_utc(file.name.begun_utc)) {
    // A run of an earlier version has no name: it gets the same one whenever it resumes.
    file.name = new_run_name(store.uri());
    file.name.id = dataset::training_run_id(store.uri(), text);
  }
  return file;
}

Result<RunName> begin_run(storage::Store& store, const Plan& plan, const TrainRequest& request) {
  const auto taken = [&] {
    return fail(
        ErrorCode::kInvalidArgument,
        "{}: the folder is not empty, want a new one. lido train --resume {} resumes a run.",
        store.uri(), request.out);
  };
  if (!LIDO_TRY(store.list("")).empty()) return taken();
  RunName name = new_run_name(store.uri());
  nlohmann::ordered_json run = to_json(plan);
  run["revision"] = request.revision;
  run["device"] = infer::device();
  run["id"] = name.id;
  run["begun_utc"] = name.begun_utc;
  const auto created = LIDO_TRY(store.create_new(kRunFile, json_text(run, 2) + "\n"));
  if (created == storage::Created::kExists) return taken();  // another run began just now
  LIDO_TRY(store.write_text(model::kConfigFile, to_yaml(plan.config)));
  return name;
}

Result<Checkpoint> checkpoint_of(storage::Store& store, const Plan& plan) {
  auto checkpoint = LIDO_TRY(load_latest(store));
  if (!checkpoint) return Checkpoint{};
  if (checkpoint->network != plan.signature) {
    return fail(ErrorCode::kInvalidArgument,
                "{}/checkpoints: of another network than the options and the data describe: other "
                "layers, sizes or classes",
                store.uri());
  }
  return std::move(*checkpoint);
}

Result<void> check_workers(const TrainRequest& request) {
  const int workers = request.rendezvous.workers;
  if (workers > request.config.options.micro_batches) {
    return fail(ErrorCode::kInvalidArgument,
                "{} workers, want at most micro_batches, which is {}: each worker computes one or "
                "more",
                workers, request.config.options.micro_batches);
  }
  if (workers > 1 && !request.resume)
    return fail(ErrorCode::kInvalidArgument, "{}: several workers want a run that was prepared",
                request.out);
  return {};
}

/// Whether a run learns from a dataset, and not from a table of points.
bool learns_from_dataset(const TrainRequest& request) { return !request.config.data.empty(); }

/// Reads the run in a folder, and checks that its generation is still in the dataset.
Result<RunFile> run_to_resume(storage::Store& store, const TrainRequest& request) {
  RunFile run = LIDO_TRY(read_run_file(store, learns_from_dataset(request)));
  if (!learns_from_dataset(request)) return run;
  const std::string data = storage::absolute(request.config.data);
  LIDO_TRY(check_generation(LIDO_TRY(dataset::Dataset::open(data)), run.generation));
  return run;
}

}  // namespace

double greatest_difference(const std::map<std::string, std::vector<float>>& a,
                           const std::map<std::string, std::vector<float>>& b) {
  double greatest = 0;
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  for (const auto& [name, values] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second.size() != values.size())
      return std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < values.size(); ++i) {
      const auto difference = std::abs(static_cast<double>(values[i]) - other->second[i]);
      if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
      greatest = std::max(greatest, difference);
    }
  }
  return greatest;
}

Result<Plan> prepare(const TrainRequest& request) {
  const auto store = LIDO_TRY(storage::open_store(request.out));
  RunFile run;
  if (request.resume) run = LIDO_TRY(run_to_resume(*store, request));
  Plan plan = LIDO_TRY(plan_run(request.config, run.generation));
  if (request.resume)
    LIDO_TRY(checkpoint_of(*store, plan));
  else
    LIDO_TRY(begin_run(*store, plan, request));
  return plan;
}

Result<TrainSummary> train(const TrainRequest& request, TrainProgress& progress,
                           const std::stop_token& stop) {
  LIDO_TRY(check_workers(request));
  const auto store = LIDO_TRY(storage::open_store(request.out));
  const loader::Share worker{request.rendezvous.rank, request.rendezvous.workers};
  const bool is_first = worker.rank == 0;
  RunFile run;
  if (request.resume) run = LIDO_TRY(run_to_resume(*store, request));
  Plan plan = LIDO_TRY(plan_run(request.config, run.generation));
  if (!request.resume) run.name = LIDO_TRY(begin_run(*store, plan, request));
  std::unique_ptr<storage::Lock> lock;
  std::optional<RunEntry> entry;
  if (is_first) lock = LIDO_TRY(store->lock(model::kConfigFile));
  if (is_first && learns_from_dataset(request)) {
    entry = LIDO_TRY(
        RunEntry::enter(plan, store->uri(), run.name, request.revision, request.on_warning));
  }
  const auto& options = plan.config.options;
  nn::set_threads(static_cast<int>(options.threads));
  auto module = LIDO_TRY(
      nn::Module::make(plan.network, optimiser_options(plan), static_cast<uint64_t>(options.seed)));
  Checkpoint checkpoint;
  if (request.resume) checkpoint = LIDO_TRY(checkpoint_of(*store, plan));
  if (!checkpoint.module.empty()) {
    const auto restored = module.restore(checkpoint.module);
    if (!restored) return with_context(store->uri() + "/checkpoints", restored.error());
    checkpoint.module.clear();
  }
  auto train_batches = LIDO_TRY(MicroBatches::open(plan, worker, checkpoint.position));
  std::unique_ptr<StepSource> val_source;
  if (is_first) val_source = LIDO_TRY(open_source(plan, "val"));
  auto group = LIDO_TRY(nn::Group::join(request.rendezvous));
  Trainer trainer(request, *store,
                  {std::move(plan), std::move(module), std::move(group), std::move(train_batches),
                   std::move(val_source), std::move(entry)},
                  progress);
  trainer.resume(std::move(checkpoint));
  return trainer.run(stop);
}

}  // namespace lido::learn
