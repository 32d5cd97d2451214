// SPDX-License-Identifier: Apache-2.0
// extract_test compares every frame with FFmpeg's program; here is what happens at faults.
#include "lido/media/full_pass.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/media/ffmpeg_truth.h"
#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

std::string read_clip(const char* name) {
  const auto reader = storage::open_reader(fmt::format("{}/{}", LIDO_TEST_CLIPS, name));
  return *storage::read_all(**reader, int64_t{1} << 30);
}

/// Extracts from bytes in memory; hashes by sampling time.
std::pair<std::map<int64_t, std::string>, ExtractReport> extract_bytes(std::string_view bytes) {
  storage::MemoryReader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
  std::map<int64_t, std::string> hashes;
  const auto report = extract(
      reader, {.fps = {30, 1}, .mode = DecodeMode::kEverything},
      [&](const ExtractedFrame& found) -> Result<void> {
        hashes[found.first_k] = hash_pixels(found.frame);
        return {};
      },
      [] { FAIL() << "a full pass has no plan that could fail"; });
  EXPECT_TRUE(report);
  return {hashes, report.value_or(ExtractReport{})};
}

TEST(FullPass, DeliversTheFramesBeforeTheEndOfAFileThatIsCutOff) {
  const std::string file = read_clip("h264_moov_first.mp4");
  const auto [all, good] = extract_bytes(file);
  ASSERT_FALSE(good.broke);
  ASSERT_EQ(all.size(), 180U);
  for (const double share : {0.3, 0.6, 0.95}) {
    const auto size = static_cast<size_t>(share * static_cast<double>(file.size()));
    const auto [some, report] = extract_bytes(std::string_view(file).substr(0, size));
    ASSERT_TRUE(report.broke) << share;
    EXPECT_EQ(report.broke->error.code, ErrorCode::kCorrupt);
    EXPECT_NE(report.broke->error.message.find("cut off"), std::string::npos)
        << report.broke->error.message;
    EXPECT_FALSE(report.planned);
    ASSERT_FALSE(some.empty());
    for (const auto& [k, hash] : some) EXPECT_EQ(hash, all.at(k)) << "sample " << k;
    // The decoder still held a few frames, in another order, when the file broke off.
    const double last_s = static_cast<double>(some.rbegin()->first) / 30;
    EXPECT_LE(report.broke->time_s, last_s);
    EXPECT_GE(report.broke->time_s, last_s - 0.2);
    EXPECT_NEAR(static_cast<double>(some.size()) / 180, share, 0.15);
  }
}

TEST(FullPass, ReportsThatNoFrameCouldBeDecoded) {
  std::string file = read_clip("h264_no_b.h264");
  // Everything behind the parameter sets is noise without a start code.
  for (size_t i = 200; i < file.size(); ++i) file[i] = static_cast<char>(17 + i * 7 % 200);
  const auto [none, report] = extract_bytes(file);
  EXPECT_TRUE(none.empty());
  ASSERT_TRUE(report.broke);
  EXPECT_EQ(report.broke->error.code, ErrorCode::kCorrupt);
}

TEST(FullPass, GivesNoFrameInsideAPause) {
  const Extracted got =
      extract_all(LIDO_TEST_CLIPS "/pause.mkv", {.fps = {10, 1}, .mode = DecodeMode::kEverything});
  EXPECT_TRUE(got.frames.contains(23)) << "2.3 s, before the pause";
  for (int64_t k = 24; k < 93; ++k) EXPECT_FALSE(got.frames.contains(k)) << k;
  EXPECT_TRUE(got.frames.contains(95)) << "9.5 s, after it";
}

// A recorder that leaves frames out writes empty chunks into an AVI, whose times count chunks. In
// Matroska the same packets have presentation times.
TEST(FullPass, GivesBFramesOfAnAviTheTimesOfTheSameFramesInMatroska) {
  const TestFolder folder;
  const std::string mkv = folder / "left_out.mkv", avi = folder / "left_out.avi";
  const std::string said = run_program(fmt::format(
      "ffmpeg -nostdin -v error -y -bitexact -f lavfi -i testsrc2=s=160x96:r=25:d=4 "
      "-vf \"select='not(between(mod(n,10),3,4))+eq(n,33)'\" -fps_mode vfr -c:v mpeg4 -bf 2 -q:v 3 "
      "-g 20 '{}' 2>&1 && ffmpeg -nostdin -v error -y -i '{}' -c copy '{}' 2>&1",
      mkv, mkv, avi));
  ASSERT_EQ(said, "");
  const std::vector<TrueFrame> frames = true_frames(mkv);  // Ticks of a millisecond.
  ASSERT_EQ(frames.size(), 81U) << "80 of 100, and one";
  const Extracted got = extract_all(avi, {.fps = {25, 1}, .max_gap_s = 10});
  EXPECT_FALSE(got.report.broke);
  for (int64_t k = 0; k < 98; ++k) {
    std::string expected;
    for (const TrueFrame& frame : frames) {
      if (frame.pts - frames.front().pts <= 40 * k) expected = frame.hash;
    }
    const auto found = got.frames.find(k);
    ASSERT_NE(found, got.frames.end()) << "sample " << k;
    EXPECT_EQ(found->second.hash, expected) << "sample " << k;
  }
}

}  // namespace
}  // namespace lido::media
