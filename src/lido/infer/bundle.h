// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/network.h"

namespace lido::infer {

/// How pictures become a network's input.
struct ImageInput {
  int width = 0;   ///< Pixels.
  int height = 0;  ///< Pixels.
  int batch = 1;   ///< Pictures in one run; fixed, so that results do not depend on how many wait.
  bool planar = true;  ///< N x 3 x height x width; else N x height x width x 3.
  bool bgr = false;
  /// value = (pixel - mean) / std for each channel, in the network's order; pixels are 0 to 255.
  std::array<float, 3> mean{};
  std::array<float, 3> std{1, 1, 1};
  int fill = 0;  ///< Pixel value of the borders of a letterboxed picture.
};

/// A folder that says all of a network: bundle.json and the files it names. docs/formats.md has its
/// fields.
struct Bundle {
  std::string folder;
  std::string name;
  std::string licence;
  std::string source;
  std::string model;                         ///< File in the folder.
  std::map<std::string, std::string> files;  ///< SHA-256 of each file by its name.
  ImageInput input;
  std::vector<std::string> outputs;  ///< Names, in the order that the decoding expects.
  nlohmann::json decoding;           ///< What the outputs mean: read by the room that uses them.
  std::vector<std::string> classes;
  std::vector<std::string>
      person_classes;  ///< Which classes are people; "person" where it does not say.
  std::string sha256;  ///< Of bundle.json and the files' checksums: the bundle's identity.

  std::vector<int64_t> input_shape() const;
};

/// Reads the text of a bundle.json; looks at no file. Fills what it says, but for the folder.
/// @return kCorrupt that names the field and what was wanted.
Result<Bundle> parse_bundle(const std::string& text);

/// Reads a bundle and checks its files' checksums.
/// @return kNotFound for no bundle.json; kCorrupt that names the file, the field, what was wanted.
Result<Bundle> read_bundle(const std::string& folder);

/// The network of a bundle, its shapes checked against it.
Result<Network> load(const Bundle& bundle, int runners = 1);

}  // namespace lido::infer
