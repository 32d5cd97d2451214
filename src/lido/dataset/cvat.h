// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lido/base/result.h"
#include "lido/dataset/labels.h"

namespace lido::dataset {

/// Parses CVAT for video 1.1: tracks by frame number. A shape counts by its bounds: box, polygon,
/// polyline, points, ellipse, cuboid, mask, and skeleton with its visible elements. Pure.
///
/// Source: CVAT's documentation, "CVAT for videos 1.1".
///
/// @return kInvalidArgument that names the line or the track; also for CVAT for images, for the
///         export of a project, and for an element that is none of these.
Result<LabelsFile> parse_cvat(std::string_view bytes);

}  // namespace lido::dataset
