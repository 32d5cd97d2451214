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
    auto programs = Programs::make(*gl, dirty);
    ASSERT_TRUE(programs) << programs.error().message;
    // Uniforms that the sources set are there.
    for (const char* name : {"eye", "cam_from_world", "focal", "size", "k", "max_field"})
      EXPECT_GE(programs->people_above.uniform_location(*gl, name), 0) << name;
    for (const char* name : {"underwater", "underwater_subject", "waves", "rings", "ring_count"})
      EXPECT_GE(programs->water.uniform_location(*gl, name), 0) << name;
    for (const char* name : {"image", "exposure", "softness", "noise_level", "frame", "seed"})
      EXPECT_GE(programs->sensor.uniform_location(*gl, name), 0) << name;
    EXPECT_GE(programs->people_below.uniform_location(*gl, "subject_number"), 0);
    EXPECT_EQ(programs->sensor.uniform_location(*gl, "dirt") >= 0, dirty);
    EXPECT_LT(programs->water.uniform_location(*gl, "no_such_uniform"), 0);
  }
}

}  // namespace
}  // namespace lido::synth
