// SPDX-License-Identifier: Apache-2.0
// Frames are made by hand: flat grey, or with a bright square.
#include "lido/media/frame_delivery.h"

#include <gtest/gtest.h>

#include <vector>

#include "lido/media/hand_made.h"

namespace lido::media {
namespace {

class Delivering : public testing::Test {
 protected:
  /// Delivers one frame for sampling time k.
  void deliver(FrameDelivery& delivery, int64_t k, bool square = false, int width = 160,
               bool after_cut = false) {
    UniqueFrame frame = hand_made_frame(AV_PIX_FMT_GRAY8, width, 96, [&](int, int x, int y) {
      return square && x >= 40 && x < 80 && y >= 24 && y < 72 ? 200 : 100;
    });
    ASSERT_TRUE(delivery.deliver(std::move(frame), {k, k + 1}, after_cut));
  }

  HandMadeStream stream;
  std::unique_ptr<Decoder> decoder = *Decoder::open(*stream.stream);
  std::vector<int64_t> delivered;
  std::vector<int64_t> cuts;
  FrameSink sink = [this](const ExtractedFrame& frame) -> Result<void> {
    delivered.push_back(frame.first_k);
    if (frame.after_cut) cuts.push_back(frame.first_k);
    return {};
  };
  ExtractReport report;
};

using Times = std::vector<int64_t>;

TEST_F(Delivering, PassesEveryFrameOnWithoutLinger) {
  FrameDelivery delivery(*decoder, sink, report, std::nullopt);
  for (int64_t k = 100; k < 104; ++k) deliver(delivery, k);
  delivery.finish();
  EXPECT_EQ(delivered, (Times{100, 101, 102, 103}));
  EXPECT_EQ(report.frames_delivered, 4);
  EXPECT_TRUE(report.skipped.empty());
  EXPECT_FALSE(delivery.gate());
}

TEST_F(Delivering, MarksACutWhereTheFrameSizeChanges) {
  FrameDelivery delivery(*decoder, sink, report, std::nullopt);
  deliver(delivery, 0);
  deliver(delivery, 1);
  deliver(delivery, 2, false, /*width=*/200);
  deliver(delivery, 3, false, 200);
  deliver(delivery, 4, false, 200, /*after_cut=*/true);
  EXPECT_EQ(cuts, (Times{2, 4}));
}

TEST_F(Delivering, SkipsFramesUntilCellsChange) {
  FrameDelivery delivery(*decoder, sink, report, 32);
  delivery.begin_interval(/*fresh=*/true);
  for (int64_t k = 64; k < 96; ++k) deliver(delivery, k, /*square=*/k >= 90);
  delivery.finish();
  // The interval's first frame; then the batch of 8 in which the square appears.
  EXPECT_EQ(delivered, (Times{64, 88, 89, 90, 91, 92, 93, 94, 95}));
  ASSERT_EQ(report.skipped.size(), 1U);
  EXPECT_EQ(report.skipped[0], (SkippedRange{65, 88, true}));
}

TEST_F(Delivering, ComparesWithTheIntervalsFirstFrameToFindSlowMotion) {
  FrameDelivery delivery(*decoder, sink, report, 32);
  delivery.begin_interval(true);
  // One level a frame is below the threshold; from the first frame on it adds up.
  for (int64_t k = 64; k < 80; ++k) {
    UniqueFrame frame = hand_made_frame(AV_PIX_FMT_GRAY8, 160, 96, [&](int, int x, int y) {
      return x >= 40 && x < 80 && y >= 24 && y < 72 ? 100 + static_cast<int>(k - 64) : 100;
    });
    ASSERT_TRUE(delivery.deliver(std::move(frame), {k, k + 1}, false));
  }
  EXPECT_GT(delivered.size(), 8U);
}

TEST_F(Delivering, DeliversTheFirstFrameOfASkippedInterval) {
  FrameDelivery delivery(*decoder, sink, report, 32);
  const Frame frame = *decoder->to_frame(
      hand_made_frame(AV_PIX_FMT_GRAY8, 160, 96, [](int, int, int) { return 100; }));
  ASSERT_TRUE(delivery.deliver_skipped_interval(frame, {64, 65}, true));
  delivery.gate()->skip(65, 96);
  delivery.finish();
  EXPECT_EQ(delivered, Times{64});
  EXPECT_EQ(cuts, Times{64});
  EXPECT_EQ(report.skipped, (std::vector<SkippedRange>{{65, 96, false}}));
}

TEST_F(Delivering, ReturnsTheSinksError) {
  const FrameSink full = [](const ExtractedFrame&) -> Result<void> {
    return fail(ErrorCode::kUnavailable, "disk full");
  };
  FrameDelivery delivery(*decoder, full, report, std::nullopt);
  const auto result = delivery.deliver(
      hand_made_frame(AV_PIX_FMT_GRAY8, 16, 16, [](int, int, int) { return 0; }), {0, 1}, false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "disk full");
}

}  // namespace
}  // namespace lido::media
