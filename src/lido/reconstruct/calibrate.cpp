// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/calibrate.h"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include "lido/base/counted.h"
#include "lido/base/median.h"
#include "lido/reconstruct/triangulate.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// Moments that a pair of cameras must have in common.
constexpr size_t kMinShared = 3;

/// Pose of the board at each moment, in one camera's axes.
using Poses = std::vector<std::optional<BoardPose>>;

/// A motion of space, or a frame of reference in another.
BoardPose after(const BoardPose& second, const BoardPose& first) {
  return {second.rotation * first.rotation, second.rotation * first.position + second.position};
}

BoardPose inverse(const BoardPose& pose) {
  const Eigen::Matrix3d back = pose.rotation.transpose();
  return {back, -(back * pose.position)};
}

/// Mean distance of the board's corners in two poses.
double distance(const BoardPose& a, const BoardPose& b, const std::vector<Vector3>& corners) {
  double sum = 0;
  for (const Vector3& one : corners)
    sum += (a.rotation * one + a.position - b.rotation * one - b.position).norm();
  return sum / static_cast<double>(corners.size());
}

Poses poses_of(const Board& board, const Camera& camera, const std::vector<BoardView>& views) {
  Poses poses;
  for (const BoardView& view : views) poses.push_back(pose_in_camera(board, camera, view));
  return poses;
}

/// How two cameras stand to each other.
struct Link {
  BoardPose a_from_b;
  size_t shared = 0;  ///< Moments at which both saw the board.
};

/// Compares the pose that each moment implies with all moments, and takes the best: poses that
/// OpenCV mistook (a board seen from afar may be tilted either way) do no harm.
Link link_of(const Poses& a, const Poses& b, const std::vector<Vector3>& corners) {
  std::vector<size_t> shared;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] && b[i]) shared.push_back(i);
  }
  Link best{.shared = shared.size()};
  double best_error = std::numeric_limits<double>::infinity();
  // A hundred candidates are as good as a thousand.
  const size_t stride = std::max<size_t>(1, shared.size() / 100);
  for (size_t at = 0; at < shared.size(); at += stride) {
    const BoardPose candidate = after(*a[shared[at]], inverse(*b[shared[at]]));
    std::vector<double> errors;
    for (size_t i = 0; i < shared.size(); i += stride)
      errors.push_back(distance(*a[shared[i]], after(candidate, *b[shared[i]]), corners));
    const double error = median(std::move(errors));
    if (error < best_error) best_error = error, best.a_from_b = candidate;
  }
  return best;
}

/// Poses of all cameras in the axes of the first: joins the pair that shares most moments, then the
/// next, as a tree.
Result<std::vector<BoardPose>> join(std::span<const CameraViews> cameras,
                                    const std::vector<Poses>& poses,
                                    const std::vector<Vector3>& corners) {
  std::vector<std::optional<BoardPose>> joined(cameras.size());
  joined[0] = BoardPose{};
  for (size_t round = 1; round < cameras.size(); ++round) {
    std::optional<std::pair<size_t, BoardPose>> next;
    size_t most = 0;
    for (size_t a = 0; a < cameras.size(); ++a) {
      for (size_t b = 0; b < cameras.size(); ++b) {
        if (!joined[a] || joined[b]) continue;
        const Link link = link_of(poses[a], poses[b], corners);
        if (link.shared <= most) continue;
        most = link.shared;
        next = std::pair(b, after(*joined[a], link.a_from_b));
      }
    }
    if (most < kMinShared) {
      std::vector<std::string_view> apart;
      for (size_t i = 0; i < cameras.size(); ++i) {
        if (!joined[i]) apart.push_back(cameras[i].name);
      }
      return fail(ErrorCode::kDegenerate,
                  "{}: shares {} of the board with the other cameras, want {} or more. "
                  "Move the board where both see it, and check that the clips begin together",
                  fmt::join(apart, ", "), counted(most, "moment"), kMinShared);
    }
    joined[next->first] = next->second;
  }
  std::vector<BoardPose> out;
  for (const auto& one : joined) out.push_back(*one);
  return out;
}

/// Motion of a corner in the image, from the moments before and after.
Eigen::Vector2d velocity(const CameraViews& camera, size_t moment, int id, double fps) {
  const auto at = [&](size_t index) -> const BoardCorner* {
    const auto found = std::ranges::find(camera.views[index], id, &BoardCorner::id);
    return found == camera.views[index].end() ? nullptr : &*found;
  };
  if (moment == 0 || moment + 1 >= camera.views.size()) return Eigen::Vector2d::Zero();
  const BoardCorner *before = at(moment - 1), *next = at(moment + 1);
  if (before == nullptr || next == nullptr) return Eigen::Vector2d::Zero();
  return (next->pixel - before->pixel) * fps / 2;
}

/// The bundle at the start, with a board pose for each moment that any camera saw well enough.
BundleProblem start_bundle(const Board& board, std::span<const CameraViews> cameras,
                           const std::vector<Camera>& lenses, const std::vector<Poses>& poses,
                           const std::vector<BoardPose>& world_from_cam, double fps) {
  BundleProblem bundle{.delays_s = std::vector<double>(cameras.size(), 0),
                       .corners = board.corner_positions()};
  for (size_t i = 0; i < cameras.size(); ++i) {
    Camera camera = lenses[i];
    camera.name = cameras[i].name;
    camera.cam_from_world = world_from_cam[i].rotation.transpose();
    camera.position = world_from_cam[i].position;
    bundle.cameras.push_back(camera);
  }
  for (size_t moment = 0; moment < cameras[0].views.size(); ++moment) {
    size_t most = 0;
    std::optional<BoardPose> pose;
    for (size_t i = 0; i < cameras.size(); ++i) {
      const size_t seen = cameras[i].views[moment].size();
      if (!poses[i][moment] || seen <= most) continue;
      most = seen;
      pose = after(world_from_cam[i], *poses[i][moment]);
    }
    if (!pose) continue;
    for (size_t i = 0; i < cameras.size(); ++i) {
      if (!poses[i][moment]) continue;
      for (const BoardCorner& one : cameras[i].views[moment])
        bundle.sightings.push_back({.camera = i,
                                    .moment = bundle.boards.size(),
                                    .corner = static_cast<size_t>(one.id),
                                    .pixel = one.pixel,
                                    .velocity_px_s = velocity(cameras[i], moment, one.id, fps)});
    }
    bundle.boards.push_back(*pose);
  }
  return bundle;
}

/// Removes sightings that are far off after a first adjustment: mistaken corners.
size_t remove_outliers(BundleProblem& bundle, const AdjustedBundle& adjusted) {
  std::vector<double> lengths;
  for (const Eigen::Vector2d& error : adjusted.errors_px) lengths.push_back(error.norm());
  // Ten times the median length of errors is beyond any Gaussian's.
  const double limit = std::max(10 * median(lengths), 1.0);
  bundle = adjusted.bundle;
  std::vector<CornerSighting> kept;
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] <= limit) kept.push_back(bundle.sightings[i]);
  }
  const size_t removed = bundle.sightings.size() - kept.size();
  bundle.sightings = std::move(kept);
  return removed;
}

/// Distances between corners of the board as the cameras measure them.
void measure_distances(const BundleProblem& bundle, Calibration& out) {
  // Triangulation has water below z = 0: the pool of these cameras is far below.
  std::vector<Camera> cameras = bundle.cameras;
  constexpr double kHigh_m = 1e4;
  for (Camera& camera : cameras) camera.position.z() += kHigh_m;
  std::map<std::pair<size_t, size_t>, std::vector<Sighting>> sightings;
  for (const CornerSighting& one : bundle.sightings)
    sightings[{one.moment, one.corner}].push_back(
        {.camera = one.camera,
         .pixel = one.pixel - bundle.delays_s[one.camera] * one.velocity_px_s});
  std::map<size_t, std::vector<std::pair<size_t, Vector3>>> points;
  for (const auto& [key, seen] : sightings) {
    if (seen.size() < 2) continue;
    const auto found = triangulate(cameras, seen, {.max_error_sigmas = 1000});
    if (found) points[key.first].emplace_back(key.second, found->point_in_world);
  }
  double squares = 0;
  for (const auto& [moment, corners] : points) {
    for (size_t i = 0; i < corners.size(); ++i) {
      for (size_t j = i + 1; j < corners.size(); ++j) {
        const double measured_m = (corners[i].second - corners[j].second).norm();
        const double true_m =
            (bundle.corners[corners[i].first] - bundle.corners[corners[j].first]).norm();
        squares += (measured_m - true_m) * (measured_m - true_m);
        ++out.distances;
      }
    }
  }
  if (out.distances > 0)
    out.distance_rms_m = std::sqrt(squares / static_cast<double>(out.distances));
}

/// Fewer coefficients, for a lens that folds back inside its image: the board was not seen near its
/// edges. Tangential ones go together.
int fewer(int coefficients) { return coefficients == 4 ? 2 : coefficients - 1; }

/// Adjusts one camera's lens to its own views, whenever they were.
Result<Camera> adjust_lens(const Board& board, const Camera& start,
                           const std::vector<BoardView>& views, const Poses& poses,
                           const CalibrateOptions& options) {
  BundleProblem bundle{.cameras = {start}, .delays_s = {0}, .corners = board.corner_positions()};
  for (size_t moment = 0; moment < views.size(); ++moment) {
    if (!poses[moment]) continue;
    for (const BoardCorner& one : views[moment])
      bundle.sightings.push_back({.moment = bundle.boards.size(),
                                  .corner = static_cast<size_t>(one.id),
                                  .pixel = one.pixel});
    bundle.boards.push_back(*poses[moment]);
  }
  for (int coefficients = options.coefficients; coefficients >= 0;
       coefficients = fewer(coefficients)) {
    for (size_t i = static_cast<size_t>(coefficients); i < start.k.size(); ++i)
      bundle.cameras[0].k[i] = 0;
    const auto adjusted =
        adjust(bundle, {.coefficients = {coefficients}, .loss_scale_px = options.loss_scale_px});
    if (!adjusted) return std::unexpected(adjusted.error());
    if (shows_whole_image(adjusted->bundle.cameras[0])) return adjusted->bundle.cameras[0];
  }
  return fail(ErrorCode::kDegenerate, "no lens fits the {} views of the board",
              bundle.boards.size());
}

/// Adjusts poses, and clocks and lenses where that is wanted.
Result<AdjustedBundle> adjust_together(BundleProblem bundle, const CalibrateOptions& options) {
  BundleOptions how{
      .intrinsics = false, .clocks = !options.same_clock, .loss_scale_px = options.loss_scale_px};
  for (const Camera& camera : bundle.cameras) {
    const auto last =
        std::ranges::find_if(camera.k.rbegin(), camera.k.rend(), [](double k) { return k != 0; });
    how.coefficients.push_back(static_cast<int>(camera.k.rend() - last));
  }
  remove_outliers(bundle, LIDO_TRY(adjust(bundle, how)));
  how.intrinsics = !options.fixed_lenses;
  return adjust(bundle, how);
}

CalibratedCamera camera_report(const AdjustedBundle& adjusted, size_t index) {
  const auto row = adjusted.camera_sigmas.row(static_cast<Eigen::Index>(index));
  CalibratedCamera out{.camera = adjusted.bundle.cameras[index],
                       .delay_s = adjusted.bundle.delays_s[index],
                       .focal_sigma_px = row.segment(kIntrinsics, 2).maxCoeff(),
                       .principal_sigma_px = row.segment(kIntrinsics + 2, 2).maxCoeff(),
                       .position_sigma_m = row.segment(kPosition, 3).norm(),
                       .rotation_sigma_rad = row.segment(kRotation, 3).norm(),
                       .delay_sigma_s = row[kDelay]};
  out.camera.clock = {.offset_s = -out.delay_s, .reference = "first_camera"};
  constexpr int kGrid = 4;
  std::array<bool, kGrid * kGrid> cells{};
  std::map<size_t, int> moments;
  double squares = 0;
  for (size_t i = 0; i < adjusted.errors_px.size(); ++i) {
    const CornerSighting& one = adjusted.bundle.sightings[i];
    if (one.camera != index) continue;
    squares += adjusted.errors_px[i].squaredNorm();
    ++out.corners;
    ++moments[one.moment];
    const auto cell = [](double at, int size) {
      return static_cast<size_t>(std::clamp(static_cast<int>(kGrid * at / size), 0, kGrid - 1));
    };
    cells[kGrid * cell(one.pixel.y(), out.camera.height) + cell(one.pixel.x(), out.camera.width)] =
        true;
  }
  out.views = static_cast<int>(moments.size());
  out.rms_px = std::sqrt(squares / std::max(1, out.corners));
  out.covered = static_cast<double>(std::ranges::count(cells, true)) / cells.size();
  return out;
}

/// Cameras that stand on one line measure nothing across it.
bool on_one_line(const std::vector<CalibratedCamera>& cameras) {
  if (cameras.size() < 3) return false;
  Eigen::MatrixXd positions(3, static_cast<Eigen::Index>(cameras.size()));
  for (size_t i = 0; i < cameras.size(); ++i)
    positions.col(static_cast<Eigen::Index>(i)) = cameras[i].camera.position;
  positions.colwise() -= positions.rowwise().mean().eval();
  const Eigen::Vector3d spread = Eigen::JacobiSVD<Eigen::MatrixXd>(positions).singularValues();
  return spread[1] < 0.03 * spread[0];
}

void add_warnings(const CalibrateOptions& options, Calibration& out) {
  std::vector<double> errors;
  for (const CalibratedCamera& one : out.cameras) errors.push_back(one.rms_px);
  const double usual_px = median(errors);
  for (const CalibratedCamera& one : out.cameras) {
    const std::string& name = one.camera.name;
    if (one.rms_px > 2 * usual_px && one.rms_px > 0.5)
      out.warnings.push_back(
          fmt::format("{}: error {:.2f} px, the others have {:.2f}: look at its focus, shutter and "
                      "rolling shutter",
                      name, one.rms_px, usual_px));
    if (one.covered < 0.5)
      out.warnings.push_back(
          fmt::format("{}: the board covered {:.0f}% of the image: distortion is a guess "
                      "elsewhere. Film the board there too",
                      name, 100 * one.covered));
    if (std::abs(one.delay_s) > 0.5 / options.fps)
      out.warnings.push_back(
          fmt::format("{}: its frames are {:.3f} s {}, more than half a sampling step: trim the "
                      "clips so that they begin together",
                      name, std::abs(one.delay_s), one.delay_s > 0 ? "late" : "early"));
  }
  if (on_one_line(out.cameras))
    out.warnings.push_back(
        "the cameras stand on one line: distances across it are uncertain. Move one of them");
}

Result<void> check(std::span<const CameraViews> cameras, const CalibrateOptions& options) {
  LIDO_TRY(validate(options));
  if (cameras.empty()) return fail(ErrorCode::kInvalidArgument, "no cameras, want one or more");
  for (const CameraViews& one : cameras) {
    if (one.views.size() != cameras[0].views.size())
      return fail(ErrorCode::kInvalidArgument, "{}: {} moments, want the {} of {}", one.name,
                  one.views.size(), cameras[0].views.size(), cameras[0].name);
  }
  return {};
}

}  // namespace

Result<Calibration> calibrate(const Board& board, std::span<const CameraViews> cameras,
                              const CalibrateOptions& options) {
  LIDO_TRY(check(cameras, options));
  std::vector<Camera> lenses;
  std::vector<Poses> poses;
  for (const CameraViews& one : cameras) {
    auto lens = estimate_lens(board, one.views, one.width, one.height);
    if (lens)
      lens = adjust_lens(board, *lens, one.views, poses_of(board, *lens, one.views), options);
    if (!lens) return with_context(one.name, lens.error());
    lenses.push_back(*lens);
    poses.push_back(poses_of(board, *lens, one.views));
  }
  const auto placed = LIDO_TRY(join(cameras, poses, board.corner_positions()));
  BundleProblem bundle = start_bundle(board, cameras, lenses, poses, placed, options.fps);
  const AdjustedBundle adjusted = LIDO_TRY(adjust_together(std::move(bundle), options));
  Calibration out{.rms_px = adjusted.rms_px,
                  .moments = static_cast<int>(adjusted.bundle.boards.size())};
  for (size_t i = 0; i < cameras.size(); ++i) out.cameras.push_back(camera_report(adjusted, i));
  measure_distances(adjusted.bundle, out);
  add_warnings(options, out);
  return out;
}

}  // namespace lido::reconstruct
