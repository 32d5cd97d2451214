// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli.h"
#include "lido/dataset/dataset.h"

namespace lido::cli {

/// Prints the clips of a generation: a line each, or one JSON object.
Result<void> print_clips(const dataset::Dataset& dataset, int generation, bool json);

}  // namespace lido::cli
