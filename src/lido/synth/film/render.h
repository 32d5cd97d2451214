// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lido/media/convert.h"
#include "lido/synth/body/pose.h"
#include "lido/synth/film/appearance.h"
#include "lido/synth/film/light.h"
#include "lido/synth/film/scenery.h"
#include "lido/synth/film/simulated_camera.h"
#include "lido/synth/film/water.h"

namespace lido::synth {

/// A person to draw. The pointers must outlive the call.
struct Subject {
  const Figure* figure = nullptr;
  const PlacedBody* placed = nullptr;
  const Appearance* appearance = nullptr;
  bool in_water = false;
  double splash = 0;  ///< How much the person stirs the water: 0 not at all, 1 splashes.
};

/// A drop of spray, a bubble, or a cloud of fine drops: a disc that faces the camera.
struct Particle {
  enum class Kind : uint8_t { kDrop, kBubble, kMist };
  Vector3 at;
  double radius_m = 0;
  double opacity = 1;
  Kind kind = Kind::kDrop;
};

/// An image and the person seen in each pixel.
struct Render {
  media::Image image;
  /// By pixel, rows from the top: number of the subject, from 1 in the order given; 0 for none.
  std::vector<uint8_t> subject_of_pixel;
};

/// All that a frame shows beside people. The references must outlive the call.
struct Shot {
  const SimulatedCamera& camera;  ///< The renderer's, with the faults of the moment applied.
  double time_s = 0;              ///< Seconds of the day.
  int64_t frame = 0;              ///< Number of the frame.
  uint64_t seed = 0;              ///< Seeds drops and noise, with the camera's name and the frame.
  const Water& water;
  double turbidity = 0;  ///< 0 clear; 1: the floor is lost after a metre or two.
  const Light& light;
  std::span<const Particle> particles;  ///< Drops, mist and bubbles.
};

/// Draws what one camera sees, on the CPU by one thread.
///
/// Equal calls give equal bytes on every run of one build on one kind of CPU. To be used by
/// the thread that made it, and no other. A thread has one renderer at a time: another, made or
/// destroyed there, takes its context away.
class Renderer {
 public:
  /// @return kUnavailable where Mesa's libraries are not installed.
  static Result<Renderer> make(const Bodies& bodies, const Pool& pool, const Scenery& scenery,
                               const SimulatedCamera& camera);
  Renderer(Renderer&&) noexcept;
  Renderer& operator=(Renderer&&) noexcept;
  ~Renderer();

  /// @param subjects  Those after the first 254 are not drawn.
  Render draw(const Shot& shot, const std::vector<Subject>& subjects);

 private:
  struct State;
  explicit Renderer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::synth
