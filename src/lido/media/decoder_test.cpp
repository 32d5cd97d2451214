// SPDX-License-Identifier: Apache-2.0
// Frames are made by hand, so that every sample is known. extract_test compares decoded pixels with
// FFmpeg's program.
#include "lido/media/decoder.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "lido/base/test_folder.h"
#include "lido/media/demuxer.h"
#include "lido/media/hand_made.h"
#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

int sample(const Frame& frame, size_t plane, int x, int y) {
  return std::to_integer<int>(frame.planes[plane].data[y * frame.planes[plane].stride + x]);
}

std::unique_ptr<Decoder> open_decoder(const HandMadeStream& made = HandMadeStream()) {
  return *Decoder::open(*made.stream);
}

TEST(Decoder, WrapsPlanarFramesWithoutACopy) {
  UniqueFrame made = hand_made_frame(
      AV_PIX_FMT_YUV420P, 6, 4, [](int plane, int x, int y) { return 50 * plane + 10 * y + x; });
  made->pts = 77;
  made->color_range = AVCOL_RANGE_JPEG;
  made->colorspace = AVCOL_SPC_BT2020_NCL;
  made->sample_aspect_ratio = {4, 3};
  made->chroma_location = AVCHROMA_LOC_CENTER;
  const uint8_t* pixels = made->data[1];
  const Frame frame = *open_decoder()->to_frame(std::move(made));
  EXPECT_EQ(reinterpret_cast<const uint8_t*>(frame.planes[1].data), pixels);
  EXPECT_EQ(frame.width, 6);
  EXPECT_EQ(frame.height, 4);
  EXPECT_EQ(frame.pts, 77);
  EXPECT_EQ(frame.chroma_shift_x, 1);
  EXPECT_EQ(frame.chroma_shift_y, 1);
  EXPECT_TRUE(frame.full_range);
  EXPECT_FALSE(frame.chroma_left);
  EXPECT_EQ(frame.matrix, ColorMatrix::kBt2020);
  EXPECT_NEAR(frame.pixel_aspect, 4.0 / 3, 1e-12);
  EXPECT_EQ(sample(frame, 2, 2, 1), 112);
}

TEST(Decoder, GuessesTheMatrixFromTheSize) {
  const auto matrix_of = [](int width, int height) {
    UniqueFrame made =
        hand_made_frame(AV_PIX_FMT_YUV420P, width, height, [](int, int, int) { return 128; });
    made->colorspace = AVCOL_SPC_UNSPECIFIED;
    return open_decoder()->to_frame(std::move(made))->matrix;
  };
  EXPECT_EQ(matrix_of(1280, 720), ColorMatrix::kBt709);
  EXPECT_EQ(matrix_of(720, 576), ColorMatrix::kBt601);
}

TEST(Decoder, ConvertsPackedRgbToPlanesInTheOrderRedGreenBlue) {
  UniqueFrame made = hand_made_frame(AV_PIX_FMT_RGB24, 4, 4, [](int, int x, int y) {
    return x % 3 == 0 ? 200 + y : x % 3 == 1 ? 100 : 20;
  });
  const Frame frame = *open_decoder()->to_frame(std::move(made));
  EXPECT_EQ(frame.matrix, ColorMatrix::kRgb);
  EXPECT_EQ(sample(frame, 0, 3, 2), 202);
  EXPECT_EQ(sample(frame, 1, 3, 2), 100);
  EXPECT_EQ(sample(frame, 2, 3, 2), 20);
}

TEST(Decoder, ConvertsPackedYuvTo444) {
  // YUYV: luma at even bytes, U and V alternate at odd ones.
  UniqueFrame made = hand_made_frame(AV_PIX_FMT_YUYV422, 8, 2, [](int, int x, int) {
    return x % 2 == 0 ? 60 : x % 4 == 1 ? 90 : 170;
  });
  const Frame frame = *open_decoder()->to_frame(std::move(made));
  EXPECT_EQ(frame.chroma_shift_x, 0);
  EXPECT_EQ(sample(frame, 0, 5, 1), 60);
  EXPECT_EQ(sample(frame, 1, 5, 1), 90);
  EXPECT_EQ(sample(frame, 2, 5, 1), 170);
}

TEST(Decoder, KeepsGreyFramesGrey) {
  const Frame frame = *open_decoder()->to_frame(
      hand_made_frame(AV_PIX_FMT_GRAY8, 4, 4, [](int, int x, int) { return 9 * x; }));
  EXPECT_TRUE(frame.grey);
  EXPECT_EQ(sample(frame, 0, 3, 0), 27);
}

TEST(Decoder, TurnsFramesAsTheContainersMatrixAsks) {
  for (const int degrees : {0, 90, 180, 270}) {
    for (const bool mirrored : {false, true}) {
      HandMadeStream made;
      auto* matrix = reinterpret_cast<int32_t*>(
          av_stream_new_side_data(made.stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t)));
      av_display_rotation_set(matrix, degrees);  // clockwise
      if (mirrored) av_display_matrix_flip(matrix, 1, 0);
      const Frame frame = *open_decoder(made)->to_frame(
          hand_made_frame(AV_PIX_FMT_GRAY8, 4, 4, [](int, int, int) { return 0; }));
      EXPECT_EQ(frame.orientation.mirrored, mirrored) << degrees;
      if (!mirrored) {
        EXPECT_EQ(frame.orientation.quarter_turns, degrees / 90);
      }
    }
  }
}

TEST(Decoder, RefusesACodecThatFfmpegDoesNotKnow) {
  HandMadeStream made(AV_CODEC_ID_NONE);
  const auto decoder = Decoder::open(*made.stream);
  ASSERT_FALSE(decoder);
  EXPECT_EQ(decoder.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(decoder.error().message, "no decoder for codec none");
}

TEST(IsDamaged, ByEitherOfFfmpegsSigns) {
  UniqueFrame frame(av_frame_alloc());
  EXPECT_FALSE(is_damaged(*frame));
  frame->flags |= AV_FRAME_FLAG_CORRUPT;
  EXPECT_TRUE(is_damaged(*frame));
  frame->flags = 0;
  frame->decode_error_flags = FF_DECODE_ERROR_MISSING_REFERENCE;
  EXPECT_TRUE(is_damaged(*frame));
}

// A fixed texture that FFmpeg's program scrolls by four pixels a frame.
TEST(BlockVectors, AreTheMotionOfTheFrame) {
  const TestFolder folder;
  const auto clip = folder / "scroll.mp4";
  const std::string command = fmt::format(
      "ffmpeg -v error -nostdin -y -f lavfi -i \"nullsrc=s=320x192:r=30:d=0.5,"
      "geq='mod(X*7+Y*13+floor(X/9)*Y,200)+20':128:128,scroll=horizontal=0.0125\" "
      "-c:v libx264 -bf 0 -refs 1 -g 100 -threads 1 '{}'",
      clip.string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream file(clip, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  storage::MemoryReader reader(std::as_bytes(std::span(text.data(), text.size())));
  const auto demuxer = *Demuxer::open(reader);
  const auto decoder = *Decoder::open(demuxer->stream(), /*export_vectors=*/true);
  int frames = 0, moving = 0, blocks = 0;
  for (;;) {
    const UniquePacket packet = *demuxer->next();
    ASSERT_TRUE(decoder->send(packet.get()));
    for (UniqueFrame frame = *decoder->receive(); frame; frame = *decoder->receive()) {
      const auto vectors = block_vectors(*frame);
      EXPECT_EQ(vectors.has_value(), frames++ > 0) << "a key frame has none";
      if (!vectors) continue;
      for (const BlockVector& vector : *vectors) {
        ++blocks;
        moving += std::abs(std::abs(vector.dx) - 4) < 0.3F && std::abs(vector.dy) < 0.3F ? 1 : 0;
      }
    }
    if (!packet) break;
  }
  EXPECT_EQ(frames, 15);
  EXPECT_GT(moving, blocks * 8 / 10);
}

}  // namespace
}  // namespace lido::media
