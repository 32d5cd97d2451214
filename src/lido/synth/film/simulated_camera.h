// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "lido/geometry/camera.h"
#include "lido/synth/film/overlay.h"
#include "lido/synth/film/randomisation.h"

namespace lido::synth {

using geometry::Pool;

inline constexpr double kDegree_rad = M_PI / 180;

/// Something that goes wrong with a camera for a while.
struct CameraFault {
  enum class Kind : uint8_t {
    kCover,    ///< Almost no light passes.
    kBlind,    ///< Overexposed, as by the sun.
    kDefocus,  ///< Blurred.
    kKnock,    ///< Turned by a few degrees.
    kFreeze,   ///< Repeats the last frame.
  };
  Kind kind = Kind::kCover;
  double at_s = 0;   ///< Begin, seconds after the first frame.
  double for_s = 0;  ///< Duration, seconds.
  /// Rotation of a knocked camera in its own axes, as a rotation vector; other kinds ignore it.
  geometry::Vector3 turn_rad{0.06, 0.12, 0.05};
  bool lasts(double time_s) const { return time_s >= at_s && time_s < at_s + for_s; }
};

/// A camera with its sensor, dome, clock and encoder.
struct SimulatedCamera : geometry::Camera {
  double noise = 0.012;     ///< Standard deviation of a pixel at middle brightness; 1 is white.
  double softness = 0.5;    ///< Blur by the lens, pixels.
  double shutter_s = 0;     ///< Exposure time: smears motion; 0 for none.
  double dirt = 0;          ///< Drops on the dome: 0 clean, 1 many.
  double exposure = 1;      ///< Brightness, as a multiple of the right exposure.
  double bitrate_mbps = 0;  ///< 0: constant quality.
  double keyframe_s = 2;    ///< Seconds between key frames.
  bool hevc = false;        ///< H.265 instead of H.264.
  double drops = 0;         ///< Share of frames that are lost.
  std::vector<CameraFault> faults;
  std::vector<OverlayText> overlay;  ///< Text that the recorder draws.
};

/// The camera at a moment, with the faults that last then applied.
/// @param time_s  Seconds after the first frame.
SimulatedCamera with_faults(const SimulatedCamera& camera, double time_s);

/// Names of the faults that last at a moment, joined by +; "none".
std::string fault_names(const SimulatedCamera& camera, double time_s);
/// Whether the camera repeats an earlier image at a moment.
bool is_frozen(const SimulatedCamera& camera, double time_s);

/// Reads one camera of a scene. geometry::read_camera() reads its first part.
/// @param pool, number, level_z  As for geometry::read_camera().
/// @return kInvalidArgument with file and line.
Result<SimulatedCamera> read_simulated_camera(const Yaml& node, const Pool& pool, size_t number,
                                              double level_z = 0);

/// Text that read_simulated_camera() reads: one item of a YAML list, indented by two.
std::string to_yaml(const SimulatedCamera& camera);

}  // namespace lido::synth
