// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "lido/media/convert.h"
#include "lido/synth/body/pose.h"
#include "lido/synth/film/scenery.h"
#include "lido/synth/film/simulated_camera.h"
#include "lido/synth/film/water.h"

namespace lido::synth {

/// How somebody looks beside his body.
struct Look {
  enum class Wear : uint8_t { kTrunks, kSwimsuit, kBikini, kShirt, kLongTrunks };
  Build build;
  Colour skin, hair, cloth, trim;
  Wear wear = Wear::kTrunks;
  double hair_down_m = 0;
  bool cap = false;
};
/// Drawn without favouring anybody: origins, builds and clothes alike.
Look random_look(Random& random, const Person& person);

/// Where light comes from. 1 is a clear day's.
struct Light {
  std::string name;
  Vector3 sun{0.4, 0.3, 0.87};  ///< Towards it; unit length.
  Colour sunlight{1, 0.96F, 0.88F}, skylight{0.4F, 0.46F, 0.55F}, horizon{0.75F, 0.8F, 0.86F},
      zenith{0.3F, 0.48F, 0.75F};
  double lamps = 0;       ///< Under water.
  bool infrared = false;  ///< Night: lit by the camera, grey.
  double clouds = 0;      ///< How much of the sun passing clouds take.
};
/// The light of a moment: clouds pass within a minute or so.
Light light_at(const Light& light, double time_s);
/// "clear", "passing_clouds", "cloudy", "low_sun", "dusk", "night_lamps", "infrared".
std::vector<std::string> light_names();
Light light_named(const std::string& name, Random& random);

/// What else there is to be seen, each with its source: kind, name, source.
std::vector<std::array<std::string, 3>> appearances();

/// Somebody in the picture.
struct Subject {
  const Figure* figure = nullptr;
  const Placed* placed = nullptr;
  const Look* look = nullptr;
  bool in_water = false;
  double stir = 0;  ///< 0 lies still, 1 splashes.
};

struct Picture {
  media::Image image;
  /// For every pixel, rows from the top: who is seen there, numbered from 1 as given; 0 for nobody.
  std::vector<uint8_t> who;
};

/// Draws what one camera sees. On the CPU, by one thread; the same bytes on every run of one build
/// on one kind of CPU. For the thread that made it alone.
class Renderer {
 public:
  /// @return kUnavailable where Mesa's libraries are not installed.
  static Result<Renderer> make(const Bodies& bodies, const Pool& pool, const Scenery& scenery,
                               const SimulatedCamera& camera);
  Renderer(Renderer&&) noexcept;
  Renderer& operator=(Renderer&&) noexcept;
  ~Renderer();

  /// @param camera  The one it was made for, or that one knocked, covered or out of focus.
  /// @param subjects  254 at most.
  Picture draw(const SimulatedCamera& camera, double time_s, int64_t frame,
               const std::vector<Subject>& subjects, const Water& water, double turbidity,
               const Light& light);

 private:
  struct State;
  explicit Renderer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::synth
