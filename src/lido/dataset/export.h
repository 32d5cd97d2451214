// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lido/dataset/forget.h"
#include "lido/storage/output_folder.h"

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
  int64_t rows = 0;                   ///< Rows of the scene tables, as ForgetSummary::rows.
  int64_t plates = 0;                 ///< Plates left out: medians of many moments.
  std::vector<ExportedImage> images;  ///< All images, by clip and time.
  std::vector<std::string> damaged;   ///< Samples that cannot be read.
  /// Stretches of which nothing is stored, each with the reason, a line each.
  std::vector<std::string> empty;
};

/// Returns globs of the files that an export may have, for storage::OutputFolder.
std::vector<std::string> exported_names();

/// Writes what the latest generation holds of stretches of clips into a folder: the JPEGs as stored
/// (frames/KEY.000.jpg), views, and the rows of the manifest and of the scene tables. Frames of a
/// sample that are outside of the stretches are left out. An earlier export there is replaced.
/// Stretches of which the dataset holds nothing are no error.
/// @param request  Its stretches; copies are taken from the named clip only.
/// @return As ForgetRun::open().
Result<ExportSummary> export_footage(const Dataset& dataset, const ForgetRequest& request,
                                     storage::OutputFolder& to);

}  // namespace lido::dataset
