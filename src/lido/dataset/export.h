// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lido/dataset/forget.h"

namespace lido::dataset {

/// One image of an export.
struct ExportedImage {
  std::string file;  ///< Path relative to the export.
  std::string clip;
  double time_s = 0;  ///< Sampling time, seconds after the clip's first frame.
};

/// Result of an export.
struct ExportSummary {
  int64_t samples = 0;                ///< Samples with frames of the stretches.
  int64_t frames = 0;                 ///< Images of frames, each once a sample.
  int64_t views = 0;                  ///< Images of views.
  int64_t rows = 0;                   ///< Rows of all tables.
  std::vector<ExportedImage> images;  ///< All images, by clip and time.
  std::vector<std::string> damaged;   ///< Samples that cannot be read.
};

/// Writes what the latest generation holds of stretches of clips into an empty folder: the JPEGs as
/// stored (frames/KEY.000.jpg), views, and the rows of the manifest and of the scene tables.
/// Frames of a sample that are outside of the stretches are left out.
/// @param request  Its stretches; copies are taken from the named clip only.
/// @return As ForgetRun::open(); kInvalidArgument when `to` is not empty.
Result<ExportSummary> export_footage(const Dataset& dataset, const ForgetRequest& request,
                                     storage::Store& to);

}  // namespace lido::dataset
