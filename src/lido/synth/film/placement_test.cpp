// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/placement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "lido/geometry/site.h"
#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

TEST(RandomCameras, LookAtTheWaterFromTheDeck) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    for (const SimulatedCamera& camera : random_cameras(random, pool, {.count = 4})) {
      EXPECT_FALSE(pool.is_water({camera.position.x(), camera.position.y()}));
      EXPECT_GE(camera.position.z(), 2.6);
      EXPECT_LE(camera.position.z(), 4.5);
      EXPECT_LT(camera.cam_from_world(2, 2), 0);  // the axis points down
      // Its lens covers the whole image.
      EXPECT_GE(camera.distorted_radius(camera.max_field()), camera.corner_radius());
    }
  }
}

TEST(RandomCameras, ShareTheBasin) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    for (const size_t count : {2UL, 3UL}) {
      const auto cameras = random_cameras(random, pool, {.count = count});
      EXPECT_GE(shared_basin(cameras, pool), kMinSharedBasin) << pool.kind << ", seed " << seed;
    }
  }
}

TEST(RandomCameras, HangUnderWaterWhereAskedFor) {
  Randomisation ranges;
  ranges.underwater = 1;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const Pool pool = random_pool(random);
    for (const SimulatedCamera& camera : random_cameras(random, pool, {.count = 2}, ranges)) {
      EXPECT_EQ(camera.is_under_water(), pool.kind != "toddlers");
      const geometry::Point at{camera.position.x(), camera.position.y()};
      if (!camera.is_under_water()) continue;
      EXPECT_GT(pool.inside_m(at), 0.09);
      EXPECT_LT(-camera.position.z(), pool.depth_m(at));
    }
  }
}

TEST(SharedBasin, CountsWhatTwoCamerasSee) {
  // From straight above, a camera sees a rectangle of the water: 2 tan(45) h by 9/16 of that.
  const auto above = [](double x) {
    SimulatedCamera camera{geometry::look_at({x, 3, 4}, {x + 1e-6, 3, 0}, 90, 640, 360)};
    return camera;
  };
  const Pool pool = testing::rectangle_pool();  // 12 x 6 m
  EXPECT_EQ(shared_basin({above(6)}, pool), 0);
  // The image is as wide as the pool and more, and 4.5 m high along it.
  EXPECT_NEAR(shared_basin({above(6), above(6)}, pool), 4.5 / 12, 0.05);
  EXPECT_NEAR(shared_basin({above(6), above(8)}, pool), 2.5 / 12, 0.05);
}

TEST(RandomCameras, DrawFromTheRangesGiven) {
  Randomisation ranges;
  ranges.noise = {0.3, 0.31};
  ranges.dirty = 1;
  ranges.dirt = {0.9, 0.95};
  ranges.fisheye = 1;
  ranges.night_shutter_s = {0.05, 0.06};
  Random random(3);
  const CameraWishes wishes{.count = 8, .width = 64, .height = 64, .night = true};
  for (const auto& camera : random_cameras(random, testing::rectangle_pool(), wishes, ranges)) {
    EXPECT_GE(camera.noise, 0.3);
    EXPECT_LE(camera.noise, 0.31);
    EXPECT_GE(camera.dirt, 0.9);
    EXPECT_EQ(camera.lens, geometry::Lens::kFisheye);
    EXPECT_GE(camera.shutter_s, 0.05);
  }
}

TEST(RandomCameras, AreAsDifferentAsRealOnes) {
  int fisheyes = 0, count = 0, faults = 0;
  std::set<CameraFault::Kind> kinds;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const CameraWishes wishes{.duration_s = 86400};
    for (const auto& camera : random_cameras(random, testing::rectangle_pool(), wishes)) {
      ++count;
      fisheyes += camera.lens == geometry::Lens::kFisheye ? 1 : 0;
      faults += static_cast<int>(camera.faults.size());
      for (const CameraFault& fault : camera.faults) {
        kinds.insert(fault.kind);
        EXPECT_LT(fault.at_s, wishes.duration_s);
        EXPECT_LT(fault.turn_rad.norm(), 0.16);
      }
      EXPECT_LE(camera.drops, 0.02);
      EXPECT_NE(camera.cx, camera.width / 2.0);
      EXPECT_GE(camera.bitrate_mbps, 1);
    }
  }
  EXPECT_NEAR(fisheyes / static_cast<double>(count), 0.2, 0.09);
  EXPECT_NEAR(faults / static_cast<double>(count), 1, 0.25);  // a mean of one a day
  EXPECT_EQ(kinds.size(), 5u);
}

TEST(CalibrationErrors, LeaveASiteThatCanBeRead) {
  int clamped = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    geometry::Site site{.pool = random_pool(random), .cameras = {}};
    const auto cameras = random_cameras(random, site.pool, {.count = 4});
    for (const auto& wrong : with_calibration_errors(cameras, 2, random.split(1)))
      site.cameras.push_back(wrong);
    const auto again = geometry::read_site(to_yaml(site, "With errors."), "site.yaml");
    ASSERT_TRUE(again) << seed << ": " << again.error().message;
    ASSERT_EQ(again->cameras.size(), 4u);
    for (size_t i = 0; i < cameras.size(); ++i) {
      EXPECT_DOUBLE_EQ(again->cameras[i].k[0], site.cameras[i].k[0]);
      // The lens as far as it may bend: 4/27 of the corner's distance squared, less a margin.
      const double bend = -site.cameras[i].k[0] * std::pow(site.cameras[i].corner_radius(), 2);
      clamped += bend > 0.97 * 4 / 27 ? 1 : 0;
    }
  }
  EXPECT_GT(clamped, 0);  // the test meets such lenses
}

TEST(CalibrationErrors, HaveTheSizeAsked) {
  SimulatedCamera camera{geometry::look_at({-2, -2, 3}, {5, 3, 0}, 80, 640, 360)};
  const std::vector<SimulatedCamera> cameras(400, camera);
  double turn2 = 0, place2 = 0, focal2 = 0, clock2 = 0;
  for (const auto& wrong : with_calibration_errors(cameras, 2, Random(1))) {
    const Eigen::AngleAxisd turn(wrong.cam_from_world * camera.cam_from_world.transpose());
    turn2 += turn.angle() * turn.angle();
    place2 += (wrong.position - camera.position).squaredNorm();
    focal2 += std::pow(wrong.fx / camera.fx - 1, 2);
    clock2 += std::pow(wrong.clock.offset_s, 2);
  }
  const auto deviation = [](double sum) { return std::sqrt(sum / 400); };
  EXPECT_NEAR(deviation(turn2) * 180 / M_PI, 0.6, 0.06);
  EXPECT_NEAR(deviation(place2), 0.06, 0.006);
  EXPECT_NEAR(deviation(focal2), 0.01, 0.001);
  EXPECT_NEAR(deviation(clock2), 0.08, 0.008);
  EXPECT_EQ(with_calibration_errors({camera}, 0, Random(1))[0].position, camera.position);
}

}  // namespace
}  // namespace lido::synth
