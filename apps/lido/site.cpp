// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site.h"

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/geometry/site_template.h"
#include "lido/geometry/site_view.h"
#include "lido/reconstruct/pool_points.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct SiteFlags {
  std::string name;
  std::string file;
  bool json = false;
  geometry::SiteTemplateOptions options;
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
  return {{"name", site.use.name},
          {"water_m2", view.water_m2},
          {"depth_m", {site.pool.shallow_m, site.pool.deep_m}},
          {"zones", zones},
          {"cameras", cameras},
          {"water_in_view", {{"one_camera", view.by_one}, {"two_cameras", view.by_two}}},
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
}

}  // namespace lido::cli
