// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/reconstruct/calibrate.h"
#include "lido/reconstruct/pool_calibration.h"
#include "lido/storage/output_folder.h"

namespace lido::cli {

struct CalibrateFlags {
  std::string site;
  std::string board;
  std::vector<std::string> clips;
  std::string points;
  bool check = false;
  std::string out;
  bool json = false;
  bool quiet = false;
  reconstruct::CalibrateOptions options;
  reconstruct::PointCalibrateOptions point_options;
};

/// Opens the folder that a calibration writes to.
/// @return kInvalidArgument for one with other files, or with the site's own file.
Result<storage::OutputFolder> open_calibration(const CalibrateFlags& flags);

/// Calibrates or checks a site's cameras by clicked points, and prints the result.
/// @return Exit code.
Result<int> calibrate_points(const CalibrateFlags& flags);

}  // namespace lido::cli
