// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render_targets.h"

#include <gtest/gtest.h>

namespace lido::synth {
namespace {

TEST(RenderTargets, ReadBackWhatTheyAreClearedTo) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  const auto targets = RenderTargets::make(*gl, 64, 32);
  ASSERT_TRUE(targets) << targets.error().message;
  targets->bind_and_clear(*gl, targets->msaa_fbo, Colour(1, 0.5F, 0), 1);
  targets->resolve(*gl);
  const std::vector<uint8_t> subjects = targets->read_subjects(*gl);
  ASSERT_EQ(subjects.size(), 64u * 32u);
  for (const uint8_t subject : subjects) ASSERT_EQ(subject, 0);
  // The resolved framebuffer is still bound for reading.
  const media::Image image = targets->read_image(*gl);
  EXPECT_EQ(image.width, 64);
  EXPECT_EQ(image.height, 32);
  EXPECT_EQ(image.rgb[0], 255);
  EXPECT_NEAR(image.rgb[1], 127.5, 0.6);
  EXPECT_EQ(image.rgb[2], 0);
}

TEST(RenderTargets, ReadSubjectsFromTheTopRow) {
  const auto gl = gl::Context::make();
  ASSERT_TRUE(gl) << gl.error().message;
  const auto targets = RenderTargets::make(*gl, 8, 4);
  ASSERT_TRUE(targets) << targets.error().message;
  (*gl)->BindFramebuffer(GL_FRAMEBUFFER, targets->resolve_fbo);
  constexpr GLenum kAttachments[] = {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1};
  (*gl)->DrawBuffers(2, kAttachments);
  constexpr GLuint kSeven[] = {7, 0, 0, 0};
  (*gl)->ClearBufferuiv(GL_COLOR, 1, kSeven);
  for (const uint8_t subject : targets->read_subjects(*gl)) EXPECT_EQ(subject, 7);
}

}  // namespace
}  // namespace lido::synth
