// SPDX-License-Identifier: Apache-2.0
#include "progress_display.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lido::cli {
namespace {

TEST(Progress, NothingIsKnownBeforeTheClipsArePlanned) {
  EXPECT_EQ(share_done({}), std::nullopt);
  EXPECT_EQ(seconds_left({}, 5), std::nullopt);
  EXPECT_EQ(progress_line({}, 5, "starting Ray"), "starting Ray ...");
}

TEST(Progress, CountsFramesWithinTheOnlySpan) {
  const ProgressCounts counts{.spans_total = 1, .frames = 30, .frames_total = 120};
  EXPECT_DOUBLE_EQ(share_done(counts).value(), 0.25);
  EXPECT_DOUBLE_EQ(seconds_left(counts, 10).value(), 30);
  EXPECT_EQ(progress_line(counts, 10, ""), "25%  30 of 120 frames  3 frames/s  0.0 MB/s  ETA 30 s");
}

TEST(Progress, SpansOfAnEarlierRunCountAsDoneButNotAsSpeed) {
  // Half was done before; of the other half's 60 frames, 15 took 10 s.
  const ProgressCounts counts{
      .spans = 1, .spans_total = 2, .spans_resumed = 1, .frames = 15, .frames_total = 120};
  EXPECT_DOUBLE_EQ(share_done(counts).value(), 0.625);
  EXPECT_DOUBLE_EQ(seconds_left(counts, 10).value(), 30);
}

TEST(Progress, CountsBytesWhereFramesAreNotKnownBeforehand) {
  const ProgressCounts counts{
      .spans = 1, .spans_total = 4, .frames = 9, .source_bytes = 200, .source_bytes_total = 1000};
  EXPECT_DOUBLE_EQ(share_done(counts).value(), 0.2);
  EXPECT_EQ(progress_line(counts, 1, "").find(" of "), std::string::npos);
}

TEST(Progress, NeverPassesTheWhole) {
  const ProgressCounts more{.spans_total = 1, .frames = 130, .frames_total = 120};
  EXPECT_DOUBLE_EQ(share_done(more).value(), 1);
  EXPECT_DOUBLE_EQ(seconds_left(more, 10).value(), 0);
}

TEST(Progress, JsonHasTheSameNumbers) {
  const auto json = nlohmann::json::parse(
      progress_json({.spans_total = 1, .frames = 30, .frames_total = 120, .rejected = 2}, 10));
  EXPECT_EQ(json["frames_total"], 120);
  EXPECT_EQ(json["percent"], 25);
  EXPECT_EQ(json["eta_s"], 30);
  EXPECT_EQ(json["of"], 1);
  EXPECT_EQ(json["rejected"], 2);
}

}  // namespace
}  // namespace lido::cli
