// SPDX-License-Identifier: Apache-2.0
#include "lido/media/pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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

TEST(KnownFrames, AreThoseBeforeAnyLaterPacket) {
  // I0 P3 B1 B2 P6 B4 B5: one packet is shown before its predecessor at most once.
  KnownFrames known;
  EXPECT_EQ(known.known_to(0), kNoPts);
  known.push(0, kNoPts);
  EXPECT_EQ(known.known_to(0), 0);
  known.push(3, kNoPts);
  EXPECT_EQ(known.known_to(1), 0) << "1 and 2 may follow";
  known.push(1, kNoPts);
  EXPECT_EQ(known.known_to(0), 1);
  known.push(2, kNoPts);
  EXPECT_EQ(known.known_to(0), 2);
  known.push(6, kNoPts);
  EXPECT_EQ(known.known_to(0), 3);
  EXPECT_EQ(known.known_to(16), kNoPts) << "too few packets for so much reordering";
}

TEST(KnownFrames, NoneIsShownBeforeItIsDecoded) {
  KnownFrames known;
  known.push(10, 8);
  EXPECT_EQ(known.known_to(0), 8);
  known.push(13, 9);
  EXPECT_EQ(known.known_to(0), 9);
  known.push(kNoPts, 14);
  EXPECT_EQ(known.known_to(0), 13);
}

TEST(KnownFrames, StayWhenTheClockJumpsBack) {
  KnownFrames timed, untimed;
  for (int64_t pts = 0; pts < 30; ++pts) {
    timed.push(pts, pts);
    untimed.push(pts, kNoPts);
  }
  for (int64_t pts = 0; pts < 20; ++pts) {
    timed.push(pts, pts);
    untimed.push(pts, kNoPts);
  }
  EXPECT_EQ(timed.known_to(0), 29);
  EXPECT_EQ(untimed.known_to(0), 29);
}

/// Every frame up to the PTS that is known after n packets is among those n packets.
TEST_F(OnePass, NoFrameIsMissingUpToThePtsThatIsKnown) {
  Pass& whole = pass();
  std::vector<int64_t> pts;
  std::vector<int64_t> known;
  while (const ReadPacket packet = *whole.read_packet()) {
    pts.push_back(packet->pts);
    known.push_back(whole.known.known_to(decoder->reorder_depth()));
  }
  ASSERT_EQ(pts.size(), 180U);
  for (size_t n = 1; n < pts.size(); ++n) {
    for (size_t later = n; later < pts.size(); ++later) EXPECT_GT(pts[later], known[n - 1]) << n;
    // No more than two frames are reordered in this clip, so little is unknown.
    const auto latest = *std::max_element(pts.begin(), pts.begin() + static_cast<ptrdiff_t>(n));
    if (n > 10) {
      EXPECT_LE(latest - known[n - 1], ticks(5.01 / 30));
    }
  }
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
