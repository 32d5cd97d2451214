// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/simulated_camera.h"

#include <gtest/gtest.h>

#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

TEST(Camera, AFoldingLensIsRefused) {
  const Pool pool{.outline = {{0, 0}, {8, 0}, {8, 4}, {0, 4}}};
  const auto read = [&](const std::string& lines) {
    return read_simulated_camera(
        *Yaml::parse("at: [-1, -1, 3]\nlooks_at: [4, 2, 0]\n" + lines, "c.yaml"), pool, 1);
  };
  EXPECT_TRUE(read("k: [-0.1]\n"));
  const auto folds = read("k: [-0.6]\n");
  ASSERT_FALSE(folds);
  EXPECT_NE(folds.error().message.find("c.yaml:3"), std::string::npos) << folds.error().message;
  for (const char* bad : {"width: 641\n", "degrees: 170\n", "lens: square\n", "fps: 0\n",
                          "faults: [{kind: rain, at_s: 1, for_s: 1}]\n", "colour: red\n"})
    EXPECT_FALSE(read(bad)) << bad;
  const auto under = read_simulated_camera(
      *Yaml::parse("at: [4, 2, -1]\nlooks_at: [4, 3, 0]\n", "c.yaml"), pool, 1);
  ASSERT_FALSE(under);
  EXPECT_NE(under.error().message.find("c.yaml:1"), std::string::npos);
}

TEST(Camera, IsReadBackAsWritten) {
  Random random(9);
  const Pool pool = random_pool(random);
  for (const SimulatedCamera& camera : random_cameras(random, pool, 4, 640, 360)) {
    const std::string text = to_yaml(camera);
    const auto again = read_simulated_camera(
        (*Yaml::parse("cameras:\n" + text, "c"))["cameras"].list()->front(), pool, 1);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_NEAR((again->cam_from_world - camera.cam_from_world).norm(), 0, 1e-9);
    EXPECT_NEAR(again->fx, camera.fx, 1e-6);
    EXPECT_EQ(again->noise, camera.noise);
  }
}

}  // namespace
}  // namespace lido::synth
