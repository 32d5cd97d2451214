// SPDX-License-Identifier: Apache-2.0
#include "lido/part/decode_frames.h"

#include <gtest/gtest.h>

#include "lido/part/make_part.h"
#include "lido/part/test_span.h"

namespace lido::part {
namespace {

using DecodeFrames = SpanTest;

TEST_F(DecodeFrames, BatchesHoldEachFrameOfTheSpanOnce) {
  const auto [left, right] = halves();
  std::vector<int64_t> times;
  const auto collect = [&](FrameBatch batch) -> Result<void> {
    EXPECT_LE(batch.k.size(), 5U);
    EXPECT_EQ(batch.rgb.size(), batch.k.size() * 64 * 64 * 3);
    times.insert(times.end(), batch.k.begin(), batch.k.end());
    return {};
  };
  for (const Span& span : {left, right})
    ASSERT_EQ(*decode_frames(task("", span), context(), 5, collect), "");
  const auto whole = make_part(task("whole"), context());
  ASSERT_EQ(whole->runs.size(), 1U);
  ASSERT_EQ(std::ssize(times), whole->runs[0].end - whole->runs[0].begin);
  for (size_t i = 0; i < times.size(); ++i) EXPECT_EQ(times[i], static_cast<int64_t>(i));
}

TEST_F(DecodeFrames, AMissingClipIsAReasonAndNoError) {
  SpanTask missing = task("");
  missing.clip.uri = "/nowhere/a.mp4";
  const auto nothing = [](const FrameBatch&) -> Result<void> { return {}; };
  const auto decoded = decode_frames(missing, context(), 5, nothing);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_TRUE(decoded->contains("/nowhere/a.mp4")) << *decoded;
}

TEST_F(DecodeFrames, AnErrorOfTheReceiverEndsTheDecoding) {
  int calls = 0;
  const auto refuse = [&](const FrameBatch&) -> Result<void> {
    ++calls;
    return fail(ErrorCode::kUnavailable, "enough");
  };
  const auto decoded = decode_frames(task(""), context(), 1, refuse);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message, "enough");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace lido::part
