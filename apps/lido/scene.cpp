// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/report/scene_clip.h"

namespace lido::cli {
namespace {

struct SceneFlags {
  std::string clip;
  std::string out;
  bool draw = false;
  bool json = false;
  bool quiet = false;
  report::SceneClipOptions options;
};

/// Shows progress on standard error: a line that is rewritten on a terminal, else a JSON line
/// every two seconds.
class SceneDisplay {
 public:
  explicit SceneDisplay(double fps) : fps_(fps) {}

  void show(const report::SceneProgress& progress) {
    const auto now = Clock::now();
    if (progress.step != step_) {
      step_ = progress.step;
      start_ = now;
      next_ = now + period_;
    }
    if (now < next_) return;
    next_ = now + period_;
    const double elapsed_s = std::chrono::duration<double>(now - start_).count();
    const auto frames = static_cast<double>(progress.frames);
    const auto total = static_cast<double>(progress.total_frames);
    const double eta_s = std::max(0.0, total - frames) / frames * elapsed_s;
    if (terminal_) {
      std::string line = fmt::format("{} {}", step_, human_seconds(frames / fps_));
      if (total > 0) {
        line += fmt::format(" of {}, {:.0f}%, {} left", human_seconds(total / fps_),
                            std::min(100.0, 100 * frames / total), human_seconds(eta_s));
      }
      fmt::print(stderr, "\r\033[K{}  {:.1f} frames/s", line, frames / elapsed_s);
    } else {
      nlohmann::ordered_json json = {{"step", step_}, {"frames", progress.frames}};
      if (total > 0) json["total_frames"] = progress.total_frames;
      json["elapsed_s"] = std::round(elapsed_s);
      if (total > 0) json["eta_s"] = std::round(eta_s);
      fmt::print(stderr, "{}\n", json_text(json));
    }
  }
  ~SceneDisplay() {
    if (terminal_ && !step_.empty()) fmt::print(stderr, "\r\033[K");
  }

 private:
  using Clock = std::chrono::steady_clock;
  double fps_;
  bool terminal_ = isatty(2) == 1;
  std::chrono::milliseconds period_{terminal_ ? 500 : 2000};
  std::string step_;
  Clock::time_point start_, next_;
};

void print(const report::SceneClipSummary& summary) {
  fmt::print("{}, {} of footage\n", counted(summary.frames, "frame"),
             human_seconds(summary.seconds));
  std::vector<std::string> parts;
  for (const auto& [class_name, count] : summary.tracks)
    parts.push_back(fmt::format("{} {}", class_name, count));
  fmt::print("tracks     {}\n", parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", ")));
  if (summary.poses > 0) fmt::print("poses      {}\n", human_count(summary.poses));
  fmt::print("motion     {} that moved and that the detector missed\n",
             counted(summary.proposals, "box", "boxes"));
  parts.clear();
  for (const auto& [motion, count] : summary.motions) {
    const double share = 100.0 * static_cast<double>(count) / static_cast<double>(summary.frames);
    parts.push_back(fmt::format("{} {:.1f}%", motion, share));
  }
  fmt::print("camera     {}\n", fmt::join(parts, ", "));
  parts.clear();
  for (const auto& [fault, seconds] : summary.faults)
    parts.push_back(fmt::format("{} {}", fault, human_seconds(seconds)));
  fmt::print("faults     {}\n", parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", ")));
}

Result<int> scene(const SceneFlags& flags) {
  LIDO_TRY(ensure_model("detector", flags.options.detector.detector, flags.quiet));
  LIDO_TRY(ensure_poses(flags.options.poses, flags.quiet));
  stop_on_signals("nothing was written");
  report::SceneClipSummary summary;
  {
    SceneDisplay display(flags.options.fps.value());
    const auto on_progress = [&](const report::SceneProgress& progress) {
      if (!flags.quiet) display.show(progress);
    };
    summary = LIDO_TRY(report::scene_clip(flags.clip, flags.out, flags.draw, flags.options,
                                          on_progress, interruption()));
  }
  if (flags.json) {
    fmt::print("{}\n", json_text(nlohmann::ordered_json({{"frames", summary.frames},
                                                         {"seconds", summary.seconds},
                                                         {"tracks", summary.tracks},
                                                         {"poses", summary.poses},
                                                         {"motions", summary.motions},
                                                         {"fault_seconds", summary.faults},
                                                         {"proposals", summary.proposals},
                                                         {"broke", summary.broke}})));
  } else {
    print(summary);
    if (flags.draw)
      print_page(flags.out + "/drawn.mp4");
    else
      print_written(flags.out + "/objects.parquet");
  }
  if (summary.broke.empty()) return kDone;
  print_warning(fmt::format("{}: the clip breaks off {}", flags.clip, summary.broke));
  return kFindings;
}

}  // namespace

void add_scene(CLI::App& app, int& exit) {
  auto flags = std::make_shared<SceneFlags>();
  CLI::App* command =
      app.add_subcommand("scene", "Analyse one clip: objects, tracks, camera motion, view quality");
  command->add_option("clip", flags->clip, "File, gs:// or s3:// object")->required();
  command
      ->add_option("--out", flags->out,
                   "Folder for the tables (docs/formats.md): an empty one, or one of an earlier "
                   "scene, which is "
                   "replaced")
      ->required();
  command->add_flag("--draw", flags->draw,
                    "Also write drawn.mp4: the sampled frames with boxes, tracks and "
                    "camera motion drawn in");
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->options, "Analysis");
  command->callback([flags, &exit] {
    const auto result = scene(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
