// SPDX-License-Identifier: Apache-2.0
// FFmpeg's ffprobe reads the headers; extraction from each point is compared with extraction from
// the start.
#include "lido/media/probe.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <sstream>
#include <string>

#include "lido/base/hash.h"
#include "lido/media/extract.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

std::string path(const char* name) { return fmt::format("{}/{}", LIDO_TEST_CLIPS, name); }

std::string ffprobes(const char* name, const char* entries) {
  std::string output;
  FILE* pipe = popen(fmt::format("ffprobe -v error -select_streams v:0 -show_entries {} "
                                 "-of default=nw=1:nk=1 '{}'",
                                 entries, path(name))
                         .c_str(),
                     "r");
  char line[256];
  while (fgets(line, sizeof line, pipe) != nullptr) output += line;
  pclose(pipe);
  return output;
}

TEST(Probe, AgreesWithFfprobe) {
  for (const char* name : {"h264_b.mp4", "hevc_b.mkv", "vp9.webm", "h264_b.ts", "mjpeg.avi",
                           "h264_ntsc.mp4", "rotated.mp4", "av1.mp4"}) {
    const auto reader = *storage::open_reader(path(name));
    const auto info = probe(*reader);
    ASSERT_TRUE(info) << name;
    // ffprobe lists the stream of a transport stream twice, once by its program.
    EXPECT_TRUE(
        ffprobes(name, "stream=codec_name,width,height")
            .starts_with(fmt::format("{}\n{}\n{}\n", info->codec, info->width, info->height)))
        << name;
    EXPECT_TRUE(ffprobes(name, "stream=time_base")
                    .starts_with(fmt::format("{}/{}\n", info->time_base.num, info->time_base.den)))
        << name;
    EXPECT_NEAR(info->duration_s, std::stod(ffprobes(name, "format=duration")), 0.1) << name;
  }
}

TEST(Probe, KnowsTheAverageFrameRate) {
  const auto fps = [](const char* name) {
    const auto reader = *storage::open_reader(path(name));
    return probe(*reader)->source_fps;
  };
  EXPECT_NEAR(fps("h264_b.mp4"), 30, 1e-9);
  EXPECT_NEAR(fps("h264_ntsc.mp4"), 30000 / 1001.0, 1e-9);
}

/// PTS of the keyframes that ffprobe lists.
std::vector<int64_t> keyframes(const char* name) {
  std::istringstream lines(ffprobes(name, "packet=pts,flags"));
  std::vector<int64_t> pts;
  for (std::string number, flags; std::getline(lines, number) && std::getline(lines, flags);) {
    if (flags.starts_with('K')) pts.push_back(std::stoll(number));
  }
  return pts;
}

TEST(IndexClip, FindsTheLastKeyframeBeforeEachMultiple) {
  for (const char* name : {"h264_b.mp4", "h264_b.mkv", "h264_b.ts"}) {
    const auto reader = *storage::open_reader(path(name));
    const double tick_s = probe(*reader)->time_base.value();
    const auto index = index_clip(*reader, 2.5);
    ASSERT_TRUE(index) << name;
    std::vector<int64_t> points, expected;
    for (const RandomAccess& point : index->points) points.push_back(point.pts);
    for (const double until_s : {0.0, 2.5, 5.0}) {
      int64_t last = kNoPts;
      for (const int64_t pts : keyframes(name)) {
        if (static_cast<double>(pts - index->start_pts) * tick_s <= until_s + 1e-9) last = pts;
      }
      expected.push_back(last);
    }
    EXPECT_EQ(points, expected) << name;
  }
}

TEST(IndexClip, GivesOnePointWhereAClipCannotBeDivided) {
  for (const char* name : {"h264_b.h264", "h264_long_gop.mp4"}) {
    const auto reader = *storage::open_reader(path(name));
    const auto index = index_clip(*reader, 1);
    ASSERT_TRUE(index) << name;
    EXPECT_EQ(index->points.size(), 1U) << name;
  }
}

/// Hashes of the luma of every sample, by sampling time.
std::map<int64_t, std::string> extracted(storage::Reader& reader, const ExtractRequest& request) {
  std::map<int64_t, std::string> hashes;
  const auto report = extract(
      reader, request,
      [&](const ExtractedFrame& found) -> Result<void> {
        Sha256 hash;
        for (int y = 0; y < found.frame.height; ++y) {
          const auto& plane = found.frame.planes[0];
          hash.update({plane.data + y * plane.stride, static_cast<size_t>(found.frame.width)});
        }
        hashes[found.first_k] = hash.hex();
        return {};
      },
      [&] { hashes.clear(); });
  EXPECT_TRUE(report && !report->broke);
  return hashes;
}

TEST(IndexClip, FramesDecodedFromAPointEqualThoseDecodedFromTheStart) {
  for (const char* name : {"h264_open_gop.mp4", "hevc_b.mkv", "vp9.webm", "h264_b.ts"}) {
    const auto reader = *storage::open_reader(path(name));
    const auto index = *index_clip(*reader, 1);
    ASSERT_GT(index.points.size(), 1U) << name;
    const auto all = extracted(*reader, {.fps = {10, 1}});
    for (const RandomAccess& point : index.points) {
      const double tick_s = probe(*reader)->time_base.value();
      const double from_s = static_cast<double>(point.pts - index.start_pts) * tick_s;
      const auto first_k = static_cast<int64_t>(from_s * 10 + 0.999);
      const auto some = extracted(
          *reader,
          {.fps = {10, 1}, .from = point, .start_pts = index.start_pts, .first_k = first_k});
      ASSERT_FALSE(some.empty()) << name;
      for (const auto& [k, hash] : some) EXPECT_EQ(hash, all.at(k)) << name << ", sample " << k;
      EXPECT_EQ(some.rbegin()->first, all.rbegin()->first) << name;
    }
  }
}

}  // namespace
}  // namespace lido::media
