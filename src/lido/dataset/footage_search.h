// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/dataset/forget.h"

// Private to this room: the search for removed footage.
namespace lido::dataset {

/// Searches all that a dataset stores for footage that records remove: names and sizes of all
/// files, every table, every byte of every shard, and the images of the pages.
/// @return kCorrupt that names the file in which footage is left, or may be.
Result<ForgetProof> search_footage(const Dataset& dataset, const std::vector<Forgotten>& records);

}  // namespace lido::dataset
