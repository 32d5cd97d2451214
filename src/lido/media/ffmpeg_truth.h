// SPDX-License-Identifier: Apache-2.0
// Only for tests of this room. The truth is FFmpeg's own program: its framehash of every decoded
// frame.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "lido/base/hash.h"
#include "lido/media/extract.h"
#include "lido/storage/store.h"

namespace lido::media {

struct TrueFrame {
  int64_t pts;
  std::string hash;
};

inline std::string run_program(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 65536> buffer;
  for (size_t count; (count = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), count);
  pclose(pipe);
  return output;
}

inline std::vector<TrueFrame> true_frames(const std::string& clip) {
  const std::string text = run_program(
      fmt::format("ffmpeg -v error -nostdin -threads 1 -noautorotate -copyts -i '{}' -map "
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

inline std::string hash_pixels(const Frame& frame) {
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

inline Extracted extract_all(const std::string& clip, ExtractRequest request) {
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

/// Expects frames of `every` in `some`, and a skipped range for each sampling time without one.
inline void expect_part_of(const Extracted& every, const Extracted& some, int64_t first_k,
                           int64_t end_k) {
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

}  // namespace lido::media
