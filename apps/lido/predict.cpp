// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <map>

#include "lido/base/json_text.h"
#include "lido/base/temporary_folder.h"
#include "lido/dataset/label_boxes.h"
#include "lido/dataset/table.h"
#include "lido/infer/catalog.h"
#include "lido/ingest/ingest.h"
#include "lido/ingest/supervise.h"
#include "lido/model/evaluate.h"
#include "lido/model/keypoint_people.h"
#include "lido/model/options.h"
#include "lido/report/drawn_clip.h"
#include "lido/storage/named_file.h"
#include "predict.h"
#include "progress_display.h"

namespace lido::cli {
namespace {

bool is_same_file(const std::string& one, const std::string& other) {
  if (one.empty() || other.empty()) return false;
  std::error_code ignored;
  return storage::absolute(one) == storage::absolute(other) ||
         std::filesystem::equivalent(one, other, ignored);
}

/// Checks flags before minutes of work.
Result<void> check(const PredictFlags& flags) {
  LIDO_TRY(validate(flags.options));
  if (flags.out.empty() && flags.predictions.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--out is missing, want --out VIDEO.mp4, --predictions TABLE.parquet or both");
  if (!flags.out.empty() && !flags.out.ends_with(".mp4"))
    return fail(ErrorCode::kInvalidArgument, "--out: got {}, want the name of an .mp4 file",
                flags.out);
  for (const auto& [what, input] :
       {std::pair("the clip", &flags.clip), {"--poses", &flags.poses}}) {
    for (const auto& [flag, output] :
         {std::pair("--out", &flags.out), {"--predictions", &flags.predictions}}) {
      if (is_same_file(*input, *output))
        return fail(ErrorCode::kInvalidArgument, "{}: got the file of {}, {}, want another file",
                    flag, what, *output);
    }
  }
  if (flags.clip.ends_with(".csv") || flags.clip.ends_with(".parquet"))
    return fail(ErrorCode::kInvalidArgument, "{}: a list or a table, want one video", flags.clip);
  std::error_code ignored;
  if (std::filesystem::is_directory(flags.clip, ignored))
    return fail(ErrorCode::kInvalidArgument, "{}: a folder, want one video", flags.clip);
  LIDO_TRY(storage::open_reader(flags.clip));
  return {};
}

/// Frames that were followed or drawn, or windows that were looked at.
int64_t frames_or_windows(const PredictProgress& progress) {
  const bool follows = progress.done == 0 && progress.total == 0;
  return follows ? progress.ingest.frames.load() : progress.done.load();
}

std::string line_of(const PredictProgress& progress) {
  if (progress.total > 0)
    return fmt::format("{}  {} of {}", progress.step.load(), human_count(progress.done),
                       human_count(progress.total));
  return fmt::format("{}  {}", progress.step.load(), counted(frames_or_windows(progress), "frame"));
}

using People = std::vector<model::KeypointPerson>;

/// Cells of a CSV file, quoted.
std::string quoted(std::string text) {
  for (size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2)
    text.insert(at, "\"");
  return '"' + text + '"';
}

/// Writes the people as a file of labels and one of boxes, along which an ingest cuts them out.
Result<void> write_labels(const People& people, const std::string& clip,
                          const ingest::Request& request) {
  std::ofstream labels(request.labels), boxes(request.label_boxes);
  labels << "clip,start_s,end_s,task,label,track\n";
  boxes << "clip,track,time_s,x,y,width,height\n";
  for (const model::KeypointPerson& person : people) {
    labels << fmt::format("{},{},{},person,person,{}\n", quoted(clip),
                          std::max(0.0, person.boxes.front().time_s - dataset::kMaxHold_s),
                          person.boxes.back().time_s + dataset::kMaxHold_s, person.track);
    for (const auto& [time_s, box] : person.boxes)
      boxes << fmt::format("{},{},{},{},{},{},{}\n", quoted(clip), person.track, time_s, box.x,
                           box.y, box.width, box.height);
  }
  for (const auto& [file, name] :
       {std::pair(&labels, &request.labels), std::pair(&boxes, &request.label_boxes)}) {
    if (!file->flush())
      return fail(ErrorCode::kUnavailable, "{}: cannot be written; is the disk full?", *name);
  }
  return {};
}

/// Boxes of the people at each sampling time, to be drawn.
std::vector<dataset::ObjectRow> objects_of(const People& people, double fps) {
  std::vector<dataset::ObjectRow> objects;
  for (const model::KeypointPerson& person : people) {
    int64_t k = 0;
    for (size_t i = 0; i < person.boxes.size(); ++i) {
      const double time_s = person.boxes[i].time_s;
      const double next_s = i + 1 < person.boxes.size() ? person.boxes[i + 1].time_s : INFINITY;
      const double end_s =
          next_s - time_s <= dataset::kMaxBoxGap_s ? next_s : time_s + dataset::kMaxHold_s;
      k = std::max(k, static_cast<int64_t>(std::ceil((time_s - dataset::kMaxHold_s) * fps)));
      for (; static_cast<double>(k) <= end_s * fps; ++k) {
        const auto box = dataset::box_between(person.boxes, static_cast<double>(k) / fps);
        if (!box) continue;
        dataset::ObjectRow object;
        object.k = k;
        object.track = person.track;
        object.x = box->x;
        object.y = box->y;
        object.width = box->width;
        object.height = box->height;
        objects.push_back(std::move(object));
      }
    }
  }
  return objects;
}

/// Boxes of the people that an ingest followed.
/// @param classes  The detector's classes that are people.
Result<std::vector<dataset::ObjectRow>> followed_people(const dataset::Dataset& dataset,
                                                        const std::vector<std::string>& classes) {
  std::vector<dataset::ObjectRow> objects;
  const auto keep = [&](dataset::ObjectRow& row) -> Result<void> {
    const bool is_person = std::ranges::find(classes, row.class_name) != classes.end();
    if (row.track != 0 && is_person) objects.push_back(std::move(row));
    return {};
  };
  const dataset::Generation generation = LIDO_TRY(dataset.read_latest());
  for (const std::string& folder : generation.scenes)
    LIDO_TRY(dataset::visit_table<dataset::ObjectRow>(
        dataset.store(), dataset::scene_table<dataset::ObjectRow>(folder), keep));
  return objects;
}

/// Ids that a table of keypoints has for the people whom an ingest numbered.
Result<std::map<int64_t, int64_t>> ids_of_numbers(const dataset::Dataset& dataset, int generation) {
  std::map<int64_t, int64_t> ids;
  LIDO_TRY(dataset.visit<dataset::SampleRow>(generation,
                                             [&](const dataset::SampleRow& row) -> Result<void> {
                                               for (const auto& label : row.labels) {
                                                 if (row.track != 0)
                                                   ids[row.track] = std::stoll(label.track);
                                               }
                                               return {};
                                             }));
  return ids;
}

/// Windows of people as the model learnt them.
Result<ingest::Request> windows_request(const PredictFlags& flags, const model::Model& model,
                                        const std::string& folder) {
  if (flags.options.fps > 0) {
    return fail(ErrorCode::kInvalidArgument,
                "--fps: got {}, want none: {} has the rate of its windows", flags.options.fps,
                flags.model);
  }
  const auto fps = parse_rational(model.fps);
  if (model.samples != "person" || model.input.width != model.input.height || !fps) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: learnt from samples of kind {}, {}x{}, at a rate of \"{}\", want square "
                "cutouts of people at a known rate",
                flags.model, model.samples, model.input.width, model.input.height, model.fps);
  }
  const int64_t half = std::max<int64_t>(1, model.input.frames / 2);
  ingest::Request request{.inputs = {flags.clip}, .out = folder + "/dataset"};
  request.sampling.fps = {.rate = *fps};
  request.sampling.windows = {
      .window = static_cast<int>(model.input.frames),
      .stride = static_cast<int>(flags.options.stride == 0 ? half : flags.options.stride)};
  request.sampling.samples = flags.poses.empty() ? "person" : "labels";
  request.sampling.person_size = static_cast<int>(model.input.width);
  request.sampling.detector = flags.options.detector;
  request.sampling.tracker = flags.options.tracker;
  request.sampling.max_gap_s = flags.options.max_gap_s;
  request.sampling.split = "0/0/1";
  if (!flags.poses.empty()) {
    request.sampling.scene = "off";
    request.labels = folder + "/labels.csv";
    request.label_boxes = folder + "/boxes.csv";
  }
  return request;
}

/// Checks that the people have the keypoints that a model sees, if any.
Result<void> check_keypoints(const PredictFlags& flags, const model::Model& model,
                             const People& people) {
  if (!model.keypoints) return {};
  if (flags.poses.empty() && !model.sees_frames) {
    return fail(ErrorCode::kInvalidArgument,
                "--poses is missing, want a table of keypoints: {} sees nothing else", flags.model);
  }
  const auto& names = model.keypoints->names;
  for (const model::KeypointPerson& person : people) {
    for (const auto& [time_s, pose] : person.poses) {
      if (pose.size() == 3 * names.size()) continue;
      return fail(ErrorCode::kInvalidArgument, "{}: track {} has {} at {} s, want the {} of {}: {}",
                  flags.poses, person.track, counted(std::ssize(pose) / 3, "keypoint"), time_s,
                  names.size(), flags.model, fmt::join(names, ","));
    }
  }
  return {};
}

/// The people of a table, by the numbers that an ingest gave them.
struct KnownPeople {
  const People& people;
  std::map<int64_t, int64_t> ids;  ///< Ids of the table; a track without one keeps its number.

  const model::KeypointPerson* of_track(int64_t track) const {
    const auto id = ids.find(track);
    const auto found = std::ranges::find(people, id == ids.end() ? track : id->second,
                                         &model::KeypointPerson::track);
    return found == people.end() ? nullptr : &*found;
  }
};

/// Gives samples the keypoints of a table, for a model that sees them.
/// @param known  Must outlive the result.
std::function<void(dataset::SampleRow&)> keypoints_from(const KnownPeople& known,
                                                        const model::Model& model) {
  if (known.people.empty() || !model.keypoints) return {};
  return [&known, count = model.keypoints->names.size(),
          fps = parse_rational(model.fps)->value()](dataset::SampleRow& row) {
    const model::KeypointPerson* person = known.of_track(row.track);
    if (person != nullptr) model::set_keypoints(row, *person, count, fps);
  };
}

/// Runs the model on all windows.
/// @param data  The dataset with the windows.
Result<void> predict_windows(const model::LoadedModel& model, const std::string& data,
                             const KnownPeople& known, PredictProgress& progress,
                             Predictions& predictions, PredictSummary& result) {
  const auto on_prediction = [&](dataset::PredictionRow row) -> Result<void> {
    if (const auto id = known.ids.find(row.track); id != known.ids.end()) row.track = id->second;
    predictions.tracks.add(row);
    ++result.classes[row.task][row.predicted];
    return predictions.table ? predictions.table->append(std::move(row)) : Result<void>();
  };
  const auto on_samples = [&](int64_t done, int64_t total) {
    progress.done = done;
    progress.total = total;
  };
  model::EvaluateOptions options;
  options.set_keypoints = keypoints_from(known, model.model);
  const auto evaluation =
      LIDO_TRY(model::evaluate(model, data, options, on_prediction, on_samples, interruption()));
  result.windows = evaluation.samples;
  result.people = predictions.tracks.tracks();
  return {};
}

Result<PredictSummary> predict_people(const PredictFlags& flags, const model::LoadedModel& model,
                                      const std::string& folder, bool careful,
                                      PredictProgress& progress) {
  auto request = LIDO_TRY(windows_request(flags, model.model, folder));
  if (careful) request.job.workers = 1;
  People people;
  if (!flags.poses.empty()) {
    const std::string clip = storage::absolute(flags.clip);
    people = LIDO_TRY(model::read_keypoint_people(flags.poses, clip));
    LIDO_TRY(write_labels(people, clip, request));
  }
  LIDO_TRY(check_keypoints(flags, model.model, people));
  auto plan = LIDO_TRY(ingest::prepare(request, interruption()));
  const auto classes = plan.detector ? plan.detector->person_classes : std::vector<std::string>();
  auto run = LIDO_TRY(ingest::IngestRun::open(request, std::move(plan), interruption()));
  const auto summary = LIDO_TRY(run.finish(progress.ingest, interruption()));
  if (summary.rejected > 0) {
    return fail(ErrorCode::kCorrupt, "{}: {}", flags.clip,
                summary.faults.empty() ? "cannot be read" : summary.faults[0].reason);
  }
  PredictSummary result{.footage = model.model.footage, .broken = summary.broken > 0};
  for (const ingest::ClipFault& fault : summary.faults)
    result.warnings.push_back(
        fmt::format("{}: broken at {:.2f} s: {}", flags.clip, fault.time_s, fault.reason));
  progress.begin("looking at people");
  const double fps = request.sampling.fps.rate.value();
  Predictions predictions(fps);
  if (!flags.predictions.empty()) LIDO_TRY(predictions.open(flags.predictions));
  if (people.empty() && model.model.keypoints) {
    result.missing = model::kKeypointsStream;
    result.warnings.push_back(
        fmt::format("{}: predicted without the stream keypoints; --poses gives it", flags.clip));
  }
  KnownPeople known{people, {}};
  if (!people.empty()) known.ids = LIDO_TRY(ids_of_numbers(run.dataset(), summary.generation));
  const bool has_windows = people.empty() ? summary.samples > 0 : !known.ids.empty();
  if (has_windows)
    LIDO_TRY(predict_windows(model, request.out, known, progress, predictions, result));
  if (!flags.out.empty()) {
    auto objects = flags.poses.empty() ? LIDO_TRY(followed_people(run.dataset(), classes))
                                       : objects_of(people, fps);
    std::ranges::stable_sort(objects, {}, &dataset::ObjectRow::k);
    progress.begin("drawing");
    const report::PredictedPeople drawn{objects, predictions.tracks, fps,
                                        flags.options.min_probability, footage_note(model.model)};
    LIDO_TRY(draw_people(flags, model.model.fps, drawn, progress));
    result.frames = progress.done;
  }
  if (predictions.table) LIDO_TRY(predictions.table->commit());
  return result;
}

void print(const PredictFlags& flags, const PredictSummary& summary) {
  print_warnings(summary.warnings);
  if (flags.json) {
    const auto path = [](const std::string& file) {
      return file.empty() ? nlohmann::ordered_json()
                          : nlohmann::ordered_json(storage::absolute(file));
    };
    nlohmann::ordered_json json = {{"tracks", summary.people},
                                   {"windows", summary.windows},
                                   {"classes", summary.classes},
                                   {"trained_on_footage", summary.footage},
                                   {"frames", summary.frames},
                                   {"out", path(flags.out)},
                                   {"predictions", path(flags.predictions)}};
    if (!summary.missing.empty()) json["missing_stream"] = summary.missing;
    fmt::print("{}\n", json_text(json));
    return;
  }
  fmt::print("{} of {}, by a model trained on {} footage\n", counted(summary.windows, "window"),
             counted(summary.people, "person", "people"), summary.footage);
  for (const auto& [task, classes] : summary.classes) {
    std::string line;
    for (const auto& [name, count] : classes)
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", count, printable(name));
    fmt::print("{}: {}\n", printable(task), line);
  }
  if (!flags.predictions.empty()) print_written(flags.predictions);
  if (!flags.out.empty()) print_page(flags.out);
}

Result<int> run_predict(const PredictFlags& flags, const std::string& folder, bool careful) {
  LIDO_TRY(check(flags));
  const auto model = LIDO_TRY(model::read_model(flags.model));
  const bool gestures = model.model.gesture.has_value();
  if (flags.poses.empty())
    LIDO_TRY(ensure_model("detector", flags.options.detector.detector, flags.quiet));
  if (gestures)
    LIDO_TRY(ensure_poses({.poses = kGesturePoses, .hands = flags.options.hands}, flags.quiet));
  stop_on_signals("nothing was written");
  PredictProgress progress;
  PredictSummary summary;
  {
    const ProgressDisplay display(
        [&](double) { return line_of(progress); },
        [&](double) {
          return json_text(nlohmann::ordered_json({{"step", progress.step.load()},
                                                   {"done", frames_or_windows(progress)},
                                                   {"total", progress.total.load()}}));
        },
        flags.quiet);
    summary = gestures ? LIDO_TRY(predict_gestures(flags, model, folder, progress))
                       : LIDO_TRY(predict_people(flags, model, folder, careful, progress));
  }
  print(flags, summary);
  return summary.broken ? kFindings : kDone;
}

/// Runs the command in a child process, as an ingest does: a decoder may crash.
int start(const PredictFlags& flags) {
  const auto folder = TemporaryFolder::make("predict-");
  if (!folder) return report_error(folder.error());
  return ingest::supervise([&](bool careful) {
    const auto result = run_predict(flags, folder->path(), careful);
    storage::shut_down();
    return result ? *result : report_error(result.error());
  });
}

}  // namespace

Result<void> draw_people(const PredictFlags& flags, const std::string& fps,
                         const report::PredictedPeople& people, PredictProgress& progress) {
  const auto reader = LIDO_TRY(storage::open_reader(flags.clip));
  const media::ExtractRequest request{.fps = LIDO_TRY(parse_rational(fps)),
                                      .max_gap_s = flags.options.max_gap_s};
  const auto file = LIDO_TRY(storage::NamedFile::open(flags.out));
  return report::write_drawn_clip({*reader, request, [&] { return draw_predictions(people); },
                                   [&](int64_t frames) { progress.done = frames; }, interruption()},
                                  *file.store, file.name);
}

void add_predict(CLI::App& app, int& exit) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = app.add_subcommand(
      "predict", "Find classes of people, or signals of hands, in a clip with a trained model");
  command->add_option("model", flags->model, "Folder of a model: the folder model of a run")
      ->required();
  command->add_option("clip", flags->clip, "File, gs:// or s3:// object")->required();
  command->add_option("--out", flags->out,
                      "MP4 file to write: the sampled frames, with people's boxes and classes");
  command->add_option("--predictions", flags->predictions,
                      "Parquet file to write: the probabilities of each window of each person");
  command->add_option("--poses", flags->poses,
                      "Parquet file with the clip's people as keypoints (clip, time_s, track, "
                      "keypoints), such as the poses.parquet of lido scene --poses: people are cut "
                      "out around those, and neither detected nor followed");
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->options, "Prediction");
  command->callback([flags, &exit] { exit = start(*flags); });
}

}  // namespace lido::cli
