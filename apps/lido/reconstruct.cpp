// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/geometry/site.h"
#include "lido/reconstruct/pose_clips.h"
#include "lido/reconstruct/reconstruct_people.h"
#include "lido/report/people_films.h"
#include "progress_display.h"

namespace lido::cli {
namespace {

/// Options of the videos.
struct DrawOptions {
  std::string footage = "auto";

  static void fields(auto& self, auto&& visit) {
    visit("footage", self.footage, OneOf{{"auto", "simulated", "real", "mixed", "unknown"}},
          "With --draw: footage that the keypoints are of, which each image states; auto: "
          "simulated where --poses is of a simulated film, else unknown. Set it to real for "
          "cameras of yours");
  }
};

struct ReconstructFlags {
  std::string site;
  std::string poses;
  std::string out;
  std::vector<std::string> clips;
  bool draw = false;
  bool json = false;
  bool quiet = false;
  reconstruct::ReconstructOptions options;
  DrawOptions draw_options;
};

/// Progress for the display's thread.
struct ReconstructProgress {
  std::atomic<const char*> step = "finding people";
  std::atomic<int64_t> done = 0, total = 0;
};

/// Videos to draw into, and the text that states what the figures are measured on.
struct DrawPlan {
  std::vector<report::CameraClip> clips;
  std::string footage;
  std::string note;
};

/// Finds clips and checks those that the command names, before anything is written.
Result<DrawPlan> plan_drawing(const ReconstructFlags& flags, const geometry::Site& site) {
  DrawPlan plan;
  if (!flags.draw) {
    if (flags.clips.empty()) return plan;
    return fail(ErrorCode::kInvalidArgument,
                "--clips: no use without --draw, which draws into them");
  }
  LIDO_TRY(validate(flags.draw_options));
  const auto known = LIDO_TRY(reconstruct::find_pose_clips(flags.poses, site));
  const auto clips = flags.clips.empty()
                         ? known.clips
                         : LIDO_TRY(reconstruct::name_clips(flags.clips, site, known));
  for (const reconstruct::PoseClip& one : clips) {
    if (!flags.clips.empty()) LIDO_TRY(report::check_clip(site.cameras[one.camera], one.clip));
    plan.clips.push_back({one.camera, one.clip, one.start_s});
  }
  plan.footage = flags.draw_options.footage;
  if (plan.footage == "auto") plan.footage = known.is_simulated ? "simulated" : "unknown";
  plan.note = plan.footage == "unknown" ? std::string("footage of unknown origin")
                                        : fmt::format("{} footage", plan.footage);
  if (known.are_exact) plan.note += ", simulator's keypoints";
  if (flags.options.noise_px > 0)
    plan.note += fmt::format(" with {:g} px of noise", flags.options.noise_px);
  return plan;
}

Result<report::PeopleFilmsSummary> draw(const ReconstructFlags& flags, const geometry::Site& site,
                                        const DrawPlan& plan,
                                        const reconstruct::ReconstructSummary& summary,
                                        ReconstructProgress& progress) {
  const auto store = LIDO_TRY(storage::open_store(flags.out));
  progress.step = "drawing";
  progress.done = progress.total = 0;
  const auto on_image = [&](int64_t done, int64_t total) {
    progress.done = done;
    progress.total = total;
  };
  return report::draw_people_films(
      {.site = site,
       .timing = {summary.first_s, flags.options.rate_hz, summary.moments},
       .clips = plan.clips,
       .note = plan.note,
       .on_image = on_image,
       .stop = interruption()},
      *store);
}

/// States which cameras have no video, and why.
void print_missing(const geometry::Site& site, const DrawPlan& plan) {
  if (plan.clips.empty())
    return print_note(
        "the view from above alone is drawn, since the keypoints name no clips; give --clips with "
        "a file for each camera, named like the camera");
  std::set<size_t> with;
  for (const auto& one : plan.clips) with.insert(one.camera);
  std::vector<std::string> without;
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    if (!with.contains(i)) without.push_back(site.cameras[i].name);
  }
  if (!without.empty())
    print_note(fmt::format("no clip, and so no video, of camera {}", fmt::join(without, ", ")));
}

nlohmann::ordered_json left_out_json(const reconstruct::LeftOutViews& views) {
  return {{"few_keypoints", views.few_keypoints},
          {"second_boxes", views.second_boxes},
          {"reflections", views.reflections},
          {"no_place", views.no_place},
          {"doubles", views.doubles},
          {"unconfirmed", views.unconfirmed}};
}

/// States how many views of one camera alone were left out, and why.
void print_left_out(const reconstruct::LeftOutViews& views) {
  if (views.sum() == 0) return;
  std::vector<std::string> reasons;
  const auto add = [&](int64_t count, std::string_view reason) {
    if (count > 0) reasons.push_back(fmt::format("{} {}", human_count(count), reason));
  };
  add(views.unconfirmed, "where another camera sees no person");
  add(views.doubles, "of people whom other cameras see");
  add(views.reflections, "of reflections");
  add(views.second_boxes, "of second boxes");
  add(views.few_keypoints, "with too few keypoints");
  add(views.no_place, "without a place on floor or surface");
  fmt::print("views of one camera left out: {}\n", fmt::join(reasons, ", "));
}

void print(const ReconstructFlags& flags, const reconstruct::ReconstructSummary& summary,
           const DrawPlan& plan, const report::PeopleFilmsSummary& drawn) {
  std::vector<std::string> files;
  for (const std::string& name : drawn.files)
    files.push_back(storage::absolute(flags.out) + "/" + name);
  if (flags.json) {
    nlohmann::ordered_json json = {{"moments", summary.moments},
                                   {"cameras", summary.cameras},
                                   {"people", summary.people},
                                   {"joints", summary.joints},
                                   {"under_water", summary.under_water},
                                   {"one_camera", summary.one_camera},
                                   {"left_out", left_out_json(summary.left_out)}};
    if (flags.draw)
      json["draw"] = {{"frames", drawn.frames}, {"footage", plan.footage}, {"files", files}};
    fmt::print("{}\n", json_text(json));
    return;
  }
  fmt::print("{}, {}, {}, {}, {} of them under water, {} seen by one camera alone\n",
             counted(summary.moments, "moment"), counted(summary.cameras, "camera"),
             counted(summary.people, "person", "people"), counted(summary.joints, "joint"),
             human_count(summary.under_water), human_count(summary.one_camera));
  print_left_out(summary.left_out);
  print_written(flags.out + "/tracks3d.parquet");
  print_written(flags.out + "/scene.glb");
  for (const std::string& name : drawn.files) print_page(flags.out + "/" + name);
}

Result<int> reconstruct_site(const ReconstructFlags& flags) {
  const auto site = LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(flags.site)), flags.site));
  const DrawPlan plan = LIDO_TRY(plan_drawing(flags, site));
  stop_on_signals("the tables written so far are incomplete");
  ReconstructProgress progress;
  reconstruct::ReconstructSummary summary;
  report::PeopleFilmsSummary drawn;
  {
    const ProgressDisplay display(
        [&](double) {
          return fmt::format("{}  {} of {}", progress.step.load(), human_count(progress.done),
                             human_count(progress.total));
        },
        [&](double) {
          return json_text(nlohmann::ordered_json({{"step", progress.step.load()},
                                                   {"done", progress.done.load()},
                                                   {"total", progress.total.load()}}));
        },
        flags.quiet);
    const auto on_moment = [&](int64_t done, int64_t total) {
      progress.done = done;
      progress.total = total;
    };
    summary = LIDO_TRY(reconstruct::reconstruct_people(site, flags.poses, flags.out, flags.options,
                                                       interruption(), on_moment));
    if (flags.draw) drawn = LIDO_TRY(draw(flags, site, plan, summary, progress));
  }
  print_warnings(drawn.warnings);
  if (flags.draw) print_missing(site, plan);
  print(flags, summary, plan, drawn);
  return drawn.warnings.empty() ? kDone : kFindings;
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
  command->add_flag(
      "--draw", flags->draw,
      "Also write draw/camera_NAME.mp4 of each camera with a clip, with the people in "
      "3D projected into it, and draw/plan.mp4, the view from above, in step");
  command->add_option("--clips", flags->clips,
                      "With --draw: a clip of each camera, named like the camera; default: the "
                      "clips that the keypoints were found in");
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->options, "Reconstruction");
  bind(*command, flags->draw_options, "Videos");
  command->callback([flags, &exit] {
    const auto result = reconstruct_site(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
