// SPDX-License-Identifier: Apache-2.0
// Only for tests of this room: a decoder without a clip, and decoded frames made by hand.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "lido/media/decoder.h"

namespace lido::media {

struct FreeFormat {
  void operator()(AVFormatContext* context) const { avformat_free_context(context); }
};

/// A stream of a container that was never read.
struct HandMadeStream {
  explicit HandMadeStream(AVCodecID codec = AV_CODEC_ID_MJPEG)
      : format(avformat_alloc_context()), stream(avformat_new_stream(format.get(), nullptr)) {
    stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->codecpar->codec_id = codec;
    stream->time_base = {1, 30};
  }
  std::unique_ptr<AVFormatContext, FreeFormat> format;
  AVStream* stream;
};

/// A frame whose sample (x, y) of each plane is value(plane, x, y). For formats of 8 bits with one
/// sample a byte.
inline UniqueFrame hand_made_frame(AVPixelFormat format, int width, int height,
                                   const std::function<int(int plane, int x, int y)>& value) {
  UniqueFrame frame(av_frame_alloc());
  frame->format = format;
  frame->width = width;
  frame->height = height;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  const AVPixFmtDescriptor& descriptor = *av_pix_fmt_desc_get(format);
  const int planes = av_pix_fmt_count_planes(format);
  for (int plane = 0; plane < planes; ++plane) {
    const bool chroma = plane > 0 && (descriptor.flags & AV_PIX_FMT_FLAG_RGB) == 0;
    const int columns =
        AV_CEIL_RSHIFT(width, chroma ? descriptor.log2_chroma_w : 0) * descriptor.comp[0].step;
    const int rows = AV_CEIL_RSHIFT(height, chroma ? descriptor.log2_chroma_h : 0);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x)
        frame->data[plane][y * frame->linesize[plane] + x] =
            static_cast<uint8_t>(value(plane, x, y));
    }
  }
  return frame;
}

}  // namespace lido::media
