// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "lido/model/hand_signals.h"
#include "lido/report/scene_clip.h"
#include "predict.h"

namespace lido::cli {
namespace {

/// Rate of looking at hands in one frame: signals last for a second or more.
constexpr double kHandRate = 5;
constexpr const char* kUnknown = "unknown";

Result<std::string> rate_of(const PredictFlags& flags, const model::Model& model) {
  if (flags.options.fps > 0) return fmt::format("{}", flags.options.fps);
  if (!model.fps.empty()) return model.fps;
  if (!model.gesture->motion) return fmt::format("{}", kHandRate);
  return fail(ErrorCode::kInvalidArgument,
              "--fps is missing, want the frames a second of the recordings that {} learnt from",
              flags.model);
}

/// Tables of the clip's people, their poses and hands.
struct ClipHands {
  report::SceneClipSummary summary;
  std::vector<dataset::PoseRow> poses;
  std::vector<dataset::ObjectRow> objects;  ///< Boxes of people who have poses, ordered by k.
};

Result<ClipHands> find_hands(const PredictFlags& flags, const std::string& rate,
                             const std::string& folder, PredictProgress& progress) {
  const PredictOptions& given = flags.options;
  report::SceneClipOptions options{
      .fps = LIDO_TRY(parse_rational(rate)),
      .max_gap_s = given.max_gap_s,
      .detector = given.detector,
      .tracker = given.tracker,
      .poses = {.poses = kGesturePoses, .hands = given.hands, .min_hand_px = given.min_hand_px}};
  const auto on_frames = [&](const report::SceneProgress& scene) { progress.done = scene.frames; };
  const std::string tables = folder + "/scene";
  ClipHands found;
  found.summary =
      LIDO_TRY(report::scene_clip(flags.clip, tables, false, options, on_frames, interruption()));
  const auto store = LIDO_TRY(storage::open_store(tables));
  found.poses = LIDO_TRY(
      dataset::read_table<dataset::PoseRow>(*store, dataset::table_file<dataset::PoseRow>()));
  std::set<int64_t> people;
  for (const auto& pose : found.poses) people.insert(pose.track);
  found.objects = LIDO_TRY(
      dataset::read_table<dataset::ObjectRow>(*store, dataset::table_file<dataset::ObjectRow>()));
  std::erase_if(found.objects, [&](const auto& row) { return !people.contains(row.track); });
  std::ranges::stable_sort(found.objects, {}, &dataset::ObjectRow::k);
  return found;
}

/// A row as it is drawn: with the hand before the signal. Both hands are drawn at their person.
dataset::PredictionRow drawn_row(dataset::PredictionRow row) {
  const std::string hand = row.sample.contains("_left_") ? "left" : "right";
  row.task = hand;
  for (std::string& name : row.classes) name = hand + " " + name;
  return row;
}

}  // namespace

Result<PredictSummary> predict_gestures(const PredictFlags& flags, const model::LoadedModel& loaded,
                                        const std::string& folder, PredictProgress& progress) {
  const model::Model& model = loaded.model;
  if (!flags.poses.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--poses: got {}, want none: a model of gestures finds hands in the clip itself",
                flags.poses);
  }
  if (flags.options.hands == "off")
    return fail(ErrorCode::kInvalidArgument, "--hands: got off, want a network of hands");
  const std::string rate = LIDO_TRY(rate_of(flags, model));
  progress.begin("finding hands");
  const ClipHands found = LIDO_TRY(find_hands(flags, rate, folder, progress));
  const double fps = LIDO_TRY(parse_rational(rate)).value();
  auto runner = LIDO_TRY(model::ModelRunner::load(model, loaded.onnx, model::kClassifyBatch));
  auto rows =
      LIDO_TRY(model::predict_hand_signals(model, model::classify_with(runner, model), found.poses,
                                           {.fps = fps,
                                            .width = found.summary.width,
                                            .height = found.summary.height,
                                            .min_probability = flags.options.min_probability,
                                            .stride = static_cast<int>(flags.options.stride)}));
  PredictSummary result{.windows = std::ssize(rows),
                        .footage = model.footage,
                        .broken = !found.summary.broke.empty()};
  if (result.broken)
    result.warnings.push_back(
        fmt::format("{}: the clip breaks off {}", flags.clip, found.summary.broke));
  Predictions predictions(fps);
  if (!flags.predictions.empty()) LIDO_TRY(predictions.open(flags.predictions));
  std::set<int64_t> people;
  for (auto& row : rows) {
    people.insert(row.track);
    ++result.classes[row.task][row.predicted.empty() ? kUnknown : row.predicted];
    if (!row.probabilities.empty()) predictions.tracks.add(drawn_row(row));
    if (predictions.table) LIDO_TRY(predictions.table->append(std::move(row)));
  }
  result.people = std::ssize(people);
  if (!flags.out.empty()) {
    progress.begin("drawing");
    LIDO_TRY(draw_people(flags, rate,
                         {found.objects, predictions.tracks, fps, flags.options.min_probability,
                          footage_note(model)},
                         progress));
    result.frames = progress.done;
  }
  if (predictions.table) LIDO_TRY(predictions.table->commit());
  return result;
}

}  // namespace lido::cli
