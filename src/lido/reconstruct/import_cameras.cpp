// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/import_cameras.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace lido::reconstruct {
namespace {

using geometry::Camera;

Camera* camera_of(geometry::Site& site, const std::string& name) {
  const auto found = std::ranges::find(site.cameras, name, &Camera::name);
  return found == site.cameras.end() ? nullptr : &*found;
}

Result<void> check_names(std::span<const FileCamera> cameras) {
  std::set<std::string> names;
  for (const FileCamera& one : cameras) {
    if (!names.insert(one.camera.name).second)
      return fail(ErrorCode::kInvalidArgument,
                  "two cameras are named {}, want one of each name: a model with many images of a "
                  "camera has no single pose of it",
                  one.camera.name);
  }
  return {};
}

/// Replaces the lens of a camera, and keeps all else.
void take_lens(Camera& into, const Camera& from) {
  into.width = from.width, into.height = from.height;
  into.fx = from.fx, into.fy = from.fy, into.cx = from.cx, into.cy = from.cy;
  into.lens = from.lens, into.k = from.k;
}

/// Takes poses as they are.
void take_poses(std::span<const Camera> posed, CalibratedSite& out) {
  for (Camera camera : posed) {
    camera.position.z() -= out.site.level_z;
    Camera* known = camera_of(out.site, camera.name);
    if (known == nullptr) {
      out.warnings.push_back(fmt::format(
          "{}: new in the site, with {:g} frames a second: set its fps", camera.name, camera.fps));
      out.site.cameras.push_back(camera);
      continue;
    }
    const Eigen::AngleAxisd turn(camera.cam_from_world * known->cam_from_world.transpose());
    out.moves.push_back(
        {camera.name, (camera.position - known->position).norm(), std::abs(turn.angle())});
    take_lens(*known, camera);
    known->position = camera.position, known->cam_from_world = camera.cam_from_world;
  }
}

/// Moves the layout to where the site has its cameras.
Result<void> place_layout(std::span<const Camera> posed, CalibratedSite& out) {
  Calibration layout;
  std::vector<std::string> unknown;
  for (const Camera& one : posed) {
    if (camera_of(out.site, one.name) != nullptr)
      layout.cameras.push_back({.camera = one});
    else
      unknown.push_back(one.name);
  }
  if (layout.cameras.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "the site has no camera named {}: give it cameras of these names where they are "
                "roughly, or --same-axes if the file's axes are the site's",
                fmt::join(unknown, ", "));
  }
  auto placed = LIDO_TRY(place_in_site(layout, out.site));
  out.site = std::move(placed.site), out.moves = std::move(placed.moves);
  out.scale = placed.scale;
  for (const std::string& name : unknown)
    out.warnings.push_back(fmt::format("{}: the site has no camera of this name: left out", name));
  if (std::abs(out.scale - 1) > 0.02) {
    out.warnings.push_back(fmt::format(
        "the cameras are {:.1f}% {} than the site has them: measure the distance of two cameras",
        100 * std::abs(out.scale - 1), out.scale > 1 ? "farther apart" : "closer together"));
  }
  return {};
}

}  // namespace

Result<CalibratedSite> import_cameras(std::span<const FileCamera> cameras,
                                      const geometry::Site& site, ImportAxes axes, double metres) {
  LIDO_TRY(check_names(cameras));
  CalibratedSite out{.site = site};
  std::vector<Camera> posed;
  for (const FileCamera& one : cameras) {
    Camera camera = one.camera;
    camera.position *= metres;
    if (one.has_pose) {
      posed.push_back(camera);
    } else if (Camera* known = camera_of(out.site, camera.name); known != nullptr) {
      take_lens(*known, camera);
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: its file has a lens and no pose, and the site has no camera of this name",
                  camera.name);
    }
  }
  if (posed.empty()) return out;
  if (axes == ImportAxes::kSite)
    take_poses(posed, out);
  else
    LIDO_TRY(place_layout(posed, out));
  return out;
}

}  // namespace lido::reconstruct
