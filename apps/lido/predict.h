// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli.h"
#include "lido/dataset/table.h"
#include "lido/model/evaluate.h"
#include "lido/part/progress.h"
#include "lido/report/drawn_clip.h"
#include "lido/scene/detect.h"
#include "lido/scene/pose.h"
#include "lido/scene/track.h"
#include "lido/storage/named_file.h"

namespace lido::cli {

/// Pose network of the people whose hands are looked at.
inline constexpr const char* kGesturePoses = "movenet";

struct PredictOptions {
  int64_t stride = 0;
  double min_probability = 0.5;
  double max_gap_s = 2;
  scene::DetectorOptions detector;
  scene::TrackerOptions tracker;
  double fps = 0;
  std::string hands = "handlandmark";
  double min_hand_px = 48;

  static void fields(auto& self, auto&& visit) {
    visit("stride", self.stride, Within{0, 1024},
          "Frames between the starts of two windows or motions; less for classes that change "
          "quickly, at more time; 0: half a window");
    visit("min_probability", self.min_probability, Within{0, 1},
          "Probability below which the text is \"uncertain\", and a signal unknown; raise it "
          "to see sure classes alone");
    visit("max_gap_s", self.max_gap_s, Within{0.001, 86400},
          "Gap between two frames, seconds, from which the clip counts as cut. Raise it for "
          "cameras that drop frames");
    scene::DetectorOptions::fields(self.detector, visit);
    scene::TrackerOptions::fields(self.tracker, visit);
    visit("fps", self.fps, Within{0, 240},
          "With a model of gestures: frames a second in which hands are looked for; 0: 5 for hands "
          "in one frame. Give it for signals in motion, as in the recordings that they were learnt "
          "from");
    visit("hands", self.hands, Anything{},
          "With a model of gestures: network that finds the landmarks of hands, as for lido scene");
    visit("min_hand_px", self.min_hand_px, Within{8, 4096},
          "With a model of gestures: least side of the square around a hand, source pixels; of "
          "smaller hands the signal is unknown");
  }
};

struct PredictFlags {
  std::string model;
  std::string clip;
  std::string out;          ///< Empty: no video.
  std::string predictions;  ///< Empty: no table.
  std::string poses;        ///< Empty: people are detected and followed.
  bool json = false;
  bool quiet = false;
  PredictOptions options;
};

/// Progress of a prediction, for the display's thread.
struct PredictProgress {
  std::atomic<const char*> step = "following people";
  std::atomic<int64_t> done = 0, total = 0;  ///< A total of 0 is unknown.
  part::Progress ingest;

  void begin(const char* name) {
    done = 0;
    total = 0;
    ingest.frames = 0;
    step = name;
  }
};

/// Result of a prediction.
struct PredictSummary {
  int64_t people = 0, windows = 0, frames = 0;
  /// By task, the number of windows of each class.
  std::map<std::string, std::map<std::string, int64_t>> classes;
  std::vector<std::string> warnings;
  std::string footage;  ///< Footage that the model learnt from.
  std::string missing;  ///< Stream of the model that the clip lacks; empty for none.
  bool broken = false;
};

/// Predictions, with the table of them while it is not published.
struct Predictions {
  /// @param fps  Sampling times a second.
  explicit Predictions(double fps) : tracks(fps) {}

  report::TrackPredictions tracks;
  std::optional<storage::NamedFile> file;
  std::optional<dataset::TableWriter<dataset::PredictionRow>> table;

  Result<void> open(const std::string& path) {
    file = LIDO_TRY(storage::NamedFile::open(path));
    table =
        LIDO_TRY(dataset::TableWriter<dataset::PredictionRow>::create(*file->store, file->name));
    return {};
  }
};

/// Returns the footage that a model learnt from, to be drawn into each frame.
inline std::string footage_note(const model::Model& model) {
  return fmt::format("model of {} footage", model.footage);
}

/// Draws predictions into the clip's sampled frames. @param fps  A rate as text.
Result<void> draw_people(const PredictFlags& flags, const std::string& fps,
                         const report::PredictedPeople& people, PredictProgress& progress);

/// Finds hands in the clip and the signals that they give.
/// @param folder  Folder for temporary files.
Result<PredictSummary> predict_gestures(const PredictFlags& flags, const model::LoadedModel& model,
                                        const std::string& folder, PredictProgress& progress);

}  // namespace lido::cli
