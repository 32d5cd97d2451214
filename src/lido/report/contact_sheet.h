// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/dataset/dataset.h"

namespace lido::report {

/// Returns an HTML page with the middle frames of samples of a generation, spread evenly.
/// @param max_samples  Largest number of samples on the page.
/// @param epoch  0 or more: shows each frame also as augmented for training in this epoch;
///               negative: only as stored.
/// @return kCorrupt when a shard is broken.
Result<std::string> contact_sheet(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, int max_samples,
                                  int epoch);

}  // namespace lido::report
