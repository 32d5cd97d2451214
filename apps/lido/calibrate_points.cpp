// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "calibrate.h"
#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/reconstruct/calibration_files.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;
using reconstruct::Disagreement;
using reconstruct::PointCalibratedCamera;
using reconstruct::PointCalibration;

constexpr double kDegrees = 180 / M_PI;

OrderedJson point_camera_json(const PointCalibration& found, const PointCalibratedCamera& one) {
  const geometry::Camera& camera = found.site.cameras[one.camera];
  OrderedJson disagreements = OrderedJson::array();
  for (const Disagreement& point : one.disagreements)
    disagreements.push_back({{"point", point.point},
                             {"clicked_px", {point.clicked.x(), point.clicked.y()}},
                             {"expected_px", {point.expected.x(), point.expected.y()}},
                             {"error_px", point.error_px}});
  return {{"name", camera.name},
          {"clicks", one.clicks},
          {"before_px", one.before_px},
          {"rms_px", one.rms_px},
          {"lens", std::string(name_of(one.lens))},
          {"focal_px", {camera.fx, camera.fy}},
          {"focal_sigma_px", one.focal_sigma * camera.fx},
          {"position_m", {camera.position.x(), camera.position.y(), camera.position.z()}},
          {"position_sigma_m", one.position_sigma_m},
          {"rotation_sigma_rad", one.rotation_sigma_rad},
          {"moved_m", one.moved_m},
          {"turned_rad", one.turned_rad},
          {"has_moved", one.has_moved},
          {"disagreements", disagreements}};
}

OrderedJson points_json(const PointCalibration& found) {
  OrderedJson cameras = OrderedJson::array();
  for (const PointCalibratedCamera& one : found.cameras)
    cameras.push_back(point_camera_json(found, one));
  return {{"rms_px", found.rms_px},
          {"level_m", found.level_m},
          {"level_sigma_m", found.level_sigma_m},
          {"water_index", found.site.water_index},
          {"water_index_sigma", found.index_sigma},
          {"cameras", cameras},
          {"warnings", found.warnings}};
}

void print_points(const PointCalibration& found, bool check) {
  fmt::print("{:<12} {:>6} {:>10} {:>8} {:>11} {:>17} {:>18}{}\n", "camera", "clicks", "before px",
             "after px", "lens", "moved cm +-", "turned deg +-", check ? "  verdict" : "");
  for (const PointCalibratedCamera& one : found.cameras)
    fmt::print("{:<12} {:>6} {:>10.2f} {:>8.2f} {:>11} {:>9.1f} +-{:>5.1f} {:>9.2f} +-{:>6.2f}{}\n",
               found.site.cameras[one.camera].name, one.clicks, one.before_px, one.rms_px,
               name_of(one.lens), 100 * one.moved_m, 100 * one.position_sigma_m,
               kDegrees * one.turned_rad, kDegrees * one.rotation_sigma_rad,
               !check          ? ""
               : one.has_moved ? "  has moved"
                               : "  in place");
  if (found.level_sigma_m > 0)
    fmt::print("water: {:.1f} cm {} than in the site, +- {:.1f} cm\n",
               100 * std::abs(found.level_m), found.level_m < 0 ? "lower" : "higher",
               100 * found.level_sigma_m);
  if (found.index_sigma > 0)
    fmt::print("index of refraction: {:.4f} +- {:.4f}\n", found.site.water_index,
               found.index_sigma);
}

Result<void> write_points(storage::OutputFolder& folder, const PointCalibration& found) {
  LIDO_TRY(folder.begin());
  storage::Store& store = folder.store();
  LIDO_TRY(store.write_text(
      "site.yaml",
      geometry::to_yaml(found.site, "Cameras calibrated by lido calibrate from points.")));
  LIDO_TRY(
      store.write_text("cameras.toml", reconstruct::to_toml(found.site.cameras, found.rms_px)));
  return store.write_text("calibration.json", json_text(points_json(found)) + "\n");
}

}  // namespace

Result<int> calibrate_points(const CalibrateFlags& flags) {
  if (flags.site.empty())
    return fail(ErrorCode::kInvalidArgument,
                "site is missing, want the site.yaml of the pool with its cameras beside --points");
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.site)), flags.site));
  const auto points = LIDO_TRY(
      reconstruct::read_pool_points(LIDO_TRY(read_text(flags.points)), flags.points, site));
  std::optional<storage::OutputFolder> folder;
  if (!flags.check) folder = LIDO_TRY(open_calibration(flags));
  const auto found =
      flags.check ? LIDO_TRY(reconstruct::check_cameras(site, points, flags.point_options.click_px))
                  : LIDO_TRY(reconstruct::calibrate_from_points(site, points, flags.point_options));
  if (folder) LIDO_TRY(write_points(*folder, found));
  if (flags.json) {
    fmt::print("{}\n", json_text(points_json(found)));
  } else {
    print_points(found, flags.check);
    if (!flags.check) print_written(flags.out + "/site.yaml");
  }
  print_warnings(found.warnings);
  const bool moved = std::ranges::any_of(found.cameras, &PointCalibratedCamera::has_moved);
  return flags.check && moved ? kFindings : kDone;
}

}  // namespace lido::cli
