// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/part/progress.h"

namespace lido::report {

/// What the last ingest cost, for its report.
struct Cost {
  double elapsed_s = 0;
  double decode_s = 0;     ///< CPU: reading and decoding.
  double scene_s = 0;      ///< CPU: objects, motion, quality, cutting people out.
  double transform_s = 0;  ///< CPU.
  double compress_s = 0;   ///< CPU.
  double write_s = 0;      ///< CPU.
};
Cost cost_of(const part::Progress& progress, double elapsed_s);

/// Writes report.html of the latest generation: one file with totals, strips of frames (a few dozen
/// at most, and it says so), timeline, labels by split, rejected clips and cost. @param cost  Null
/// when nothing was decoded.
Result<void> write_report(const dataset::Dataset& dataset, const Cost* cost);

/// A page with the first frames of up to `most` samples, evenly picked; augmented as a trainer
/// would see them when `epoch` is 0 or more.
Result<std::string> contact_sheet(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, int most, int epoch);

}  // namespace lido::report
