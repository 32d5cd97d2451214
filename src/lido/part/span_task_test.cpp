// SPDX-License-Identifier: Apache-2.0
#include "lido/part/span_task.h"

#include <gtest/gtest.h>

namespace lido::part {
namespace {

SpanTask full_task() {
  return {.part = ".work/parts/0123",
          .clip = {.uri = "/pool/a \"b\".mp4",
                   .bytes = 90,
                   .group = "race",
                   .site = "north",
                   .camera = "left",
                   .start_utc = dataset::UtcTime{5'000'000}},
          .info = {.container = "mov",
                   .codec = "h264",
                   .width = 1920,
                   .height = 1080,
                   .time_base = {1, 90'000},
                   .duration_s = 12.5,
                   .source_fps = 29.97,
                   .other_video = "#0 mjpeg 160x90"},
          .span = {.from = media::RandomAccess{90'000, 87'000, 4096},
                   .start_pts = 3000,
                   .first_k = 4,
                   .end_k = 9}};
}

TEST(SpanTask, ComesBackFromTextAsItWas) {
  const SpanTask task = full_task();
  const auto read = parse_span_task(to_text(task));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->part, task.part);
  EXPECT_EQ(read->clip.uri, task.clip.uri);
  EXPECT_EQ(read->clip.bytes, 90);
  EXPECT_EQ(read->clip.group, "race");
  EXPECT_EQ(read->clip.site, "north");
  EXPECT_EQ(read->clip.camera, "left");
  EXPECT_EQ(read->clip.start_utc->us, 5'000'000);
  EXPECT_EQ(read->info.codec, "h264");
  EXPECT_EQ(read->info.width, 1920);
  EXPECT_EQ(read->info.time_base, (Rational{1, 90'000}));
  EXPECT_EQ(read->info.source_fps, 29.97);
  EXPECT_EQ(read->info.other_video, "#0 mjpeg 160x90");
  EXPECT_EQ(read->span.from, task.span.from);
  EXPECT_EQ(read->span.start_pts, 3000);
  EXPECT_EQ(read->span.first_k, 4);
  EXPECT_EQ(read->span.end_k, 9);
}

TEST(SpanTask, KeepsWhatIsEmptyEmpty) {
  const SpanTask task{.part = ".work/parts/0123", .clip = {.uri = "/a.mp4"}};
  const auto read = parse_span_task(to_text(task));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->clip.start_utc);
  EXPECT_FALSE(read->span.from);
  EXPECT_FALSE(read->span.start_pts);
  EXPECT_EQ(read->span.end_k, INT64_MAX);
  EXPECT_EQ(read->clip.group_name(), "/a.mp4");
}

TEST(SpanTask, IsOneLine) { EXPECT_EQ(to_text(full_task()).find('\n'), std::string::npos); }

TEST(SpanTask, RefusesAPartOutsideItsFolder) {
  for (const char* part : {"lido.json", ".work/parts/../../lido.json", "/etc/passwd"}) {
    SpanTask task = full_task();
    task.part = part;
    const auto read = parse_span_task(to_text(task));
    ASSERT_FALSE(read) << part;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(SpanTask, RefusesOtherText) {
  for (const char* text : {"", "[]", "{", "{}", R"({"part": 3})"}) {
    const auto read = parse_span_task(text);
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.error().message.starts_with("span task: ")) << read.error().message;
  }
}

}  // namespace
}  // namespace lido::part
