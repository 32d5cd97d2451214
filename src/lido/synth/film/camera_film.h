// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lido/base/hash.h"
#include "lido/storage/store.h"
#include "lido/synth/film/spray.h"

namespace lido::synth {

/// Films one camera: draws, encodes, and writes the truth. To be used by one thread.
class CameraFilm {
 public:
  /// @param store, context, camera  Must outlive the object.
  CameraFilm(storage::Store& store, const FilmContext& context, const SimulatedCamera& camera)
      : store_(store),
        context_(context),
        camera_(camera),
        spray_(context, derive_seed(static_cast<uint64_t>(context.plan.seed), {"spray"})) {}

  /// Makes the whole clip and its truth.
  /// @return kUnavailable (storage, Mesa), kCancelled.
  Result<void> run(const FilmRun& how);

  /// Frames in the clip, and rows of truth.
  int64_t frames() const { return frames_; }
  int64_t rows() const { return rows_; }

 private:
  struct Outputs;
  void draw(Renderer& renderer, int64_t tick);
  StagedPeople stage(double time_s);
  Shot shot(const SimulatedCamera& now, int64_t tick, double day_s) const;
  void blend_shutter(Renderer& renderer, const SimulatedCamera& now, int64_t tick, double time_s);
  Result<void> encode(Outputs& outputs);
  Result<void> write_truth(Outputs& outputs, bool is_sampled);
  double time_of(int64_t tick) const { return static_cast<double>(tick) / camera_.fps; }

  storage::Store& store_;
  const FilmContext& context_;
  const SimulatedCamera& camera_;
  Spray spray_;
  std::vector<Particle> particles_;        ///< Drops and bubbles of the last frame drawn.
  Render render_;                          ///< The last frame drawn.
  Light light_;                            ///< Its light.
  FrameNumbers numbers_;                   ///< Its numbers in the video.
  std::vector<dataset::SeenRow> truth_;    ///< Its truth.
  std::vector<dataset::SeenRow> shown_;    ///< Truth of the image shown: an earlier one if frozen.
  std::optional<media::Image> delivered_;  ///< The last image before a frozen camera.
  CocoWriter coco_;
  int64_t frames_ = 0, rows_ = 0;
};

}  // namespace lido::synth
