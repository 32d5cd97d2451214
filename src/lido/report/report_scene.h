// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/dataset/dataset.h"

namespace lido::report {

/// The report's part about what the clips show: views with boxes and tracks drawn in, tracks,
/// camera motion and view quality along time, background plates. Empty where nobody looked.
Result<std::string> scene_section(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation);

}  // namespace lido::report
