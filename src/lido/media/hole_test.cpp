// SPDX-License-Identifier: Apache-2.0
// FFmpeg's program makes each clip. A stretch of its bytes is lost, as on a bad disk. The truth is
// FFmpeg's framehash of the whole clip: a sample shows the frame of its own time, or none.

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "lido/base/test_folder.h"
#include "lido/media/ffmpeg_truth.h"
#include "lido/media/random_access.h"

namespace lido::media {
namespace {

struct HoledClip {
  const char* name;
  const char* options;    ///< Options of FFmpeg's program.
  const char* extension;  ///< File extension, which selects the container.
};

void PrintTo(const HoledClip& clip, std::ostream* out) { *out << clip.name; }

class Hole : public testing::TestWithParam<HoledClip> {
 protected:
  void SetUp() override {
    whole = file("whole");
    // Noise gives each picture the size that it has in recordings.
    const std::string command = fmt::format(
        "ffmpeg -v error -nostdin -y -f lavfi -i "
        "\"testsrc2=s=160x96:r=25:d=4,noise=alls=20:allf=t\" -pix_fmt yuv420p {} '{}'",
        GetParam().options, whole);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    truth = true_frames(whole);
    ASSERT_EQ(truth.size(), 100U);
    std::ifstream in(whole, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::string file(const char* stem) const {
    return (folder / fmt::format("{}.{}", stem, GetParam().extension)).string();
  }
  std::string write(const std::string& changed) const {
    std::ofstream(file("damaged"), std::ios::binary) << changed;
    return file("damaged");
  }
  std::string without(double from, double to) const {
    const auto begin = static_cast<size_t>(from * static_cast<double>(bytes.size()));
    const auto end = static_cast<size_t>(to * static_cast<double>(bytes.size()));
    std::string changed = bytes;
    changed.replace(begin, end - begin, end - begin, '\0');
    return write(changed);
  }

  /// Extracts each frame of a damaged clip. @return The number of good samples.
  size_t expect_true(const std::string& clip, ExtractRequest request) const {
    request.fps = {25, 1};
    request.max_gap_s = 1e5;
    const Extracted got = extract_all(clip, request);
    const int64_t step = truth[1].pts - truth[0].pts;
    size_t good = 0;
    for (const auto& [k, frame] : got.frames) {
      const bool is_good =
          !got.report.broke || got.report.start_pts + k * step <= got.report.broke->good_pts;
      if (!is_good) continue;
      ++good;
      EXPECT_LT(k, 100);
      EXPECT_EQ(frame.hash, truth[static_cast<size_t>(std::min<int64_t>(k, 99))].hash)
          << "sample " << k;
    }
    if (!request.from && !got.report.broke) {
      EXPECT_EQ(good, truth.size()) << "frames are lost, and no fault is reported";
    }
    return good;
  }

  /// Reads a clip from its start, and from each random access point as after a fault.
  void expect_true_from_everywhere(const std::string& clip) const {
    size_t good = expect_true(clip, {});
    const auto reader = storage::open_reader(clip);
    const auto listed = list_access_points(**reader, {}, INT64_MAX);
    ASSERT_TRUE(listed);
    for (const AccessPoint& point : listed->points) {
      ExtractRequest request;
      request.from = point.at;
      request.start_pts = listed->start_pts;
      good = std::max(good, expect_true(clip, request));
    }
    EXPECT_GE(good, 20U) << "too little was kept";
  }

  TestFolder folder;
  std::string whole, bytes;
  std::vector<TrueFrame> truth;
};

TEST_P(Hole, GivesNoFrameAnothersTime) {
  for (const double from : {0.2, 0.27, 0.34, 0.41, 0.55, 0.62}) {
    for (const double length : {0.03, 0.11, 0.25}) {
      SCOPED_TRACE(fmt::format("{} of the file from {} on", length, from));
      expect_true_from_everywhere(without(from, from + length));
    }
  }
}

TEST_P(Hole, UpToTheEndIsSeen) {
  for (const double from : {0.4, 0.53, 0.71, 0.86}) {
    SCOPED_TRACE(from);
    const std::string clip = without(from, 1);
    EXPECT_TRUE(extract_all(clip, {.fps = {25, 1}}).report.broke);
    expect_true_from_everywhere(clip);
  }
}

// An encoder's bytes depend on its threads: by default, their number follows the machine's CPUs.
constexpr HoledClip kHoled[] = {
    {"mpeg2_ts", "-c:v mpeg2video -threads 3 -g 12 -bf 2 -b:v 2M", "ts"},
    {"mpeg2_mpg", "-c:v mpeg2video -threads 3 -g 12 -bf 2 -b:v 2M", "mpg"},
    {"mpeg2_vob", "-c:v mpeg2video -threads 3 -g 12 -bf 2 -b:v 2M -f dvd", "vob"},
    {"h264_ts", "-c:v libx264 -threads 3 -preset veryfast -g 25 -bf 2", "ts"},
    {"h264_flv", "-c:v libx264 -threads 3 -preset veryfast -g 25 -bf 2", "flv"},
    {"h264_mkv", "-c:v libx264 -threads 3 -preset veryfast -g 25 -bf 2 -cluster_time_limit 500",
     "mkv"},
};

INSTANTIATE_TEST_SUITE_P(Media, Hole, testing::ValuesIn(kHoled),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace lido::media
