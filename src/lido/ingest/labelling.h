// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/dataset/dataset.h"
#include "lido/dataset/labeller.h"
#include "lido/ingest/clip_db.h"
#include "lido/ingest/request.h"

namespace lido::ingest {

/// A request's labels.
struct RequestLabels {
  dataset::Labeller labeller;
  dataset::Vocabulary vocabulary;    ///< The dataset's, extended by the request's.
  std::vector<std::string> remarks;  ///< Lines about the file: dataset::LabelsFile.
};

/// Matches a request's labels with the clips of the next generation: those of the dataset, and
/// those of the job, which replace clips of the same name.
/// @param dataset     The dataset before the job; null when there is none.
/// @param generation  Its latest generation; 0 for none.
/// @param vocabulary  The dataset's.
/// @return kInvalidArgument for a bad labels file, named with its line.
Result<RequestLabels> make_labeller(const Request& request, ClipDb& clips,
                                    const dataset::Dataset* dataset, int generation,
                                    dataset::Vocabulary vocabulary);

/// Checks that the labels leave no clip of the dataset without labels that has some.
/// @return kInvalidArgument that names the clip, with the labels file.
Result<void> check_labels(const Request& request, const dataset::Dataset& dataset, int generation,
                          const dataset::Labeller& labeller);

/// Adds what became of the labels to the summary of an ingest.
/// @param generation  The new generation, published.
Result<void> report_labels(const Request& request, const dataset::Dataset& dataset, int generation,
                           const RequestLabels& labels, Summary& summary);

}  // namespace lido::ingest
