// SPDX-License-Identifier: Apache-2.0
// FFmpeg's ffprobe lists the keyframes.
#include "lido/media/random_access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <random>
#include <sstream>

#include "lido/storage/memory_reader.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

struct Packets {
  std::vector<int64_t> pts;        // ascending
  std::vector<int64_t> keyframes;  // ascending
};

Packets packets_by_ffprobe(const std::string& file) {
  Packets packets;
  FILE* pipe = popen(("ffprobe -v error -select_streams v:0 -show_entries packet=pts,flags "
                      "-of csv=p=0 '" +
                      file + "'")
                         .c_str(),
                     "r");
  char line[256];
  while (fgets(line, sizeof line, pipe) != nullptr) {
    if (std::isdigit(line[0]) == 0) continue;  // a packet without PTS, or side data
    const int64_t pts = std::stoll(line);
    packets.pts.push_back(pts);
    if (std::string_view(line).contains(",K")) packets.keyframes.push_back(pts);
  }
  pclose(pipe);
  std::ranges::sort(packets.pts);
  return packets;
}

std::string clip_path(const char* name) { return fmt::format("{}/{}", LIDO_TEST_CLIPS, name); }

std::vector<int64_t> pts_of(const AccessPoints& points) {
  std::vector<int64_t> pts;
  for (const AccessPoint& point : points.points) pts.push_back(point.at.pts);
  return pts;
}

TEST(ListAccessPoints, FindsEveryKeyframeAndTheFrameBeforeIt) {
  for (const char* name :
       {"h264_b.mp4", "h264_b.mkv", "h264_b.ts", "hevc_closed.mp4", "vp9.webm"}) {
    const auto reader = *storage::open_reader(clip_path(name));
    const auto points = list_access_points(*reader, std::nullopt, INT64_MAX);
    ASSERT_TRUE(points) << name;
    const Packets truth = packets_by_ffprobe(clip_path(name));
    ASSERT_GT(truth.keyframes.size(), 1U) << name;
    EXPECT_EQ(pts_of(*points), truth.keyframes) << name;
    EXPECT_EQ(points->start_pts, truth.pts.front()) << name;
    for (const AccessPoint& point : points->points) {
      const auto at = std::ranges::lower_bound(truth.pts, point.at.pts);
      EXPECT_EQ(point.previous_pts, at == truth.pts.begin() ? kNoPts : *(at - 1)) << name;
    }
  }
}

TEST(ListAccessPoints, BeginsAndEndsWhereAsked) {
  const auto reader = *storage::open_reader(clip_path("h264_b.mp4"));
  const auto all = *list_access_points(*reader, std::nullopt, INT64_MAX);
  ASSERT_GE(all.points.size(), 4U);
  const auto some = *list_access_points(*reader, all.points[1].at, all.points[2].at.pts - 1);
  EXPECT_EQ(pts_of(some), (std::vector{all.points[1].at.pts, all.points[2].at.pts}));
}

TEST(ListAccessPoints, ReadsOnBehindAFault) {
  const auto good = *storage::open_reader(clip_path("h264_b.ts"));
  std::string bytes = *storage::read_all(*good, 1 << 24);
  std::mt19937 random(5);
  for (size_t i = bytes.size() / 3; i < bytes.size() / 3 + 20'000; ++i)
    bytes[i] = static_cast<char>(random());
  storage::MemoryReader damaged(std::as_bytes(std::span(bytes)));
  const auto points = list_access_points(damaged, std::nullopt, INT64_MAX);
  ASSERT_TRUE(points);
  const Packets truth = packets_by_ffprobe(clip_path("h264_b.ts"));
  EXPECT_EQ(points->points.back().at.pts, truth.keyframes.back());
  for (const int64_t pts : pts_of(*points))
    EXPECT_TRUE(std::ranges::binary_search(truth.keyframes, pts)) << pts;
}

TEST(ListAccessPoints, AStreamWithoutTimestampsHasNone) {
  const auto reader = *storage::open_reader(clip_path("h264_b.h264"));
  EXPECT_TRUE(list_access_points(*reader, std::nullopt, INT64_MAX)->points.empty());
}

}  // namespace
}  // namespace lido::media
