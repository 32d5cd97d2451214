// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"
#include "lido/part/progress.h"

namespace lido::report {

/// Time that the last ingest took. CPU times are sums over all workers, seconds.
struct Cost {
  double elapsed_s = 0;    ///< Wall-clock time.
  double decode_s = 0;     ///< Reading and decoding.
  double scene_s = 0;      ///< Detection, tracking, camera motion, quality, cutting people out.
  double transform_s = 0;  ///< Resizing and colour conversion.
  double compress_s = 0;   ///< JPEG.
  double write_s = 0;      ///< Writing parts and shards.
};
/// Returns the cost of an ingest from its counters.
Cost cost_of(const part::Progress& progress, double elapsed_s);

/// Writes report.html of the latest generation into the dataset: one HTML file without links to
/// other servers. Shows at most a few dozen clips, spread evenly.
/// @param cost  Null when the call follows no ingest.
/// @return kCorrupt when a table or a shard is broken; the store's error when writing fails.
Result<void> write_report(const dataset::Dataset& dataset, const Cost* cost);

}  // namespace lido::report
