// SPDX-License-Identifier: Apache-2.0
#include "lido/model/bundle.h"

#include <algorithm>
#include <cmath>

#include "lido/base/hash.h"
#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"
#include "lido/model/options.h"

namespace lido::model {
namespace {

constexpr int kFormat = 1;
constexpr int64_t kMaxSide = 8192, kMaxFrames = 4096;
constexpr size_t kMaxHeads = 64, kMaxClasses = 10000;
constexpr size_t kMaxKeypoints = 1000;
constexpr const char* kNumbersLayout = "windows x frames x features, float32";
constexpr int64_t kMaxText = int64_t{16} << 20;

/// NaN has no JSON.
nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

std::unexpected<Error> bad(std::string_view key, std::string_view wanted) {
  return fail(ErrorCode::kCorrupt, "{}: {}: want {}", kModelFile, key, wanted);
}

Result<int> side(const nlohmann::ordered_json& input, const char* key, int64_t max,
                 const char* object = "input") {
  const auto found = input.find(key);
  const auto value = found == input.end() ? std::nullopt : json_integer<int64_t>(*found);
  if (!value || *value < 1 || *value > max)
    return bad(fmt::format("{}.{}", object, key), fmt::format("a whole number from 1 to {}", max));
  return static_cast<int>(*value);
}

Result<std::string> text(const nlohmann::ordered_json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return bad(key, "text");
  return found->get<std::string>();
}

Result<Head> head_of(const nlohmann::ordered_json& json) {
  Head head;
  if (!json.is_object()) return bad("heads", "objects with task, classes and temperature");
  head.task = LIDO_TRY(text(json, "task"));
  const auto classes = json.find("classes");
  const auto is_text = [](const auto& name) { return name.is_string(); };
  if (head.task.empty() || classes == json.end() || !classes->is_array() || classes->size() < 2 ||
      classes->size() > kMaxClasses || !std::ranges::all_of(*classes, is_text)) {
    return bad("heads.classes", fmt::format("2 to {} names of classes", kMaxClasses));
  }
  head.classes = classes->get<std::vector<std::string>>();
  const auto temperature = json.find("temperature");
  if (temperature == json.end() || !temperature->is_number() || !(temperature->get<double>() > 0))
    return bad("heads.temperature", "a number above 0");
  head.temperature = temperature->get<double>();
  return head;
}

nlohmann::ordered_json input_json(const Model& model) {
  if (model.gesture) {
    return {{"name", "features"},
            {"layout", kNumbersLayout},
            {"kind", model.gesture->kind()},
            {"frames", model.gesture->frames},
            {"features", model.gesture->features()},
            {"fps", model.fps},
            {"samples", model.samples}};
  }
  // Keypoints alone are relative to cutouts as well.
  return {
      {"name", model.sees_frames ? kFramesStream : kKeypointsStream},
      {"layout", model.sees_frames ? "windows x frames x height x width x RGB, float32, 0 to 255"
                                   : kNumbersLayout},
      {"frames", model.input.frames},
      {"height", model.input.height},
      {"width", model.input.width},
      {"fps", model.fps},
      {"samples", model.samples}};
}

nlohmann::ordered_json keypoints_json(const KeypointInput& keypoints) {
  return {{"name", kKeypointsStream},
          {"layout", kNumbersLayout},
          {"features", keypoints.features()},
          {"keypoints", keypoints.names}};
}

/// Reads the stream of keypoints.
Result<KeypointInput> read_keypoints(const nlohmann::ordered_json& json) {
  const auto names = json.is_object() ? json.find("keypoints") : json.end();
  const auto is_text = [](const auto& name) { return name.is_string(); };
  if (!json.is_object() || names == json.end() || !names->is_array() || names->empty() ||
      names->size() > kMaxKeypoints || !std::ranges::all_of(*names, is_text)) {
    return bad("keypoints.keypoints", fmt::format("1 to {} names of keypoints", kMaxKeypoints));
  }
  KeypointInput keypoints{names->get<std::vector<std::string>>()};
  if (LIDO_TRY(side(json, "features", kMaxSide, "keypoints")) != keypoints.features()) {
    return bad("keypoints.features",
               fmt::format("{}, as this version of lido makes them", keypoints.features()));
  }
  return keypoints;
}

/// Reads what the network sees.
Result<void> read_input(const nlohmann::ordered_json& input, Model& model) {
  if (model.network != kGestureNetwork) {
    model.input.frames = LIDO_TRY(side(input, "frames", kMaxFrames));
    model.input.height = LIDO_TRY(side(input, "height", kMaxSide));
    model.input.width = LIDO_TRY(side(input, "width", kMaxSide));
    return {};
  }
  const std::string kind = LIDO_TRY(text(input, "kind"));
  if (kind != "hand" && kind != "motion") return bad("input.kind", "hand or motion");
  GestureInput gesture{.motion = kind == "motion", .frames = 1};
  gesture.frames = LIDO_TRY(side(input, "frames", gesture.motion ? kMaxFrames : 1));
  const int features = LIDO_TRY(side(input, "features", kMaxSide));
  if (features != gesture.features()) {
    return bad("input.features",
               fmt::format("{}, as this version of lido makes them", gesture.features()));
  }
  model.gesture = gesture;
  return {};
}

nlohmann::ordered_json description_json(const Model& model) {
  nlohmann::ordered_json heads = nlohmann::ordered_json::array();
  for (const Head& head : model.heads) {
    heads.push_back({{"task", head.task},
                     {"output", head.task},
                     {"classes", head.classes},
                     {"temperature", head.temperature}});
  }
  nlohmann::ordered_json json = {
      {"format", kFormat}, {"network", model.network}, {"input", input_json(model)}};
  if (model.keypoints) json["keypoints"] = keypoints_json(*model.keypoints);
  json["heads"] = heads;
  json["footage"] = model.footage;
  json["revision"] = model.revision;
  json["data"] = model.data;
  json["figures"] = model.figures;
  if (!model.streams.empty()) json["streams"] = model.streams;
  json["files"] = {{kGraphFile, model.sha256}};
  return json;
}

/// Describes what the network sees.
std::string input_text(const Model& model) {
  const std::string fps = model.fps.empty() ? "unknown" : model.fps;
  if (!model.gesture) {
    const std::string numbers =
        model.keypoints ? fmt::format("{} keypoints of a person and the motion of their box",
                                      model.keypoints->names.size())
                        : "";
    if (!model.sees_frames)
      return fmt::format("windows of {} frames: {}, {} frames a second", model.input.frames,
                         numbers, fps);
    return fmt::format(
        "windows of {} frames of {} x {} pixels, RGB, 0 to 255, {} frames a second{}",
        model.input.frames, model.input.width, model.input.height, fps,
        numbers.empty() ? "" : "; and the " + numbers + ", which may be missing");
  }
  if (model.gesture->motion)
    return fmt::format("{} positions of a point, {} a second", model.gesture->frames, fps);
  return fmt::format("the {} landmarks of a hand in one frame", kHandLandmarks);
}

/// Whether the model learnt from the rows of a file, which have no groups.
bool is_of_rows(const Model& model) { return model.gesture && !model.data.contains("generation"); }

std::string cell(const nlohmann::ordered_json& figures, const char* key) {
  const auto found = figures.find(key);
  const bool known = found != figures.end() && found->is_number();
  return known ? fmt::format("{:.3f}", found->get<double>()) : std::string("unknown");
}

/// Formats the worth of each stream as a table in Markdown; empty for a network of one stream.
std::string streams_table(const Model& model) {
  if (model.streams.empty()) return "";
  std::string header = "| macro-F1 with |", line = "|---|", rows;
  for (const Head& head : model.heads) {
    header += fmt::format(" {} |", head.task);
    line += "---|";
  }
  for (const auto& [streams, figures] : model.streams.items()) {
    rows += fmt::format("| {} |", stream_title(streams));
    for (const Head& head : model.heads)
      rows += fmt::format(" {} |", cell(figures, head.task.c_str()));
    rows += "\n";
  }
  return fmt::format("\nWhat each stream is worth, on the same split:\n\n{}\n{}\n{}", header, line,
                     rows);
}

}  // namespace

std::string stream_title(std::string_view streams) {
  if (streams == kFramesStream) return "the images alone";
  if (streams == kKeypointsStream) return "the keypoints alone";
  if (streams == kBothStreams) return "both";
  return std::string(streams);
}

nlohmann::ordered_json figures_json(const HeadFigures& figures, const Head& head) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  for (size_t c = 0; c < head.classes.size(); ++c) {
    const ClassFigures& one = figures.by_class[c];
    classes.push_back({{"class", head.classes[c]},
                       {"samples", one.samples},
                       {"precision", one.precision},
                       {"recall", one.recall},
                       {"f1", one.f1}});
  }
  return {{"samples", figures.samples},
          {"accuracy", number(figures.accuracy)},
          {"macro_f1", number(figures.macro_f1)},
          {"loss", number(figures.loss)},
          {"calibration_error", number(figures.calibration_error)},
          {"majority_accuracy", number(figures.majority_accuracy)},
          {"majority_macro_f1", number(figures.majority_macro_f1)},
          {"classes", classes},
          {"confusion", figures.confusion}};
}

std::string where_measured(std::string_view footage) {
  if (footage == "simulated") return "in simulation";
  if (footage == "real") return "on real footage";
  if (footage == "mixed") return "on simulated and real footage together";
  return "on footage that --footage did not name";
}

std::string card_of(const Model& model) {
  std::string card = fmt::format("# A network of Lido: {}\n\n", model.network);
  card += fmt::format("Every figure below was measured {}.\n", where_measured(model.footage));
  if (model.footage != "real")
    card += "None of them states what the network is worth on real footage.\n";
  card += fmt::format("\nInput: {}.\nData: `{}`.\nTrained by {}.\n", input_text(model),
                      json_text(model.data), model.revision);
  card += is_of_rows(model)
              ? "\nValidation on a block of the rows of each class, which the training "
                "did not see; the rows beside the block may be of one recording "
                "with it:\n\n"
              : "\nValidation split, whose groups the training did not see:\n\n";
  card +=
      "| task | samples | macro-F1 | macro-F1 of the majority | accuracy | calibration error |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& [task, figures] : model.figures.items()) {
    const auto samples = json_integer<int64_t>(figures.value("samples", nlohmann::ordered_json()));
    card += fmt::format("| {} | {} | {} | {} | {} | {} |\n", task,
                        samples ? fmt::format("{}", *samples) : "unknown",
                        cell(figures, "macro_f1"), cell(figures, "majority_macro_f1"),
                        cell(figures, "accuracy"), cell(figures, "calibration_error"));
  }
  card += streams_table(model);
  card += "\nThe best epoch was chosen on that split, and the temperatures were fitted on it.\n";
  return card;
}

std::vector<infer::Port> Model::inputs() const {
  if (gesture) return {{"features", {gesture->frames, gesture->features()}}};
  std::vector<infer::Port> ports;
  if (sees_frames) ports.push_back({kFramesStream, {input.frames, input.height, input.width, 3}});
  if (keypoints) ports.push_back({kKeypointsStream, {input.frames, keypoints->features()}});
  return ports;
}

Result<void> write_model(storage::Store& store, const std::string& folder, Model model,
                         std::string_view onnx) {
  model.sha256 = sha256_hex(onnx);
  LIDO_TRY(store.write_text(folder + "/" + kGraphFile, onnx));
  LIDO_TRY(store.write_text(folder + "/" + kCardFile, card_of(model)));
  return store.write_text(folder + "/" + kModelFile, json_text(description_json(model), 2) + "\n");
}

Result<Model> parse_model(const std::string& bytes) {
  const auto json = nlohmann::ordered_json::parse(bytes, nullptr, false);
  if (!json.is_object()) return bad("the file", "a JSON object");
  Model model;
  const auto format = json.find("format");
  if (format == json.end() || json_integer<int>(*format) != kFormat)
    return bad("format", fmt::format("{}", kFormat));
  model.network = LIDO_TRY(text(json, "network"));
  model.footage = LIDO_TRY(text(json, "footage"));
  model.revision = LIDO_TRY(text(json, "revision"));
  const auto input = json.find("input");
  if (input == json.end() || !input->is_object()) return bad("input", "an object");
  LIDO_TRY(read_input(*input, model));
  if (const auto keypoints = json.find("keypoints"); keypoints != json.end())
    model.keypoints = LIDO_TRY(read_keypoints(*keypoints));
  model.sees_frames = input->value("name", nlohmann::ordered_json()) != kKeypointsStream;
  if (!model.sees_frames && !model.keypoints) return bad("keypoints", "an object");
  if (model.gesture && model.keypoints) return bad("keypoints", "none, for gestures");
  model.fps = LIDO_TRY(text(*input, "fps"));
  model.samples = LIDO_TRY(text(*input, "samples"));
  const auto heads = json.find("heads");
  if (heads == json.end() || !heads->is_array() || heads->empty() || heads->size() > kMaxHeads)
    return bad("heads", fmt::format("1 to {} heads", kMaxHeads));
  for (const auto& head : *heads) model.heads.push_back(LIDO_TRY(head_of(head)));
  const auto is_object = [](const auto& value) { return value.is_object(); };
  model.data = json.value("data", nlohmann::ordered_json::object());
  if (!model.data.is_object()) return bad("data", "an object");
  model.figures = json.value("figures", nlohmann::ordered_json::object());
  if (!model.figures.is_object() || !std::ranges::all_of(model.figures, is_object))
    return bad("figures", "an object for each task");
  model.streams = json.value("streams", nlohmann::ordered_json::object());
  if (!model.streams.is_object() || !std::ranges::all_of(model.streams, is_object))
    return bad("streams", "an object for each choice of streams");
  const auto files = json.find("files");
  if (files == json.end() || !files->is_object()) return bad("files", "an object");
  model.sha256 = LIDO_TRY(text(*files, kGraphFile));
  return model;
}

Result<LoadedModel> read_model(const std::string& uri) {
  const auto store = LIDO_TRY(storage::open_store(uri));
  const auto description = store->read_text(kModelFile, kMaxText);
  if (!description && description.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: no model, want the folder model of a training run", uri);
  if (!description) return std::unexpected(description.error());
  auto model = parse_model(*description);
  if (!model) return with_context(store->uri(), model.error());
  std::string onnx = LIDO_TRY(store->read_text(kGraphFile));
  if (const std::string sum = sha256_hex(onnx); sum != model->sha256) {
    return fail(ErrorCode::kCorrupt, "{}/{}: its checksum is {}, want {} as in {}", store->uri(),
                kGraphFile, sum, model->sha256, kModelFile);
  }
  return LoadedModel{std::move(*model), std::move(onnx)};
}

}  // namespace lido::model
