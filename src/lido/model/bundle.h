// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/network.h"
#include "lido/loader/batch.h"
#include "lido/model/gesture.h"
#include "lido/model/keypoint_features.h"
#include "lido/model/metrics.h"
#include "lido/storage/store.h"

namespace lido::model {

/// One output of a network: the classes of one task.
struct Head {
  std::string task;                  ///< Name of the output in the graph.
  std::vector<std::string> classes;  ///< By class number.
  double temperature = 1;            ///< Divides the logits: calibration.
};

/// A trained network as the model.json of its folder describes it.
struct Model {
  std::string network;  ///< "people" or "gesture".
  loader::Shape input;  ///< Windows of RGB frames, values 0 to 255; all 0 for gestures.
  std::optional<GestureInput> gesture;  ///< With network "gesture".
  bool sees_frames = true;              ///< False for a network of keypoints alone.
  /// Keypoints of the persons whom `input` shows; empty for a network without that stream.
  std::optional<KeypointInput> keypoints;
  std::string fps;       ///< Frames a second of the windows; empty when unknown.
  std::string samples;   ///< Kind of the samples: person, frame, all, hand, motion.
  std::string footage;   ///< Footage that it learnt from: simulated, real, mixed or unknown.
  std::string revision;  ///< Version and commit of the program that trained it.

  /// Inputs of the graph, by name, with the shape of one window.
  std::vector<infer::Port> inputs() const;
  std::vector<Head> heads;
  nlohmann::ordered_json data;     ///< Dataset or file: uri, generation, samples, checksum.
  nlohmann::ordered_json figures;  ///< figures_json() of each task on the validation split.
  /// With two streams: macro-F1 of each task on that split, by the streams used.
  nlohmann::ordered_json streams;
  std::string sha256;  ///< Checksum of model.onnx.
};

/// Networks that lido train makes.
inline constexpr const char* kPeopleNetwork = "people";
inline constexpr const char* kGestureNetwork = "gesture";

inline constexpr const char* kModelFile = "model.json";
inline constexpr const char* kGraphFile = "model.onnx";
inline constexpr const char* kCardFile = "card.md";

/// Figures as JSON, with the classes' names; unknown figures are null.
nlohmann::ordered_json figures_json(const HeadFigures& figures, const Head& head);

/// Writes a model's folder: the graph, the card, and model.json last of all.
/// @param onnx  The graph; its checksum replaces Model::sha256.
/// @return kUnavailable when the store fails.
Result<void> write_model(storage::Store& store, const std::string& folder, Model model,
                         std::string_view onnx);

/// Parses the text of a model.json. Pure.
/// @return kCorrupt that names the key and what was wanted.
Result<Model> parse_model(const std::string& text);

/// A model with its graph.
struct LoadedModel {
  Model model;
  std::string onnx;
};

/// Reads a model's folder and checks the graph's checksum.
/// @return kNotFound without a model.json; kCorrupt that names the file.
Result<LoadedModel> read_model(const std::string& uri);

/// Returns where figures of a model were measured, by its footage: "in simulation". Pure.
std::string where_measured(std::string_view footage);

/// Returns a choice of streams, such as kBothStreams, in words: "the keypoints alone". Pure.
std::string stream_title(std::string_view streams);

/// Returns a model card in Markdown: what it is, what it was measured on, and figures. Pure.
std::string card_of(const Model& model);

}  // namespace lido::model
