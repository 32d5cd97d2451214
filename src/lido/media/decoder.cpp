// SPDX-License-Identifier: Apache-2.0
#include "lido/media/decoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

namespace lido::media {
namespace {

/// Reads a field that FFmpeg fills from a file without a check: in C++ an enumeration must not hold
/// a value far outside it.
template <typename Enumeration>
int value_of(const Enumeration& field) {
  int value = 0;
  static_assert(sizeof(field) == sizeof(value));
  std::memcpy(&value, &field, sizeof(value));
  return value;
}

/// Reads quarter turns and mirror from the container's display matrix.
Orientation orientation_of(const AVStream& stream) {
  const auto* stored = reinterpret_cast<const int32_t*>(
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
  if (stored == nullptr) return {};
  std::array<int32_t, 9> matrix{};
  std::copy_n(stored, matrix.size(), matrix.begin());
  Orientation orientation;
  orientation.mirrored = double{1} * matrix[0] * matrix[4] - double{1} * matrix[1] * matrix[3] < 0;
  if (orientation.mirrored) av_display_matrix_flip(matrix.data(), 1, 0);
  const double counterclockwise = av_display_rotation_get(matrix.data());
  if (std::isnan(counterclockwise)) return {};
  orientation.quarter_turns = static_cast<int>((std::lround(-counterclockwise / 90) % 4 + 4) % 4);
  return orientation;
}

ColorMatrix matrix_of(const AVFrame& decoded) {
  switch (value_of(decoded.colorspace)) {
    case AVCOL_SPC_RGB:
      return ColorMatrix::kRgb;
    case AVCOL_SPC_BT709:
      return ColorMatrix::kBt709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return ColorMatrix::kBt2020;
    case AVCOL_SPC_UNSPECIFIED:
      // The convention of television: high definition is BT.709, standard definition BT.601.
      return std::min(decoded.width, decoded.height) >= 720 ? ColorMatrix::kBt709
                                                            : ColorMatrix::kBt601;
    default:
      return ColorMatrix::kBt601;
  }
}

/// Returns whether a pixel format has luma alone, or luma and alpha.
bool is_grey(const AVPixFmtDescriptor& format) {
  return format.nb_components <= 2 && (format.flags & AV_PIX_FMT_FLAG_PAL) == 0;
}

bool is_rgb(const AVPixFmtDescriptor& format) { return (format.flags & AV_PIX_FMT_FLAG_RGB) != 0; }

/// Returns whether luma is 0 to 255. Without a tag, grey is, as in FFmpeg: such streams come from
/// cameras and still codecs, not from television.
bool is_full_range(const AVFrame& decoded, const AVPixFmtDescriptor& format) {
  if (std::string_view(format.name).starts_with("yuvj")) return true;
  const int range = value_of(decoded.color_range);
  return range == AVCOL_RANGE_UNSPECIFIED ? is_grey(format) : range == AVCOL_RANGE_JPEG;
}

/// Returns whether Frame can hold a pixel format: planar YUV or grey, 8 to 12 bit, little endian,
/// without palette.
bool holds_as_is(const AVPixFmtDescriptor& format) {
  const uint64_t refused = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL |
                           AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_FLOAT;
  if ((format.flags & refused) != 0 || format.comp[0].depth > 12) return false;
  const bool grey = is_grey(format);
  const bool planar = (format.flags & AV_PIX_FMT_FLAG_PLANAR) != 0;
  if (!grey && !planar) return false;
  for (int i = 0; i < (grey ? 1 : 3); ++i) {
    const AVComponentDescriptor& component = format.comp[i];
    const bool own_plane = component.plane == i && component.offset == 0 && component.shift == 0;
    if (!own_plane || component.step != (component.depth > 8 ? 2 : 1)) return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Decoder>> Decoder::open(const AVStream& stream, bool export_vectors) {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (codec == nullptr) {
    return fail(ErrorCode::kCorrupt, "no decoder for codec {}",
                avcodec_get_name(stream.codecpar->codec_id));
  }
  std::unique_ptr<Decoder> decoder(new Decoder);
  decoder->context_.reset(avcodec_alloc_context3(codec));
  AVCodecContext& context = *decoder->context_;
  int error = avcodec_parameters_to_context(&context, stream.codecpar);
  context.thread_count = 1;
  context.pkt_timebase = stream.time_base;
  context.max_pixels = int64_t{7680} * 4320;
  // Without this flag, FFmpeg's H.264 decoder drops frames on draining when it was started at a
  // recovery point. Damaged frames carry a flag of their own: see is_damaged().
  context.flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  if (export_vectors) context.flags2 |= AV_CODEC_FLAG2_EXPORT_MVS;
  if (error >= 0) error = avcodec_open2(&context, codec, nullptr);
  if (error < 0) {
    return fail(ErrorCode::kCorrupt, "codec {} cannot be opened: {}", codec->name, av_text(error));
  }
  decoder->orientation_ = orientation_of(stream);
  decoder->container_aspect_ = stream.sample_aspect_ratio;
  return decoder;
}

Result<void> Decoder::send(const AVPacket* packet) {
  const int error = avcodec_send_packet(context_.get(), packet);
  if (error < 0 && error != AVERROR_EOF)
    return fail(ErrorCode::kCorrupt, "cannot decode: {}", av_text(error));
  return {};
}

Result<UniqueFrame> Decoder::receive() {
  UniqueFrame decoded(av_frame_alloc());
  const int error = avcodec_receive_frame(context_.get(), decoded.get());
  if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return nullptr;
  if (error < 0) return fail(ErrorCode::kCorrupt, "cannot decode: {}", av_text(error));
  return decoded;
}

void Decoder::flush() { avcodec_flush_buffers(context_.get()); }

void Decoder::require_reorder(int depth) {
  context_->has_b_frames = std::max(context_->has_b_frames, std::min(depth, 16));
}

void Decoder::skip_all_but_keyframes() { context_->skip_frame = AVDISCARD_NONKEY; }

/// Converts to a format that Frame holds: grey stays grey, RGB becomes planar, everything else
/// becomes YUV 4:4:4 with 8 bits.
Result<UniqueFrame> Decoder::convert_pixels(const AVFrame& decoded,
                                            const AVPixFmtDescriptor& format) {
  const AVPixelFormat deep_or_not = format.comp[0].depth > 8 ? AV_PIX_FMT_GRAY12 : AV_PIX_FMT_GRAY8;
  const AVPixelFormat target = is_grey(format)  ? deep_or_not
                               : is_rgb(format) ? AV_PIX_FMT_GBRP
                                                : AV_PIX_FMT_YUV444P;
  const auto source = static_cast<AVPixelFormat>(decoded.format);
  UniqueFrame converted(av_frame_alloc());
  av_frame_copy_props(converted.get(), &decoded);
  converted->width = decoded.width;
  converted->height = decoded.height;
  converted->format = target;
  if (av_frame_get_buffer(converted.get(), 0) < 0) {
    return fail(ErrorCode::kUnavailable, "no memory for a frame of {}x{}", decoded.width,
                decoded.height);
  }
  converter_.reset(sws_getCachedContext(
      converter_.release(), decoded.width, decoded.height, source, decoded.width, decoded.height,
      target, SWS_BILINEAR | SWS_BITEXACT | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  if (!converter_)
    return fail(ErrorCode::kCorrupt, "pixel format {} cannot be converted", format.name);
  sws_scale(converter_.get(), decoded.data, decoded.linesize, 0, decoded.height, converted->data,
            converted->linesize);
  return converted;
}

Result<Frame> Decoder::to_frame(UniqueFrame decoded) {
  const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(decoded->format));
  if (format == nullptr) return fail(ErrorCode::kCorrupt, "frames of an unknown pixel format");
  Frame frame;
  frame.matrix = matrix_of(*decoded);
  frame.full_range = is_full_range(*decoded, *format);
  if (!holds_as_is(*format)) {
    if (is_rgb(*format)) frame.matrix = ColorMatrix::kRgb;
    if ((format->flags & AV_PIX_FMT_FLAG_PAL) != 0) {
      // swscale's YUV of a palette.
      frame.matrix = ColorMatrix::kBt601;
      frame.full_range = false;
    }
    decoded = LIDO_TRY(convert_pixels(*decoded, *format));
    format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(decoded->format));
  }
  frame.width = decoded->width;
  frame.height = decoded->height;
  frame.chroma_shift_x = format->log2_chroma_w;
  frame.chroma_shift_y = format->log2_chroma_h;
  frame.bit_depth = format->comp[0].depth;
  frame.grey = is_grey(*format);
  const int chroma = value_of(decoded->chroma_location);
  frame.chroma_left = chroma != AVCHROMA_LOC_CENTER && chroma != AVCHROMA_LOC_TOP;
  frame.orientation = orientation_;
  frame.pts = decoded->pts != AV_NOPTS_VALUE ? decoded->pts : decoded->best_effort_timestamp;
  const AVRational aspect =
      container_aspect_.num > 0 ? container_aspect_ : decoded->sample_aspect_ratio;
  if (aspect.num > 0 && aspect.den > 0) frame.pixel_aspect = std::clamp(av_q2d(aspect), 0.1, 10.0);
  // FFmpeg stores planar RGB as G, B, R.
  const bool rgb = frame.matrix == ColorMatrix::kRgb;
  const std::array<int, 3> order = rgb ? std::array{2, 0, 1} : std::array{0, 1, 2};
  for (size_t i = 0; i < 3; ++i) {
    const auto source = static_cast<size_t>(order[i]);
    frame.planes[i] = {reinterpret_cast<const std::byte*>(decoded->data[source]),
                       decoded->linesize[source]};
  }
  frame.owner = std::shared_ptr<AVFrame>(std::move(decoded));
  return frame;
}

std::optional<std::vector<BlockVector>> block_vectors(const AVFrame& decoded) {
  const AVFrameSideData* data = av_frame_get_side_data(&decoded, AV_FRAME_DATA_MOTION_VECTORS);
  if (data == nullptr) return std::nullopt;
  std::vector<BlockVector> vectors;
  for (const AVMotionVector& vector : std::span(reinterpret_cast<const AVMotionVector*>(data->data),
                                                data->size / sizeof(AVMotionVector))) {
    if (vector.motion_scale == 0 || (vector.motion_x == 0 && vector.motion_y == 0)) continue;
    const auto scale = static_cast<float>(vector.motion_scale);
    vectors.push_back({vector.dst_x, vector.dst_y, static_cast<float>(vector.motion_x) / scale,
                       static_cast<float>(vector.motion_y) / scale});
  }
  return vectors;
}

bool shows_intra_frame(Decoder& decoder, const AVPacket& packet) {
  decoder.flush();
  bool is_intra = false;
  bool good = decoder.send(&packet).has_value();
  for (bool drained = false; good;) {
    const auto decoded = decoder.receive();
    good = decoded.has_value();
    if (good && *decoded != nullptr) {
      is_intra = (*decoded)->key_frame == 1 && value_of((*decoded)->pict_type) == AV_PICTURE_TYPE_I;
      break;
    }
    if (std::exchange(drained, true)) break;
    good = good && decoder.send(nullptr).has_value();
  }
  decoder.flush();
  return good && is_intra;
}

bool is_damaged(const AVFrame& decoded) {
  return (decoded.flags & AV_FRAME_FLAG_CORRUPT) != 0 || decoded.decode_error_flags != 0;
}

}  // namespace lido::media
