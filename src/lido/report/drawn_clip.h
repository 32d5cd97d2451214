// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "lido/base/result.h"
#include "lido/dataset/scene_tables.h"
#include "lido/media/convert.h"
#include "lido/media/extract.h"
#include "lido/report/track_predictions.h"
#include "lido/storage/reader.h"
#include "lido/storage/store.h"

namespace lido::report {

/// Draws into the frame of a sampling index. @param geometry  From upright source pixels to the
/// image's.
using DrawFrame = std::function<void(int64_t k, media::Image& image, const media::Geometry&)>;

/// A pass over a clip that draws into its sampled frames.
struct DrawnClip {
  storage::Reader& reader;
  const media::ExtractRequest& request;
  /// Returns a function that is called for each frame from the first on, in order of time. Called
  /// again when the pass starts over.
  std::function<DrawFrame()> start;
  std::function<void(int64_t)> on_frames;  ///< Receives the ticks done so far.
  std::stop_token stop;
};

/// Writes a clip's sampled frames, with drawings, as a video of at most 1280 pixels a side. Writes
/// nothing when the clip has no frame.
/// @param name  Name of the MP4 file in the store.
/// @return Errors of media::extract() and of the store; kCancelled after a stop request.
Result<void> write_drawn_clip(const DrawnClip& clip, storage::Store& store,
                              const std::string& name);

/// The followed people of a clip, and a model's predictions for them.
struct PredictedPeople {
  std::span<const dataset::ObjectRow> objects;  ///< Ordered by k.
  const TrackPredictions& predictions;
  double fps = 0;              ///< Sampling times a second.
  double min_probability = 0;  ///< Below, the text is "uncertain".
  std::string note;            ///< Written beside the time.
};

/// Draws each followed person's box with its track and the classes at that time.
/// @param people  Its objects and predictions must outlive the result.
DrawFrame draw_predictions(const PredictedPeople& people);

}  // namespace lido::report
