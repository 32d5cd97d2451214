// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/request.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

TEST(Request, ComesBackFromTextAsItWas) {
  Request request{.inputs = {"/a", "gs://b/c"}, .out = "/d", .labels = "l.csv", .classes = "t=x,y"};
  request.sampling.fps.rate = {30'000, 1001};
  request.sampling.scene = "off";
  request.job.span_s = 2;
  request.job.keep_partial = true;
  const auto read = parse_request(to_text(request));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->inputs, request.inputs);
  EXPECT_EQ(read->out, "/d");
  EXPECT_EQ(read->labels, "l.csv");
  EXPECT_EQ(read->classes, "t=x,y");
  EXPECT_EQ(read->sampling.fps, request.sampling.fps);
  EXPECT_EQ(read->sampling.scene, "off");
  EXPECT_EQ(read->job.span_s, 2);
  EXPECT_TRUE(read->job.keep_partial);
}

TEST(Request, OptionsThatAreMissingHaveTheirDefaults) {
  const auto read = parse_request(R"({"inputs": [], "out": "/d", "sampling": {}, "job": {}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sampling.windows.window, 16);
  EXPECT_EQ(read->job.readers, 1);
  EXPECT_EQ(read->labels, "");
}

TEST(Request, AnUnknownOptionIsRefused) {
  const auto read =
      parse_request(R"({"inputs": [], "out": "/d", "sampling": {"fsp": "4"}, "job": {}})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
}

TEST(Request, OtherTextIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"inputs": "a", "out": "/d"})"}) {
    const auto read = parse_request(text);
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.error().message.starts_with("request: ")) << read.error().message;
  }
}

TEST(Summary, ComesBackFromJson) {
  const Summary summary{.generation = 2,
                        .clips = 3,
                        .ignored = 4,
                        .unreadable_inputs = 5,
                        .copies = 6,
                        .changed = 8,
                        .rejected = 1,
                        .samples = 50,
                        .unused_frames = 9,
                        .shard_bytes = 1 << 20,
                        .source_hours = 0.5,
                        .spans_resumed = 7,
                        .coverage = {{.task = "t", .label = "l", .labelled_s = 2.5}},
                        .copy_of = {{"b", "a"}},
                        .changed_clips = {"c"},
                        .warnings = {"one", "two"},
                        .faults = {{"/a.mp4", 1.5, "damaged"}, {"/b", 0, "gone", true, true}}};
  const auto json = summary_json(summary);
  EXPECT_EQ(json["ignored_files"], 4);
  EXPECT_EQ(json.size(), 34U);
  const Summary read = parse_summary(json);
  EXPECT_EQ(read.generation, 2);
  EXPECT_EQ(read.samples, 50);
  EXPECT_EQ(read.unused_frames, 9);
  EXPECT_EQ(read.shard_bytes, 1 << 20);
  EXPECT_EQ(read.source_hours, 0.5);
  EXPECT_EQ(read.spans_resumed, 7);
  EXPECT_EQ(read.unreadable_inputs, 5);
  ASSERT_EQ(read.coverage.size(), 1U);
  EXPECT_EQ(read.coverage[0].labelled_s, 2.5);
  EXPECT_EQ(read.copies, 6);
  EXPECT_EQ(read.changed, 8);
  EXPECT_EQ(read.copy_of, summary.copy_of);
  EXPECT_EQ(read.changed_clips, summary.changed_clips);
  EXPECT_EQ(read.warnings, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(read.faults, summary.faults);
}

TEST(Summary, NumbersThatAreMissingAreZero) {
  const Summary read = parse_summary({{"clips", 3}, {"samples", "many"}});
  EXPECT_EQ(read.clips, 3);
  EXPECT_EQ(read.samples, 0);
}

}  // namespace
}  // namespace lido::ingest
