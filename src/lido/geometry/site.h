// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/geometry/pool.h"

namespace lido::geometry {

/// A pool and the cameras over it: what a site.yaml describes.
struct Site {
  Pool pool;
  std::vector<Camera> cameras;  ///< Empty when the file names none.
};

/// Reads a site.yaml, or pool and cameras of a scene. Other keys are ignored.
/// @param file  Named in errors.
/// @return kInvalidArgument with file and line.
Result<Site> read_site(std::string_view text, const std::string& file);

/// Text that read_site() reads.
/// @param comment  One line, without its #.
std::string to_yaml(const Site& site, std::string_view comment);

}  // namespace lido::geometry
