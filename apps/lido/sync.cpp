// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/sync.h"

#include "cli.h"
#include "lido/base/json_text.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct SyncFlags {
  std::string site;
  std::string poses;
  std::string write;
  bool json = false;
  reconstruct::SyncOptions options;
};

OrderedJson sync_json(const geometry::Site& site, const reconstruct::Synchronisation& found) {
  OrderedJson cameras = OrderedJson::array();
  for (const reconstruct::SyncedCamera& one : found.cameras) {
    const geometry::CameraClock& clock = site.cameras[one.camera].clock;
    cameras.push_back({{"name", site.cameras[one.camera].name},
                       {"correction_s", one.correction_s},
                       {"correction_sigma_s", one.correction_sigma_s},
                       {"rate_ppm", one.rate_ppm},
                       {"rate_sigma_ppm", one.rate_sigma_ppm},
                       {"sightings", one.sightings},
                       {"clock", {{"offset_s", clock.offset_s}, {"drift_ppm", clock.drift_ppm}}}});
  }
  return {{"middle_s", found.middle_s},
          {"before_px", found.before_px},
          {"after_px", found.after_px},
          {"cameras", cameras},
          {"warnings", found.warnings}};
}

void print_clocks(const geometry::Site& site, const reconstruct::Synchronisation& found) {
  fmt::print("{:<12} {:>18} {:>16} {:>10} {:>26}\n", "camera", "correction ms", "rate ppm",
             "keypoints", "clock: offset s, drift ppm");
  for (const reconstruct::SyncedCamera& one : found.cameras) {
    const geometry::Camera& camera = site.cameras[one.camera];
    fmt::print("{:<12} {:>9.1f} +-{:>6.1f} {:>8.0f} +-{:>5.0f} {:>10} {:>14.4f}, {:>10.1f}\n",
               camera.name, 1000 * one.correction_s, 1000 * one.correction_sigma_s, one.rate_ppm,
               one.rate_sigma_ppm, human_count(one.sightings), camera.clock.offset_s,
               camera.clock.drift_ppm);
  }
  fmt::print("error of keypoints {:.2f} px, before {:.2f} px\n", found.after_px, found.before_px);
}

/// Refuses clocks that a site.yaml cannot hold.
Result<void> check_clocks(const geometry::Site& site) {
  for (const geometry::Camera& one : site.cameras) {
    if (std::abs(one.clock.drift_ppm) > 500 || std::abs(one.clock.offset_s) > 3600)
      return fail(ErrorCode::kDegenerate,
                  "{}: its clock would be {} s off and {:.0f} ppm fast, want 3600 s and 500 ppm at "
                  "most",
                  one.name, one.clock.offset_s, one.clock.drift_ppm);
  }
  return {};
}

Result<int> sync(const SyncFlags& flags) {
  auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.site)), flags.site));
  stop_on_signals("nothing was written");
  const auto frames = LIDO_TRY(reconstruct::read_poses(flags.poses, site, flags.options.keypoints));
  const auto found = LIDO_TRY(reconstruct::synchronise(
      site.cameras, frames, reconstruct::space_of(site.pool), flags.options, interruption()));
  for (const reconstruct::SyncedCamera& one : found.cameras) {
    geometry::CameraClock& clock = site.cameras[one.camera].clock;
    clock = reconstruct::corrected(clock, one, found.middle_s);
  }
  LIDO_TRY(check_clocks(site));
  if (!flags.write.empty())
    LIDO_TRY(write_text(flags.write, geometry::to_yaml(site, "Clocks by lido sync.")));
  if (flags.json) {
    fmt::print("{}\n", json_text(sync_json(site, found)));
  } else {
    print_clocks(site, found);
    if (!flags.write.empty()) print_written(flags.write);
  }
  print_warnings(found.warnings);
  return kDone;
}

}  // namespace

void add_sync(CLI::App& app, int& exit) {
  auto flags = std::make_shared<SyncFlags>();
  CLI::App* command = app.add_subcommand(
      "sync", "Find how far the clocks of cameras are apart, from people whom several of them see");
  command->add_option("site", flags->site, "The pool's site.yaml with calibrated cameras")
      ->required();
  command
      ->add_option("--poses", flags->poses,
                   "Keypoints of the cameras: a dataset that lido ingest --poses made, a folder "
                   "with COCO JSON of each camera, or a simulated film's; see "
                   "docs/reconstruction.md")
      ->required();
  command->add_option("--write", flags->write,
                      "File for the site with corrected clocks; default: none, only print them");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  bind(*command, flags->options, "Synchronisation");
  command->callback([flags, &exit] {
    const auto result = sync(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
