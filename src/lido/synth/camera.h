// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/yaml.h"
#include "lido/synth/pool.h"
#include "lido/synth/randomisation.h"
#include "lido/synth/water.h"

namespace lido::synth {

/// How a lens bends straight lines.
enum class Lens : uint8_t {
  kBrown,    ///< Brown-Conrady: k1, k2, p1, p2, k3.
  kFisheye,  ///< Kannala-Brandt, equidistant: k1, k2, k3, k4.
};

/// A camera over the water. Pixels from the left edge of the left pixel and the top edge of the top
/// one; camera axes x right, y down, z ahead.
struct Camera {
  std::string name;
  int width = 640, height = 360;
  double fps = 25;
  double fx = 500, fy = 500, cx = 320, cy = 180;
  Lens lens = Lens::kBrown;
  std::array<double, 5> k{};
  Vector3 position{0, 0, 3};
  Eigen::Matrix3d turn = Eigen::Matrix3d::Identity();  ///< From the scene's axes to the camera's.
  // What the sensor and its surroundings do.
  double noise = 0.012;   ///< Standard deviation of a pixel at middle brightness; 1 is white.
  double softness = 0.5;  ///< Pixels of blur by the lens.
  double shutter_s = 0;   ///< How long a picture takes: what moves is smeared; 0: not at all.
  double dirt = 0;        ///< 0 clean, 1 many drops on the dome.
  double exposure = 1;    ///< Times what is right.
  double clock_offset_s = 0, clock_drift_ppm = 0;
  double bitrate_mbps = 0;  ///< 0: by quality.
  double keyframe_s = 2;
  bool hevc = false;
  double drops = 0;  ///< Share of pictures that are lost.
  /// Something that goes wrong for a while.
  struct Fault {
    enum class Kind : uint8_t { kCover, kBlind, kDefocus, kKnock, kFreeze };
    Kind kind = Kind::kCover;
    double at_s = 0, for_s = 0;
    bool lasts(double time_s) const { return time_s >= at_s && time_s < at_s + for_s; }
  };
  std::vector<Fault> faults;

  /// Where a point in air is seen.
  /// @return Nothing for one behind the camera.
  std::optional<Eigen::Vector2d> project(const Vector3& point) const;
  /// The same for a point anywhere: what is under z = 0 is seen through still water.
  std::optional<Eigen::Vector2d> see(const Vector3& point) const;
  /// Through waves.
  std::optional<Eigen::Vector2d> see(const Vector3& point, const Water& water, double time_s) const;
  bool shows(const Eigen::Vector2d& pixel) const {
    return pixel.x() >= 0 && pixel.y() >= 0 && pixel.x() < width && pixel.y() < height;
  }
  /// How far from the axis rays are still told apart: tangent (Brown) or angle (fisheye).
  double reach() const;
};

/// The camera as it is at a moment: covered, blinded, out of focus or knocked where a fault says
/// so.
Camera with_faults(const Camera& camera, double time_s);

/// A camera at `position` that looks at `target`, upright, seeing `degrees` from left to right.
Camera look_at(const Vector3& position, const Vector3& target, double degrees, int width,
               int height);

/// Reads one camera of a scene.
/// @return kInvalidArgument with file and line: under water, inside a wall, looking nowhere.
Result<Camera> read_camera(const Yaml& node, const Pool& pool, size_t number);

/// Cameras at the corners of the deck, on masts, that look at the water.
std::vector<Camera> random_cameras(Random& random, const Pool& pool, size_t count, int width,
                                   int height, const Randomisation& from = {});

/// What read_camera() reads.
std::string to_yaml(const Camera& camera);

}  // namespace lido::synth
