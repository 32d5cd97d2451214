// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/simulated_camera.h"

#include <gtest/gtest.h>

#include "lido/synth/film/placement.h"
#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

Result<SimulatedCamera> read_lines(const std::string& lines) {
  return read_simulated_camera(
      *Yaml::parse("at: [-1, -1, 3]\nlooks_at: [4, 2, 0]\n" + lines, "c.yaml"),
      testing::rectangle_pool(), 1);
}

TEST(SimulatedCamera, ReadsItsSensor) {
  const auto camera = read_lines(
      "noise: 0.1\ncodec: hevc\ndrops: 0.25\nclock_offset_s: -3\n"
      "faults: [{kind: knock, at_s: 10, for_s: 5, turn_deg: [0, 0, 90]}]\n");
  ASSERT_TRUE(camera) << camera.error().message;
  EXPECT_EQ(camera->noise, 0.1);
  EXPECT_TRUE(camera->hevc);
  EXPECT_EQ(camera->drops, 0.25);
  EXPECT_EQ(camera->clock.offset_s, -3);
  ASSERT_EQ(camera->faults.size(), 1u);
  EXPECT_EQ(camera->faults[0].kind, CameraFault::Kind::kKnock);
  EXPECT_NEAR((camera->faults[0].turn_rad - Vector3(0, 0, M_PI / 2)).norm(), 0, 1e-12);
}

TEST(SimulatedCamera, NamesTheLineOfABadSensor) {
  for (const char* bad :
       {"noise: 2\n", "codec: vp9\n", "drops: 1\n", "keyframe_s: 0\n",
        "faults: [{kind: rain, at_s: 1, for_s: 1}]\n",
        "faults: [{kind: cover, at_s: 1, for_s: 1, turn_deg: [1, 2, 3]}]\n",
        "faults: [{kind: knock, at_s: 1, for_s: 1, turn_deg: [1, 2]}]\n", "colour: red\n"}) {
    const auto camera = read_lines(bad);
    ASSERT_FALSE(camera) << bad;
    EXPECT_EQ(camera.error().message.find("c.yaml:3: "), 0u) << camera.error().message;
  }
}

TEST(SimulatedCamera, MayBeUnderWater) {
  const auto camera = read_simulated_camera(
      *Yaml::parse("at: [2, 2, -0.5]\nlooks_at: [4, 2, -0.5]\nport_m: 0.05\n", "c.yaml"),
      testing::rectangle_pool(), 1);
  ASSERT_TRUE(camera) << camera.error().message;
  EXPECT_TRUE(camera->is_under_water());
  EXPECT_EQ(camera->port_m, 0.05);
}

TEST(SimulatedCamera, IsReadBackAsWritten) {
  Random random(9);
  const Pool pool = random_pool(random);
  for (SimulatedCamera camera : random_cameras(random, pool, {.count = 4})) {
    camera.faults = {{CameraFault::Kind::kFreeze, 2, 3},
                     {CameraFault::Kind::kKnock, 4, 1, {0.1, 0.2, -0.3}}};
    const std::string text = to_yaml(camera);
    const auto again = read_simulated_camera(
        (*Yaml::parse("cameras:\n" + text, "c"))["cameras"].list()->front(), pool, 1);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_NEAR((again->cam_from_world - camera.cam_from_world).norm(), 0, 1e-9);
    EXPECT_NEAR(again->fx, camera.fx, 1e-6);
    EXPECT_EQ(again->noise, camera.noise);
    EXPECT_EQ(again->bitrate_mbps, camera.bitrate_mbps);
    EXPECT_EQ(again->dirt, camera.dirt);
    ASSERT_EQ(again->faults.size(), 2u);
    EXPECT_EQ(again->faults[0].kind, CameraFault::Kind::kFreeze);
    EXPECT_NEAR((again->faults[1].turn_rad - camera.faults[1].turn_rad).norm(), 0, 1e-12);
  }
}

TEST(CameraFault, ChangesTheCameraWhileItLasts) {
  SimulatedCamera camera;
  camera.faults = {{CameraFault::Kind::kCover, 1, 1},
                   {CameraFault::Kind::kBlind, 3, 1},
                   {CameraFault::Kind::kDefocus, 5, 1},
                   {CameraFault::Kind::kKnock, 7, 1}};
  EXPECT_LT(with_faults(camera, 1.5).exposure, 0.1);
  EXPECT_GT(with_faults(camera, 3.5).exposure, 5);
  EXPECT_GT(with_faults(camera, 5.5).softness, 5);
  const Eigen::AngleAxisd turned(with_faults(camera, 7.5).cam_from_world *
                                 camera.cam_from_world.transpose());
  EXPECT_NEAR(turned.angle(), std::sqrt(0.12 * 0.12 + 0.06 * 0.06 + 0.05 * 0.05), 0.005);
  EXPECT_EQ(fault_names(camera, 7.5), "knock");
  EXPECT_EQ(fault_names(camera, 2.5), "none");
  // Neither before nor after.
  for (const double time_s : {0.9, 2.0, 4.5, 8.0}) {
    EXPECT_EQ(with_faults(camera, time_s).exposure, 1);
    EXPECT_EQ(with_faults(camera, time_s).softness, camera.softness);
    EXPECT_EQ(with_faults(camera, time_s).cam_from_world, camera.cam_from_world);
  }
}

}  // namespace
}  // namespace lido::synth
