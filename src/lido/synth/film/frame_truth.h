// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/synth/film/film.h"

namespace lido::synth {

/// A person who appears in a film.
struct Actor {
  Person person;
  Appearance appearance;
  Figure figure;
};
/// By id.
using Cast = std::map<int64_t, Actor>;

/// Data that the cameras of one film share. The references must outlive it.
struct FilmContext {
  const FilmPlan& plan;
  const FilmData& data;
  const Timeline& timeline;
  const Cast& cast;
  const Water& water;
};

/// People posed for one moment. `subjects` points into `placed`.
struct StagedPeople {
  std::vector<Moment> moments;
  std::vector<PlacedBody> placed;
  std::vector<Subject> subjects;
};
/// Poses the people who are present at a time, seconds after the first frame.
StagedPeople stage_people(const FilmContext& context, double time_s);

/// Farthest way that a keypoint of a person who is in both goes in the image, pixels.
double widest_step_px(const Bodies& bodies, const SimulatedCamera& camera,
                      const StagedPeople& before, const StagedPeople& after);
/// Moments to blend for a shutter while which keypoints go that far: 1, 3 or 5.
int shutter_moments(double step_px);

/// A box of pixels that grows; empty at first.
struct PixelBox {
  double x0 = 1e18, y0 = 1e18, x1 = -1e18, y1 = -1e18;
  void add(double x, double y);
  bool empty() const { return x1 < x0; }
  /// x, y, width, height; no numbers when empty.
  std::vector<double> xywh() const;
};

/// The visible part of a subject.
struct VisiblePart {
  PixelBox box;
  int64_t pixels = 0;
};
/// Counts each subject's pixels; subjects above `count` are ignored.
std::vector<VisiblePart> visible_parts(const Render& render, size_t count);

/// A frame of the video: its numbers and times, without its image.
struct FrameNumbers {
  int64_t frame = 0;        ///< In the video, from 0; lost frames have no number.
  int64_t pts = 0;          ///< Ticks of the video's time base.
  double time_s = 0;        ///< Seconds after the first frame.
  int64_t shown_frame = 0;  ///< The frame whose image is shown; an earlier one while frozen.
  bool frozen = false;
  std::string fault = "none";  ///< As fault_names() gives it.
};

/// A frame as drawn, with the camera that it was drawn for.
struct DrawnFrame {
  const SimulatedCamera& camera;  ///< With the faults of the moment applied.
  const FrameNumbers& numbers;
  const Light& light;
  const Render& render;
};

/// Truth of all people in a frame, in the order of `people`.
std::vector<dataset::SeenRow> frame_truth(const FilmContext& context, const DrawnFrame& frame,
                                          const StagedPeople& people);

/// Row of a frame for frames/CAMERA.parquet.
/// @param camera  Without faults; those of the moment are applied here.
dataset::FilmedRow filmed_row(const SimulatedCamera& camera, const FrameNumbers& numbers,
                              const Light& light);

/// The clip of a camera, below the film's folder.
std::string clip_of(const SimulatedCamera& camera);

/// A line of MOT Challenge: frame from 1, id, left, top, width, height, 1, class 1 (person),
/// visible share.
std::string mot_line(const dataset::SeenRow& row);

/// Keypoints of one frame a second, as COCO has them.
class CocoWriter {
 public:
  void add_image(const SimulatedCamera& camera, int64_t frame, double time_s);
  void add_person(const dataset::SeenRow& row);
  std::string to_text() const;

 private:
  std::vector<nlohmann::ordered_json> images_, annotations_;
};

}  // namespace lido::synth
