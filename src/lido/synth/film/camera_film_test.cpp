// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/camera_film.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using testing::behaviours;
using testing::bodies;

/// A camera of 96 x 64 pixels that films a person who walks, for a second at 6 frames/s.
class CameraFilmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    plan_.pool = testing::rectangle_pool();
    Random random(1);
    plan_.scenery = random_scenery(random, plan_.pool);
    plan_.light = light_named("cloudy", random);
    plan_.duration_s = 1;
    camera_.name = "a";
    camera_.fps = 6;
    camera_.noise = 0;
  }

  /// Bytes of the clip.
  std::string film() {
    Person walker = testing::person_of_age(35);
    walker.at = geometry::Point{4, -1};
    walker.script = {{*behaviours().find("walking"), 60.0, 0}};
    Crowd crowd(plan_.pool, behaviours(), {walker}, {}, Random(5));
    const Timeline timeline(crowd, 0, plan_.duration_s);
    const Cast cast = {{1, {walker, {}, bodies().figure(walker, {})}}};
    const Water water(0, Random(1));
    const FilmData data{behaviours(), bodies()};
    const FilmContext context{plan_, data, timeline, cast, water};
    const auto store = *storage::open_store(folder_);
    CameraFilm film(*store, context, camera_);
    const auto done = film.run({.on_frame = [] {}});
    EXPECT_TRUE(done) << done.error().message;
    frames_ = film.frames();
    return testing::slurp(folder_ + "/clips/a.mp4");
  }

  FilmPlan plan_;
  SimulatedCamera camera_{geometry::look_at({1, -4, 3}, {5, 0, 0}, 90, 96, 64)};
  int64_t frames_ = 0;
  TestFolder temporary_;
  std::string folder_ = (temporary_ / "out").string();
};

TEST_F(CameraFilmTest, RepeatsAFrameWhileFrozen) {
  const std::string moving = film();
  camera_.faults = {{CameraFault::Kind::kFreeze, 0.1, 10}};
  const std::string frozen = film();
  EXPECT_EQ(frames_, 6);                          // none is lost
  EXPECT_LT(frozen.size() + 200, moving.size());  // repeated frames cost next to nothing
}

TEST_F(CameraFilmTest, SmearsMotionWhileTheShutterIsOpen) {
  const std::string sharp = film();
  camera_.shutter_s = 0.15;
  EXPECT_NE(film(), sharp);
}

}  // namespace
}  // namespace lido::synth
