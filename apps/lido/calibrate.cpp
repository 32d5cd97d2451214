// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "calibrate.h"
#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/geometry/site.h"
#include "lido/reconstruct/board_clips.h"
#include "lido/reconstruct/calibration_files.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson camera_json(const reconstruct::CalibratedCamera& one) {
  const geometry::Camera& camera = one.camera;
  return {{"name", camera.name},
          {"rms_px", one.rms_px},
          {"views", one.views},
          {"corners", one.corners},
          {"covered", one.covered},
          {"focal_px", {camera.fx, camera.fy}},
          {"focal_sigma_px", one.focal_sigma_px},
          {"principal_px", {camera.cx, camera.cy}},
          {"principal_sigma_px", one.principal_sigma_px},
          {"distortion", camera.k},
          {"position_m", {camera.position.x(), camera.position.y(), camera.position.z()}},
          {"position_sigma_m", one.position_sigma_m},
          {"rotation_sigma_rad", one.rotation_sigma_rad},
          {"delay_s", one.delay_s},
          {"delay_sigma_s", one.delay_sigma_s}};
}

OrderedJson calibration_json(const reconstruct::Calibration& calibration,
                             const std::vector<reconstruct::CameraMove>& moves) {
  OrderedJson cameras = OrderedJson::array(), moved = OrderedJson::array();
  for (const auto& one : calibration.cameras) cameras.push_back(camera_json(one));
  for (const auto& one : moves)
    moved.push_back({{"name", one.name}, {"moved_m", one.moved_m}, {"turned_rad", one.turned_rad}});
  return {{"rms_px", calibration.rms_px},
          {"distance_rms_mm", 1000 * calibration.distance_rms_m},
          {"distances", calibration.distances},
          {"moments", calibration.moments},
          {"cameras", cameras},
          {"moves", moved},
          {"warnings", calibration.warnings}};
}

void print(const reconstruct::Calibration& calibration,
           const std::vector<reconstruct::CameraMove>& moves) {
  fmt::print("{:<12} {:>8} {:>7} {:>9} {:>17} {:>15} {:>18}\n", "camera", "error px", "views",
             "covered", "focal px", "position mm +-", "clock late ms");
  for (const auto& one : calibration.cameras)
    fmt::print(
        "{:<12} {:>8.2f} {:>7} {:>8.0f}% {:>9.1f} +-{:>5.1f} {:>15.1f} {:>9.1f} +-{:>6.1f}\n",
        printable(one.camera.name), one.rms_px, one.views, 100 * one.covered, one.camera.fx,
        one.focal_sigma_px, 1000 * one.position_sigma_m, 1000 * one.delay_s,
        1000 * one.delay_sigma_s);
  fmt::print("all          {:>8.2f} {:>7}\n", calibration.rms_px, calibration.moments);
  if (calibration.distances > 0)
    fmt::print("distances on the board: {:.2f} mm RMS over {}\n", 1000 * calibration.distance_rms_m,
               human_count(calibration.distances));
  for (const auto& one : moves)
    fmt::print("{}: {:.1f} cm and {:.2f} degrees from where the site had it\n", printable(one.name),
               100 * one.moved_m, one.turned_rad * 180 / M_PI);
}

/// Calibration with the site that it changed, if one was given.
struct Outcome {
  reconstruct::Calibration calibration;
  std::vector<reconstruct::CameraMove> moves;
};

/// Searches the clips for the board, with a count on a terminal.
Result<std::vector<reconstruct::CameraViews>> views_of(const reconstruct::Board& board,
                                                       const CalibrateFlags& flags) {
  const bool shows = !flags.quiet && isatty(2) == 1;
  const auto on_frame = [&](int64_t count) {
    if (shows) fmt::print(stderr, "\r\033[K{} frames searched for the board", count);
  };
  auto views =
      reconstruct::find_board(board, flags.clips, flags.options.fps, on_frame, interruption());
  if (shows) fmt::print(stderr, "\r\033[K");
  return views;
}

Result<Outcome> work(const CalibrateFlags& flags) {
  // Files are read first: a mistake in them is found before minutes of video.
  const auto board =
      LIDO_TRY(reconstruct::read_board(LIDO_TRY(read_text(flags.board)), flags.board));
  LIDO_TRY(validate(flags.options));
  std::optional<geometry::Site> site;
  if (!flags.site.empty())
    site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.site)), flags.site));
  const auto views = LIDO_TRY(views_of(board, flags));
  auto folder = LIDO_TRY(open_calibration(flags));
  Outcome out{.calibration = LIDO_TRY(reconstruct::calibrate(board, views, flags.options))};
  std::optional<reconstruct::CalibratedSite> placed;
  if (site) placed = LIDO_TRY(reconstruct::place_in_site(out.calibration, *site));
  // Nothing is written before all of it is known.
  LIDO_TRY(folder.begin());
  storage::Store& store = folder.store();
  if (placed) {
    out.moves = placed->moves;
    out.calibration.warnings.insert(out.calibration.warnings.end(), placed->warnings.begin(),
                                    placed->warnings.end());
    LIDO_TRY(store.write_text(
        "site.yaml", geometry::to_yaml(placed->site, "Cameras calibrated by lido calibrate.")));
  }
  LIDO_TRY(store.write_text("cameras.toml", reconstruct::to_toml(out.calibration)));
  LIDO_TRY(store.write_text("calibration.json",
                            json_text(calibration_json(out.calibration, out.moves)) + "\n"));
  return out;
}

/// Refuses flags that do not belong together.
Result<void> check_flags(const CalibrateFlags& flags) {
  if (flags.board.empty() && flags.points.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--board is missing, want --board with --clips, or --points");
  if (!flags.board.empty() && !flags.points.empty())
    return fail(ErrorCode::kInvalidArgument, "--board and --points: got both, want one");
  if (!flags.board.empty() && flags.clips.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--clips is missing, want a clip of each camera beside --board");
  if (!flags.points.empty() && !flags.clips.empty())
    return fail(ErrorCode::kInvalidArgument, "--clips: no use with --points, want --board");
  if (flags.check && flags.points.empty())
    return fail(ErrorCode::kInvalidArgument, "--points is missing, want a file beside --check");
  if (flags.check && !flags.out.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--out: no use with --check, which writes nothing. Leave one of them out.");
  if (!flags.check && flags.out.empty())
    return fail(ErrorCode::kInvalidArgument, "--out is missing, want a folder for the calibration");
  return {};
}

Result<int> calibrate(const CalibrateFlags& flags) {
  LIDO_TRY(check_flags(flags));
  stop_on_signals("nothing was written");
  if (!flags.points.empty()) return calibrate_points(flags);
  const Outcome outcome = LIDO_TRY(work(flags));
  if (flags.json) {
    fmt::print("{}\n", json_text(calibration_json(outcome.calibration, outcome.moves)));
  } else {
    print(outcome.calibration, outcome.moves);
    print_written(flags.out + (flags.site.empty() ? "/cameras.toml" : "/site.yaml"));
  }
  print_warnings(outcome.calibration.warnings);
  return kDone;
}

}  // namespace

Result<storage::OutputFolder> open_calibration(const CalibrateFlags& flags) {
  const auto folder_of = [](const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(path, ignored);
  };
  // An earlier calibration is removed before the new one is written.
  if (!flags.site.empty() &&
      folder_of(std::filesystem::absolute(flags.site).parent_path()) == folder_of(flags.out)) {
    return fail(ErrorCode::kInvalidArgument,
                "--out {}: has the site's own file {}, want another folder", flags.out, flags.site);
  }
  return storage::OutputFolder::open(flags.out, "lido calibrate",
                                     {"site.yaml", "cameras.toml", "calibration.json"});
}

void add_calibrate(CLI::App& app, int& exit) {
  auto flags = std::make_shared<CalibrateFlags>();
  CLI::App* command = app.add_subcommand(
      "calibrate",
      "Find lenses, poses and clocks of cameras from a board that they filmed, or from points of "
      "the pool");
  command->add_option(
      "site", flags->site,
      "The pool's site.yaml with approximate poses of its cameras; default: none, and "
      "poses relative to the first camera; required with --points");
  command->add_option("--board", flags->board,
                      "Board (TOML): ChArUco or checkerboard, as docs/reconstruction.md describes");
  command->add_option("--clips", flags->clips,
                      "With --board: a clip of each camera, named like the camera; all begin "
                      "together");
  command->add_option("--points", flags->points,
                      "Without a board: points of the pool and where each camera sees them (YAML); "
                      "lido site points prints one to edit");
  command->add_flag("--check", flags->check,
                    "With --points: only report which cameras have moved; exit code 3 if one has");
  command->add_option("--out", flags->out,
                      "Folder for cameras.toml, calibration.json and, with a site, its site.yaml; "
                      "required without --check");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->options, "Calibration with a board");
  bind(*command, flags->point_options, "Calibration from points");
  command->callback([flags, &exit] {
    const auto result = calibrate(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
