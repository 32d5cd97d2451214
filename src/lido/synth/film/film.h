// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/geometry/site_use.h"
#include "lido/synth/film/render.h"

namespace lido::synth {

/// A pool, its cameras and light, and the time that is filmed.
struct FilmPlan {
  Pool pool;
  geometry::SiteUse use;  ///< Written to site.yaml.
  Scenery scenery;
  std::vector<SimulatedCamera> cameras;
  Light light;
  double wave_m = 0.03;     ///< Maximum height of the waves, metres; 0: a mirror.
  double turbidity = 0.05;  ///< 0 clear, 1: the floor is lost after a metre or two.
  double level_m = 0;       ///< Water over its usual level; recorded, and applied already.
  double water_index = geometry::kWaterRefractiveIndex;
  double begins_s = 0;  ///< Seconds of the day; the crowd is moved there first.
  double duration_s = 60;
  double calibration_error = 0;  ///< Factor of with_calibration_errors(); 0: no second site.yaml.
  int64_t seed = 1;              ///< Seed of appearances, waves, noise and lost frames.
};

/// Behaviours, and the bodies that do them. The references must outlive the call.
struct FilmData {
  const Behaviours& behaviours;
  const Bodies& bodies;
};

/// How a film is made: none of it changes the bytes.
struct FilmRun {
  int workers = 0;                 ///< Threads, at most one for a camera; 0: one a core.
  std::function<void()> on_frame;  ///< Called after each frame of each camera, from any thread.
  std::stop_token stop;
  std::string command = "lido synth pool";  ///< Whose earlier output is replaced.
};

struct FilmSummary {
  int64_t cameras = 0, frames = 0, people = 0, rows = 0;
  double video_s = 0;       ///< Sum over all cameras.
  double shared_basin = 0;  ///< Share of the basin in the views of two cameras.
};

/// Films a crowd, each camera by a thread of its own.
///
/// Writes clips/CAMERA.mp4 and the truth of every frame: truth/CAMERA.parquet, mot/CAMERA.txt, and
/// coco/CAMERA.json (one frame a second). Then clips.csv, labels.csv and label_boxes.parquet for
/// `lido ingest`, site.yaml with pool, cameras, water and light, site_estimated.yaml if asked for,
/// and the tables of simulate_life() for the time that is filmed, as day 0.
///
/// @param crowd  Not moved beyond plan.begins_s; closed afterwards.
/// @return kUnavailable (storage, Mesa), kCancelled.
Result<FilmSummary> film(const std::string& out, const FilmPlan& plan, Crowd& crowd,
                         const FilmData& data, const FilmRun& run);

}  // namespace lido::synth
