// SPDX-License-Identifier: Apache-2.0
// Private to this room: the only header that includes FFmpeg's.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/motion_vector.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <mutex>
#include <string>

#include "lido/media/logged_errors.h"

namespace lido::media {

/// Deleters, and the owners of FFmpeg's objects.
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreeCodec {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeParser {
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};
struct FreeSws {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
using UniquePacket = std::unique_ptr<AVPacket, FreePacket>;
using UniqueFrame = std::unique_ptr<AVFrame, FreeFrame>;
using UniqueCodec = std::unique_ptr<AVCodecContext, FreeCodec>;
using UniqueParser = std::unique_ptr<AVCodecParserContext, FreeParser>;
using UniqueSws = std::unique_ptr<SwsContext, FreeSws>;

/// Redirects FFmpeg's log (redirect_log()), and limits any single allocation of FFmpeg to half a
/// GiB, whatever a header claims. Acts once per process. Thread-safe.
inline void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    av_log_set_level(AV_LOG_QUIET);
    redirect_log();
    av_max_alloc(size_t{512} << 20);
  });
}

/// Returns FFmpeg's text for an error number.
inline std::string av_text(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

}  // namespace lido::media
