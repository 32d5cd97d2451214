// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/synth/film/render.h"

namespace lido::synth {

/// What cameras see of people's lives at a pool.
struct Shoot {
  Pool pool;
  Scenery scenery;
  std::vector<SimulatedCamera> cameras;
  Light light;
  double wave_m = 0.03;     ///< Height of the water's waves.
  double turbidity = 0.05;  ///< 0 clear, 1 the bottom is lost after a metre or two.
  double level_m = 0;       ///< Of the water, over where it usually is; for the record.
  double begins_s = 0;      ///< Of the day: the crowd is moved there first.
  double duration_s = 60;
  double seed = 1;
};

struct FilmSummary {
  int64_t cameras = 0, frames = 0, people = 0, rows = 0;
  double video_s = 0;
};

/// Films a crowd, each camera by a thread of its own. Writes clips/CAMERA.mp4 and, of every
/// picture, the truth: truth/CAMERA.parquet, mot/CAMERA.txt, coco/CAMERA.json (one picture a
/// second); then clips.csv and labels.csv for lido ingest, site.yaml with pool, cameras, water and
/// light, and the tables of simulate_life() for the time that is filmed, as day 0.
/// @param crowd  Before begins_s.
/// @param done  Called after each picture, from any thread.
/// @return kUnavailable (storage, Mesa), kCancelled.
Result<FilmSummary> film(const std::string& out, const Shoot& shoot, Crowd& crowd,
                         const Behaviours& behaviours, const Bodies& bodies, int workers,
                         const std::function<void()>& done, const std::stop_token& stop);

}  // namespace lido::synth
