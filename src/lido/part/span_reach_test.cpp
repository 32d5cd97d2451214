// SPDX-License-Identifier: Apache-2.0
#include "lido/part/span_reach.h"

#include <gtest/gtest.h>

namespace lido::part {
namespace {

SampleOptions options(int window, int stride, const char* scene) {
  SampleOptions sampling;
  sampling.windows = {.window = window, .stride = stride};
  sampling.scene = scene;
  return sampling;
}

TEST(SpanReach, ReadsToTheEndOfItsLastWindow) {
  // A run that ends at 36 has a last window [20, 36), and frame 36 shows the end.
  const SpanReach reach = reach_of({.first_k = 0, .end_k = 20}, options(16, 8, "off"));
  EXPECT_EQ(reach.own_end_k, 20);
  EXPECT_EQ(reach.window_end_k, 37);
  EXPECT_EQ(reach.read_end_k(), 37);
}

TEST(SpanReach, NeverEndsBeforeTheSpan) {
  // The only window in [0, 20) is [0, 4).
  const SpanReach reach = reach_of({.first_k = 0, .end_k = 20}, options(4, 100, "off"));
  EXPECT_EQ(reach.window_end_k, 20);
}

TEST(SpanReach, ReadsOneFrameBehindItsLastBlock) {
  const SpanReach off = reach_of({.first_k = 0, .end_k = 100}, options(1, 1, "off"));
  const SpanReach on = reach_of({.first_k = 0, .end_k = 100}, options(1, 1, "on"));
  EXPECT_EQ(off.read_end_k(), 102);
  EXPECT_EQ(on.scene_end_k, on.blocks.end + 1);
  EXPECT_GT(on.read_end_k(), 102);
}

TEST(SpanReach, BlocksOfNeighboursMeet) {
  const SampleOptions sampling = options(16, 8, "on");
  const SpanReach first = reach_of({.first_k = 0, .end_k = 77}, sampling);
  const SpanReach second = reach_of({.first_k = 77}, sampling);
  EXPECT_EQ(first.blocks.begin, 0);
  EXPECT_EQ(first.blocks.end, second.blocks.begin);
  EXPECT_EQ(second.blocks.end, INT64_MAX);
}

TEST(SpanReach, TheLastSpanIsReadToTheEndOfTheClip) {
  const SpanReach reach = reach_of({.first_k = 40}, options(16, 8, "on"));
  EXPECT_EQ(reach.own_end_k, INT64_MAX);
  EXPECT_EQ(reach.window_end_k, INT64_MAX);
  EXPECT_EQ(reach.read_end_k(), INT64_MAX);
}

}  // namespace
}  // namespace lido::part
