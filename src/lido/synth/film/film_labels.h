// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/storage/store.h"
#include "lido/synth/film/film.h"

namespace lido::synth {

/// Writes labels.csv and label_boxes.parquet, for `lido ingest`, from the truth of the cameras.
///
/// A label is a row for as long as a person in view does the same, with up to 2 s out of view.
/// The boxes are those around the visible part of each person in each frame.
/// @return kUnavailable, kCorrupt.
Result<void> write_labels(storage::Store& store, const FilmPlan& plan);

/// Text of clips.csv: one group for the run, and the time of each clip's first frame by the
/// camera's clock.
/// @param site  Text of site.yaml, different for each run. Pure.
std::string clips_csv(const FilmPlan& plan, const std::string& site);

}  // namespace lido::synth
