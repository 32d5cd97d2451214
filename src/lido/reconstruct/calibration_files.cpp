// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/calibration_files.h"

#include <fmt/ranges.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// A calibrated camera and the site's camera of that name.
struct Pair {
  const Camera* calibrated;
  const Camera* in_site;
};

std::vector<Pair> pairs_of(const Calibration& calibration, const geometry::Site& site) {
  std::vector<Pair> pairs;
  for (const CalibratedCamera& one : calibration.cameras) {
    const auto found = std::ranges::find(site.cameras, one.camera.name, &Camera::name);
    if (found != site.cameras.end()) pairs.push_back({&one.camera, &*found});
  }
  return pairs;
}

/// A rotation and a shift: site = rotation * calibrated + shift.
struct Placement {
  Eigen::Matrix3d rotation;
  Vector3 shift;
  double scale = 1;  ///< Spread of the calibrated cameras over that of the site's.
};

/// Least squares over orientations and positions (Kabsch's method).
Placement place(const std::vector<Pair>& pairs) {
  Vector3 from = Vector3::Zero(), to = Vector3::Zero();
  for (const Pair& one : pairs) from += one.calibrated->position, to += one.in_site->position;
  from /= static_cast<double>(pairs.size()), to /= static_cast<double>(pairs.size());
  double from2 = 0, to2 = 0;
  for (const Pair& one : pairs) {
    from2 += (one.calibrated->position - from).squaredNorm();
    to2 += (one.in_site->position - to).squaredNorm();
  }
  Eigen::Matrix3d sum = Eigen::Matrix3d::Zero();
  for (const Pair& one : pairs) {
    sum += one.in_site->cam_from_world.transpose() * one.calibrated->cam_from_world;
    if (from2 > 0 && to2 > 0)
      sum += static_cast<double>(pairs.size()) * (one.in_site->position - to) *
             (one.calibrated->position - from).transpose() / std::sqrt(from2 * to2);
  }
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(sum, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Matrix3d rotation = svd.matrixU() * svd.matrixV().transpose();
  if (rotation.determinant() < 0)
    rotation = svd.matrixU() * Vector3(1, 1, -1).asDiagonal() * svd.matrixV().transpose();
  return {rotation, to - rotation * from, from2 > 0 && to2 > 0 ? std::sqrt(from2 / to2) : 1};
}

double spread_of(const std::vector<Pair>& pairs) {
  double largest = 0;
  for (const Pair& a : pairs) {
    for (const Pair& b : pairs)
      largest = std::max(largest, (a.in_site->position - b.in_site->position).norm());
  }
  return largest;
}

Result<void> check_moves(const std::vector<CameraMove>& moves, double spread_m) {
  constexpr double kMaxTurn_rad = 20 * M_PI / 180;
  const double max_move_m = std::max(0.1 * spread_m, 0.3);
  for (const CameraMove& one : moves) {
    if (one.moved_m > max_move_m || one.turned_rad > kMaxTurn_rad)
      return fail(ErrorCode::kDegenerate,
                  "{}: {:.2f} m and {:.0f} degrees from where the site has it when all cameras are "
                  "laid over each other. Check its pose in the site, the clips' names, and the "
                  "size of the board's squares",
                  one.name, one.moved_m, one.turned_rad * 180 / M_PI);
  }
  return {};
}

std::string numbers(std::initializer_list<double> values) {
  std::vector<std::string> texts;
  for (const double one : values) texts.push_back(fmt::format("{:.9g}", one));
  // A list in TOML has numbers of one kind: whole ones, or with a point.
  for (std::string& text : texts) {
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
  }
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string camera_toml(const Camera& camera) {
  const Eigen::AngleAxisd turn(camera.cam_from_world);
  const Vector3 vector = turn.angle() * turn.axis();
  const Vector3 translation = -camera.cam_from_world * camera.position;
  const auto& k = camera.k;
  // OpenCV counts pixels from the middle of the first one.
  return fmt::format(
      "[{}]\nname = \"{}\"\nsize = [{}, {}]\nmatrix = [{}, {}, {}]\ndistortions = {}\n"
      "rotation = {}\ntranslation = {}\nfisheye = {}\n\n",
      camera.name, camera.name, camera.width, camera.height,
      numbers({camera.fx, 0, camera.cx - 0.5}), numbers({0, camera.fy, camera.cy - 0.5}),
      numbers({0, 0, 1}), numbers({k[0], k[1], k[2], k[3], k[4]}),
      numbers({vector.x(), vector.y(), vector.z()}),
      numbers({translation.x(), translation.y(), translation.z()}),
      camera.lens == geometry::Lens::kFisheye);
}

}  // namespace

Result<CalibratedSite> place_in_site(const Calibration& calibration, const geometry::Site& site) {
  const std::vector<Pair> pairs = pairs_of(calibration, site);
  if (pairs.empty()) {
    std::vector<std::string> clips, cameras;
    for (const CalibratedCamera& one : calibration.cameras) clips.push_back(one.camera.name);
    for (const Camera& one : site.cameras) cameras.push_back(one.name);
    return fail(ErrorCode::kInvalidArgument,
                "the clips are named {}, want the names of the site's cameras: {}",
                fmt::join(clips, ", "),
                cameras.empty() ? "(none)" : fmt::format("{}", fmt::join(cameras, ", ")));
  }
  const Placement placement = place(pairs);
  CalibratedSite out{.site = site, .scale = placement.scale};
  for (const CalibratedCamera& one : calibration.cameras) {
    const auto found = std::ranges::find(out.site.cameras, one.camera.name, &Camera::name);
    if (found == out.site.cameras.end()) {
      out.warnings.push_back(
          fmt::format("{}: the site has no camera of this name: left out", one.camera.name));
      continue;
    }
    Camera camera = one.camera;
    camera.position = placement.rotation * camera.position + placement.shift;
    camera.cam_from_world = camera.cam_from_world * placement.rotation.transpose();
    camera.fps = found->fps, camera.port_m = found->port_m;
    camera.water_index = found->water_index, camera.clock = found->clock;
    camera.clock.offset_s -= one.delay_s;
    const Eigen::AngleAxisd turn(camera.cam_from_world * found->cam_from_world.transpose());
    out.moves.push_back(
        {camera.name, (camera.position - found->position).norm(), std::abs(turn.angle())});
    *found = camera;
  }
  LIDO_TRY(check_moves(out.moves, spread_of(pairs)));
  if (std::abs(out.scale - 1) > 0.02)
    out.warnings.push_back(fmt::format(
        "the cameras are {:.1f}% {} than the site has them: the board's squares may be {} than in "
        "its file. Measure ten of them with a ruler",
        100 * std::abs(out.scale - 1), out.scale > 1 ? "farther apart" : "closer together",
        out.scale > 1 ? "smaller" : "larger"));
  return out;
}

std::string to_toml(const Calibration& calibration) {
  std::vector<Camera> cameras;
  for (const CalibratedCamera& one : calibration.cameras) cameras.push_back(one.camera);
  return to_toml(cameras, calibration.rms_px);
}

std::string to_toml(std::span<const Camera> cameras, double rms_px) {
  std::string text;
  for (const Camera& one : cameras) text += camera_toml(one);
  return text + fmt::format("[metadata]\nadjusted = true\nerror = {:.6f}\nunit = \"m\"\n", rms_px);
}

}  // namespace lido::reconstruct
