// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/dataset/dataset.h"
#include "lido/dataset/labeller.h"
#include "lido/ingest/clip_db.h"
#include "lido/ingest/request.h"

namespace lido::ingest {

/// Matches a request's labels with the clips of the next generation: those of the dataset, and
/// those of the job, which replace clips of the same name.
/// @param dataset     The dataset before the job; null when there is none.
/// @param generation  Its latest generation; 0 for none.
/// @param vocabulary  Extended by the request's classes and labels.
/// @return kInvalidArgument for a bad labels file, named with its line.
Result<dataset::Labeller> make_labeller(const Request& request, ClipDb& clips,
                                        const dataset::Dataset* dataset, int generation,
                                        dataset::Vocabulary& vocabulary);

}  // namespace lido::ingest
