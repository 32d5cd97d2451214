// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>

#include "cli.h"
#include "lido/report/scene_clip.h"

namespace lido::cli {
namespace {

struct Flags {
  std::string clip;
  std::string out;
  bool draw = false;
  bool json = false;
  bool quiet = false;
  report::SceneClipOptions options;
};

/// One line on a terminal, a JSON line every two seconds elsewhere.
std::function<void(int64_t)> progress_of(const Flags& flags) {
  using Clock = std::chrono::steady_clock;
  if (flags.quiet) return [](int64_t) {};
  const bool terminal = isatty(2) == 1;
  const auto period = std::chrono::milliseconds(terminal ? 500 : 2000);
  return [=, start = Clock::now(), next = Clock::now() + period,
          fps = flags.options.fps.value()](int64_t frames) mutable {
    const auto now = Clock::now();
    if (now < next) return;
    next = now + period;
    const double elapsed = std::chrono::duration<double>(now - start).count();
    if (terminal) {
      fmt::print(stderr, "\r\033[K{} of footage  {:.1f} frames/s",
                 human_seconds(static_cast<double>(frames) / fps),
                 static_cast<double>(frames) / elapsed);
    } else {
      fmt::print(
          stderr, "{}\n",
          nlohmann::ordered_json({{"frames", frames}, {"elapsed_s", std::round(elapsed)}}).dump());
    }
  };
}

void print(const report::SceneClipSummary& summary) {
  fmt::print("{} pictures, {} of footage\n", human_count(summary.frames),
             human_seconds(summary.seconds));
  std::vector<std::string> parts;
  for (const auto& [kind, count] : summary.tracks)
    parts.push_back(fmt::format("{} {}", count, kind));
  fmt::print("followed   {}\n",
             parts.empty() ? "nobody" : fmt::format("{}", fmt::join(parts, ", ")));
  fmt::print("moved      {} time(s) where nobody was recognised\n", human_count(summary.proposals));
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

Result<int> scene(const Flags& flags) {
  stop_on_signals("nothing was written");
  const auto summary = LIDO_TRY(report::scene_clip(flags.clip, flags.out, flags.draw, flags.options,
                                                   progress_of(flags), interruption()));
  if (!flags.quiet && isatty(2) == 1) fmt::print(stderr, "\r\033[K");
  if (flags.json) {
    fmt::print("{}\n", nlohmann::ordered_json({{"frames", summary.frames},
                                               {"seconds", summary.seconds},
                                               {"tracks", summary.tracks},
                                               {"motions", summary.motions},
                                               {"fault_seconds", summary.faults},
                                               {"proposals", summary.proposals},
                                               {"broke", summary.broke}})
                           .dump());
  } else {
    print(summary);
    fmt::print("{}/{}\n", flags.out, flags.draw ? "drawn.mp4" : "objects.parquet");
  }
  if (summary.broke.empty()) return kDone;
  fmt::print(stderr, "lido: {}: broke {}\n", flags.clip, summary.broke);
  return kSomeRejected;
}

}  // namespace

void add_scene(CLI::App& app, int& exit) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "scene", "Say what one clip shows: objects, tracks, camera motion, view quality");
  command->add_option("clip", flags->clip, "File, gs:// or s3:// object")->required();
  command->add_option("--out", flags->out, "Folder for the tables (docs/formats.md)")->required();
  command->add_flag("--draw", flags->draw, "Also write drawn.mp4: the pictures with all drawn in");
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->options, "How it looks");
  command->callback([flags, &exit] {
    const auto result = scene(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
