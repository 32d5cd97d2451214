// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/simulated_camera.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

using geometry::Vector3;

/// In the order of CameraFault::Kind.
const std::vector<std::string_view> kFaults = {"cover", "blind", "defocus", "knock", "freeze"};

Result<void> read_sensor(const Yaml& node, SimulatedCamera& camera) {
  camera.noise = LIDO_TRY(node["noise"].number_or(camera.noise, 0, 0.5));
  camera.softness = LIDO_TRY(node["softness"].number_or(camera.softness, 0, 5));
  camera.shutter_s = LIDO_TRY(node["shutter_s"].number_or(0, 0, 0.2));
  camera.dirt = LIDO_TRY(node["dirt"].number_or(0, 0, 1));
  camera.exposure = LIDO_TRY(node["exposure"].number_or(1, 0.05, 10));
  camera.clock_offset_s = LIDO_TRY(node["clock_offset_s"].number_or(0, -3600, 3600));
  camera.clock_drift_ppm = LIDO_TRY(node["clock_drift_ppm"].number_or(0, -500, 500));
  camera.bitrate_mbps = LIDO_TRY(node["bitrate_mbps"].number_or(0, 0, 50));
  camera.keyframe_s = LIDO_TRY(node["keyframe_s"].number_or(2, 0.1, 60));
  camera.drops = LIDO_TRY(node["drops"].number_or(0, 0, 0.9));
  if (node["faults"].has_value()) {
    for (const Yaml& one : LIDO_TRY(node["faults"].list())) {
      LIDO_TRY(one.check_keys({"kind", "at_s", "for_s"}));
      const std::string kind = LIDO_TRY(one["kind"].choice(kFaults));
      const auto which = std::ranges::find(kFaults, kind) - kFaults.begin();
      camera.faults.push_back({static_cast<CameraFault::Kind>(which),
                               LIDO_TRY(one["at_s"].number(0, 86400)),
                               LIDO_TRY(one["for_s"].number(0, 86400))});
    }
  }
  if (node["codec"].has_value())
    camera.hevc = LIDO_TRY(node["codec"].choice({"h264", "hevc"})) == "hevc";
  return {};
}

/// Strongest barrel distortion (k1 < 0) with which a lens still covers the corners of the image:
/// r (1 + k1 r^2) has its maximum, 2/3 r, at r = sqrt(-1 / (3 k1)).
double min_covering_k1(const SimulatedCamera& camera) {
  constexpr double kMargin = 0.98;
  const double corner = std::hypot(camera.cx / camera.fx, camera.cy / camera.fy);
  return -kMargin * 4 / 27 / (corner * corner);
}

}  // namespace

SimulatedCamera with_faults(const SimulatedCamera& camera, double time_s) {
  SimulatedCamera now = camera;
  for (const CameraFault& fault : camera.faults) {
    if (!fault.lasts(time_s)) continue;
    switch (fault.kind) {
      case CameraFault::Kind::kCover:
        now.exposure *= 0.02;
        break;
      case CameraFault::Kind::kBlind:
        now.exposure *= 12;
        break;
      case CameraFault::Kind::kDefocus:
        now.softness += 6;
        break;
      case CameraFault::Kind::kKnock:
        now.cam_from_world =
            (Eigen::AngleAxisd(0.12, Vector3::UnitY()) * Eigen::AngleAxisd(0.06, Vector3::UnitX()) *
             Eigen::AngleAxisd(0.05, Vector3::UnitZ()))
                .toRotationMatrix() *
            camera.cam_from_world;
        break;
      case CameraFault::Kind::kFreeze:
        break;  // film() repeats the frame
    }
  }
  return now;
}

Result<SimulatedCamera> read_simulated_camera(const Yaml& node, const Pool& pool, size_t number) {
  SimulatedCamera camera{LIDO_TRY(geometry::read_camera(node, pool, number))};
  LIDO_TRY(read_sensor(node, camera));
  return camera;
}

std::vector<SimulatedCamera> random_cameras(Random& random, const Pool& pool, size_t count,
                                            int width, int height, const Randomisation& from) {
  std::vector<SimulatedCamera> cameras;
  const auto [low_x, low_y, high_x, high_y] = pool.bounds();
  const Vector3 middle((low_x + high_x) / 2, (low_y + high_y) / 2, 0);
  for (size_t i = 0; i < count; ++i) {
    // The first two cameras look from opposite corners.
    const double out = random.between(0.5, 1.0) * pool.deck_m;
    const bool right = i % 2 == 1, far = i % 4 == 1 || i % 4 == 2;
    const Vector3 at((right ? high_x + out : low_x - out), (far ? high_y + out : low_y - out),
                     from.camera_height_m.draw(random));
    const Vector3 seen = middle + Vector3(random.between(-0.15, 0.15) * (high_x - low_x),
                                          random.between(-0.15, 0.15) * (high_y - low_y), -0.3);
    // Looks down at the water, not at the sky: the axis meets the surface at 6 to 10 m.
    const double away = (seen - at).norm(), wanted = random.between(6, 10);
    Vector3 target = at + (seen - at) * std::min(1.0, wanted / away);
    target.z() = -0.3;
    SimulatedCamera camera{geometry::look_at(at, target, from.degrees.draw(random), width, height)};
    camera.name = fmt::format("cam{}", i + 1);
    camera.k[0] = std::max(from.k1.draw(random), min_covering_k1(camera));
    camera.noise = from.noise.draw(random);
    camera.softness = from.softness.draw(random);
    camera.dirt = random.chance(from.dirty) ? from.dirt.draw(random) : 0;
    camera.shutter_s = from.shutter_s.draw(random);
    camera.exposure = from.exposure.draw(random);
    camera.clock_offset_s = from.clock_offset_s.draw(random);
    camera.clock_drift_ppm = from.clock_drift_ppm.draw(random);
    cameras.push_back(camera);
  }
  return cameras;
}

std::string to_yaml(const SimulatedCamera& camera) {
  std::string text =
      geometry::to_yaml(camera) +
      fmt::format(
          "    noise: {}\n    softness: {}\n    shutter_s: {}\n    dirt: {}\n    exposure: {}\n"
          "    clock_offset_s: {}\n    clock_drift_ppm: {}\n    bitrate_mbps: {}\n"
          "    keyframe_s: {}\n    codec: {}\n    drops: {}\n",
          camera.noise, camera.softness, camera.shutter_s, camera.dirt, camera.exposure,
          camera.clock_offset_s, camera.clock_drift_ppm, camera.bitrate_mbps, camera.keyframe_s,
          camera.hevc ? "hevc" : "h264", camera.drops);
  if (camera.faults.empty()) return text;
  text += "    faults:\n";
  for (const CameraFault& fault : camera.faults)
    text += fmt::format("      - {{kind: {}, at_s: {}, for_s: {}}}\n",
                        kFaults[static_cast<size_t>(fault.kind)], fault.at_s, fault.for_s);
  return text;
}

}  // namespace lido::synth
