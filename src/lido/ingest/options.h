// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "lido/base/options.h"
#include "lido/dataset/window.h"
#include "lido/media/convert.h"
#include "lido/scene/detect.h"
#include "lido/scene/track.h"

namespace lido::ingest {

/// What shapes a dataset's samples. Fixed by the first ingest into it.
struct SampleOptions {
  SampleRate fps;
  media::TransformOptions transform;
  dataset::WindowOptions windows;
  std::string scene = "on";
  std::string samples = "auto";
  int person_size = 224;
  scene::DetectorOptions detector;
  scene::TrackerOptions tracker;
  int quality = 90;
  bool keyframes_only = false;
  double max_gap_s = 2;
  std::string split = "80/10/10";
  std::string split_by = "group";
  int64_t seed = 0;

  static void fields(auto& self, auto&& visit) {
    visit("fps", self.fps, Anything{},
          "Frames per second to sample: 4, 0.5, 30000/1001; auto or auto:8: so often where "
          "something moves, now and then where nothing does");
    media::TransformOptions::fields(self.transform, visit);
    dataset::WindowOptions::fields(self.windows, visit);
    visit("scene", self.scene, OneOf{{"on", "off"}},
          "Look for objects, follow them, and measure camera motion and view quality");
    visit("samples", self.samples, OneOf{{"auto", "person", "frame", "both"}},
          "What a sample shows: a person cut out along his track, or the whole picture (frame); "
          "auto: person with --scene on, frame with --scene off");
    visit("person_size", self.person_size, Within{32, 512},
          "Side of the square picture of a person, pixels");
    scene::DetectorOptions::fields(self.detector, visit);
    scene::TrackerOptions::fields(self.tracker, visit);
    visit("quality", self.quality, Within{1, 100}, "JPEG quality");
    visit("keyframes_only", self.keyframes_only, Anything{}, "A quick look: decode keyframes only");
    visit(
        "max_gap_s", self.max_gap_s, Within{0.001, 86400},
        "Seconds between two pictures from which the clip counts as cut; no window crosses a cut");
    visit("split", self.split, Anything{}, "Shares of train, val and test");
    visit("split_by", self.split_by, OneOf{{"group", "site"}}, "What stays together in one split");
    visit("seed", self.seed, Within{0, 9e15}, "Seed of every random choice");
  }
};

/// How one ingest goes about it. Does not shape the samples.
struct JobOptions {
  int workers = 0;
  double shard_mb = 256;
  int readers = 1;
  double span_s = 300;
  bool keep_partial = false;
  bool decode_everything = false;

  static void fields(auto& self, auto&& visit) {
    visit("workers", self.workers, Within{0, 1024},
          "Spans worked on at a time; 0: one for each core");
    visit("shard_mb", self.shard_mb, Within{0.001, 1e6}, "Size of a shard, MB (10^6 bytes)");
    visit("readers", self.readers, Within{1, 4096}, "Make the number of shards a multiple of this");
    visit("span_s", self.span_s, Within{1, 86400},
          "Longest piece of a clip worked on in one go, seconds");
    visit("keep_partial", self.keep_partial, Anything{},
          "Keep what was good of a clip that breaks halfway");
    visit("decode_everything", self.decode_everything, Anything{},
          "Decode every packet, needed or not: slower, same result (for checking)");
  }
};

}  // namespace lido::ingest
