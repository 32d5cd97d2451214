// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pool_calibration.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "lido/base/counted.h"
#include "lido/base/median.h"
#include "lido/reconstruct/camera_start.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// Lenses to try: one, or all for "auto".
std::vector<LensFreedom> freedoms_of(const std::string& name) {
  std::vector<LensFreedom> out;
  for (const LensFreedom lens :
       {LensFreedom::kFixed, LensFreedom::kFocal, LensFreedom::kDistortion, LensFreedom::kAll}) {
    if (name == "auto" || name == name_of(lens)) out.push_back(lens);
  }
  return out;
}

size_t unknowns_of(LensFreedom lens) {
  constexpr std::array<size_t, 4> kCounts = {6, 7, 8, 10};
  return kCounts[static_cast<size_t>(lens)];
}

std::vector<Click> clicks_of(const PoolPoints& points, size_t camera) {
  std::vector<Click> out;
  for (const Click& one : points.clicks) {
    if (one.camera == camera) out.push_back(one);
  }
  return out;
}

/// Spread of points along their two widest directions, root mean square.
Eigen::Vector2d spread_of(const Eigen::MatrixXd& points) {
  const Eigen::MatrixXd centred = points.colwise() - points.rowwise().mean();
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(centred);
  return svd.singularValues().head<2>() / std::sqrt(static_cast<double>(points.cols()));
}

Result<void> check_layout(const std::string& camera, const PoolPoints& points,
                          std::span<const Click> clicks) {
  constexpr size_t kMinClicks = 4;
  if (clicks.size() < kMinClicks)
    return fail(ErrorCode::kDegenerate, "{}: {} clicked, want {} or more", camera,
                counted(std::ssize(clicks), "point"), kMinClicks);
  Eigen::MatrixXd places(3, clicks.size()), pixels(2, clicks.size());
  for (size_t i = 0; i < clicks.size(); ++i) {
    places.col(static_cast<Eigen::Index>(i)) = points.points[clicks[i].point].at;
    pixels.col(static_cast<Eigen::Index>(i)) = clicks[i].pixel;
  }
  constexpr double kMinWidth = 0.02;
  const Eigen::Vector2d of_places = spread_of(places), of_pixels = spread_of(pixels);
  if (of_places[1] < kMinWidth * of_places[0] || of_pixels[1] < kMinWidth * of_pixels[0])
    return fail(ErrorCode::kDegenerate,
                "{}: its {} points are on one line, want points on both sides of it", camera,
                clicks.size());
  return {};
}

/// A camera with its fit.
struct Fit {
  Camera camera;
  LensFreedom lens = LensFreedom::kFixed;
  double cost = 0;
  double scale_px = 0;  ///< Deviation of the clicks, by their median error.
  size_t agreeing = 0;
  Eigen::Matrix<double, kPoseParameters, kPoseParameters> covariance;
};

/// Deviation of Gaussian errors of clicks whose median length this is.
double scale_of(const std::vector<Eigen::Vector2d>& errors, double click_px) {
  std::vector<double> lengths;
  for (const Eigen::Vector2d& one : errors) lengths.push_back(one.norm());
  return std::max(click_px, median(std::move(lengths)) / std::sqrt(2 * std::log(2.0)));
}

/// Errors of more deviations disagree: one good click in 3,000 does.
constexpr double kMaxSigmas = 4;

std::optional<Fit> fit_from(const Camera& start, LensFreedom lens, const PoolPoints& points,
                            std::vector<Click> clicks, double click_px) {
  for (Click& one : clicks) one.camera = 0;
  const auto adjusted = adjust_poses({.cameras = {start},
                                      .lenses = {lens},
                                      .points = points.points,
                                      .clicks = std::move(clicks),
                                      .sigma_px = click_px});
  if (!adjusted) return std::nullopt;
  Fit fit{.camera = adjusted->cameras[0],
          .lens = lens,
          .cost = adjusted->robust_cost,
          .scale_px = scale_of(adjusted->errors_px, click_px),
          .covariance = adjusted->covariances[0]};
  if (fit.camera.is_under_water() != start.is_under_water()) return std::nullopt;
  fit.agreeing = static_cast<size_t>(std::ranges::count_if(
      adjusted->errors_px,
      [&](const Eigen::Vector2d& one) { return one.norm() <= kMaxSigmas * fit.scale_px; }));
  return fit;
}

/// The best fit from the site's pose and from poses that the clicks give by themselves.
std::optional<Fit> best_fit(const Camera& camera, LensFreedom lens, const PoolPoints& points,
                            const std::vector<Click>& clicks, double click_px) {
  std::vector<SeenPoint> seen;
  for (const Click& one : clicks) seen.push_back({points.points[one.point].at, one.pixel});
  std::vector<Camera> starts = {camera};
  for (Camera& one : start_poses(camera, seen, lens != LensFreedom::kFixed))
    starts.push_back(std::move(one));
  std::optional<Fit> best;
  for (const Camera& start : starts) {
    auto fit = fit_from(start, lens, points, clicks, click_px);
    if (fit && (!best || fit->cost < best->cost)) best = std::move(fit);
  }
  return best;
}

/// Whether most clicks fit a pose.
bool is_good(const std::optional<Fit>& fit, const Camera& camera, size_t clicks, double click_px) {
  constexpr double kMinAgreeing = 0.6, kMaxShare = 0.01;
  return fit && fit->scale_px <= std::max(5 * click_px, kMaxShare * camera.width) &&
         static_cast<double>(fit->agreeing) >= kMinAgreeing * static_cast<double>(clicks);
}

/// Whether a lens follows from the clicks, not from chance.
bool is_determined(const Fit& fit) {
  constexpr double kMaxFocal = 0.02, kMaxK1 = 0.05, kMaxPrincipal = 0.01;
  const auto sigma = [&](PoseParameter at) { return std::sqrt(fit.covariance(at, at)); };
  return sigma(kFocalLength) <= kMaxFocal && sigma(kFirstCoefficient) <= kMaxK1 &&
         sigma(kPrincipalPoint) <= kMaxPrincipal * fit.camera.width;
}

/// Keeps the lens if its fit explains the clicks best (Schwarz 1978). Otherwise estimates each
/// parameter of the lens that the clicks determine, since one that is wrong biases the others.
std::optional<Fit> choose_fit(const Camera& camera, const PoolPoints& points,
                              const std::vector<Click>& clicks,
                              const PointCalibrateOptions& options) {
  const auto freedoms = freedoms_of(options.lens);
  if (freedoms.size() == 1) return best_fit(camera, freedoms[0], points, clicks, options.click_px);
  const auto score = [&](const Fit& fit) {
    return fit.cost + static_cast<double>(unknowns_of(fit.lens)) *
                          std::log(2 * static_cast<double>(clicks.size()));
  };
  const auto fixed = best_fit(camera, LensFreedom::kFixed, points, clicks, options.click_px);
  std::optional<Fit> freest;
  bool is_contradicted = !fixed;
  for (const LensFreedom lens : freedoms) {
    constexpr size_t kSpare = 2;
    if (lens == LensFreedom::kFixed || 2 * clicks.size() < unknowns_of(lens) + kSpare) continue;
    // From the fixed lens where that is near, so that poses are searched for once.
    auto fit = is_good(fixed, camera, clicks.size(), options.click_px)
                   ? fit_from(fixed->camera, lens, points, clicks, options.click_px)
                   : best_fit(camera, lens, points, clicks, options.click_px);
    if (!fit || !is_determined(*fit)) continue;
    is_contradicted = is_contradicted || score(*fit) < score(*fixed);
    freest = std::move(fit);
  }
  return is_contradicted && freest ? freest : fixed;
}

/// Explains why clicks fit no pose.
std::unexpected<Error> refuse_fit(const Camera& camera, const PoolPoints& points,
                                  std::vector<Click> clicks, const std::optional<Fit>& fit,
                                  const PointCalibrateOptions& options) {
  Camera mirrored = camera;
  mirrored.cx = camera.width - camera.cx;
  if (camera.lens == geometry::Lens::kBrown) mirrored.k[3] = -camera.k[3];
  for (Click& one : clicks) one.pixel.x() = camera.width - one.pixel.x();
  const auto other = best_fit(mirrored, LensFreedom::kFocal, points, clicks, options.click_px);
  if (is_good(other, camera, clicks.size(), options.click_px))
    return fail(ErrorCode::kDegenerate,
                "{}: its points are mirrored: they fit when left and right are swapped. Check in "
                "which direction x and y run, or whether the camera mirrors its image",
                camera.name);
  return fail(ErrorCode::kDegenerate,
              "{}: its {} clicks fit no pose of the camera, {} of them agree to {:.0f} px at best. "
              "Check that each is the point whose name it has, the points' metres, and the "
              "camera's lens",
              camera.name, clicks.size(), fit ? fit->agreeing : 0, fit ? fit->scale_px : 0);
}

/// Fits of all cameras with clicks, and their joint adjustment.
struct Whole {
  std::vector<size_t> cameras;  ///< Indices into the site.
  std::vector<LensFreedom> lenses;
  AdjustedPoses adjusted;
};

int64_t under_water(const PoolPoints& points) {
  return std::ranges::count_if(
      points.clicks, [&](const Click& one) { return points.points[one.point].at.z() < 0; });
}

Result<Whole> adjust_all(const geometry::Site& site, const PoolPoints& points,
                         const PointCalibrateOptions& options, bool level) {
  Whole out;
  PosesProblem problem{.points = points.points,
                       .level = level,
                       .index = options.water_index,
                       .sigma_px = options.click_px};
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    const Camera& camera = site.cameras[i];
    std::vector<Click> clicks = clicks_of(points, i);
    if (clicks.empty()) continue;
    LIDO_TRY(check_layout(camera.name, points, clicks));
    const auto fit = choose_fit(camera, points, clicks, options);
    if (!is_good(fit, camera, clicks.size(), options.click_px))
      return refuse_fit(camera, points, clicks, fit, options);
    for (Click& one : clicks) one.camera = out.cameras.size();
    problem.clicks.insert(problem.clicks.end(), clicks.begin(), clicks.end());
    problem.cameras.push_back(fit->camera);
    problem.lenses.push_back(fit->lens);
    out.cameras.push_back(i);
  }
  out.lenses = problem.lenses;
  auto adjusted = adjust_poses(problem);
  if (!adjusted) return with_context("points", adjusted.error());
  out.adjusted = std::move(*adjusted);
  return out;
}

/// Moves a site so that its z = 0 is the water.
void raise_water(geometry::Site& site, double by_m) {
  geometry::lower(site.pool, by_m);
  for (Camera& one : site.cameras) one.position.z() -= by_m;
  site.level_z += by_m;
}

PoolPoints lowered(PoolPoints points, double by_m) {
  for (PoolPoint& one : points.points) one.at.z() -= by_m;
  return points;
}

double rms_of(double squares, int64_t count) {
  return count > 0 ? std::sqrt(squares / static_cast<double>(count)) : 0;
}

/// Fills errors and disagreements of one camera.
void judge_clicks(const Camera& before, const PoolPoints& points, std::span<const Click> clicks,
                  std::span<const Eigen::Vector2d> errors, double click_px,
                  PointCalibratedCamera& out) {
  const double scale_px = scale_of({errors.begin(), errors.end()}, click_px);
  double squares = 0, before2 = 0;
  int64_t count = 0, shown = 0;
  for (size_t i = 0; i < clicks.size(); ++i) {
    const PoolPoint& point = points.points[clicks[i].point];
    if (const auto pixel = before.project_through_water(point.at)) {
      before2 += (*pixel - clicks[i].pixel).squaredNorm();
      ++shown;
    }
    if (errors[i].norm() > kMaxSigmas * scale_px) {
      out.disagreements.push_back(
          {point.name, clicks[i].pixel, clicks[i].pixel + errors[i], errors[i].norm()});
      continue;
    }
    squares += errors[i].squaredNorm();
    ++count;
  }
  std::ranges::stable_sort(out.disagreements, std::greater(), &Disagreement::error_px);
  out.clicks = static_cast<int>(clicks.size());
  out.before_px = rms_of(before2, shown);
  out.rms_px = rms_of(squares, count);
}

/// Fills how far a camera is from where the site has it.
void judge_pose(const Camera& before, const Camera& after,
                const Eigen::Matrix<double, kPoseParameters, kPoseParameters>& covariance,
                PointCalibratedCamera& out) {
  const Eigen::AngleAxisd turn(after.cam_from_world * before.cam_from_world.transpose());
  Eigen::Matrix<double, 6, 1> change;
  change << turn.angle() * turn.axis(), after.position - before.position;
  out.moved_m = change.tail<3>().norm();
  out.turned_rad = std::abs(turn.angle());
  const Eigen::Matrix<double, 6, 6> of_pose = covariance.topLeftCorner<6, 6>();
  out.rotation_sigma_rad = std::sqrt(of_pose.diagonal().head<3>().maxCoeff());
  out.position_sigma_m = std::sqrt(of_pose.diagonal().tail<3>().maxCoeff());
  out.focal_sigma = std::sqrt(covariance(kFocalLength, kFocalLength));
  // 99.9% of chi-square with six degrees of freedom.
  constexpr double kChance = 22.46, kMin_m = 0.005, kMin_rad = 0.02 * M_PI / 180;
  out.has_moved = change.dot(of_pose.ldlt().solve(change)) > kChance &&
                  (out.moved_m > kMin_m || out.turned_rad > kMin_rad);
}

/// Whether two points were clicked for each other.
bool are_swapped(const Disagreement& a, const Disagreement& b) {
  const double near_px = std::max(3.0, 0.2 * (a.clicked - b.clicked).norm());
  return (a.expected - b.clicked).norm() < near_px && (b.expected - a.clicked).norm() < near_px;
}

void add_click_warnings(const std::string& camera, const PointCalibratedCamera& one,
                        std::vector<std::string>& out) {
  const auto& all = one.disagreements;
  std::vector<bool> told(all.size(), false);
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = i + 1; j < all.size() && !told[i]; ++j) {
      if (told[j] || !are_swapped(all[i], all[j])) continue;
      out.push_back(fmt::format("{}: {} and {} were clicked for each other", camera, all[i].point,
                                all[j].point));
      told[i] = told[j] = true;
    }
    if (told[i]) continue;
    out.push_back(fmt::format(
        "{}: {} was clicked at [{:.1f}, {:.1f}], and the other points put it at [{:.1f}, {:.1f}], "
        "{:.0f} px away",
        camera, all[i].point, all[i].clicked.x(), all[i].clicked.y(), all[i].expected.x(),
        all[i].expected.y(), all[i].error_px));
  }
  constexpr int kMinClicks = 6;
  if (one.clicks < kMinClicks)
    out.push_back(
        fmt::format("{}: {} clicks leave hardly any to check the others by, want {} or more",
                    camera, one.clicks, kMinClicks));
}

/// Points that disagree in several cameras are wrong themselves.
void add_point_warnings(const PoolPoints& points, PointCalibration& out) {
  for (size_t i = 0; i < points.points.size(); ++i) {
    const std::string& name = points.points[i].name;
    int clicked = 0, disagreeing = 0;
    for (const Click& one : points.clicks) clicked += one.point == i ? 1 : 0;
    for (const PointCalibratedCamera& one : out.cameras)
      disagreeing += std::ranges::find(one.disagreements, name, &Disagreement::point) !=
                             one.disagreements.end()
                         ? 1
                         : 0;
    if (disagreeing >= 2)
      out.warnings.push_back(
          fmt::format("{}: disagrees in {} of {} cameras: measure the point again", name,
                      disagreeing, clicked));
  }
}

Result<void> check_sigma(const std::string& camera, const PointCalibratedCamera& one) {
  constexpr double kMax_m = 0.5;
  if (one.position_sigma_m < kMax_m) return {};
  return fail(ErrorCode::kDegenerate,
              "{}: its clicks leave its place uncertain by {:.1f} m, want less than {} m: click "
              "points that are farther apart",
              camera, one.position_sigma_m, kMax_m);
}

/// @param points  Over the water as the adjustment began.
Result<PointCalibration> judged(const geometry::Site& site, const geometry::Site& start,
                                const PoolPoints& points, const Whole& whole, double click_px) {
  PointCalibration out{.site = start};
  const AdjustedPoses& adjusted = whole.adjusted;
  double squares = 0;
  int64_t count = 0;
  size_t next = 0;
  for (size_t i = 0; i < whole.cameras.size(); ++i) {
    const std::vector<Click> clicks = clicks_of(points, whole.cameras[i]);
    PointCalibratedCamera one{.camera = whole.cameras[i], .lens = whole.lenses[i]};
    // Where the site has the camera, in the same axes.
    Camera before = site.cameras[one.camera];
    before.position.z() -= start.level_z - site.level_z;
    judge_clicks(before, points, clicks, std::span(adjusted.errors_px).subspan(next, clicks.size()),
                 click_px, one);
    next += clicks.size();
    judge_pose(before, adjusted.cameras[i], adjusted.covariances[i], one);
    const std::string& name = site.cameras[one.camera].name;
    LIDO_TRY(check_sigma(name, one));
    out.site.cameras[one.camera] = adjusted.cameras[i];
    const auto agreeing = one.clicks - static_cast<int>(one.disagreements.size());
    squares += one.rms_px * one.rms_px * agreeing, count += agreeing;
    add_click_warnings(name, one, out.warnings);
    out.cameras.push_back(std::move(one));
  }
  add_point_warnings(points, out);
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    if (std::ranges::find(whole.cameras, i) == whole.cameras.end())
      out.warnings.push_back(
          fmt::format("{}: no clicks, left as the site has it", site.cameras[i].name));
  }
  out.rms_px = rms_of(squares, count);
  raise_water(out.site, adjusted.level_m);
  out.site.water_index = adjusted.index;
  for (Camera& one : out.site.cameras) one.water_index = adjusted.index;
  out.level_m = out.site.level_z - site.level_z;
  out.level_sigma_m = adjusted.level_sigma_m, out.index_sigma = adjusted.index_sigma;
  return out;
}

}  // namespace

Result<PointCalibration> calibrate_from_points(const geometry::Site& site, const PoolPoints& points,
                                               const PointCalibrateOptions& options) {
  LIDO_TRY(validate(options));
  if (points.clicks.empty())
    return fail(ErrorCode::kDegenerate, "no camera has clicks, want four or more in each");
  constexpr int64_t kMinUnderWater = 4;
  const bool sees_water = under_water(points) >= kMinUnderWater;
  if (options.water_index && !sees_water)
    return fail(ErrorCode::kDegenerate,
                "{} of points under water, want {} or more for the index of refraction",
                counted(under_water(points), "click"), kMinUnderWater);
  const bool level = sees_water && !options.fixed_level;
  Whole whole = LIDO_TRY(adjust_all(site, points, options, level));
  if (!level) return judged(site, site, points, whole, options.click_px);
  constexpr double kMaxLevelSigma_m = 0.03;
  if (whole.adjusted.level_sigma_m > kMaxLevelSigma_m) {
    whole = LIDO_TRY(adjust_all(site, points, options, false));
    auto out = LIDO_TRY(judged(site, site, points, whole, options.click_px));
    out.warnings.push_back(
        "the points under water do not determine its level, which stays as the site has it: click "
        "more of them, near and far");
    return out;
  }
  // Lenses are chosen again where the water is.
  geometry::Site start = site;
  const double by_m = whole.adjusted.level_m;
  raise_water(start, by_m);
  const PoolPoints again = lowered(points, by_m);
  whole = LIDO_TRY(adjust_all(start, again, options, true));
  return judged(site, start, again, whole, options.click_px);
}

Result<PointCalibration> check_cameras(const geometry::Site& site, const PoolPoints& points,
                                       double click_px) {
  return calibrate_from_points(site, points,
                               {.lens = "fixed", .click_px = click_px, .fixed_level = true});
}

}  // namespace lido::reconstruct
