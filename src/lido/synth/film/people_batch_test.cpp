// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/people_batch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

using geometry::Point;
using testing::behaviours;
using testing::bodies;

class PeopleBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto gl = gl::Context::make();
    ASSERT_TRUE(gl) << gl.error().message;
    gl_.emplace(std::move(*gl));
    figure_ = bodies().figure(testing::person_of_age(30), {});
  }
  PlacedBody placed(Point at, const char* behaviour, double mouth_m) const {
    const Moment moment{.state = testing::state_in(behaviour, at, mouth_m, 0, pool_.is_water(at))};
    return place_body(bodies(), behaviours(), pool_, figure_, moment, 1);
  }

  Pool pool_ = testing::rectangle_pool();
  SimulatedCamera camera_{geometry::look_at({-2, -2, 3}, {5, 3, 0}, 80, 64, 64)};
  Figure figure_;
  Appearance appearance_;
  std::optional<gl::Context> gl_;
  PeopleBatch batch_{bodies()};
};

TEST_F(PeopleBatchTest, CastsTheShadowOfAStandingBody) {
  const PlacedBody body = placed({3, -1}, "standing", 0);
  batch_.upload(*gl_, camera_, {{&figure_, &body, &appearance_, false, 0}});
  ASSERT_EQ(batch_.shadows().size(), 1u);
  const Eigen::Vector4f shadow = batch_.shadows()[0];
  EXPECT_NEAR(shadow.x(), 3, 0.05);
  EXPECT_NEAR(shadow.y(), -1, 0.05);
  EXPECT_NEAR(shadow.z(), pool_.freeboard_m, 1e-3);         // feet
  EXPECT_NEAR(shadow.w(), pool_.freeboard_m + 1.75, 0.06);  // top of the head
  EXPECT_TRUE(batch_.rings().empty());                      // on land
}

TEST_F(PeopleBatchTest, RingsThoseWhoStirTheSurface) {
  const PlacedBody body = placed({5, 3}, "treading", 0.06);
  batch_.upload(*gl_, camera_, {{&figure_, &body, &appearance_, true, 0.5}});
  ASSERT_EQ(batch_.rings().size(), 1u);
  EXPECT_NEAR(batch_.rings()[0].z(), 0.014, 1e-6);  // half of 28 mm
  EXPECT_EQ(batch_.rings()[0].w(), 0.5F);
  const PlacedBody still = placed({5, 3}, "motionless_on_bottom", -1.4);
  batch_.upload(*gl_, camera_, {{&figure_, &still, &appearance_, true, 0.5}});
  EXPECT_TRUE(batch_.rings().empty());  // far under the surface
}

TEST_F(PeopleBatchTest, SeesABallThatReachesIntoTheView) {
  SimulatedCamera camera{geometry::look_at({0, 0, 3}, {10, 0, 3}, 60, 640, 360)};
  EXPECT_TRUE(may_see(camera, {5, 0, 3}, 0.5));
  EXPECT_TRUE(may_see(camera, {5, 3.2, 3}, 0.5));  // its middle is outside
  EXPECT_FALSE(may_see(camera, {5, 8, 3}, 0.5));
  EXPECT_FALSE(may_see(camera, {-5, 0, 3}, 0.5));
  EXPECT_TRUE(may_see(camera, {-0.5, 0, 3}, 0.5));  // around the camera
  camera.lens = geometry::Lens::kFisheye;
  camera.fx = camera.fy = 320 / (75 * M_PI / 180);
  EXPECT_TRUE(may_see(camera, {1, 5, 3}, 0.5));
}

TEST_F(PeopleBatchTest, KeepsToTheShadersCapacities) {
  const PlacedBody body = placed({5, 3}, "treading", 0.06);
  const std::vector<Subject> crowd(40, {&figure_, &body, &appearance_, true, 1});
  batch_.upload(*gl_, camera_, crowd);
  EXPECT_EQ(batch_.shadows().size(), kMaxShadows);
  EXPECT_EQ(batch_.rings().size(), kMaxRings);
}

}  // namespace
}  // namespace lido::synth
