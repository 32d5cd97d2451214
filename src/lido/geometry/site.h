// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/geometry/pool.h"
#include "lido/geometry/site_use.h"

namespace lido::geometry {

/// A pool, its use and the cameras over it: what a site.yaml describes.
struct Site {
  Pool pool;
  std::vector<Camera> cameras;                 ///< Empty when the file names none.
  double water_index = kWaterRefractiveIndex;  ///< Index of refraction of the water.
  SiteUse use;
  /// Height of the water in the axes of the file, metres. Applied already: points of that file are
  /// lowered by it.
  double level_z = 0;
};

/// Level and refraction of the water in a site.yaml or a scene.
struct SiteWater {
  double level_m = 0;  ///< Height of the water in the file's axes.
  double index = kWaterRefractiveIndex;
};
/// Reads level_z and index of the key `water`; other keys are ignored.
/// @return kInvalidArgument with file and line.
Result<SiteWater> read_site_water(const Yaml& water);

/// Moves a pool into axes whose z = 0 is the water.
/// @param level_m  Height of the water in the pool's axes.
void lower(Pool& pool, double level_m);

/// Reads a site.yaml, or pool, use and cameras of a scene, whose other keys are ignored. Heights of
/// the result are over the water, whatever level_z the file gives; a level_m is contained in them
/// already.
/// @param file  Named in errors.
/// @return kInvalidArgument with file and line, as for an unknown key or two cameras of one name.
Result<Site> read_site(std::string_view text, const std::string& file);

/// Text that read_site() reads.
/// @param comment  One line, without its #.
std::string to_yaml(const Site& site, std::string_view comment);

}  // namespace lido::geometry
