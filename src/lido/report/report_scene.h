// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lido/dataset/dataset.h"
#include "lido/report/report_data.h"

namespace lido::report {

/// Returns the report's sections about objects and cameras as HTML: frames with boxes and tracks;
/// tracks, labels, camera motion and view faults along time; background plates. Empty for a
/// dataset made without --scene.
/// @param colours  Colours of labels, by full name.
/// @return kCorrupt when a scene table is broken.
Result<std::string> scene_section(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, const ReportData& data,
                                  const std::map<std::string, std::string>& colours);

}  // namespace lido::report
