// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/simulated_camera.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

using geometry::Vector3;

/// In the order of CameraFault::Kind.
const std::vector<std::string_view> kFaults = {"cover", "blind", "defocus", "knock", "freeze"};

/// Reads a rotation vector in degrees. @return Radians.
Result<Vector3> read_turn(const Yaml& node) {
  const auto three = LIDO_TRY(node.list());
  if (three.size() != 3)
    return node.refuse("three numbers, degrees about x, y and z of the camera");
  Vector3 turn;
  for (Eigen::Index i = 0; i < 3; ++i)
    turn[i] = kDegree_rad * LIDO_TRY(three[static_cast<size_t>(i)].number(-180, 180));
  return turn;
}

Result<void> read_sensor(const Yaml& node, SimulatedCamera& camera) {
  camera.noise = LIDO_TRY(node["noise"].number_or(camera.noise, 0, 0.5));
  camera.softness = LIDO_TRY(node["softness"].number_or(camera.softness, 0, 5));
  camera.shutter_s = LIDO_TRY(node["shutter_s"].number_or(0, 0, 0.2));
  camera.dirt = LIDO_TRY(node["dirt"].number_or(0, 0, 1));
  camera.exposure = LIDO_TRY(node["exposure"].number_or(1, 0.05, 10));
  camera.bitrate_mbps = LIDO_TRY(node["bitrate_mbps"].number_or(0, 0, 50));
  camera.keyframe_s = LIDO_TRY(node["keyframe_s"].number_or(2, 0.1, 60));
  camera.drops = LIDO_TRY(node["drops"].number_or(0, 0, 0.9));
  if (node["faults"].has_value()) {
    for (const Yaml& one : LIDO_TRY(node["faults"].list())) {
      LIDO_TRY(one.check_keys({"kind", "at_s", "for_s", "turn_deg"}));
      const std::string kind = LIDO_TRY(one["kind"].choice(kFaults));
      const auto which = std::ranges::find(kFaults, kind) - kFaults.begin();
      camera.faults.push_back({static_cast<CameraFault::Kind>(which),
                               LIDO_TRY(one["at_s"].number(0, 86400)),
                               LIDO_TRY(one["for_s"].number(0, 86400))});
      if (one["turn_deg"].has_value()) {
        if (kind != "knock") return one["turn_deg"].refuse("a knock, which alone turns a camera");
        camera.faults.back().turn_rad = LIDO_TRY(read_turn(one["turn_deg"]));
      }
    }
  }
  camera.overlay = LIDO_TRY(read_overlay(node["overlay"]));
  if (node["codec"].has_value())
    camera.hevc = LIDO_TRY(node["codec"].choice({"h264", "hevc"})) == "hevc";
  return {};
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
            Eigen::AngleAxisd(fault.turn_rad.norm(), fault.turn_rad.stableNormalized())
                .toRotationMatrix() *
            now.cam_from_world;
        break;
      case CameraFault::Kind::kFreeze:
        break;  // film() repeats the frame
    }
  }
  return now;
}

std::string fault_names(const SimulatedCamera& camera, double time_s) {
  std::string names;
  for (const CameraFault& fault : camera.faults) {
    if (!fault.lasts(time_s)) continue;
    names += names.empty() ? "" : "+";
    names += kFaults[static_cast<size_t>(fault.kind)];
  }
  return names.empty() ? "none" : names;
}

bool is_frozen(const SimulatedCamera& camera, double time_s) {
  return std::ranges::any_of(camera.faults, [&](const CameraFault& fault) {
    return fault.kind == CameraFault::Kind::kFreeze && fault.lasts(time_s);
  });
}

Result<SimulatedCamera> read_simulated_camera(const Yaml& node, const Pool& pool, size_t number,
                                              double level_z) {
  SimulatedCamera camera{LIDO_TRY(geometry::read_camera(node, pool, number, level_z))};
  LIDO_TRY(read_sensor(node, camera));
  return camera;
}

std::string to_yaml(const SimulatedCamera& camera) {
  std::string text =
      geometry::to_yaml(camera) +
      fmt::format(
          "    noise: {}\n    softness: {}\n    shutter_s: {}\n    dirt: {}\n    exposure: {}\n"
          "    bitrate_mbps: {}\n    keyframe_s: {}\n    codec: {}\n    drops: {}\n",
          camera.noise, camera.softness, camera.shutter_s, camera.dirt, camera.exposure,
          camera.bitrate_mbps, camera.keyframe_s, camera.hevc ? "hevc" : "h264", camera.drops);
  if (!camera.overlay.empty()) text += "    overlay: " + to_yaml(camera.overlay) + "\n";
  if (camera.faults.empty()) return text;
  text += "    faults:\n";
  for (const CameraFault& fault : camera.faults)
    text += fmt::format("      - {{kind: {}, at_s: {}, for_s: {}{}}}\n",
                        kFaults[static_cast<size_t>(fault.kind)], fault.at_s, fault.for_s,
                        fault.kind == CameraFault::Kind::kKnock
                            ? fmt::format(", turn_deg: [{}]",
                                          fmt::join(Vector3(fault.turn_rad / kDegree_rad), ", "))
                            : "");
  return text;
}

}  // namespace lido::synth
