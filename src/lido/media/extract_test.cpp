// SPDX-License-Identifier: Apache-2.0
// Truth is FFmpeg's own program: its framehash of every decoded frame, selected here by the plain
// definition (the last frame with PTS <= start + k / fps).
#include "lido/media/extract.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "lido/base/hash.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

struct TrueFrame {
  int64_t pts;
  std::string hash;
};

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 65536> buffer;
  for (size_t count; (count = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), count);
  pclose(pipe);
  return output;
}

std::vector<TrueFrame> true_frames(const std::string& clip) {
  const std::string text =
      run(fmt::format("ffmpeg -v error -nostdin -threads 1 -noautorotate -copyts -i '{}' -map "
                      "0:v:0 -fps_mode passthrough "
                      "-autoscale 0 -enc_time_base -1 {} -f framehash -hash sha256 - 2>/dev/null",
                      clip, clip.find("rgb") != std::string::npos ? "-pix_fmt gbrp" : ""));
  std::vector<TrueFrame> frames;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    long long stream, dts, pts, duration, size;
    char hash[65];
    if (std::sscanf(line.c_str(), "%lld, %lld, %lld, %lld, %lld, %64s", &stream, &dts, &pts,
                    &duration, &size, hash) == 6) {
      frames.push_back({pts, hash});
    }
  }
  return frames;
}

std::string hash_pixels(const Frame& frame) {
  Sha256 hash;
  const int bytes = frame.bit_depth > 8 ? 2 : 1;
  // FFmpeg keeps planar RGB as G, B, R.
  const bool rgb = frame.matrix == ColorMatrix::kRgb;
  const std::array<int, 3> order = rgb ? std::array{1, 2, 0} : std::array{0, 1, 2};
  for (const int plane : order) {
    if (plane > 0 && frame.grey) continue;
    const int shift_x = plane > 0 ? frame.chroma_shift_x : 0;
    const int shift_y = plane > 0 ? frame.chroma_shift_y : 0;
    const int width = (frame.width + (1 << shift_x) - 1) >> shift_x;
    const int height = (frame.height + (1 << shift_y) - 1) >> shift_y;
    for (int y = 0; y < height; ++y) {
      const auto& source = frame.planes[static_cast<size_t>(plane)];
      hash.update({source.data + y * source.stride, static_cast<size_t>(width * bytes)});
    }
  }
  return hash.hex();
}

struct Extracted {
  std::map<int64_t, TrueFrame> frames;
  ExtractReport report;
};

Extracted extract_all(const std::string& clip, ExtractRequest request) {
  const auto reader = storage::open_reader(clip);
  EXPECT_TRUE(reader);
  Extracted result;
  const auto report = extract(
      **reader, request,
      [&](const ExtractedFrame& found) -> Result<void> {
        const std::string hash = hash_pixels(found.frame);
        for (int64_t k = found.first_k; k < found.end_k; ++k) {
          EXPECT_TRUE(result.frames.emplace(k, TrueFrame{found.frame.pts, hash}).second)
              << "sample " << k << " twice";
        }
        return {};
      },
      [&] { result.frames.clear(); });
  EXPECT_TRUE(report);
  if (report) result.report = *report;
  return result;
}

std::vector<std::string> clips() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(LIDO_TEST_CLIPS)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

/// A stream of these has no timestamps FFmpeg's program and we could agree on; pictures are
/// compared in order.
bool is_untimed(const std::string& name) {
  return name.ends_with(".h264") || name.ends_with(".hevc");
}

class EveryClip : public testing::TestWithParam<std::string> {
 protected:
  std::string path() const { return fmt::format("{}/{}", LIDO_TEST_CLIPS, GetParam()); }
};

TEST_P(EveryClip, GivesTheFramesOfFfmpegsProgram) {
  std::vector<TrueFrame> truth = true_frames(path());
  ASSERT_FALSE(truth.empty());
  const auto reader = storage::open_reader(path());
  const Rational time_base = probe(**reader)->time_base;
  if (is_untimed(GetParam())) {
    // FFmpeg's program counts an elementary stream's pictures; all of these run at 30 a second.
    for (size_t i = 0; i < truth.size(); ++i) {
      truth[i].pts = static_cast<int64_t>(i) * time_base.den / time_base.num / 30;
    }
  }
  for (const char* rate : {"4", "0.7", "30000/1001", "11"}) {
    for (const DecodeMode mode : {DecodeMode::kPlanned, DecodeMode::kEverything}) {
      SCOPED_TRACE(fmt::format("{} at {} fps, {}", GetParam(), rate,
                               mode == DecodeMode::kPlanned ? "planned" : "everything"));
      const Rational fps = *parse_rational(rate);
      const Extracted got = extract_all(path(), {.fps = fps, .mode = mode, .max_gap_s = 1e5});
      ASSERT_FALSE(got.report.broke) << got.report.broke->error.message;
      const SampleGrid grid(got.report.start_pts, time_base, fps);
      std::vector<TrueFrame> expected;
      for (size_t at = 0;
           grid.compare(truth.back().pts, static_cast<int64_t>(expected.size())) >= 0;) {
        const auto k = static_cast<int64_t>(expected.size());
        while (at + 1 < truth.size() && grid.compare(truth[at + 1].pts, k) <= 0) ++at;
        expected.push_back(truth[at]);
      }
      ASSERT_EQ(got.frames.size(), expected.size());
      for (const auto& [k, frame] : got.frames) {
        ASSERT_EQ(frame.pts, expected[static_cast<size_t>(k)].pts) << "sample " << k;
        ASSERT_EQ(frame.hash, expected[static_cast<size_t>(k)].hash)
            << "sample " << k << " at " << frame.pts;
      }
    }
  }
}

/// That what was delivered are pictures of `every`, and that what was not is told.
void expect_part_of(const Extracted& every, const Extracted& some, int64_t first_k, int64_t end_k) {
  std::map<int64_t, int> accounts;
  for (const auto& [k, frame] : some.frames) {
    const auto found = every.frames.find(k);
    ASSERT_NE(found, every.frames.end()) << "sample " << k;
    EXPECT_EQ(frame.pts, found->second.pts) << "sample " << k;
    EXPECT_EQ(frame.hash, found->second.hash) << "sample " << k;
    ++accounts[k];
  }
  for (const SkippedRange& range : some.report.skipped) {
    for (int64_t k = range.first_k; k < range.end_k; ++k) ++accounts[k];
  }
  for (const auto& [k, frame] : every.frames) {
    if (k >= first_k && k < end_k) {
      EXPECT_EQ(accounts[k], 1) << "sample " << k;
    }
  }
}

TEST_P(EveryClip, GivesTheSameFramesWhereSomethingMoves) {
  const Extracted every = extract_all(path(), {.fps = {11, 1}});
  const Extracted some = extract_all(path(), {.fps = {11, 1}, .linger = 1});
  ASSERT_FALSE(some.report.broke) << some.report.broke->error.message;
  expect_part_of(every, some, 0, INT64_MAX);
}

class Night : public testing::TestWithParam<const char*> {
 protected:
  std::string path() const { return fmt::format("{}/night/{}", LIDO_TEST_CLIPS, GetParam()); }
};

TEST_P(Night, IsPassedOverButForWhatMoves) {
  const Extracted every = extract_all(path(), {.fps = {8, 1}});
  const Extracted some = extract_all(path(), {.fps = {8, 1}, .linger = 16});
  expect_part_of(every, some, 0, INT64_MAX);
  EXPECT_TRUE(some.report.planned);
  for (const auto& [first_s, end_s] : {std::pair{20, 24}, {100, 103}}) {
    for (int64_t k = first_s * 8; k < end_s * 8; ++k) EXPECT_TRUE(some.frames.contains(k)) << k;
  }
  // 4 s at the beginning of the clip, and up to 13 s about each of the two movements.
  EXPECT_LT(some.frames.size(), every.frames.size() / 4);
  int64_t longest = 0;
  for (int64_t k = 0, last = 0; k < 160 * 8; ++k) {
    if (some.frames.contains(k)) last = k;
    longest = std::max(longest, k - last);
  }
  EXPECT_LE(longest, 2 * kIntervalSamples) << "a picture now and then";
}

/// A chapter at 30 samples a second is 68 s long.
TEST_P(Night, IsTheSameWhereverReadingBegins) {
  const Rational fps{30, 1};
  const Extracted whole = extract_all(path(), {.fps = fps, .linger = 16});
  const auto reader = storage::open_reader(path());
  const auto index = index_clip(**reader, static_cast<double>(kSegmentSamples) / fps.value());
  ASSERT_TRUE(index);
  ASSERT_EQ(index->points.size(), 3U);
  Extracted parts;
  for (int64_t part = 0; part < 3; ++part) {
    Extracted one =
        extract_all(path(), {.fps = fps,
                             .from = index->points[static_cast<size_t>(part)],
                             .start_pts = index->start_pts,
                             .first_k = part * kSegmentSamples,
                             .end_k = part == 2 ? INT64_MAX : (part + 1) * kSegmentSamples,
                             .linger = 16});
    for (SkippedRange range : one.report.skipped) {
      range.end_k = std::min(range.end_k, (part + 1) * kSegmentSamples);
      if (!parts.report.skipped.empty() && parts.report.skipped.back().end_k == range.first_k &&
          parts.report.skipped.back().decoded == range.decoded)
        parts.report.skipped.back().end_k = range.end_k;
      else
        parts.report.skipped.push_back(range);
    }
    parts.frames.merge(one.frames);
    EXPECT_TRUE(one.frames.empty()) << "a sample came from two parts";
  }
  ASSERT_EQ(parts.frames.size(), whole.frames.size());
  for (const auto& [k, frame] : whole.frames) EXPECT_EQ(parts.frames[k].hash, frame.hash) << k;
  EXPECT_EQ(parts.report.skipped, whole.report.skipped);
}

TEST(Extract, WillNotDecodeEverythingAtAnAutomaticRate) {
  const auto reader = storage::open_reader(LIDO_TEST_CLIPS "/h264_b.mp4");
  for (const DecodeMode mode : {DecodeMode::kEverything, DecodeMode::kKeyframesOnly}) {
    const auto got = extract(
        **reader, {.mode = mode, .linger = 1}, [](const auto&) { return Result<void>(); }, [] {});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
  }
}

/// What must be planned, and at most this share of packets decoded for 4 frames of 30.
TEST(Extract, DecodesOnlyWhatWantedPicturesDependOn) {
  const std::vector<std::pair<const char*, double>> shares = {
      {"h264_b.mp4", 0.66},        {"h264_b.ts", 0.66},
      {"h264_open_gop.mp4", 0.60}, {"h264_mbaff.mp4", 0.66},
      {"h264_no_b.mp4", 0.90},     {"hevc_b.mp4", 0.46},
      {"hevc_b.ts", 0.46},         {"hevc_b.mkv", 0.46},
      {"hevc_refs.mp4", 0.46},     {"hevc_short_numbers.mp4", 0.43},
      {"hevc_slices.mp4", 0.44},   {"hevc_sets.mkv", 0.46},
      {"hevc_layers.mp4", 0.43},   {"hevc_10bit.mkv", 0.42},
      {"vp9.webm", 0.90},          {"av1.mp4", 0.90},
      {"mjpeg.avi", 0.14},         {"paff.mkv", 0.65},
      {"svc_t.mkv", 0.60}};
  for (const auto& [name, share] : shares) {
    const Extracted got = extract_all(fmt::format("{}/{}", LIDO_TEST_CLIPS, name), {});
    EXPECT_TRUE(got.report.planned) << name;
    EXPECT_LE(static_cast<double>(got.report.packets_decoded),
              share * static_cast<double>(got.report.packets_read))
        << name;
  }
}

TEST(Extract, PassesOverPartsThatHoldNothingWanted) {
  const Extracted got = extract_all(LIDO_TEST_CLIPS "/mjpeg.mov", {.fps = {1, 2}});
  EXPECT_EQ(got.frames.size(), 3U);
  EXPECT_LT(got.report.packets_read, 30) << "of 180";
}

TEST(Extract, GivesNoFrameInsideAPause) {
  const Extracted got = extract_all(LIDO_TEST_CLIPS "/pause.mkv", {.fps = {10, 1}});
  EXPECT_TRUE(got.frames.contains(23)) << "2.3 s, before the pause";
  for (int64_t k = 24; k < 93; ++k) EXPECT_FALSE(got.frames.contains(k)) << k;
  EXPECT_TRUE(got.frames.contains(95)) << "9.5 s, after it";
}

INSTANTIATE_TEST_SUITE_P(Media, Night, testing::Values("h264.mp4", "h264_cbr.ts", "hevc.mkv"),
                         [](const auto& test) {
                           const std::string_view name = test.param;
                           return std::string(name.substr(0, name.find('.')));
                         });
INSTANTIATE_TEST_SUITE_P(Media, EveryClip, testing::ValuesIn(clips()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace lido::media
