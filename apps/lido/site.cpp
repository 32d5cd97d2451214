// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site.h"

#include <algorithm>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/geometry/site_template.h"
#include "lido/geometry/site_view.h"
#include "lido/reconstruct/import_cameras.h"
#include "lido/reconstruct/pool_points.h"
#include "lido/storage/output_folder.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct SiteFlags {
  std::string name;
  std::string file;
  bool json = false;
  geometry::SiteTemplateOptions options;
  std::vector<std::string> cameras;
  bool same_axes = false;
  std::string unit = "m";
  std::string format = "toml";
  std::string out;
};

Result<int> init_site(const SiteFlags& flags) {
  const auto schema = shared_file("site.schema.json");
  fmt::print("{}",
             LIDO_TRY(geometry::site_template(flags.name, schema ? *schema : "", flags.options)));
  return kDone;
}

OrderedJson site_json(const geometry::Site& site, const geometry::SiteView& view) {
  OrderedJson cameras = OrderedJson::array(), zones = OrderedJson::array();
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    const geometry::Vector3& at = site.cameras[i].position;
    cameras.push_back({{"name", site.cameras[i].name},
                       {"position_m", {at.x(), at.y(), at.z()}},
                       {"water_in_view", view.of_cameras[i]}});
  }
  for (const geometry::Zone& one : site.use.zones)
    zones.push_back({{"name", one.name}, {"kind", std::string(name_of(one.kind))}});
  return {
      {"name", site.use.name},
      {"water_m2", view.water_m2},
      {"depth_m", {site.pool.shallow_m, site.pool.deep_m}},
      {"zones", zones},
      {"cameras", cameras},
      {"water_in_view",
       {{"one_camera", std::min(view.by_one, 1.0)}, {"two_cameras", std::min(view.by_two, 1.0)}}},
      {"warnings", view.warnings}};
}

Result<int> check_site(const SiteFlags& flags) {
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.file)), flags.file));
  const geometry::SiteView view = geometry::view_of(site);
  if (flags.json) {
    fmt::print("{}\n", json_text(site_json(site, view)));
  } else {
    fmt::print("{}: {:.0f} m2 of water, {:.2f} to {:.2f} m deep, {}, {}\n",
               site.use.name.empty() ? printable(flags.file) : site.use.name, view.water_m2,
               site.pool.shallow_m, site.pool.deep_m, counted(std::ssize(site.cameras), "camera"),
               counted(std::ssize(site.use.zones), "zone"));
    for (size_t i = 0; i < site.cameras.size(); ++i)
      fmt::print("  {:<12} {:>3.0f}% of the water in view\n", site.cameras[i].name,
                 100 * view.of_cameras[i]);
    fmt::print("  one camera or more {:.0f}%, two or more {:.0f}%\n", 100 * view.by_one,
               100 * view.by_two);
  }
  print_warnings(view.warnings);
  return kDone;
}

Result<int> print_site_points(const SiteFlags& flags) {
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.file)), flags.file));
  fmt::print("{}", reconstruct::points_template(site));
  return kDone;
}

/// Prints a site.yaml with the cameras of other programs' files.
Result<int> import_into_site(const SiteFlags& flags) {
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.file)), flags.file));
  std::vector<reconstruct::FileCamera> cameras;
  for (const std::string& file : flags.cameras) {
    for (auto& one : LIDO_TRY(reconstruct::read_cameras(file))) cameras.push_back(std::move(one));
  }
  const double metres = flags.unit == "mm" ? 1e-3 : flags.unit == "cm" ? 1e-2 : 1;
  const auto axes =
      flags.same_axes ? reconstruct::ImportAxes::kSite : reconstruct::ImportAxes::kOwn;
  const auto imported = LIDO_TRY(reconstruct::import_cameras(cameras, site, axes, metres));
  const std::string text = geometry::to_yaml(
      imported.site, fmt::format("Cameras of {}, by lido site import.",
                                 printable(fmt::format("{}", fmt::join(flags.cameras, ", ")))));
  // Nothing is printed that the site's own reader refuses, such as a camera inside a wall.
  LIDO_TRY(geometry::read_site(text, "the site with its new cameras"));
  fmt::print("{}", text);
  for (const reconstruct::CameraMove& move : imported.moves)
    fmt::print(stderr, "{:<12} {:.3f} m and {:.2f} degrees from where the site had it\n", move.name,
               move.moved_m, move.turned_rad * 180 / M_PI);
  print_warnings(imported.warnings);
  return kDone;
}

/// Writes the cameras of a site as other programs read them.
Result<int> export_site(const SiteFlags& flags) {
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.file)), flags.file));
  if (site.cameras.empty())
    return fail(ErrorCode::kInvalidArgument, "{}: no camera to export", flags.file);
  auto folder = LIDO_TRY(storage::OutputFolder::open(
      flags.out, "lido site export",
      {"cameras.toml", "*.yaml", "cameras.txt", "images.txt", "points3D.txt"}));
  LIDO_TRY(folder.begin());
  storage::Store& store = folder.store();
  std::vector<std::string> files;
  const auto write = [&](const std::string& name, const std::string& text) -> Result<void> {
    files.push_back(store.uri() + "/" + name);
    return store.write_text(name, text);
  };
  if (flags.format == "toml") {
    LIDO_TRY(write("cameras.toml", reconstruct::to_toml(site.cameras, 0)));
  } else if (flags.format == "opencv") {
    for (const geometry::Camera& one : site.cameras)
      LIDO_TRY(write(one.name + ".yaml", reconstruct::to_opencv(one)));
  } else {
    const auto model = reconstruct::to_colmap(site.cameras);
    LIDO_TRY(write("cameras.txt", model.cameras));
    LIDO_TRY(write("images.txt", model.images));
    LIDO_TRY(write("points3D.txt", model.points));
  }
  for (const std::string& file : files) fmt::print("wrote: {}\n", file);
  return kDone;
}

void add_camera_files(CLI::App& command, const std::shared_ptr<SiteFlags>& flags, int& exit) {
  CLI::App* import = command.add_subcommand(
      "import", "Print a site.yaml with cameras that another program calibrated");
  import->add_option("site", flags->file, "The pool's site.yaml; - for standard input")->required();
  import
      ->add_option("cameras", flags->cameras,
                   "TOML of Anipose, Pose2Sim or caliscope; YAML of OpenCV or ROS, one for each "
                   "camera; or a folder with a COLMAP model as text")
      ->required();
  import->add_flag("--same-axes", flags->same_axes,
                   "The cameras are in the site's axes. Default: the layout is moved as a whole "
                   "to where the site has cameras of these names");
  import->add_option("--unit", flags->unit, "Unit of the positions")
      ->check(CLI::IsMember({"m", "cm", "mm"}))
      ->capture_default_str();
  import->callback([flags, &exit] {
    const auto result = import_into_site(*flags);
    exit = result ? *result : report_error(result.error());
  });
  CLI::App* export_to = command.add_subcommand(
      "export", "Write the cameras of a site.yaml as other programs read them");
  export_to->add_option("site", flags->file, "The pool's site.yaml; - for standard input")
      ->required();
  export_to
      ->add_option("--format", flags->format,
                   "toml (Anipose, Pose2Sim, caliscope), opencv (a YAML file for each camera) or "
                   "colmap (cameras.txt, images.txt, points3D.txt)")
      ->check(CLI::IsMember({"toml", "opencv", "colmap"}))
      ->capture_default_str();
  export_to->add_option("--out", flags->out, "Folder for the files")->required();
  export_to->callback([flags, &exit] {
    const auto result = export_site(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace

void add_site(CLI::App& app, int& exit) {
  auto flags = std::make_shared<SiteFlags>();
  CLI::App* command = app.add_subcommand("site", "Write and check the site.yaml of a pool");
  command->require_subcommand(1);
  CLI::App* init = command->add_subcommand(
      "init", "Print a site.yaml to edit, in which a comment explains every field");
  init->add_option("name", flags->name, "Name of the site: lower-case letters, digits, _ and -")
      ->required();
  bind(*init, flags->options, "Pool");
  init->callback([flags, &exit] {
    const auto result = init_site(*flags);
    exit = result ? *result : report_error(result.error());
  });
  CLI::App* check = command->add_subcommand(
      "check", "Check a site.yaml, and print how much of the water its cameras see");
  check->add_option("site", flags->file, "The pool's site.yaml; - for standard input")->required();
  check->add_flag("--json", flags->json, "Print the result as JSON");
  check->callback([flags, &exit] {
    const auto result = check_site(*flags);
    exit = result ? *result : report_error(result.error());
  });
  CLI::App* points = command->add_subcommand(
      "points",
      "Print points of the pool, and where its cameras would see them, to edit for lido calibrate");
  points->add_option("site", flags->file, "The pool's site.yaml with its cameras")->required();
  points->callback([flags, &exit] {
    const auto result = print_site_points(*flags);
    exit = result ? *result : report_error(result.error());
  });
  add_camera_files(*command, flags, exit);
}

}  // namespace lido::cli
