// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cmath>
#include <condition_variable>
#include <mutex>

#include "lido/base/json_text.h"
#include "lido/synth/film/light.h"
#include "lido/synth/film/placement.h"
#include "lido/synth/scene.h"
#include "synth.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

Result<synth::Bodies> read_bodies() {
  const std::string file = LIDO_TRY(shared_file("bodies.safetensors"));
  return synth::Bodies::read(LIDO_TRY(read_text(file)), file);
}

void print_film(const synth::FilmSummary& film, const SynthFlags& flags, double seconds) {
  if (flags.json) {
    fmt::print("{}\n", json_text(OrderedJson{{"cameras", film.cameras},
                                             {"frames", film.frames},
                                             {"people", film.people},
                                             {"rows", film.rows},
                                             {"video_s", film.video_s},
                                             {"shared_basin", film.shared_basin},
                                             {"seconds", seconds}}));
  } else {
    fmt::print(
        "{} {} of {}, {}, {:.1f} frames/s\n"
        "lido ingest {}/clips.csv --labels {}/labels.csv --label-boxes {}/label_boxes.parquet "
        "--out DATASET\n",
        synth::kSimulationNotice, counted(film.frames, "frame"), counted(film.cameras, "camera"),
        counted(film.people, "person", "people"), static_cast<double>(film.frames) / seconds,
        flags.out, flags.out, flags.out);
  }
}

/// Films with progress, and prints the summary.
Result<void> film(const SynthFlags& flags, const synth::FilmPlan& plan, synth::Crowd& crowd,
                  const synth::Behaviours& behaviours) {
  const auto bodies = LIDO_TRY(read_bodies());
  stop_on_signals("the film written so far is incomplete");
  double total = 0;
  for (const synth::SimulatedCamera& camera : plan.cameras)
    total += std::floor(plan.duration_s * camera.fps);
  std::atomic<int64_t> frames = 0;
  const Stopwatch stopwatch;
  synth::FilmSummary summary;
  {
    const SynthProgress progress("frames", total, frames, flags.quiet);
    summary = LIDO_TRY(synth::film(flags.out, plan, crowd, {behaviours, bodies},
                                   {flags.life.workers, [&frames] { ++frames; }, interruption(),
                                    flags.scene.empty() ? "lido synth pool" : "lido synth scene"}));
  }
  print_film(summary, flags, stopwatch.seconds());
  return {};
}

/// Reads --size.
Result<std::pair<int, int>> parse_size(const std::string& text) {
  int width = 0, height = 0, end = 0;
  if (std::sscanf(text.c_str(), "%4dx%4d%n", &width, &height, &end) != 2 ||
      static_cast<size_t>(end) != text.size() || width < 64 || height < 64 || width > 4096 ||
      height > 4096 || width % 2 != 0 || height % 2 != 0)
    return fail(ErrorCode::kInvalidArgument,
                "--size is {}, want two even numbers from 64 to 4096, like 640x360", text);
  return std::pair(width, height);
}

Result<synth::Randomisation> read_randomisation(const std::string& file) {
  if (file.empty()) return synth::Randomisation{};
  return synth::Randomisation::read(LIDO_TRY(Yaml::parse(LIDO_TRY(read_text(file)), file)),
                                    synth::light_names());
}

// Streams of the seed. Each part of a film has one of its own.
constexpr uint64_t kSceneryStream = 2, kCameraStream = 3, kLightStream = 7, kWaterStream = 8;

/// Draws all of a film but its people.
Result<synth::FilmPlan> draw_film(const SynthFlags& flags) {
  LIDO_TRY(validate(flags.life));
  const auto [width, height] = LIDO_TRY(parse_size(flags.size));
  const synth::Randomisation ranges = LIDO_TRY(read_randomisation(flags.randomise));
  const synth::Random random(static_cast<uint64_t>(flags.life.seed));
  synth::FilmPlan plan{.pool = LIDO_TRY(choose_pool(flags.pool, flags.life.seed)),
                       .seed = flags.life.seed};
  synth::Random scenery = random.split(kSceneryStream), light = random.split(kLightStream),
                cameras = random.split(kCameraStream), water = random.split(kWaterStream);
  plan.scenery = synth::random_scenery(scenery, plan.pool);
  std::vector<double> weights;
  for (const auto& [name, weight] : ranges.light) weights.push_back(weight);
  plan.light = synth::light_named(
      flags.light.empty() ? ranges.light[light.pick(weights)].first : flags.light, light);
  plan.duration_s = flags.hours * 3600;
  plan.cameras = synth::random_cameras(cameras, plan.pool,
                                       {.count = static_cast<size_t>(flags.cameras),
                                        .width = width,
                                        .height = height,
                                        .duration_s = plan.duration_s,
                                        .night = is_night(plan.light)},
                                       ranges);
  for (synth::SimulatedCamera& camera : plan.cameras) camera.fps = flags.fps;
  plan.calibration_error = flags.calibration_error;
  plan.wave_m = ranges.wave_m.draw(water);
  plan.turbidity = ranges.turbidity.draw(water);
  plan.begins_s = LIDO_TRY(parse_clock(flags.from.empty() ? "14:00" : flags.from));
  return plan;
}

}  // namespace

std::string synth_progress_json(const char* unit, double done, double total, double elapsed_s) {
  OrderedJson line = {{unit, std::llround(done)},
                      {fmt::format("{}_total", unit), std::llround(total)},
                      {fmt::format("{}_per_s", unit), std::round(10 * done / elapsed_s) / 10},
                      {"percent", std::llround(std::floor(100 * done / total))},
                      {"elapsed_s", std::llround(elapsed_s)}};
  if (done > 0) line["eta_s"] = std::llround(elapsed_s / done * (total - done));
  return json_text(line);
}

SynthProgress::SynthProgress(const char* unit, double total, const std::atomic<int64_t>& done,
                             bool quiet)
    : unit_(unit), total_(total), done_(done), terminal_(isatty(STDERR_FILENO) == 1) {
  if (!quiet) thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

SynthProgress::~SynthProgress() {
  thread_ = {};
  if (drawn_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void SynthProgress::loop(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  const auto period = std::chrono::milliseconds(terminal_ ? 500 : 2000);
  while (!wake.wait_for(lock, stop, period, [&] { return stop.stop_requested(); })) {
    const auto done = static_cast<double>(done_.load());
    const double elapsed_s = stopwatch_.seconds();
    drawn_ = true;
    if (!terminal_) {
      fmt::print(stderr, "{}\n", synth_progress_json(unit_, done, total_, elapsed_s));
      continue;
    }
    fmt::print(stderr, "\r\033[K{:.0f}%  {:.0f} of {:.0f} {}  {:.1f} {}/s{}",
               std::floor(100 * done / total_), done, total_, unit_, done / elapsed_s, unit_,
               done > 0 ? "  ETA " + human_seconds(elapsed_s / done * (total_ - done)) : "");
  }
}

Result<int> play_scene(const SynthFlags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  const std::string text = LIDO_TRY(read_text(flags.scene));
  const auto scene =
      LIDO_TRY(synth::read_scene(LIDO_TRY(Yaml::parse(text, flags.scene)), behaviours));
  if (!scene.cameras.empty()) {
    const synth::Random random(static_cast<uint64_t>(scene.seed));
    synth::Random scenery = random.split(kSceneryStream), light = random.split(kLightStream);
    const synth::FilmPlan plan{.pool = scene.pool,
                               .use = scene.use,
                               .scenery = synth::random_scenery(scenery, scene.pool),
                               .cameras = scene.cameras,
                               .light = synth::light_named(scene.light, light),
                               .wave_m = scene.wave_m,
                               .turbidity = scene.turbidity,
                               .level_m = scene.level_m,
                               .water_index = scene.water_index,
                               .duration_s = scene.duration_s,
                               .calibration_error = flags.calibration_error,
                               .seed = scene.seed};
    synth::Crowd crowd(plan.pool, behaviours, scene.people, {}, random);
    LIDO_TRY(film(flags, plan, crowd, behaviours));
  } else {
    const Stopwatch stopwatch;
    const auto life =
        LIDO_TRY(synth::play_scripted_day(flags.out, scene, behaviours, interruption()));
    print_life(life, flags, stopwatch.seconds());
  }
  LIDO_TRY(write_text(flags.out + "/scene.yaml", text));
  return kDone;
}

Result<int> film_random_pool(const SynthFlags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  warn_of_unreached(behaviours);
  const synth::FilmPlan plan = LIDO_TRY(draw_film(flags));
  // People are those of day 5 of `lido synth tracks` with that seed: a Saturday.
  constexpr int kSaturday = 5;
  synth::Random random = synth::Random(static_cast<uint64_t>(flags.life.seed)).split(kSaturday);
  auto people = synth::random_day(random, kSaturday, flags.life.busy);
  auto incidents = synth::draw_incidents(random, behaviours, people, flags.life.dangers_per_day);
  synth::Crowd crowd(plan.pool, behaviours, std::move(people), std::move(incidents), random);
  LIDO_TRY(film(flags, plan, crowd, behaviours));
  return kDone;
}

}  // namespace lido::cli
