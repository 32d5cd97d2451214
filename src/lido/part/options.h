// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "lido/base/options.h"
#include "lido/dataset/window.h"
#include "lido/media/convert.h"
#include "lido/scene/detect.h"
#include "lido/scene/pose.h"
#include "lido/scene/track.h"

namespace lido::part {

/// Content of the samples of a dataset.
struct SampleKinds {
  enum class Frames {
    kNone,
    kLabelled,  ///< Around labels without boxes.
    kAll,
  };
  bool tracked_people = false;   ///< Along the tracks of the detector.
  bool labelled_people = false;  ///< Along the boxes of labels.
  bool moving = false;           ///< Along what moved in water where no person was followed.
  Frames frames = Frames::kNone;
};

/// Options that shape a dataset's samples. Fixed by the first ingest into the dataset.
struct SampleOptions {
  SampleRate fps;
  media::TransformOptions transform;
  dataset::WindowOptions windows;
  std::string scene = "on";
  std::string samples = "auto";
  int person_size = 224;
  scene::DetectorOptions detector;
  scene::TrackerOptions tracker;
  double max_track_gap_s = 2;
  scene::PoseOptions poses;
  int quality = 90;
  bool keyframes_only = false;
  double max_gap_s = 2;
  std::string split = "80/10/10";
  std::string split_by = "group";
  int64_t seed = 0;

  static void fields(auto& self, auto&& visit) {
    visit("fps", self.fps, Anything{},
          "Frames per second to sample: 4, 0.5 or 30000/1001. auto, or auto:8 for another rate: "
          "that rate while something moves, and a frame now and then while nothing does. Use auto "
          "for cameras that record empty water");
    media::TransformOptions::fields(self.transform, visit);
    dataset::WindowOptions::fields(self.windows, visit);
    visit("scene", self.scene, OneOf{{"on", "off"}},
          "Detect and track people, and measure camera motion and view quality. off is much faster "
          "and needs no detector");
    visit("samples", self.samples, OneOf{{"auto", "person", "labels", "frame", "both"}},
          "Content of a sample. person: one person, cut out along their track. labels: one "
          "labelled person, cut out along the labelled boxes, whatever the detector found; "
          "the whole frame where labels have no boxes. frame: the whole frame, "
          "everywhere. both: person and frame. auto: person, labels, and what moved in water where "
          "no person was followed; with --scene off, frame and labelled people");
    visit("person_size", self.person_size, Within{32, 512},
          "Side of the square image of a person, pixels");
    scene::DetectorOptions::fields(self.detector, visit);
    scene::TrackerOptions::fields(self.tracker, visit);
    visit("max_track_gap_s", self.max_track_gap_s, Within{0, 60},
          "Longest gap of a track that samples of people fill in, seconds: boxes are interpolated, "
          "and the manifest's seen is false there. Raise it for people who are often hidden");
    scene::PoseOptions::fields(self.poses, visit);
    visit("quality", self.quality, Within{1, 100},
          "JPEG quality of the images in shards. Lower it to save space");
    visit("keyframes_only", self.keyframes_only, Anything{},
          "Decode keyframes only, for a quick look at much footage: each sample time gets the last "
          "keyframe before it");
    visit("max_gap_s", self.max_gap_s, Within{0.001, 86400},
          "Gap between two frames from which the clip counts as cut, seconds. No window crosses a "
          "cut. Raise it for cameras that drop frames");
    visit("split", self.split, Anything{},
          "Shares of train, val and test; 80/10/10 and 8/1/1 are the same");
    visit("split_by", self.split_by, OneOf{{"group", "site"}},
          "Clips that stay together in one split: those of one group (event), or of one site "
          "(pool)");
    visit("seed", self.seed, Within{0, 9e15}, "Seed of every random choice");
  }

  /// The kinds that `samples` stands for.
  SampleKinds kinds() const {
    using enum SampleKinds::Frames;
    if (samples == "person") return {.tracked_people = true};
    if (samples == "labels") return {.labelled_people = true, .frames = kLabelled};
    if (samples == "frame") return {.frames = kAll};
    if (samples == "both") return {.tracked_people = true, .frames = kAll};
    const bool has_scene = scene == "on";
    return {.tracked_people = has_scene,
            .labelled_people = true,
            .moving = has_scene,
            .frames = has_scene ? kLabelled : kAll};
  }

  /// Longest gap of a track that is filled in, ticks.
  int64_t max_track_gap() const {
    constexpr double kRounding = 1e-6;
    return static_cast<int64_t>(max_track_gap_s * fps.rate.value() + kRounding);
  }
};

}  // namespace lido::part
