// SPDX-License-Identifier: Apache-2.0
// FFmpeg's program decodes what the encoder wrote.
#include "lido/media/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <vector>

#include "lido/base/test_folder.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

constexpr int kWidth = 96, kHeight = 64;

/// A smooth image that moves with `number`.
Image make_image(int number) {
  Image image{kWidth, kHeight, {}};
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const double phase = 0.1 * (x + 2 * number) + 0.07 * y;
      for (const double shift : {0.0, 2.0, 4.0})
        image.rgb.push_back(static_cast<uint8_t>(std::lround(128 + 80 * std::sin(phase + shift))));
    }
  }
  return image;
}

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 65536> buffer;
  for (size_t count; (count = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), count);
  pclose(pipe);
  return output;
}

class Encoding : public testing::Test {
 protected:
  Encoding() : store_(*storage::open_store(folder_.string())) {}

  std::string path(const char* name) const { return (folder_ / name).string(); }

  /// Encodes 12 images at 10 per second; the images in `skipped` are left out.
  void encode(const char* name, const EncoderOptions& options = {},
              const std::vector<int>& skipped = {}) {
    const auto writer = *store_->create(name);
    auto encoder = Encoder::open(*writer, kWidth, kHeight, {10, 1}, options);
    ASSERT_TRUE(encoder) << encoder.error().message;
    for (int i = 0; i < 12; ++i) {
      if (std::ranges::find(skipped, i) != skipped.end())
        (*encoder)->skip();
      else
        push(**encoder, make_image(i));
    }
    ASSERT_TRUE((*encoder)->finish());
    ASSERT_TRUE(writer->commit());
  }
  void push(Encoder& encoder, const Image& image) {
    pts_.push_back(static_cast<double>(encoder.next_pts()));
    ASSERT_TRUE(encoder.push(image));
  }
  std::string probed(const char* name, const char* entries) const {
    return run(fmt::format("ffprobe -v error -select_streams v:0 -show_entries {} -of csv=p=0 {}",
                           entries, path(name)));
  }
  /// One number of each frame, in display order.
  std::vector<double> of_frames(const char* name, const char* entry) const {
    const std::string text =
        run(fmt::format("ffprobe -v error -select_streams v:0 -show_entries frame={} -of flat {} | "
                        "sed -n 's/^frames.frame.*{}=\"*\\([0-9.]*\\)\"*$/\\1/p'",
                        entry, path(name), entry));
    std::vector<double> numbers;
    std::istringstream lines(text);
    for (double number; lines >> number;) numbers.push_back(number);
    return numbers;
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  std::vector<double> pts_;  ///< As the encoder announced them.
};

TEST_F(Encoding, FfmpegDecodesTheImages) {
  for (const bool hevc : {false, true}) {
    encode("a.mp4", {.hevc = hevc});
    EXPECT_EQ(probed("a.mp4", "stream=codec_name,width,height,r_frame_rate"),
              fmt::format("{},96,64,10/1\n", hevc ? "hevc" : "h264"));
    const std::string raw = run(
        fmt::format("ffmpeg -v error -nostdin -i {} -f rawvideo -pix_fmt rgb24 -", path("a.mp4")));
    const size_t size = size_t{kWidth} * kHeight * 3;
    ASSERT_EQ(raw.size(), 12 * size);
    for (int i = 0; i < 12; ++i) {
      const Image image = make_image(i);
      double squares = 0;
      for (size_t at = 0; at < size; ++at) {
        const double difference =
            static_cast<double>(static_cast<uint8_t>(raw[static_cast<size_t>(i) * size + at])) -
            image.rgb[at];
        squares += difference * difference;
      }
      const double psnr_db = 10 * std::log10(255 * 255 / (squares / static_cast<double>(size)));
      EXPECT_GT(psnr_db, 30) << "image " << i << (hevc ? ", HEVC" : ", H.264");
    }
  }
}

TEST_F(Encoding, EqualImagesGiveEqualBytes) {
  encode("a.mp4");
  encode("b.mp4");
  EXPECT_EQ(*store_->read_text("a.mp4"), *store_->read_text("b.mp4"));
}

TEST_F(Encoding, ASkippedImageLeavesAGapInTime) {
  for (const bool hevc : {false, true}) {
    pts_.clear();
    encode("a.mp4", {.hevc = hevc}, {3, 4});
    const auto times = of_frames("a.mp4", "pts_time");
    ASSERT_EQ(times.size(), 10U);
    for (size_t i = 0; i < times.size(); ++i) {
      const double expected_s = static_cast<double>(i < 3 ? i : i + 2) / 10;
      EXPECT_NEAR(times[i], expected_s, 1e-6) << i;
    }
    EXPECT_EQ(of_frames("a.mp4", "pts"), pts_);
  }
}

TEST_F(Encoding, SetsKeyframesWhereAskedFor) {
  encode("a.mp4", {.keyframe_s = 0.5});
  EXPECT_EQ(of_frames("a.mp4", "key_frame"),
            (std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}));
}

/// Takes a few bytes, and then fails as a full disk does.
class FullDisk final : public storage::Writer {
 public:
  using Writer::append;
  Result<void> append(std::span<const std::byte>) override {
    return fail(ErrorCode::kUnavailable, "no space left");
  }
  Result<void> commit() override { return {}; }
};

TEST(Encoder, ReturnsTheWritersError) {
  FullDisk disk;
  auto encoder = Encoder::open(disk, kWidth, kHeight, {10, 1});
  Result<void> result;
  if (encoder) {
    for (int i = 0; i < 12 && result; ++i) result = (*encoder)->push(make_image(i));
    if (result) result = (*encoder)->finish();
  }
  const Error error = encoder ? result.error() : encoder.error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "no space left");
}

}  // namespace
}  // namespace lido::media
