// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "cli.h"
#include "lido/geometry/site.h"
#include "lido/synth/film/film.h"
#include "lido/synth/from_above.h"
#include "lido/synth/scene.h"
#include "lido/synth/world/random_pool.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

using synth::kHonesty;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

struct Flags {
  std::string out;
  std::string pool;
  std::string scene;
  std::string behaviours;
  bool json = false;
  bool quiet = false;
  synth::LifeOptions life;
  // Of pictures:
  double hours = 0.1;
  std::string size = "640x360";
  double fps = 15;
  int cameras = 2;
  std::string light;
  std::string randomise;
  int day = -1;
  std::string from;
  double minutes = 4;
};

/// Lido's behaviours, with the user's own over them.
Result<synth::Behaviours> read_behaviours(const std::string& file) {
  const std::string own = LIDO_TRY(shared_file("behaviours.yaml"));
  Yaml all = LIDO_TRY(Yaml::parse(LIDO_TRY(read_text(own)), own));
  if (!file.empty())
    all = Yaml::merged(all, LIDO_TRY(Yaml::parse(LIDO_TRY(read_text(file)), file)));
  return synth::Behaviours::read(all);
}

Result<geometry::Pool> choose_pool(const std::string& file, double seed) {
  if (file.empty()) {
    synth::Random random = synth::Random(static_cast<uint64_t>(seed)).split(1ULL << 40);
    return synth::random_pool(random);
  }
  return LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(file)), file)).pool;
}

void print(const synth::LifeSummary& summary, const Flags& flags, double seconds) {
  if (flags.json) {
    fmt::print("{}\n", Json{{"days", summary.days},
                            {"people", summary.people},
                            {"person_hours", summary.person_hours},
                            {"rows", summary.rows},
                            {"events", summary.events},
                            {"seconds", seconds}}
                           .dump());
  } else if (!flags.quiet) {
    fmt::print(
        "{} {} day(s), {} people, {:.1f} person-hours, {} danger(s), {} rows, in {:.1f} s\n"
        "{}\nlido synth show {} plays it\n",
        kHonesty, human_count(summary.days), human_count(summary.people), summary.person_hours,
        human_count(summary.events), human_count(summary.rows), seconds, flags.out, flags.out);
  }
}

Result<int> tracks(const Flags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  const auto pool = LIDO_TRY(choose_pool(flags.pool, flags.life.seed));
  stop_on_signals("what was written so far is not whole");
  const bool tells = !flags.quiet && isatty(2) == 1;
  std::atomic<int64_t> days = 0;
  const auto begun = Clock::now();
  const auto summary = LIDO_TRY(synth::simulate_life(
      flags.out, pool, behaviours, flags.life,
      [&](int64_t) {
        if (const int64_t done = ++days; tells)
          fmt::print(stderr, "\r\033[K{} of {} days", done, flags.life.days);
      },
      interruption()));
  if (tells) fmt::print(stderr, "\r\033[K");
  print(summary, flags, seconds_since(begun));
  return kDone;
}

/// "14:30" or "14:30:05" as seconds of the day.
Result<double> parse_clock(const std::string& text) {
  int hours = 0, minutes = 0, seconds = 0, end = 0;
  const int read =
      std::sscanf(text.c_str(), "%2d:%2d%n:%2d%n", &hours, &minutes, &end, &seconds, &end);
  if (read < 2 || static_cast<size_t>(end) != text.size() || hours < 0 || hours > 35 ||
      minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59)
    return fail(ErrorCode::kInvalidArgument, "--from is {}, want a time of day like 14:30", text);
  return hours * 3600.0 + minutes * 60 + seconds;
}

Result<synth::Bodies> read_bodies() {
  const std::string file = LIDO_TRY(shared_file("bodies.safetensors"));
  return synth::Bodies::read(LIDO_TRY(read_text(file)), file);
}

/// Films, with progress.
Result<synth::FilmSummary> shoot(const Flags& flags, const synth::Shoot& shoot, synth::Crowd& crowd,
                                 const synth::Behaviours& behaviours) {
  const auto bodies = LIDO_TRY(read_bodies());
  stop_on_signals("what was filmed so far is not whole");
  double all = 0;
  for (const synth::SimulatedCamera& camera : shoot.cameras) all += shoot.duration_s * camera.fps;
  const bool tells = !flags.quiet && isatty(2) == 1;
  std::atomic<int64_t> frames = 0;
  const auto begun = Clock::now();
  const auto tell = [&] {
    const int64_t done = ++frames;
    if (!tells || done % 10 != 0) return;
    const double seconds = seconds_since(begun);
    fmt::print(
        stderr, "\r\033[K{} of {:.0f} pictures, {:.1f} a second, {} left", done, all,
        static_cast<double>(done) / seconds,
        human_seconds((all - static_cast<double>(done)) * seconds / static_cast<double>(done)));
  };
  const auto summary = LIDO_TRY(synth::film(flags.out, shoot, crowd, behaviours, bodies,
                                            flags.life.workers, tell, interruption()));
  if (tells) fmt::print(stderr, "\r\033[K");
  return summary;
}

void print(const synth::FilmSummary& film, const Flags& flags, double seconds) {
  if (flags.json) {
    fmt::print("{}\n", Json{{"cameras", film.cameras},
                            {"pictures", film.frames},
                            {"people", film.people},
                            {"rows", film.rows},
                            {"video_s", film.video_s},
                            {"seconds", seconds}}
                           .dump());
  } else if (!flags.quiet) {
    fmt::print(
        "{} {} pictures of {} camera(s), {} people, {:.1f} a second\nlido ingest {}/clips.csv "
        "--labels {}/labels.csv --out DATASET\n",
        kHonesty, human_count(film.frames), film.cameras, film.people,
        static_cast<double>(film.frames) / seconds, flags.out, flags.out);
  }
}

/// Tracks alone; or pictures too, where there are cameras.
Result<int> scene(const Flags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  const std::string text = LIDO_TRY(read_text(flags.scene));
  const auto scene =
      LIDO_TRY(synth::read_scene(LIDO_TRY(Yaml::parse(text, flags.scene)), behaviours));
  const auto begun = Clock::now();
  if (!scene.cameras.empty()) {
    const synth::Random random(static_cast<uint64_t>(scene.seed));
    synth::Random of_scenery = random.split(2), of_light = random.split(7);
    const synth::Shoot plan{.pool = scene.pool,
                            .scenery = synth::random_scenery(of_scenery, scene.pool),
                            .cameras = scene.cameras,
                            .light = synth::light_named(scene.light, of_light),
                            .wave_m = scene.wave_m,
                            .turbidity = scene.turbidity,
                            .level_m = scene.level_m,
                            .duration_s = scene.duration_s,
                            .seed = scene.seed};
    synth::Crowd crowd(plan.pool, behaviours, scene.people, {}, random);
    const auto film = LIDO_TRY(shoot(flags, plan, crowd, behaviours));
    print(film, flags, seconds_since(begun));
  } else {
    const auto life =
        LIDO_TRY(synth::play_scripted_day(flags.out, scene, behaviours, interruption()));
    print(life, flags, seconds_since(begun));
  }
  LIDO_TRY(write_text(flags.out + "/scene.yaml", text));
  return kDone;
}

/// A pool, people, light and cameras at random.
Result<int> pool(const Flags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  int width = 0, height = 0, end = 0;
  if (std::sscanf(flags.size.c_str(), "%4dx%4d%n", &width, &height, &end) != 2 ||
      static_cast<size_t>(end) != flags.size.size() || width < 64 || height < 64 ||
      width % 2 != 0 || height % 2 != 0)
    return fail(ErrorCode::kInvalidArgument, "--size is {}, want even numbers like 640x360",
                flags.size);
  synth::Randomisation drawn;
  if (!flags.randomise.empty())
    drawn = LIDO_TRY(synth::Randomisation::read(
        LIDO_TRY(Yaml::parse(LIDO_TRY(read_text(flags.randomise)), flags.randomise)),
        synth::light_names()));
  const synth::Random random(static_cast<uint64_t>(flags.life.seed));
  synth::Shoot plan{.pool = LIDO_TRY(choose_pool(flags.pool, flags.life.seed)),
                    .seed = flags.life.seed};
  synth::Random of_scenery = random.split(2), of_light = random.split(7),
                of_cameras = random.split(3), of_water = random.split(8);
  plan.scenery = synth::random_scenery(of_scenery, plan.pool);
  plan.cameras = synth::random_cameras(of_cameras, plan.pool, static_cast<size_t>(flags.cameras),
                                       width, height, drawn);
  for (synth::SimulatedCamera& camera : plan.cameras) camera.fps = flags.fps;
  std::vector<double> weights;
  for (const auto& [name, weight] : drawn.light) weights.push_back(weight);
  plan.light = synth::light_named(
      flags.light.empty() ? drawn.light[of_light.pick(weights)].first : flags.light, of_light);
  plan.wave_m = drawn.wave_m.draw(of_water);
  plan.turbidity = drawn.turbidity.draw(of_water);
  plan.begins_s = LIDO_TRY(parse_clock(flags.from.empty() ? "14:00" : flags.from));
  plan.duration_s = flags.hours * 3600;
  // The day is that of `lido synth tracks` with the same seed: a Saturday's.
  constexpr int kSaturday = 5;
  synth::Random of_day = random.split(kSaturday);
  auto people = synth::random_day(of_day, kSaturday, flags.life.busy);
  auto plights = synth::draw_plights(of_day, people, flags.life.dangers_per_day);
  synth::Crowd crowd(plan.pool, behaviours, std::move(people), std::move(plights), of_day);
  const auto begun = Clock::now();
  const auto film = LIDO_TRY(shoot(flags, plan, crowd, behaviours));
  print(film, flags, seconds_since(begun));
  return kDone;
}

std::string range_of(const synth::Quantity& quantity) {
  return fmt::format("{:g} ({:g}-{:g})", quantity.median, quantity.least, quantity.most);
}

Result<int> list(const Flags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  Json all = Json::array();
  if (!flags.json)
    fmt::print("{:<25}{:<8}{:<10}{:<18}{:<16}{}\n", "behaviour", "place", "danger", "lasts, s",
               "speed, m/s", "source");
  for (const synth::Behaviour& one : behaviours.all()) {
    all.push_back(
        {{"kind", "behaviour"},
         {"name", one.name},
         {"place", name_of(one.place)},
         {"danger", name_of(one.danger)},
         {"duration_s", {one.duration_s.least, one.duration_s.median, one.duration_s.most}},
         {"speed_mps", {one.speed_mps.least, one.speed_mps.median, one.speed_mps.most}},
         {"source", one.source}});
    if (!flags.json)
      fmt::print("{:<25}{:<8}{:<10}{:<18}{:<16}{}\n", one.name, name_of(one.place),
                 name_of(one.danger), range_of(one.duration_s),
                 one.speed_mps.most > 0 ? range_of(one.speed_mps) : "-", one.source);
  }
  if (!flags.json) fmt::print("\n{:<25}{:<18}{}\n", "signal", "lasts, s", "source");
  for (const synth::Signal& one : behaviours.signals()) {
    all.push_back(
        {{"kind", "signal"},
         {"name", one.name},
         {"duration_s", {one.duration_s.least, one.duration_s.median, one.duration_s.most}},
         {"source", one.source}});
    if (!flags.json) fmt::print("{:<25}{:<18}{}\n", one.name, range_of(one.duration_s), one.source);
  }
  if (!flags.json) fmt::print("\n{:<12}{:<22}{}\n", "what", "name", "source");
  for (const auto& [kind, name, source] : synth::appearances()) {
    all.push_back({{"kind", kind}, {"name", name}, {"source", source}});
    if (!flags.json) fmt::print("{:<12}{:<22}{}\n", kind, name, source);
  }
  if (flags.json) fmt::print("{}\n", all.dump());
  return kDone;
}

Result<int> show(const Flags& flags) {
  synth::Stretch stretch;
  if (flags.day < 0 && flags.from.empty()) {
    stretch = LIDO_TRY(synth::worth_seeing(flags.out));
  } else {
    stretch.day = std::max(0, flags.day);
    stretch.from_s = LIDO_TRY(parse_clock(flags.from.empty() ? "12:00" : flags.from));
    stretch.to_s = stretch.from_s + 60 * flags.minutes;
  }
  const std::string file = flags.out + "/from_above.html";
  LIDO_TRY(write_text(file, LIDO_TRY(synth::from_above(flags.out, stretch))));
  fmt::print("open {}\n", file);
  return kDone;
}

}  // namespace

void add_synth(CLI::App& app, int& exit) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "synth", "A pool that is simulated, with its truth: measured in simulation, not on people");
  command->require_subcommand(1);
  const auto reaching = [&](CLI::App* sub, auto&& work) {
    sub->callback([flags, &exit, work] {
      const Result<int> result = work(*flags);
      exit = result ? *result : report_error(result.error());
    });
  };
  const auto usual = [&](CLI::App* sub) {
    sub->add_option("--behaviours", flags->behaviours,
                    "Behaviours of your own (YAML), over Lido's");
    sub->add_flag("--json", flags->json, "Print the result as JSON");
    sub->add_flag("--quiet", flags->quiet, "Print nothing but errors");
  };
  CLI::App* sub = command->add_subcommand(
      "tracks", "Days of everyday life without pictures: people in metres, and what goes wrong");
  sub->add_option("--out", flags->out, "Folder to write")->required();
  sub->add_option(
      "--pool", flags->pool,
      "Pool to take: a site.yaml that was written before; default: drawn from the seed");
  usual(sub);
  bind(*sub, flags->life, "Life");
  reaching(sub, tracks);
  sub = command->add_subcommand("scene", "One written scene: who does what, when and where");
  sub->add_option("scene", flags->scene, "Scene (YAML): docs/simulation.md")->required();
  sub->add_option("--out", flags->out, "Folder to write")->required();
  usual(sub);
  sub->add_option("--workers", flags->life.workers,
                  "Threads, one for a camera at most; 0: one a core")
      ->check(CLI::Range(0, 1024));
  reaching(sub, scene);
  sub =
      command->add_subcommand("pool", "Video of a pool at random, with the truth of every picture");
  sub->add_option("--out", flags->out, "Folder to write")->required();
  sub->add_option("--hours", flags->hours, "How long each camera films")
      ->check(CLI::Range(0.0005, 1000.0))
      ->capture_default_str();
  sub->add_option("--cameras", flags->cameras, "How many")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  sub->add_option("--size", flags->size, "Width and height, pixels")->capture_default_str();
  sub->add_option("--fps", flags->fps, "Pictures a second")
      ->check(CLI::Range(1.0, 60.0))
      ->capture_default_str();
  sub->add_option("--randomise", flags->randomise,
                  "Ranges to draw water, light and cameras from (YAML): docs/simulation.md");
  sub->add_option("--light", flags->light, "Default: drawn")
      ->check(CLI::IsMember(synth::light_names()));
  sub->add_option("--from", flags->from, "Time of day it begins, like 14:30; default 14:00");
  sub->add_option(
      "--pool", flags->pool,
      "Pool to take: a site.yaml that was written before; default: drawn from the seed");
  usual(sub);
  bind(*sub, flags->life, "Life", {"days", "rate_hz"});
  reaching(sub, pool);
  sub = command->add_subcommand(
      "list", "Behaviours, signals, bodies, light, cameras, each with its source");
  sub->add_option("--behaviours", flags->behaviours, "Behaviours of your own (YAML), over Lido's");
  sub->add_flag("--json", flags->json, "Print the list as JSON");
  reaching(sub, list);
  sub = command->add_subcommand(
      "show", "Write a page that plays what was simulated, from above; default: its first danger");
  sub->add_option("folder", flags->out, "What `lido synth tracks` wrote")->required();
  sub->add_option("--day", flags->day, "Number of the day")->check(CLI::Range(0, 99999));
  sub->add_option("--from", flags->from, "Time of day, like 14:30");
  sub->add_option("--minutes", flags->minutes, "How long")
      ->check(CLI::Range(0.1, 120.0))
      ->capture_default_str();
  reaching(sub, show);
}

}  // namespace lido::cli
