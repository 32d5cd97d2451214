// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/gl.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

constexpr const char* kVertex =
    "#version 330 core\nuniform float x;\nvoid main() { gl_Position = vec4(x); }\n";
constexpr const char* kFragment =
    "#version 330 core\nout vec4 pixel;\nvoid main() { pixel = vec4(1.0); }\n";

TEST(GlContext, DrawsOnTheCpu) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  EXPECT_NE(gl->renderer().find("llvmpipe"), std::string::npos) << gl->renderer();
}

TEST(GlContext, LinksPrograms) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  const auto program = gl->program(kVertex, kFragment);
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_GE((*gl)->GetUniformLocation(*program, "x"), 0);
  EXPECT_LT((*gl)->GetUniformLocation(*program, "y"), 0);
}

TEST(GlContext, ReturnsTheCompilersMessage) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  const auto broken = gl->program(kVertex, "#version 330 core\nvoid main() { colour = 1; }\n");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(broken.error().message.find("shader: "), 0u);
  EXPECT_NE(broken.error().message.find("colour"), std::string::npos) << broken.error().message;
}

}  // namespace
}  // namespace lido::synth
