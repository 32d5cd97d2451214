// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/geometry/site.h"

namespace lido::geometry {

/// Water that the cameras of a site see while the pool is empty.
struct SiteView {
  double water_m2 = 0;                ///< Area of the pool.
  std::vector<double> of_cameras;     ///< Share of the water in each camera's image, 0 to 1.
  double by_one = 0;                  ///< Share that one camera or more sees.
  double by_two = 0;                  ///< Share that two cameras or more see: people there have a
                                      ///< place in 3D.
  std::vector<std::string> warnings;  ///< Faults that a person should look at, a line each.
};

/// Returns the share of the water that cameras see, 0.3 m under the surface where swimmers are,
/// from points at distances of 0.5 m or, for large pools, a hundredth of the pool. Pure.
SiteView view_of(const Site& site);

}  // namespace lido::geometry
