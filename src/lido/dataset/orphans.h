// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Finds files of a dataset that no generation uses: shards, scene folders and tables of a run that
/// was interrupted, and files of unfinished writes. Without those in .work, which the next ingest
/// uses. Reads the manifests of all generations.
/// @return Names relative to the dataset, sorted.
Result<std::vector<std::string>> find_orphans(const Dataset& dataset);

/// Finds samples that have more than one row in a generation. Holds 8 bytes for each sample.
/// @return Keys, sorted.
Result<std::vector<std::string>> find_duplicates(const Dataset& dataset, int generation);

/// Removes what an interrupted run wrote for a generation that it did not publish. The caller holds
/// the dataset's lock.
/// @param generation  Number of the next generation.
Result<void> remove_unpublished(const Dataset& dataset, int generation);

}  // namespace lido::dataset
