// SPDX-License-Identifier: Apache-2.0
#include "lido/media/encoder.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lido/media/libav.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace lido::media {
namespace {

constexpr int kBuffer = 64 << 10;

struct FreeOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr) {
      av_freep(&context->pb->buffer);
      avio_context_free(&context->pb);
    }
    avformat_free_context(context);
  }
};

}  // namespace

struct Encoder::State {
  storage::Writer* writer = nullptr;
  std::optional<Error> failed;  ///< First error of the writer.
  std::unique_ptr<AVFormatContext, FreeOutput> output;
  UniqueCodec codec;
  UniqueSws converter;
  UniqueFrame frame;
  UniquePacket packet;
  int64_t count = 0;

  static int write(void* opaque, uint8_t* data, int size) {
    auto& state = *static_cast<State*>(opaque);
    const auto bytes = std::as_bytes(std::span(data, static_cast<size_t>(size)));
    const auto written = state.writer->append(bytes);
    if (!written && !state.failed) state.failed = written.error();
    return written ? size : AVERROR(EIO);
  }

  Result<void> check(int code, const char* what) const {
    if (failed) return std::unexpected(*failed);
    if (code >= 0) return {};
    return fail(ErrorCode::kUnavailable, "{}: {}", what, av_text(code));
  }

  Result<void> drain() {
    for (;;) {
      const int code = avcodec_receive_packet(codec.get(), packet.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
      LIDO_TRY(check(code, "encoding"));
      av_packet_rescale_ts(packet.get(), codec->time_base, output->streams[0]->time_base);
      packet->duration = av_rescale_q(1, codec->time_base, output->streams[0]->time_base);
      LIDO_TRY(check(av_interleaved_write_frame(output.get(), packet.get()), "writing video"));
    }
  }
};

Encoder::Encoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Encoder::~Encoder() = default;

Result<std::unique_ptr<Encoder>> Encoder::open(storage::Writer& writer, int width, int height,
                                               const Rational& fps, const EncoderOptions& wanted) {
  configure_library();
  auto state = std::make_unique<State>();
  state->writer = &writer;
  const char* name = wanted.hevc ? "libx265" : "libx264";
  const AVCodec* codec = avcodec_find_encoder_by_name(name);
  if (codec == nullptr) return fail(ErrorCode::kUnavailable, "FFmpeg has no encoder {}", name);
  state->codec.reset(avcodec_alloc_context3(codec));
  AVCodecContext& context = *state->codec;
  context.width = width;
  context.height = height;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.time_base = {static_cast<int>(fps.den), static_cast<int>(fps.num)};
  context.framerate = {static_cast<int>(fps.num), static_cast<int>(fps.den)};
  context.thread_count = 1;
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  av_opt_set(context.priv_data, "preset", "veryfast", 0);
  if (wanted.bitrate_mbps > 0) {
    context.bit_rate = std::llround(1e6 * wanted.bitrate_mbps);
    context.rc_max_rate = context.bit_rate;
    context.rc_buffer_size = static_cast<int>(context.bit_rate);
  } else {
    av_opt_set(context.priv_data, "crf", "23", 0);
  }
  if (wanted.keyframe_s > 0)
    context.gop_size =
        static_cast<int>(std::lround(std::max(1.0, wanted.keyframe_s * fps.value())));
  av_opt_set(context.priv_data, "x264-params", "cpu-independent=1:log-level=none", 0);
  av_opt_set(context.priv_data, "x265-params", "pools=none:frame-threads=1:cpuid=0:log-level=none",
             0);
  LIDO_TRY(state->check(avcodec_open2(&context, codec, nullptr), name));

  AVFormatContext* output = nullptr;
  LIDO_TRY(state->check(avformat_alloc_output_context2(&output, nullptr, "mp4", nullptr), "mp4"));
  state->output.reset(output);
  output->flags |= AVFMT_FLAG_BITEXACT;
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  output->pb = avio_alloc_context(buffer, kBuffer, 1, state.get(), nullptr, &State::write, nullptr);
  AVStream* stream = avformat_new_stream(output, nullptr);
  avcodec_parameters_from_context(stream->codecpar, &context);
  stream->time_base = context.time_base;
  AVDictionary* options = nullptr;
  // The delayed header knows the first B-frame's delay: its edit list moves the first PTS to 0.
  av_dict_set(&options, "movflags", "frag_keyframe+delay_moov+default_base_moof", 0);
  const int begun = avformat_write_header(output, &options);
  av_dict_free(&options);
  LIDO_TRY(state->check(begun, "beginning the video"));

  state->converter.reset(sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height,
                                        AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND,
                                        nullptr, nullptr, nullptr));
  state->frame.reset(av_frame_alloc());
  state->frame->format = AV_PIX_FMT_YUV420P;
  state->frame->width = width;
  state->frame->height = height;
  LIDO_TRY(state->check(av_frame_get_buffer(state->frame.get(), 0), "a frame"));
  state->packet.reset(av_packet_alloc());
  return std::unique_ptr<Encoder>(new Encoder(std::move(state)));
}

Result<void> Encoder::push(const Image& image) {
  State& state = *state_;
  LIDO_TRY(state.check(av_frame_make_writable(state.frame.get()), "a frame"));
  const uint8_t* rows = image.rgb.data();
  const int stride = image.width * 3;
  sws_scale(state.converter.get(), &rows, &stride, 0, image.height, state.frame->data,
            state.frame->linesize);
  state.frame->pts = state.count++;
  LIDO_TRY(state.check(avcodec_send_frame(state.codec.get(), state.frame.get()), "encoding"));
  return state.drain();
}

void Encoder::skip() { ++state_->count; }

int64_t Encoder::next_pts() const {
  return av_rescale_q(state_->count, state_->codec->time_base,
                      state_->output->streams[0]->time_base);
}

Result<void> Encoder::finish() {
  LIDO_TRY(state_->check(avcodec_send_frame(state_->codec.get(), nullptr), "encoding"));
  LIDO_TRY(state_->drain());
  return state_->check(av_write_trailer(state_->output.get()), "ending the video");
}

}  // namespace lido::media
