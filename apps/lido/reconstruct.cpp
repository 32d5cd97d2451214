// SPDX-License-Identifier: Apache-2.0
#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/geometry/site.h"
#include "lido/reconstruct/reconstruct_people.h"

namespace lido::cli {
namespace {

struct ReconstructFlags {
  std::string site;
  std::string poses;
  std::string out;
  bool json = false;
  reconstruct::ReconstructOptions options;
};

Result<int> reconstruct_site(const ReconstructFlags& flags) {
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.site)), flags.site));
  stop_on_signals("the tables written so far are incomplete");
  const auto summary = LIDO_TRY(
      reconstruct::reconstruct_people(site, flags.poses, flags.out, flags.options, interruption()));
  if (flags.json) {
    fmt::print("{}\n", json_text(nlohmann::ordered_json({{"moments", summary.moments},
                                                         {"cameras", summary.cameras},
                                                         {"people", summary.people},
                                                         {"joints", summary.joints},
                                                         {"under_water", summary.under_water}})));
    return kDone;
  }
  fmt::print("{}, {}, {}, {}, {} of them under water\n", counted(summary.moments, "moment"),
             counted(summary.cameras, "camera"), counted(summary.people, "person", "people"),
             counted(summary.joints, "joint"), human_count(summary.under_water));
  print_written(flags.out + "/tracks3d.parquet");
  print_written(flags.out + "/scene.glb");
  return kDone;
}

}  // namespace

void add_reconstruct(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ReconstructFlags>();
  CLI::App* command = app.add_subcommand(
      "reconstruct", "Find people in metres, over and under water, from keypoints of many cameras");
  command->add_option("site", flags->site, "The pool's site.yaml with its cameras")->required();
  command
      ->add_option("--poses", flags->poses,
                   "Keypoints of the cameras: a dataset that lido ingest --poses made, a folder "
                   "with COCO JSON of each camera, or a simulated film's; see "
                   "docs/reconstruction.md")
      ->required();
  command
      ->add_option("--out", flags->out,
                   "Folder for tracks3d.parquet, scene.glb, and a TRC and a C3D file a person")
      ->required();
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  bind(*command, flags->options, "Reconstruction");
  command->callback([flags, &exit] {
    const auto result = reconstruct_site(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
