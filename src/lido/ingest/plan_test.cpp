// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

const std::string kClip = LIDO_TEST_CLIPS "/h264_b.mp4";  // six seconds, a keyframe every two

part::SampleOptions sampling() {
  part::SampleOptions options;
  options.fps.rate = {6, 1};
  return options;
}

TEST(Plan, ALongClipIsDividedWithoutGaps) {
  ASSERT_TRUE(std::filesystem::exists(kClip)) << "no " << kClip << "; ./dev setup makes it";
  const auto plan = plan_clip({.uri = kClip}, sampling(), 2);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->spans.size(), 3U);
  EXPECT_EQ(plan->info.codec, "h264");
  EXPECT_FALSE(plan->spans[0].from);
  EXPECT_EQ(plan->spans[0].first_k, 0);
  for (size_t i = 1; i < 3; ++i) {
    EXPECT_TRUE(plan->spans[i].from);
    EXPECT_EQ(plan->spans[i].first_k, plan->spans[i - 1].end_k);
    // The last keyframe before each multiple of two seconds, which is 12 sampling times.
    const auto multiple = static_cast<int64_t>(12 * i);
    EXPECT_LE(plan->spans[i].first_k, multiple);
    EXPECT_GT(plan->spans[i].first_k, multiple - 12);
  }
  EXPECT_EQ(plan->spans[2].end_k, INT64_MAX);
}

TEST(Plan, AShortClipIsOneSpan) {
  ASSERT_TRUE(std::filesystem::exists(kClip)) << "no " << kClip << "; ./dev setup makes it";
  const auto plan = plan_clip({.uri = kClip}, sampling(), 60);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->spans.size(), 1U);
  EXPECT_EQ(plan->spans[0].end_k, INT64_MAX);
}

TEST(Plan, AnAutomaticRateKeepsShortClipsWhole) {
  ASSERT_TRUE(std::filesystem::exists(kClip)) << "no " << kClip << "; ./dev setup makes it";
  part::SampleOptions options = sampling();
  options.fps.automatic = true;  // spans then begin at multiples of 2048 sampling times
  EXPECT_EQ(plan_clip({.uri = kClip}, options, 2)->spans.size(), 1U);
}

TEST(Plan, AnUnreadableClipIsMarkedAndNoError) {
  using part::FailureKind;
  TestStoreFolder folder;
  ASSERT_TRUE(folder.store().write_text("zeros.mp4", std::string(5000, '\0')));
  for (const auto& [uri, kind] : {std::pair{folder.path("zeros.mp4"), FailureKind::kContent},
                                  std::pair{folder.path("missing.mp4"), FailureKind::kOutside}}) {
    const auto plan = plan_clip({.uri = uri}, sampling(), 2);
    ASSERT_TRUE(plan) << uri;
    ASSERT_TRUE(plan->unreadable) << uri;
    EXPECT_EQ(plan->unreadable->kind, kind) << uri;
    EXPECT_TRUE(plan->spans.empty());
    EXPECT_EQ(plan->info.codec, "");
  }
}

}  // namespace
}  // namespace lido::ingest
