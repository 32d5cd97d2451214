// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/network.h"

namespace lido::infer {

/// Layout of a network's input, and the conversion of images to it.
struct ImageInput {
  int width = 0;   ///< Pixels, 16 to 8192.
  int height = 0;  ///< Pixels, 16 to 8192.
  /// Images in one run, 1 to 256. Fixed, so that results do not depend on how many images wait.
  int batch = 1;
  bool planar = true;  ///< N x 3 x height x width; else N x height x width x 3.
  bool bgr = false;    ///< Channels in the order blue, green, red; else red, green, blue.
  /// value = (pixel - mean) / std for each channel, in the network's order; pixels are 0 to 255.
  std::array<float, 3> mean{};
  std::array<float, 3> std{1, 1, 1};
  int fill = 0;  ///< Pixel value of a letterboxed image's borders, 0 to 255.
};

/// Scores at which a detector's boxes are used, chosen on data of which the truth is known.
struct DetectorScores {
  double min_score = 0.35;  ///< Lowest score of a detection, 0.01 to 1.
  double low_score = 0.15;  ///< Lowest score of a detection that continues a track.
  double new_score = 0.45;  ///< Lowest score of a detection that starts a track.
  std::string data;         ///< Data that they were chosen on, for people; empty when unknown.
  /// Precision and recall of the boxes of at least `score` on that data.
  struct Point {
    double score = 0, precision = 0, recall = 0;
  };
  std::vector<Point> curve;  ///< By rising score; may be empty.
};

/// A network with everything needed to run it: the fields of bundle.json (docs/formats.md).
struct Bundle {
  std::string folder;                        ///< Absolute; empty after parse_bundle().
  std::string name;                          ///< Name for --detector and --poses; no slash.
  std::string licence;                       ///< SPDX identifier.
  std::string source;                        ///< Where the network comes from, for people.
  std::string model;                         ///< File in the folder.
  std::map<std::string, std::string> files;  ///< SHA-256 of each file by its name.
  ImageInput input;
  std::vector<std::string> outputs;    ///< Names of outputs, in the order that decoding expects.
  nlohmann::json decoding;             ///< Meaning of the outputs, read by the room that uses them.
  std::vector<std::string> classes;    ///< Class names by class id; empty for a pose network.
  std::vector<std::string> keypoints;  ///< Names of keypoints, in order; empty for a detector.
  std::vector<std::string> person_classes;  ///< Classes that are people; "person" by default.
  DetectorScores scores;  ///< From card.json; without it the defaults, as after parse_bundle().
  /// SHA-256 of bundle.json and the files' checksums: the bundle's identity. Empty after
  /// parse_bundle().
  std::string sha256;

  /// Shape of the network's input tensor.
  std::vector<int64_t> input_shape() const;
};

/// Parses the text of a bundle.json. Opens no file. Pure.
/// @return kCorrupt that names the field with its value and range, or the line and column where the
///         text is not JSON.
Result<Bundle> parse_bundle(const std::string& text);

/// Parses the text of a card.json. Pure.
/// @return kCorrupt that names the field with its value and range.
Result<DetectorScores> parse_card(const std::string& text);

/// Reads a bundle from its folder and checks its files' checksums.
/// @return kNotFound when there is no bundle.json; kCorrupt that names the file, and the field or
///         the checksum; kUnavailable when the disk fails.
Result<Bundle> read_bundle(const std::string& folder);

/// Loads a bundle's network and checks its shapes against the bundle.
/// @param runners  Runners that run at the same time, 1 or more.
/// @return Errors of Network::load().
Result<Network> load(const Bundle& bundle, int runners = 1);

/// Checks number and sizes of a network's outputs. Pure.
/// @param sizes  Values of each output for one image, as the bundle's decoding wants them.
/// @return kCorrupt that names the bundle, the output and both sizes.
Result<void> check_outputs(const Bundle& bundle, const Network& network,
                           std::span<const int64_t> sizes);

}  // namespace lido::infer
