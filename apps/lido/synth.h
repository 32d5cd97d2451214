// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "cli.h"
#include "lido/geometry/pool.h"
#include "lido/synth/film/film.h"
#include "lido/synth/world/life.h"

namespace lido::cli {

/// Flags of all subcommands of `lido synth`.
struct SynthFlags {
  std::string out;  ///< Folder to write, or to read for `show`.
  std::string pool;
  std::string scene;
  std::string behaviours;
  bool json = false;
  bool quiet = false;
  synth::LifeOptions life;
  // For films:
  double hours = 0.1;
  std::string size = "640x360";
  double fps = 15;
  int cameras = 2;
  std::string light;
  std::string randomise;
  double calibration_error = 0;
  // For `show`, and `from` for films too:
  int day = -1;  ///< Negative: not given.
  std::string from;
  double minutes = 4;
};

/// Time since its construction.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Progress as one JSON object: `unit`, its total, its rate, seconds elapsed and left.
/// @param unit  "frames" or "days".
std::string synth_progress_json(const char* unit, double done, double total, double elapsed_s);

/// Shows progress on standard error from a thread of its own: one line that is redrawn on a
/// terminal, a JSON line every two seconds elsewhere.
class SynthProgress {
 public:
  /// @param done  Must outlive the object.
  SynthProgress(const char* unit, double total, const std::atomic<int64_t>& done, bool quiet);
  ~SynthProgress();
  SynthProgress(const SynthProgress&) = delete;
  SynthProgress& operator=(const SynthProgress&) = delete;

 private:
  void loop(const std::stop_token& stop);

  const char* unit_;
  double total_;
  const std::atomic<int64_t>& done_;
  Stopwatch stopwatch_;
  bool terminal_;
  bool drawn_ = false;
  std::jthread thread_;
};

/// Lido's behaviours, merged with the user's file unless `file` is empty.
Result<synth::Behaviours> read_behaviours(const std::string& file);
/// Warns of behaviours that a simulated life never shows.
void warn_of_unreached(const synth::Behaviours& behaviours);
/// The pool of a site.yaml; drawn from the seed when `file` is empty.
Result<geometry::Pool> choose_pool(const std::string& file, int64_t seed);
/// Seconds of the day of "14:30" or "14:30:05".
/// @return kInvalidArgument that names --from.
Result<double> parse_clock(const std::string& text);
void print_life(const synth::LifeSummary& summary, const SynthFlags& flags, double seconds);

/// `lido synth scene`: tables, and video when the scene has cameras.
Result<int> play_scene(const SynthFlags& flags);
/// `lido synth pool`: pool, people, light and cameras drawn from the seed.
Result<int> film_random_pool(const SynthFlags& flags);

}  // namespace lido::cli
