// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "lido/reconstruct/calibration_files.h"
#include "lido/reconstruct/camera_files.h"

namespace lido::reconstruct {

/// Axes of imported cameras.
enum class ImportAxes {
  kOwn,   ///< The file has its own: the layout is moved as a whole to where the site has its
          ///< cameras.
  kSite,  ///< Those of the site's file.
};

/// Puts cameras that another program calibrated into a site. Their lens and pose replace those of
/// the site's camera of that name, whose rate, source, port and clock stay; a camera with a lens
/// alone keeps the site's pose. With kSite, cameras that the site lacks are added.
/// @param metres  Metres of the file's unit.
/// @return Also warnings. kInvalidArgument for two cameras of one name, and for cameras that the
///         site lacks where these cannot be placed; kDegenerate as place_in_site(), such as for
///         another unit.
Result<CalibratedSite> import_cameras(std::span<const FileCamera> cameras,
                                      const geometry::Site& site, ImportAxes axes, double metres);

}  // namespace lido::reconstruct
