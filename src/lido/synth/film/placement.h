// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lido/synth/film/simulated_camera.h"

namespace lido::synth {

/// Number, size and light of the cameras that random_cameras() draws.
struct CameraWishes {
  size_t count = 2;
  int width = 640, height = 360;
  double duration_s = 60;  ///< Faults are drawn within.
  bool night = false;      ///< Shutters stay open longer.
};

/// Draws cameras on masts around the deck, looking at the water, with lens, sensor, dome, clock,
/// encoder and faults. With two cameras or more, at least kMinSharedBasin of the basin is in two
/// views, for every pool and range that allows it.
std::vector<SimulatedCamera> random_cameras(Random& random, const Pool& pool,
                                            const CameraWishes& wishes,
                                            const Randomisation& from = {});

/// Share of the basin's surface that is in the views of two cameras or more.
double shared_basin(const std::vector<SimulatedCamera>& cameras, const Pool& pool);
inline constexpr double kMinSharedBasin = 0.8;

/// Cameras as an installer's calibration has them: poses, lenses and clocks slightly wrong.
/// @param errors  Factor on the errors; 1: standard deviations of 0.3 degrees, 3 cm, 0.5% of the
/// focal length, 0.5% of the image's width for the principal point, 0.005 of the first coefficient
/// of the lens, and 40 ms of the clock. A Brown-Conrady lens of k1 alone still covers the image.
std::vector<SimulatedCamera> with_calibration_errors(std::vector<SimulatedCamera> cameras,
                                                     double errors, const Random& random);

}  // namespace lido::synth
