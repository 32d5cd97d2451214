// SPDX-License-Identifier: Apache-2.0
#include "train_flags.h"

#include <filesystem>

#include "lido/base/options.h"
#include "lido/model/bundle.h"
#include "lido/storage/store.h"
#include "version.h"

namespace lido::cli {

std::string train_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "lido-train";
}

Result<void> check_train_config(const model::TrainConfig& config) {
  if (config.network.empty())
    return fail(ErrorCode::kInvalidArgument, "network is missing, want people or gesture");
  const bool gesture = config.network == model::kGestureNetwork;
  if (!gesture && !config.points.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--points: got {}, want --data: the network {} learns from pixels", config.points,
                config.network);
  }
  if (gesture && config.data.empty() == config.points.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--data and --points: got {}, want one of them: a dataset with hands, or a table "
                "of points (CSV)",
                config.data.empty() ? "neither" : "both");
  }
  if (!gesture && config.data.empty())
    return fail(ErrorCode::kInvalidArgument, "--data is missing, want a dataset of lido ingest");
  return validate(config.options);
}

void make_absolute(model::TrainConfig& config) {
  const auto place = [](std::string& uri) {
    if (!uri.empty()) uri = storage::absolute(uri);
  };
  place(config.data);
  place(config.points);
  if (!config.points.empty()) place(config.options.classes);  // a file
}

nlohmann::ordered_json train_request(const model::TrainConfig& config, const std::string& out) {
  return {{"out", out},
          {"resume", false},
          {"dry_run", false},
          {"json", true},
          {"quiet", true},
          {"revision", version()},
          {"network", config.network},
          {"data", config.data},
          {"points", config.points},
          {"options", to_json(config.options)}};
}

}  // namespace lido::cli
