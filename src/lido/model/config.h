// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "lido/model/options.h"

namespace lido::model {

/// A training run as its config.yaml describes it.
struct TrainConfig {
  std::string network;  ///< "people" or "gesture"; empty where a file does not name it.
  std::string data;     ///< Dataset: path or URI; empty where a file does not name it.
  std::string points;   ///< Table of points, in place of a dataset; empty for none.
  TrainOptions options;
};

/// Formats a config as YAML, with each option. Pure.
std::string to_yaml(const TrainConfig& config);

/// Parses what to_yaml() wrote, or a file with some of its keys.
/// @param file  Name for messages.
/// @return kInvalidArgument that names file, line, key and what was wanted.
Result<TrainConfig> parse_config(std::string_view text, const std::string& file);

/// Name of a run's config in its folder.
inline constexpr const char* kConfigFile = "config.yaml";

/// Reads the config of a run.
/// @param run  Folder or bucket prefix.
/// @return kNotFound where no run is; kInvalidArgument without network or without data and points;
///         errors of
///         parse_config().
Result<TrainConfig> read_config(const std::string& run);

}  // namespace lido::model
