// SPDX-License-Identifier: Apache-2.0
#include "lido/media/pass.h"

#include <gtest/gtest.h>

#include "lido/storage/store.h"

namespace lido::media {
namespace {

/// A pass over a clip of 30 frames a second.
class OnePass : public testing::Test {
 protected:
  Pass& pass(const ExtractRequest& wanted = {}) {
    request = wanted;
    made = std::make_unique<Pass>(*demuxer, *decoder, request, sink, stop, report);
    return *made;
  }
  int64_t ticks(double seconds) const {
    return static_cast<int64_t>(seconds / demuxer->time_base().value());
  }

  std::unique_ptr<storage::Reader> reader = *storage::open_reader(LIDO_TEST_CLIPS "/h264_b.mp4");
  std::unique_ptr<Demuxer> demuxer = *Demuxer::open(*reader);
  std::unique_ptr<Decoder> decoder = *Decoder::open(demuxer->stream());
  ExtractRequest request;
  FrameSink sink = [](const ExtractedFrame&) { return Result<void>(); };
  std::stop_source source;
  std::stop_token stop = source.get_token();
  ExtractReport report;
  std::unique_ptr<Pass> made;
};

TEST_F(OnePass, ReadsEveryPacketAndTheEnd) {
  Pass& whole = pass();
  int packets = 0;
  while (*whole.read_packet()) ++packets;
  EXPECT_EQ(packets, 180) << "six seconds";
  EXPECT_EQ(report.packets_read, 180);
  EXPECT_TRUE(report.reached_end);
}

TEST_F(OnePass, StopsWhenAsked) {
  source.request_stop();
  EXPECT_EQ(pass().read_packet().error().code, ErrorCode::kCancelled);
}

TEST_F(OnePass, ReadsNothingAfterAFault) {
  Pass& broken = pass({.start_pts = 0});
  report.last_pts = ticks(2);
  broken.break_here({ErrorCode::kCorrupt, "first"});
  report.last_pts = ticks(3);
  broken.break_here({ErrorCode::kCorrupt, "second"});
  ASSERT_TRUE(report.broke);
  EXPECT_EQ(report.broke->error.message, "first");
  EXPECT_NEAR(report.broke->time_s, 2, 1e-4);
  EXPECT_FALSE(*broken.read_packet());
  EXPECT_EQ(report.packets_read, 0);
}

TEST_F(OnePass, RefusesAStartThatIsNoLongerInTheFile) {
  const RandomAccess moved{.pts = ticks(1.5), .dts = ticks(1.5)};
  EXPECT_FALSE(*pass({.from = moved}).read_first_packet());
  ASSERT_TRUE(report.broke);
  EXPECT_EQ(report.broke->error.message, "the file changed since the job was planned");
}

TEST_F(OnePass, TakesAStepOfADayForAFault) {
  EXPECT_FALSE(pass().is_timestamp_fault(0, ticks(23 * 3600)));
  EXPECT_TRUE(pass().is_timestamp_fault(0, ticks(25 * 3600)));
}

TEST_F(OnePass, SelectsByTheRequest) {
  const FrameSelector selector =
      pass({.fps = {2, 1}, .start_pts = 100, .first_k = 4, .end_k = 6, .max_gap_s = 3})
          .make_selector(999);
  EXPECT_EQ(selector.grid().start_pts(), 100);
  EXPECT_EQ(selector.first_k(), 4);
  EXPECT_FALSE(selector.is_cut(0, ticks(2.9)));
  EXPECT_TRUE(selector.is_cut(0, ticks(3.1)));
  EXPECT_FALSE(selector.done(100 + ticks(2.5)));
  EXPECT_TRUE(selector.done(101 + ticks(2.5)));
  EXPECT_EQ(pass({}).make_selector(999).grid().start_pts(), 999);
}

}  // namespace
}  // namespace lido::media
