// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/estimate.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

/// Two clips of ten minutes at 30 frames/s, 1920x1080, and one that cannot be read.
std::unique_ptr<ClipDb> planned_clips() {
  auto clips = *ClipDb::open();
  for (const char* uri : {"/a", "/b", "/c"})
    EXPECT_TRUE(clips->add_clip({.input = {.uri = uri, .bytes = 1000}}));
  EXPECT_TRUE(clips->number_clips());
  for (size_t i = 0; i < 2; ++i) {
    ClipRecord clip{.number = i};
    clip.plan = {.input = *clips->input(i), .spans = {{}, {.first_k = 9}}};
    clip.plan.info = {.width = 1920, .height = 1080, .duration_s = 600, .source_fps = 30};
    clip.span_parts = {"p", "q"};
    EXPECT_TRUE(clips->store_plan(clip));
  }
  ClipRecord unreadable{.number = 2};
  unreadable.plan = {.input = *clips->input(2), .unreadable = part::Failure{.reason = "no"}};
  EXPECT_TRUE(clips->store_plan(unreadable));
  return clips;
}

part::SampleOptions frames_at_4() {
  part::SampleOptions sampling;
  sampling.scene = "off";
  sampling.samples = "frame";
  return sampling;
}

TEST(Estimate, CountsFramesAndWindows) {
  const auto clips = planned_clips();
  const Estimate total = *estimate(*clips, frames_at_4(), {.workers = 1});
  EXPECT_EQ(total.clips, 3);
  EXPECT_EQ(total.unreadable, 1);
  EXPECT_EQ(total.spans, 4);
  EXPECT_EQ(total.bytes, 2000);
  EXPECT_NEAR(total.hours, 1.0 / 3, 1e-12);
  EXPECT_EQ(total.frames, 2 * 2400);
  EXPECT_EQ(total.samples, 2 * ((2400 - 16) / 8 + 1));
  // 2 x 600 s x 30 frames of two megapixels, at 4e8 pixels/s.
  EXPECT_NEAR(total.seconds, 186.6, 0.1);
}

TEST(Estimate, ShardsAreAMultipleOfReaders) {
  const auto clips = planned_clips();
  EXPECT_EQ(*estimate(*clips, frames_at_4(), {.readers = 7})->shards, 7);
  // 598 samples of 16 images of 224x224 at 0.3 bytes per pixel: about 154 MB.
  EXPECT_EQ(*estimate(*clips, frames_at_4(), {.shard_mb = 10})->shards, 15);
}

TEST(Estimate, CountsTheWindowAtTheEnd) {
  const auto clips = planned_clips();
  part::SampleOptions sampling = frames_at_4();
  sampling.windows = {.window = 7, .stride = 7};
  // 2400 frames are 342 windows of 7, and 6 frames more.
  EXPECT_EQ(estimate(*clips, sampling, {})->samples, 2 * 343);
  sampling.windows = {.window = 1000, .stride = 2000};
  EXPECT_EQ(estimate(*clips, sampling, {})->samples, 2) << "left out on purpose";
  sampling.samples = "auto";
  EXPECT_TRUE(estimate(*clips, sampling, {})->samples);
  EXPECT_FALSE(estimate(*clips, sampling, {}, true)->samples) << "labels may have boxes";
}

TEST(Estimate, SamplesOfPeopleAreUnknown) {
  const auto clips = planned_clips();
  part::SampleOptions sampling = frames_at_4();
  sampling.scene = "on";
  sampling.samples = "person";
  const Estimate total = *estimate(*clips, sampling, {.workers = 1});
  EXPECT_FALSE(total.samples);
  EXPECT_FALSE(total.shards);
  EXPECT_FALSE(total.shard_bytes);
  EXPECT_GT(total.seconds, 186.6 + 4800 * 0.09);
}

}  // namespace
}  // namespace lido::ingest
