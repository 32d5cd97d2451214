// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render_program.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(JoinShader, PutsTheVersionFirst) {
  EXPECT_EQ(join_shader("#define A 1\n", {"one\n", "two\n"}),
            "#version 330 core\n#define A 1\none\ntwo\n");
}

TEST(Programs, CompileForCleanAndDirtyDomes) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  for (const bool dirty : {false, true}) {
    SimulatedCamera camera{geometry::look_at({0, 0, 3}, {5, 0, 0}, 70, 640, 360)};
    camera.dirt = dirty ? 0.5 : 0;
    auto programs = Programs::make(*gl, camera);
    ASSERT_TRUE(programs) << programs.error().message;
    // Uniforms that the sources set are there.
    for (const char* name : {"eye", "cam_from_world", "focal", "size", "k", "max_field"})
      EXPECT_GE(programs->people_above.large.uniform_location(*gl, name), 0) << name;
    for (const char* name : {"underwater", "underwater_subject", "waves", "rings", "ring_count"})
      EXPECT_GE(programs->water.uniform_location(*gl, name), 0) << name;
    for (const char* name : {"image", "exposure", "softness", "noise_level", "frame", "seed"})
      EXPECT_GE(programs->sensor.uniform_location(*gl, name), 0) << name;
    for (Program* people : {&programs->people_below.large, &programs->people_below.small})
      EXPECT_GE(people->uniform_location(*gl, "subject_number"), 0);
    EXPECT_EQ(programs->sensor.uniform_location(*gl, "dirt") >= 0, dirty);
    EXPECT_LT(programs->water.uniform_location(*gl, "no_such_uniform"), 0);
  }
}

TEST(Programs, CompileForACameraUnderWater) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  auto programs =
      Programs::make(*gl, {geometry::look_at({1, 1, -0.5}, {5, 1, -0.8}, 70, 640, 360)});
  ASSERT_TRUE(programs) << programs.error().message;
  for (Program* people : {&programs->people_below.large, &programs->people_below.small}) {
    for (const char* name : {"port", "mirrored", "subject_number"})
      EXPECT_GE(people->uniform_location(*gl, name), 0) << name;
  }
  EXPECT_GE(programs->particles.uniform_location(*gl, "port"), 0);
}

}  // namespace
}  // namespace lido::synth
