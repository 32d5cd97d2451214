// SPDX-License-Identifier: Apache-2.0
// FFmpeg's program makes each clip, and drops a packet of it. The truth is its framehash of the
// clip before: no frame may differ from that.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "lido/base/test_folder.h"
#include "lido/media/ffmpeg_truth.h"
#include "lido/media/random_access.h"

namespace lido::media {
namespace {

/// How a clip is encoded and stored.
struct Recipe {
  const char* name;
  const char* options;    ///< Options of FFmpeg's program.
  const char* extension;  ///< File extension, which selects the container.
  bool refers = true;     ///< Each picture is predicted from the one before.
};

void PrintTo(const Recipe& recipe, std::ostream* out) { *out << recipe.name; }

class Damage : public testing::TestWithParam<Recipe> {
 protected:
  void SetUp() override {
    // true_frames() takes a name with "rgb" for a clip of RGB.
    whole = file(fmt::format("whole-{}", GetParam().name).c_str());
    ffmpeg(fmt::format("-f lavfi -i \"testsrc2=s=160x96:r=25:d=3\" -pix_fmt yuv420p {} '{}'",
                       GetParam().options, whole));
  }

  /// By ticks since the first frame, since a copy may start at another time.
  std::map<int64_t, std::string> hashes_by_time() const {
    std::map<int64_t, std::string> hashes;
    const std::vector<TrueFrame> truth = true_frames(whole);
    for (const TrueFrame& frame : truth) hashes[frame.pts - truth[0].pts] = frame.hash;
    return hashes;
  }
  std::string file(const char* stem) const {
    return (folder / fmt::format("{}.{}", stem, GetParam().extension)).string();
  }
  static void ffmpeg(const std::string& arguments) {
    const std::string command = "ffmpeg -v error -nostdin -y " + arguments;
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  TestFolder folder;
  std::string whole;
};

constexpr ExtractRequest each_frame(DecodeMode mode) {
  return {.fps = {25, 1}, .mode = mode, .max_gap_s = 1e5};
}

/// Extracts a clip that is whole: every frame, and no fault.
void expect_whole(const std::string& whole) {
  const std::vector<TrueFrame> truth = true_frames(whole);
  ASSERT_GE(truth.size(), 74U);
  for (const DecodeMode mode : {DecodeMode::kPlanned, DecodeMode::kEverything}) {
    const Extracted got = extract_all(whole, each_frame(mode));
    EXPECT_FALSE(got.report.broke)
        << got.report.broke->error.message << " at " << got.report.broke->time_s;
    ASSERT_EQ(got.frames.size(), truth.size());
    for (const auto& [k, frame] : got.frames)
      ASSERT_EQ(frame.hash, truth[static_cast<size_t>(k)].hash) << "sample " << k;
  }
}

TEST_P(Damage, IsNotSeenInAWholeClip) { expect_whole(whole); }

/// Containers that no packet can be dropped from here.
class WholeClip : public Damage {};

TEST_P(WholeClip, IsReadToItsEnd) { expect_whole(whole); }

constexpr Recipe kWhole[] = {
    {"gxf", "-s 720x576 -c:v mpeg2video -q:v 5 -bf 0 -g 12", "gxf"},
    {"gxf_b", "-s 720x576 -c:v mpeg2video -q:v 5 -bf 2 -g 12", "gxf"},
};

INSTANTIATE_TEST_SUITE_P(Media, WholeClip, testing::ValuesIn(kWhole),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(Damage, OfALostPacketIsSeenBeforeAFrameIsWrong) {
  // By ticks since the first frame, since the copy may start at another time.
  std::map<int64_t, std::string> hashes;
  const std::vector<TrueFrame> truth = true_frames(whole);
  for (const TrueFrame& frame : truth) hashes[frame.pts - truth[0].pts] = frame.hash;
  const std::string lost = file("lost");
  int with_good_pts = 0;
  for (const int dropped : {30, 37, 41}) {
    ffmpeg(fmt::format("-copyts -i '{}' -c copy -bsf:v 'noise=drop=eq(n\\,{})' '{}'", whole,
                       dropped, lost));
    std::map<int64_t, TrueFrame> planned;
    for (const DecodeMode mode : {DecodeMode::kPlanned, DecodeMode::kEverything}) {
      const Extracted got = extract_all(lost, each_frame(mode));
      for (const auto& [k, frame] : got.frames)
        ASSERT_EQ(frame.hash, hashes[frame.pts - got.report.start_pts])
            << "packet " << dropped << ", sample " << k;
      if (GetParam().refers) {
        ASSERT_TRUE(got.report.broke) << "packet " << dropped;
        EXPECT_NEAR(got.report.broke->time_s, dropped / 25.0, 0.25);
        EXPECT_LT(got.frames.rbegin()->first, dropped);
      }
      if (got.report.broke && got.report.broke->good_pts != kNoPts) {
        ++with_good_pts;
        const int64_t good = got.report.broke->good_pts - got.report.start_pts;
        std::set<int64_t> delivered;
        for (const auto& [k, frame] : got.frames)
          delivered.insert(frame.pts - got.report.start_pts);
        for (const auto& [pts, hash] : hashes) {
          EXPECT_TRUE(pts > good || delivered.contains(pts))
              << "packet " << dropped << ": no frame at " << pts << ", good up to " << good;
        }
      }
      if (mode == DecodeMode::kPlanned) planned = got.frames;
      EXPECT_EQ(got.frames.size(), planned.size());
    }
  }
  EXPECT_GE(with_good_pts, GetParam().refers ? 1 : 0);
}

/// Checks that no frame up to where a clip is good differs from the truth.
/// @param hashes  Hashes of the whole clip's frames, by ticks since the first.
/// @return The samples that were delivered.
std::set<int64_t> expect_true(const std::string& clip, const ExtractRequest& request,
                              std::map<int64_t, std::string>& hashes) {
  std::set<int64_t> samples;
  const Extracted got = extract_all(clip, request);
  for (const auto& [k, frame] : got.frames) {
    const bool good = !got.report.broke || frame.pts <= got.report.broke->good_pts;
    if (!good) continue;
    samples.insert(k);
    EXPECT_EQ(frame.hash, hashes[frame.pts - got.report.start_pts]) << "sample " << k;
  }
  if (request.from && got.report.broke) {
    EXPECT_EQ(got.report.broke->error.message.find("changed"), std::string::npos);
  }
  return samples;
}

/// Checks each group of pictures by itself, as a clip with a fault is judged.
std::set<int64_t> expect_true_from_each_point(const std::string& clip,
                                              std::map<int64_t, std::string>& hashes) {
  std::set<int64_t> samples;
  const auto reader = storage::open_reader(clip);
  const auto listed = list_access_points(**reader, {}, INT64_MAX);
  EXPECT_TRUE(listed);
  for (const AccessPoint& point : listed->points) {
    SCOPED_TRACE(point.at.pts);
    ExtractRequest request = each_frame(DecodeMode::kPlanned);
    request.from = point.at;
    request.start_pts = listed->start_pts;
    samples.merge(expect_true(clip, request, hashes));
  }
  return samples;
}

TEST_P(Damage, OfALostPacketIsSeenFromEachRandomAccessPoint) {
  std::map<int64_t, std::string> hashes = hashes_by_time();
  const std::string lost = file("lost");
  for (const int dropped : {3, 30, 58, 69}) {
    SCOPED_TRACE(dropped);
    ffmpeg(fmt::format("-copyts -i '{}' -c copy -bsf:v 'noise=drop=eq(n\\,{})' '{}'", whole,
                       dropped, lost));
    expect_true_from_each_point(lost, hashes);
  }
}

/// Ogg, whose pages are timed and not its packets.
class LatePages : public Damage {};

TEST_P(LatePages, ShowALossBeforeAFrameIsTakenForAnother) {
  std::map<int64_t, std::string> hashes = hashes_by_time();
  const std::string lost = file("lost");
  for (const int dropped : {3, 9, 30, 49, 58, 69, 73}) {
    SCOPED_TRACE(dropped);
    ffmpeg(fmt::format("-copyts -i '{}' -c copy -bsf:v 'noise=drop=eq(n\\,{})' '{}'", whole,
                       dropped, lost));
    const std::set<int64_t> samples = expect_true_from_each_point(lost, hashes);
    EXPECT_FALSE(samples.contains(dropped));
    EXPECT_GE(samples.size(), 20U);
  }
}

constexpr Recipe kOgg[] = {
    {"theora", "-c:v libtheora -q:v 8 -g 50", "ogv"},
    {"theora_short", "-c:v libtheora -q:v 8 -g 10", "ogv"},
    {"theora_small", "-c:v libtheora -q:v 1 -g 25", "ogv"},
};

INSTANTIATE_TEST_SUITE_P(Media, LatePages, testing::ValuesIn(kOgg),
                         [](const auto& test) { return std::string(test.param.name); });

/// AVI, which counts its packets; a bad sector of the disk hides the beginning of one.
class LostChunk : public Damage {
 protected:
  void SetUp() override {
    Damage::SetUp();
    hashes = hashes_by_time();
    std::ifstream in(whole, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  /// Writes a copy without the first 100 bytes of a chunk. @return Its path.
  std::string without(size_t chunk) const {
    // The index: a chunk's id, flags, position from "movi" on, and size, for each frame.
    const size_t index = bytes.rfind("idx1") + 8, movi = bytes.find("movi");
    uint32_t offset = 0;
    std::memcpy(&offset, bytes.data() + index + 16 * chunk + 8, 4);
    std::string changed = bytes;
    changed.replace(movi + offset, 100, 100, '\0');
    std::ofstream(file("damaged"), std::ios::binary) << changed;
    return file("damaged");
  }
  std::map<int64_t, std::string> hashes;
  std::string bytes;
};

constexpr std::array<size_t, 5> kLostChunks = {5, 30, 49, 73, 74};

TEST_P(LostChunk, LeavesEveryOtherFrameAtItsTime) {
  for (const size_t chunk : kLostChunks) {
    SCOPED_TRACE(chunk);
    const std::string damaged = without(chunk);
    const std::set<int64_t> samples = expect_true_from_each_point(damaged, hashes);
    EXPECT_FALSE(samples.contains(static_cast<int64_t>(chunk)));
    EXPECT_GE(samples.size(), 45U);
    EXPECT_TRUE(extract_all(damaged, each_frame(DecodeMode::kPlanned)).report.broke);
  }
}

constexpr Recipe kChunked[] = {
    {"mjpeg", "-c:v mjpeg -q:v 3 -pix_fmt yuvj420p", "avi"},
    {"mpeg4", "-c:v mpeg4 -q:v 3 -g 25", "avi"},
    {"vp8", "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -b:v 300k", "avi"},
};

INSTANTIATE_TEST_SUITE_P(Media, LostChunk, testing::ValuesIn(kChunked),
                         [](const auto& test) { return std::string(test.param.name); });

/// Codecs whose packets have no PTS in AVI, and so no random access point.
class LostChunkWithoutPts : public LostChunk {};

TEST_P(LostChunkWithoutPts, LeavesTheFramesBeforeIt) {
  // A frame may still be in the decoder when the fault is seen.
  constexpr size_t kHeld = 2;
  for (const size_t chunk : kLostChunks) {
    SCOPED_TRACE(chunk);
    const std::string damaged = without(chunk);
    const auto samples = expect_true(damaged, each_frame(DecodeMode::kPlanned), hashes);
    EXPECT_LE(samples.size(), chunk);
    EXPECT_GE(samples.size(), chunk - kHeld);
    EXPECT_TRUE(extract_all(damaged, each_frame(DecodeMode::kPlanned)).report.broke);
  }
}

constexpr Recipe kChunkedWithoutPts[] = {
    {"mpeg2", "-c:v mpeg2video -q:v 3 -g 15", "avi"},
    {"h264", "-c:v libx264 -bf 0 -g 25", "avi"},
};

INSTANTIATE_TEST_SUITE_P(Media, LostChunkWithoutPts, testing::ValuesIn(kChunkedWithoutPts),
                         [](const auto& test) { return std::string(test.param.name); });

/// Streams whose container declares no size, cut off.
class CutOff : public Damage {};

TEST_P(CutOff, DeliversNoFrameThatIsNotWholeOrStandsForAMissingOne) {
  const std::vector<TrueFrame> truth = true_frames(whole);
  std::ifstream in(whole, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  const std::string cut = file("cut");
  for (const int percent : {35, 41, 52, 61, 68, 77, 84, 93}) {
    const size_t inside = bytes.size() * static_cast<size_t>(percent) / 100 / 188 * 188;
    // Where the next unit begins, the last one is whole.
    for (const size_t size : {inside, bytes.find(std::string_view("\0\0\1", 3), inside)}) {
      std::ofstream(cut, std::ios::binary) << bytes.substr(0, size);
      for (const DecodeMode mode : {DecodeMode::kPlanned, DecodeMode::kEverything}) {
        const Extracted got = extract_all(cut, each_frame(mode));
        size_t good = 0;
        for (const auto& [k, frame] : got.frames) {
          if (got.report.broke && frame.pts > got.report.broke->good_pts) continue;
          ++good;
          ASSERT_EQ(frame.hash, truth[static_cast<size_t>(k)].hash)
              << percent << "%, " << size << " bytes, sample " << k;
        }
        EXPECT_GE(good, truth.size() * static_cast<size_t>(percent) / 100 / 2) << percent;
      }
    }
  }
}

constexpr Recipe kStreams[] = {
    {"hevc_ts", "-c:v libx265 -x265-params log-level=none:keyint=30:bframes=4", "ts"},
    {"hevc_plain_ts", "-c:v libx265 -x265-params log-level=none:bframes=0:keyint=50", "ts"},
    {"h264_ts", "-c:v libx264 -bf 3 -g 30", "ts"},
    {"h264_many_b_ts", "-c:v libx264 -bf 8 -g 60 -x264-params b-adapt=2", "ts"},
    {"mpeg2_ts", "-c:v mpeg2video -q:v 3 -bf 2 -g 15", "ts"},
    {"mpeg2_mpg", "-c:v mpeg2video -q:v 3 -bf 2 -g 15", "mpg"},
    {"h264_flv", "-c:v libx264 -bf 3 -g 30", "flv"},
    {"h264_avi", "-c:v libx264 -bf 0 -g 25", "avi"},
    {"hevc_raw", "-c:v libx265 -x265-params log-level=none:keyint=30:bframes=4", "hevc"},
    {"hevc_plain_raw", "-c:v libx265 -x265-params log-level=none:bframes=0:keyint=50", "hevc"},
    {"hevc_slices_raw", "-c:v libx265 -x265-params log-level=none:slices=3:keyint=25", "hevc"},
    {"hevc_closed_raw", "-c:v libx265 -x265-params log-level=none:open-gop=0:keyint=20", "hevc"},
    {"h264_raw", "-c:v libx264 -bf 3 -g 30", "h264"},
    {"mpeg2_raw", "-c:v mpeg2video -q:v 3 -bf 2 -g 15", "m2v"},
    {"mjpeg_raw", "-c:v mjpeg -q:v 3 -pix_fmt yuvj420p", "mjpeg"},
};

INSTANTIATE_TEST_SUITE_P(Media, CutOff, testing::ValuesIn(kStreams),
                         [](const auto& test) { return std::string(test.param.name); });

constexpr Recipe kRecipes[] = {
    {"h264", "-c:v libx264 -preset veryfast -bf 0 -g 50", "mkv"},
    {"h264_mp4", "-c:v libx264 -preset veryfast -bf 0 -g 50", "mp4"},
    {"h264_ts", "-c:v libx264 -preset veryfast -bf 0 -g 50", "ts"},
    {"h264_flv", "-c:v libx264 -preset veryfast -bf 0 -g 50", "flv"},
    {"h264_refs", "-c:v libx264 -bf 0 -refs 16 -g 250", "mkv"},
    {"h264_b", "-c:v libx264 -bf 3 -g 50 -x264-params b-pyramid=strict", "mkv", false},
    {"h264_many_b", "-c:v libx264 -bf 16 -g 250 -x264-params b-adapt=2:b-pyramid=normal", "mp4",
     false},
    {"h264_open", "-c:v libx264 -bf 3 -g 20 -x264-params open-gop=1", "ts", false},
    {"h264_refresh", "-c:v libx264 -bf 0 -g 30 -x264-params intra-refresh=1", "mkv"},
    {"h264_fields", "-c:v libx264 -flags +ildct+ilme -x264-params tff=1 -bf 2 -g 30", "mkv", false},
    {"h264_weights", "-c:v libx264 -bf 2 -x264-params weightp=2:weightb=1:ref=5 -vf fade=in:0:30",
     "mkv", false},
    {"h264_baseline", "-c:v libx264 -profile:v baseline -g 25 -slices 4", "mp4"},
    {"hevc", "-c:v libx265 -x265-params log-level=none:bframes=0:keyint=50", "mkv"},
    {"hevc_mp4", "-c:v libx265 -x265-params log-level=none:bframes=0:keyint=250:ref=4", "mp4"},
    {"hevc_ts", "-c:v libx265 -x265-params log-level=none:bframes=0:keyint=50", "ts"},
    {"hevc_b", "-c:v libx265 -x265-params log-level=none:bframes=8:b-pyramid=1:keyint=40", "mkv",
     false},
    {"hevc_closed", "-c:v libx265 -x265-params log-level=none:open-gop=0:keyint=20:radl=2", "mkv",
     false},
    {"hevc_layers", "-c:v libx265 -x265-params log-level=none:temporal-layers=3:b-adapt=0", "mp4",
     false},
    {"hevc_refresh", "-c:v libx265 -x265-params log-level=none:bframes=0:intra-refresh=1:keyint=30",
     "mkv"},
    {"mpeg2", "-c:v mpeg2video -q:v 3 -g 50", "mkv"},
    {"mpeg2_ts", "-c:v mpeg2video -q:v 3 -g 50", "ts"},
    {"mpeg2_b", "-c:v mpeg2video -q:v 3 -bf 2 -g 12", "ts", false},
    {"mpeg2_closed", "-c:v mpeg2video -q:v 3 -bf 2 -g 12 -flags +cgop -sc_threshold 1000000000",
     "mkv", false},
    {"mpeg2_fields", "-c:v mpeg2video -q:v 3 -bf 2 -g 15 -flags +ildct+ilme", "ts", false},
    {"mpeg2_mpg", "-c:v mpeg2video -q:v 3 -bf 2 -g 12", "mpg", false},
    {"mpeg1", "-c:v mpeg1video -q:v 3 -bf 2 -g 15", "mkv", false},
    {"mpeg4", "-c:v mpeg4 -q:v 3 -g 50", "mkv"},
    {"mpeg4_mp4", "-c:v mpeg4 -q:v 3 -g 50", "mp4"},
    {"mpeg4_b", "-c:v mpeg4 -q:v 3 -g 50 -bf 2", "mp4", false},
    {"wmv2", "-c:v wmv2 -q:v 3 -g 50", "mkv"},
    {"vp8", "-c:v libvpx -deadline realtime -cpu-used 8 -g 50 -b:v 300k", "webm"},
    {"vp9", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 50 -b:v 300k", "webm"},
    {"vp9_hidden", "-c:v libvpx-vp9 -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 50 -b:v 300k",
     "mkv", false},
    {"av1", "-c:v libaom-av1 -usage realtime -cpu-used 8 -g 50 -b:v 300k", "mkv"},
    {"av1_svt", "-c:v libsvtav1 -preset 10 -g 50", "mp4", false},
    {"mjpeg", "-c:v mjpeg -q:v 3 -pix_fmt yuvj420p", "mkv", false},
    {"mpeg4_short", "-c:v mpeg4 -q:v 3 -g 12", "mp4"},
    {"mpeg4_second", "-c:v mpeg4 -q:v 3 -g 25", "mkv"},
    {"wmv2_second", "-c:v wmv2 -q:v 3 -g 25", "wmv"},
    {"flv1_second", "-c:v flv -q:v 3 -g 25", "flv"},
    {"h263p_second", "-c:v h263p -q:v 3 -g 25", "mkv"},
    {"vp8_second", "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -b:v 300k", "webm"},
    {"vp9_second", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -b:v 300k", "webm"},
    {"av1_second", "-c:v libaom-av1 -usage realtime -cpu-used 8 -g 25 -b:v 300k", "mkv"},
    {"theora", "-c:v libtheora -q:v 8 -g 50", "mkv"},
    {"snow", "-c:v snow -q:v 3 -g 50", "mkv"},
    {"ffv1", "-c:v ffv1 -level 3 -g 50 -slicecrc 1", "mkv"},
    {"zmbv_rgb", "-pix_fmt rgb24 -c:v zmbv -g 50", "mkv"},
};

/// Clips whose container calls every packet a key frame, although most predict.
class FalseKeyFrames : public Damage {
 protected:
  void SetUp() override {
    Damage::SetUp();
    claimed = file("claimed");
    std::ifstream in(whole, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    const std::string extension = GetParam().extension;
    if (extension == "mov" || extension == "mp4") {
      // Without a table of key frames, all are.
      const size_t table = bytes.rfind("stss");
      ASSERT_NE(table, std::string::npos);
      bytes.replace(table, 4, "free");
    }
    // Recordings that were not finished have no index.
    if (extension == "avi") bytes.resize(bytes.rfind("idx1"));
    std::ofstream(claimed, std::ios::binary) << bytes;
  }
  std::string claimed;
};

TEST_P(FalseKeyFrames, AreNotBelieved) {
  const std::vector<TrueFrame> truth = true_frames(whole);
  std::map<int64_t, std::string> hashes;
  for (size_t n = 0; n < truth.size(); ++n) hashes[truth[n].pts - truth[0].pts] = truth[n].hash;
  size_t delivered = 0;
  const auto expect_true = [&](const Extracted& got) {
    delivered += got.frames.size();
    for (const auto& [k, frame] : got.frames)
      ASSERT_EQ(frame.hash, hashes[frame.pts - truth[0].pts]) << "sample " << k;
  };
  ExtractRequest request{.fps = {5, 1}, .max_gap_s = 1e5};
  expect_true(extract_all(claimed, request));
  EXPECT_GE(delivered, 14U);
  const auto reader = storage::open_reader(claimed);
  const auto listed = list_access_points(**reader, {}, INT64_MAX);
  ASSERT_TRUE(listed);
  ASSERT_GE(listed->points.size(), 1U);
  EXPECT_LE(listed->points.size(), 4U) << "one for each 25 frames";
  request.start_pts = listed->start_pts;
  for (const AccessPoint& point : listed->points) {
    request.from = point.at;
    expect_true(extract_all(claimed, request));
  }
  EXPECT_GE(delivered, 28U) << "from the first point on too";
}

constexpr Recipe kFalseKeyFrames[] = {
    {"mpeg4_mp4", "-c:v mpeg4 -q:v 3 -g 25", "mp4"},
    {"mpeg4_b_mp4", "-c:v mpeg4 -q:v 3 -g 25 -bf 2", "mp4"},
    {"h263_mov", "-c:v h263 -s 176x144 -q:v 3 -g 25", "mov"},
    {"h263p_avi", "-c:v h263p -q:v 3 -g 25", "avi"},
    {"h263p_mkv", "-c:v h263p -q:v 3 -g 25", "mkv"},
    {"flv1_avi", "-c:v flv -q:v 3 -g 25", "avi"},
    {"msmpeg4v2_avi", "-c:v msmpeg4v2 -q:v 3 -g 25", "avi"},
    {"msmpeg4_avi", "-c:v msmpeg4 -q:v 3 -g 25", "avi"},
    {"wmv1_avi", "-c:v wmv1 -q:v 3 -g 25", "avi"},
    {"wmv2_avi", "-c:v wmv2 -q:v 3 -g 25", "avi"},
    {"cinepak_rgb_avi", "-c:v cinepak -g 25", "avi"},
    {"cinepak_rgb_mov", "-c:v cinepak -g 25", "mov"},
    {"ffv1_avi", "-c:v ffv1 -level 3 -g 25", "avi"},
    {"snow_avi", "-c:v snow -q:v 3 -g 25", "avi"},
    {"vp8_avi", "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -b:v 300k", "avi"},
    {"qtrle_rgb_mov", "-pix_fmt rgb24 -c:v qtrle -g 25", "mov"},
    {"svq1_mov", "-c:v svq1 -q:v 3 -g 25", "mov"},
    {"mpeg2_mov", "-c:v mpeg2video -q:v 3 -g 25", "mov"},
    {"vp9_mp4", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -b:v 300k", "mp4"},
    {"av1_mp4", "-c:v libaom-av1 -usage realtime -cpu-used 8 -g 25 -b:v 300k", "mp4"},
    {"theora_mkv", "-c:v libtheora -q:v 8 -g 25", "mkv"},
};

INSTANTIATE_TEST_SUITE_P(Media, FalseKeyFrames, testing::ValuesIn(kFalseKeyFrames),
                         [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(Media, Damage, testing::ValuesIn(kRecipes),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace lido::media
