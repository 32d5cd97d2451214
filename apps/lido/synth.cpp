// SPDX-License-Identifier: Apache-2.0
#include "synth.h"

#include <algorithm>
#include <atomic>

#include "command.h"
#include "lido/base/json_text.h"
#include "lido/geometry/site.h"
#include "lido/synth/film/light.h"
#include "lido/synth/film/sources.h"
#include "lido/synth/top_view.h"
#include "lido/synth/world/random_pool.h"

namespace lido::cli {

using OrderedJson = nlohmann::ordered_json;
using synth::kSimulationNotice;

Result<synth::Behaviours> read_behaviours(const std::string& file) {
  const std::string own = LIDO_TRY(shared_file("behaviours.yaml"));
  Yaml all = LIDO_TRY(Yaml::parse(LIDO_TRY(read_text(own)), own));
  if (!file.empty()) {
    const Yaml given = LIDO_TRY(Yaml::parse(LIDO_TRY(read_text(file)), file));
    if (!given.is_map())
      return fail(ErrorCode::kInvalidArgument,
                  "{}: no keys, want behaviours, signals, variation or rescue", file);
    all = Yaml::merged(all, given);
  }
  return synth::Behaviours::read(all);
}

void warn_of_unreached(const synth::Behaviours& behaviours) {
  for (const std::string& name : behaviours.unreached())
    print_warning(fmt::format(
        "behaviours.{}: never done, since no other behaviour has it in `next`, and it has no "
        "`incidents`",
        name));
}

Result<geometry::Pool> choose_pool(const std::string& file, int64_t seed) {
  if (file.empty()) {
    synth::Random random = synth::Random(static_cast<uint64_t>(seed)).split(1ULL << 40);
    return synth::random_pool(random);
  }
  return LIDO_TRY(geometry::read_site(LIDO_TRY(read_text(file)), file)).pool;
}

Result<double> parse_clock(const std::string& text) {
  int hours = 0, minutes = 0, seconds = 0, end = 0;
  const int read =
      std::sscanf(text.c_str(), "%2d:%2d%n:%2d%n", &hours, &minutes, &end, &seconds, &end);
  if (read < 2 || static_cast<size_t>(end) != text.size() || hours < 0 || hours > 35 ||
      minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59)
    return fail(ErrorCode::kInvalidArgument, "--from is {}, want a time of day like 14:30", text);
  return hours * 3600.0 + minutes * 60 + seconds;
}

void print_life(const synth::LifeSummary& summary, const SynthFlags& flags, double seconds) {
  if (flags.json) {
    fmt::print("{}\n", json_text(OrderedJson{{"days", summary.days},
                                             {"people", summary.people},
                                             {"person_hours", summary.person_hours},
                                             {"rows", summary.rows},
                                             {"events", summary.events},
                                             {"seconds", seconds}}));
  } else {
    fmt::print(
        "{} {}, {} people, {:.1f} person-hours, {}, {} rows, in {:.1f} s\n"
        "wrote: {}\nlido synth show {} makes a page that plays it\n",
        kSimulationNotice, counted(summary.days, "day"), human_count(summary.people),
        summary.person_hours, counted(summary.events, "danger"), human_count(summary.rows), seconds,
        flags.out, flags.out);
  }
}

namespace {

/// Days of life, as tables.
Result<int> tracks(const SynthFlags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  warn_of_unreached(behaviours);
  const auto pool = LIDO_TRY(choose_pool(flags.pool, flags.life.seed));
  stop_on_signals("the tables written so far are incomplete");
  std::atomic<int64_t> days = 0;
  const Stopwatch stopwatch;
  synth::LifeSummary summary;
  {
    const SynthProgress progress("days", static_cast<double>(flags.life.days), days, flags.quiet);
    summary = LIDO_TRY(synth::simulate_life(
        flags.out, pool, behaviours, flags.life, [&](int64_t) { ++days; }, interruption()));
  }
  print_life(summary, flags, stopwatch.seconds());
  return kDone;
}

std::string range_text(const synth::Quantity& quantity) {
  return fmt::format("{:g} ({:g}-{:g})", quantity.median, quantity.min, quantity.max);
}

/// Three numbers: minimum, median, maximum.
OrderedJson range_json(const synth::Quantity& quantity) {
  return {quantity.min, quantity.median, quantity.max};
}

OrderedJson list_json(const synth::Behaviours& behaviours) {
  OrderedJson all = OrderedJson::array();
  for (const synth::Behaviour& one : behaviours.all())
    all.push_back({{"kind", "behaviour"},
                   {"name", one.name},
                   {"place", name_of(one.place)},
                   {"danger", name_of(one.danger)},
                   {"duration_s", range_json(one.duration_s)},
                   {"speed_mps", range_json(one.speed_mps)},
                   {"source", one.source}});
  for (const synth::Signal& one : behaviours.signals())
    all.push_back({{"kind", "signal"},
                   {"name", one.name},
                   {"duration_s", range_json(one.duration_s)},
                   {"source", one.source}});
  for (const synth::FilmSource& one : synth::film_sources())
    all.push_back({{"kind", one.kind}, {"name", one.name}, {"source", one.source}});
  return all;
}

/// Prints a source below the line of what it is the source of.
void print_source(const std::string& source) {
  constexpr size_t kIndent = 6, kWidth = 100;
  fmt::print("{:{}}{}\n", "", kIndent, wrapped(source, kWidth - kIndent, kIndent));
}

Result<int> list_behaviours(const SynthFlags& flags) {
  const auto behaviours = LIDO_TRY(read_behaviours(flags.behaviours));
  if (flags.json) {
    fmt::print("{}\n", json_text(list_json(behaviours)));
    return kDone;
  }
  fmt::print("{:<25}{:<8}{:<10}{:<18}{}\n", "behaviour", "place", "danger", "duration, s",
             "speed, m/s");
  for (const synth::Behaviour& one : behaviours.all()) {
    fmt::print("{:<25}{:<8}{:<10}{:<18}{}\n", one.name, name_of(one.place), name_of(one.danger),
               range_text(one.duration_s), one.speed_mps.max > 0 ? range_text(one.speed_mps) : "-");
    print_source(one.source);
  }
  fmt::print("\n{:<25}{}\n", "signal", "duration, s");
  for (const synth::Signal& one : behaviours.signals()) {
    fmt::print("{:<25}{}\n", one.name, range_text(one.duration_s));
    print_source(one.source);
  }
  fmt::print("\n{:<25}{}\n", "part of a film", "kind");
  for (const synth::FilmSource& one : synth::film_sources()) {
    fmt::print("{:<25}{}\n", one.name, one.kind);
    print_source(one.source);
  }
  return kDone;
}

/// "14:02:10".
std::string clock_text(double time_s) {
  const auto s = static_cast<int64_t>(std::max(0.0, time_s));
  return fmt::format("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

/// Lists dangers, and marks those that the page shows.
void print_dangers(const synth::SimulationSummary& simulation, const synth::DayInterval& shown,
                   const std::string& folder) {
  constexpr size_t kMaxListed = 20;
  if (simulation.dangers.empty()) return;
  fmt::print("{} in {}; --day and --from choose what the page shows:\n",
             counted(std::ssize(simulation.dangers), "danger"), counted(simulation.days, "day"));
  for (size_t i = 0; i < std::min(kMaxListed, simulation.dangers.size()); ++i) {
    const dataset::DangerRow& one = simulation.dangers[i];
    const bool is_shown =
        one.day == shown.day && one.end_s >= shown.from_s && one.start_s <= shown.to_s;
    fmt::print("  --day {} --from {}  person {:<4} {:<24} {} after {:.0f} s{}\n", one.day,
               clock_text(one.start_s), one.person, one.kind, one.outcome, one.end_s - one.start_s,
               is_shown ? "  (shown)" : "");
  }
  if (simulation.dangers.size() > kMaxListed)
    fmt::print("  {} more in {}/events.parquet\n", simulation.dangers.size() - kMaxListed, folder);
}

Result<int> show(const SynthFlags& flags) {
  synth::DayInterval interval;
  if (flags.day < 0 && flags.from.empty()) {
    interval = LIDO_TRY(synth::default_interval(flags.out));
  } else {
    interval.day = std::max(0, flags.day);
    interval.from_s = LIDO_TRY(parse_clock(flags.from.empty() ? "12:00" : flags.from));
    interval.to_s = interval.from_s + 60 * flags.minutes;
  }
  const std::string file = flags.out + "/top_view.html";
  const synth::TopViewPage view = LIDO_TRY(synth::top_view_page(flags.out, interval));
  LIDO_TRY(write_text(file, view.html));
  fmt::print("day {}, {} to {}\n", view.shown.day, clock_text(view.shown.from_s),
             clock_text(view.shown.to_s));
  print_dangers(LIDO_TRY(synth::summarise_simulation(flags.out)), view.shown, flags.out);
  print_page(file);
  return kDone;
}

/// Makes subcommands of `synth` that share one set of flags.
class Commands {
 public:
  Commands(CLI::App& synth, int& exit) : synth_(synth), exit_(exit) {}

  void add_tracks() {
    CLI::App& sub = add("tracks", "Simulate days of life as tables: people in metres", tracks);
    add_out(sub);
    add_pool_file(sub);
    add_common(sub);
    bind(sub, flags_->life, "Life");
  }

  void add_scene() {
    CLI::App& sub =
        add("scene", "Play one written scene, with video if it has cameras", play_scene);
    sub.add_option("scene", flags_->scene, "Scene (YAML), as docs/simulation.md describes")
        ->required();
    add_out(sub);
    add_calibration_error(sub);
    add_common(sub);
    sub.add_option("--workers", flags_->life.workers,
                   "Threads, at most one for each camera; 0: one per core")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
  }

  void add_pool() {
    CLI::App& sub =
        add("pool", "Film a random pool, with the truth of every frame", film_random_pool);
    add_out(sub);
    sub.add_option("--hours", flags_->hours, "Hours that each camera films")
        ->check(CLI::Range(0.0005, 1000.0))
        ->check(kIsNumber)
        ->capture_default_str();
    sub.add_option("--cameras", flags_->cameras, "Number of cameras")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    sub.add_option("--size", flags_->size, "Width and height of the video, pixels")
        ->capture_default_str();
    sub.add_option("--fps", flags_->fps, "Frames a second")
        ->check(CLI::Range(1.0, 60.0))
        ->check(kIsNumber)
        ->capture_default_str();
    sub.add_option("--randomise", flags_->randomise,
                   "Ranges for water, light and cameras (YAML), as docs/simulation.md describes");
    sub.add_option("--light", flags_->light, "Kind of light; default: drawn from the seed")
        ->check(CLI::IsMember(synth::light_names()));
    sub.add_option("--from", flags_->from,
                   "Time of day when the film begins, hh:mm; default: 14:00");
    add_calibration_error(sub);
    add_pool_file(sub);
    add_common(sub);
    bind(sub, flags_->life, "Life", {"days", "rate_hz"});
  }

  void add_list() {
    CLI::App& sub =
        add("list", "List behaviours, signals, bodies, light and cameras with their sources",
            list_behaviours);
    add_behaviours(sub);
    sub.add_flag("--json", flags_->json, "Print the list as JSON");
  }

  void add_show() {
    CLI::App& sub =
        add("show", "Write a page that plays a simulation: its film, or its first danger", show);
    sub.add_option("folder", flags_->out, "Folder that `lido synth` wrote")->required();
    sub.add_option("--day", flags_->day,
                   "Number of the day, from 0; without --day and --from: the film, or the first "
                   "danger")
        ->check(CLI::Range(0, 99999));
    sub.add_option("--from", flags_->from,
                   "Time of day when the page begins, hh:mm; default with --day: 12:00");
    sub.add_option("--minutes", flags_->minutes,
                   "Minutes that the page shows, with --day or --from")
        ->check(CLI::Range(0.1, 120.0))
        ->check(kIsNumber)
        ->capture_default_str();
  }

 private:
  template <typename Work>
  CLI::App& add(const char* name, const char* about, Work work) {
    CLI::App* sub = synth_.add_subcommand(name, about);
    sub->callback([flags = flags_, &exit = exit_, work] {
      const Result<int> result = work(*flags);
      exit = result ? *result : report_error(result.error());
    });
    return *sub;
  }
  void add_out(CLI::App& sub) {
    sub.add_option("--out", flags_->out, "Folder to write")->required();
  }
  void add_behaviours(CLI::App& sub) {
    sub.add_option("--behaviours", flags_->behaviours,
                   "Behaviours (YAML) to add to Lido's, or to replace them by name");
  }
  void add_common(CLI::App& sub) {
    add_behaviours(sub);
    sub.add_flag("--json", flags_->json, "Print the result as JSON");
    sub.add_flag("--quiet", flags_->quiet, "Show no progress");
  }
  void add_calibration_error(CLI::App& sub) {
    sub.add_option("--calibration-error", flags_->calibration_error,
                   "Also write site_estimated.yaml, with cameras that are slightly wrong; 1: as a "
                   "careful installer's, 3: as a hasty one's")
        ->check(CLI::Range(0.0, 100.0))
        ->check(kIsNumber)
        ->capture_default_str();
  }
  void add_pool_file(CLI::App& sub) {
    sub.add_option("--pool", flags_->pool,
                   "A site.yaml whose pool to use; default: a pool drawn from the seed");
  }

  CLI::App& synth_;
  int& exit_;
  std::shared_ptr<SynthFlags> flags_ = std::make_shared<SynthFlags>();
};

}  // namespace

void add_synth(CLI::App& app, int& exit) {
  CLI::App* synth = app.add_subcommand(
      "synth", "Simulate a pool with its truth. Figures are measured in simulation, not on people");
  synth->require_subcommand(1);
  Commands commands(*synth, exit);
  commands.add_tracks();
  commands.add_scene();
  commands.add_pool();
  commands.add_list();
  commands.add_show();
}

}  // namespace lido::cli
