// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/dataset/dataset.h"

namespace lido::report {

/// Returns an HTML page with the frames of samples of a generation, spread evenly. Its script
/// plays, filters and enlarges them, and writes marked samples as lines for a labels file.
/// @param max_samples  Largest number of samples on the page.
/// @param epoch  0 or more: also shows the middle frame of each as augmented for training in this
///               epoch; negative: only as stored.
/// @return kCorrupt when a shard is broken.
Result<std::string> contact_sheet(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, int max_samples,
                                  int epoch);

}  // namespace lido::report
