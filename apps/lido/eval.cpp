// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/dataset/table.h"
#include "lido/model/dataset_gestures.h"
#include "lido/model/evaluate.h"
#include "lido/storage/named_file.h"
#include "progress_display.h"

namespace lido::cli {
namespace {

struct EvalFlags {
  std::string model;
  std::string data;
  std::string points;
  std::string classes;
  std::string predictions;
  bool json = false;
  bool quiet = false;
  model::EvaluateOptions options;
};

/// Number of characters of the longest class, at least that of the heading.
size_t width_of(const model::Head& head) {
  size_t width = 5;
  for (const std::string& name : head.classes) width = std::max(width, printable(name).size());
  return width;
}

void print_head(const model::Head& head, const model::HeadFigures& figures, int64_t unknown) {
  fmt::print("\n{}: {}\n", printable(head.task), counted(figures.samples, "labelled sample"));
  if (unknown > 0)
    fmt::print("  {} left out: their label is not a class of the model\n",
               counted(unknown, "sample"));
  if (figures.samples == 0) return;
  fmt::print(
      "  macro-F1 {:.3f} (always the most frequent class: {:.3f}), accuracy {:.3f} ({:.3f})\n",
      figures.macro_f1, figures.majority_macro_f1, figures.accuracy, figures.majority_accuracy);
  fmt::print("  loss {:.3f}, calibration error {:.3f}\n", figures.loss, figures.calibration_error);
  const size_t width = width_of(head);
  fmt::print("  {:{}}  samples  precision  recall     F1  chosen\n", "class", width);
  for (size_t c = 0; c < head.classes.size(); ++c) {
    const model::ClassFigures& one = figures.by_class[c];
    fmt::print("  {:{}}  {:>7}  {:>9.3f}  {:>6.3f}  {:>5.3f}  {:>6}\n", printable(head.classes[c]),
               width, one.samples, one.precision, one.recall, one.f1, one.chosen);
  }
  fmt::print("  confusion, a row for each label, columns in the same order:\n");
  for (size_t c = 0; c < head.classes.size(); ++c) {
    fmt::print("  {:{}} ", printable(head.classes[c]), width);
    for (size_t other = 0; other < head.classes.size(); ++other)
      fmt::print(" {:>6}", figures.confusion[c * head.classes.size() + other]);
    fmt::print("\n");
  }
}

/// Prints what each stream is worth, and whether one is missing.
void print_streams(const model::Model& model, const model::Evaluation& evaluation) {
  if (!evaluation.missing.empty())
    fmt::print("\nThe dataset has no {}: measured without that stream.\n", evaluation.missing);
  if (evaluation.streams.empty()) return;
  fmt::print("\nmacro-F1 by stream:\n");
  for (const auto& [streams, figures] : evaluation.streams.items()) {
    std::string line;
    for (const model::Head& head : model.heads) {
      const auto& value = figures.at(head.task);
      line += fmt::format("  {} {}", printable(head.task),
                          value.is_null() ? "unknown" : fmt::format("{:.3f}", value.get<double>()));
    }
    fmt::print("  {:19}{}\n", model::stream_title(streams), line);
  }
}

void print_json(const model::Model& model, const model::Evaluation& evaluation) {
  nlohmann::ordered_json tasks = nlohmann::ordered_json::object();
  for (const model::Head& head : model.heads) {
    tasks[head.task] = model::figures_json(evaluation.figures.at(head.task), head);
    tasks[head.task]["unknown_labels"] = evaluation.unknown_labels.at(head.task);
  }
  nlohmann::ordered_json json = {{"samples", evaluation.samples},
                                 {"data", evaluation.data},
                                 {"trained_on_footage", model.footage},
                                 {"tasks", tasks}};
  if (!evaluation.streams.empty()) json["streams"] = evaluation.streams;
  if (!evaluation.missing.empty()) json["missing_stream"] = evaluation.missing;
  fmt::print("{}\n", json_text(json));
}

using OnPrediction = std::function<Result<void>(dataset::PredictionRow)>;
using OnSamples = std::function<void(int64_t, int64_t)>;

/// Checks that there is one kind of labels, and the one that the model learnt from.
Result<void> check(const EvalFlags& flags, const model::Model& model) {
  if (flags.data.empty() == flags.points.empty())
    return fail(ErrorCode::kInvalidArgument, "--data and --points: got {}, want one of them",
                flags.data.empty() ? "neither" : "both");
  if (flags.points.empty() && model.gesture && model.gesture->motion) {
    return fail(ErrorCode::kInvalidArgument,
                "--data: got {}, want --points: the model knows signals in motion", flags.data);
  }
  if (!flags.points.empty() && !model.gesture) {
    return fail(ErrorCode::kInvalidArgument, "--points: got {}, want --data: the model is of {}",
                flags.points, model.network);
  }
  return {};
}

Result<model::Evaluation> evaluate_points(const EvalFlags& flags, const model::LoadedModel& loaded,
                                          const OnPrediction& on_prediction,
                                          const OnSamples& on_samples) {
  const auto& known = loaded.model.heads[0].classes;
  if (!flags.classes.empty() && LIDO_TRY(model::read_class_names(flags.classes)) != known) {
    return fail(ErrorCode::kInvalidArgument, "--classes: {} has other names than the model: {}",
                flags.classes, fmt::format("{}", fmt::join(known, ", ")));
  }
  const auto set = LIDO_TRY(model::read_gestures(flags.points, known));
  return model::evaluate_gestures(loaded, set, on_prediction, on_samples, interruption());
}

/// Runs a model of gestures on the hands of one split of a dataset.
Result<model::Evaluation> evaluate_hands(const EvalFlags& flags, const model::LoadedModel& loaded,
                                         const OnPrediction& on_prediction,
                                         const OnSamples& on_samples) {
  LIDO_TRY(validate(flags.options));
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.data));
  const int generation = LIDO_TRY(dataset.latest());
  const model::Head& head = loaded.model.heads[0];
  auto gestures =
      LIDO_TRY(model::read_dataset_gestures(dataset, generation, head.task, head.classes));
  const auto& chosen = gestures.split[flags.options.split];
  if (chosen.empty()) {
    return fail(ErrorCode::kDegenerate, "{}: no hand of the split {} has a label of {}", flags.data,
                flags.options.split, head.task);
  }
  model::GestureSet set = gestures.set;
  set.samples.clear();
  for (const size_t i : chosen) set.samples.push_back(std::move(gestures.set.samples[i]));
  auto evaluation =
      LIDO_TRY(model::evaluate_gestures(loaded, set, on_prediction, on_samples, interruption()));
  evaluation.data["generation"] = generation;
  evaluation.data["split"] = flags.options.split;
  return evaluation;
}

Result<model::Evaluation> run_model(const EvalFlags& flags, const model::LoadedModel& loaded,
                                    const OnPrediction& on_prediction,
                                    const OnSamples& on_samples) {
  if (!flags.points.empty()) return evaluate_points(flags, loaded, on_prediction, on_samples);
  if (loaded.model.gesture) return evaluate_hands(flags, loaded, on_prediction, on_samples);
  model::EvaluateOptions options = flags.options;
  options.each_stream = true;
  return model::evaluate(loaded, flags.data, options, on_prediction, on_samples, interruption());
}

Result<int> run_eval(const EvalFlags& flags) {
  const auto loaded = LIDO_TRY(model::read_model(flags.model));
  LIDO_TRY(check(flags, loaded.model));
  stop_on_signals("no predictions are written");
  std::optional<storage::NamedFile> file;
  std::optional<dataset::TableWriter<dataset::PredictionRow>> table;
  if (!flags.predictions.empty()) {
    file = LIDO_TRY(storage::NamedFile::open(flags.predictions));
    table =
        LIDO_TRY(dataset::TableWriter<dataset::PredictionRow>::create(*file->store, file->name));
  }
  OnPrediction on_prediction;
  if (table) {
    on_prediction = [&](dataset::PredictionRow row) { return table->append(std::move(row)); };
  }
  std::atomic<int64_t> done = 0, total = 0;
  model::Evaluation evaluation;
  {
    const ProgressDisplay display(
        [&](double) { return fmt::format("{} of {} samples", done.load(), total.load()); },
        [&](double) {
          return fmt::format("{{\"samples\":{},\"samples_total\":{}}}", done.load(), total.load());
        },
        flags.quiet);
    const auto on_samples = [&](int64_t samples, int64_t all) {
      done = samples;
      total = all;
    };
    evaluation = LIDO_TRY(run_model(flags, loaded, on_prediction, on_samples));
  }
  if (table) LIDO_TRY(table->commit());
  if (flags.json) {
    print_json(loaded.model, evaluation);
    return kDone;
  }
  const std::string from = fmt::format(", by a model trained on {} footage", loaded.model.footage);
  if (flags.points.empty()) {
    fmt::print("{} of the split {} of {}{}\n", counted(evaluation.samples, "sample"),
               flags.options.split, flags.data, from);
  } else {
    fmt::print("{} of {}{}\n", counted(evaluation.samples, "row"), flags.points, from);
  }
  for (const model::Head& head : loaded.model.heads)
    print_head(head, evaluation.figures.at(head.task), evaluation.unknown_labels.at(head.task));
  print_streams(loaded.model, evaluation);
  if (table) print_written(flags.predictions);
  return kDone;
}

}  // namespace

void add_eval(CLI::App& app, int& exit) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = app.add_subcommand(
      "eval", "Compare a trained model with labels of a dataset or a table that it has not seen");
  command->add_option("model", flags->model, "Folder of a model: the folder model of a run")
      ->required();
  command->add_option("--data", flags->data, "Folder, gs:// or s3:// prefix of the dataset");
  command->add_option("--points", flags->points,
                      "With a model of gestures, in place of --data: CSV file as for lido train");
  command->add_option("--classes", flags->classes,
                      "With --points: file with the names of the classes, to check that the "
                      "numbers are those of the model");
  command->add_option("--predictions", flags->predictions,
                      "Parquet file for the probabilities of each sample");
  command->add_flag("--json", flags->json, "Print the figures as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->options, "Evaluation");
  command->callback([flags, &exit] {
    const auto result = run_eval(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
