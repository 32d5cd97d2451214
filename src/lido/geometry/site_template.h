// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/base/options.h"

namespace lido::geometry {

struct SiteTemplateOptions {
  double length_m = 25;
  double width_m = 12.5;
  double shallow_m = 1.2;
  double deep_m = 1.8;
  int cameras = 4;

  static void fields(auto& self, auto&& visit) {
    visit("length_m", self.length_m, Within{2, 200}, "Length of the pool, along x, metres");
    visit("width_m", self.width_m, Within{1, 100}, "Width of the pool, along y, metres");
    visit("shallow_m", self.shallow_m, Within{0.1, 10}, "Depth of the water at x = 0, metres");
    visit("deep_m", self.deep_m, Within{0.1, 10}, "Depth of the water at the other end, metres");
    visit("cameras", self.cameras, Within{0, 32},
          "Number of cameras, along both long sides; move them to where yours are");
  }
};

/// Returns a site.yaml of a rectangular pool in which a comment explains every field. Pure.
/// @param name  Name of the site.
/// @param schema  File with the JSON schema, for editors; empty: not named.
/// @return kInvalidArgument for a name that is_site_name() refuses or options out of range.
Result<std::string> site_template(const std::string& name, const std::string& schema,
                                  const SiteTemplateOptions& options = {});

}  // namespace lido::geometry
