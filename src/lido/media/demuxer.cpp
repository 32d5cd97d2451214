// SPDX-License-Identifier: Apache-2.0
#include "lido/media/demuxer.h"

#include <algorithm>
#include <mutex>
#include <string_view>

#include "lido/media/container.h"

namespace lido::media {
namespace {

/// 8K, which takes 50 MB per frame. A larger size means a broken or hostile header.
constexpr int64_t kMaxPixels = int64_t{7680} * 4320;
/// Sums and differences of a few timestamps up to here do not overflow.
constexpr int64_t kMaxTicks = int64_t{1} << 59;
/// Maximum number of bytes read to recognise a format and its streams.
constexpr int64_t kProbeBytes = 4 << 20;

std::span<const std::byte> bytes_of(const uint8_t* data, int size) {
  return {reinterpret_cast<const std::byte*>(data), static_cast<size_t>(std::max(size, 0))};
}

Syntax syntax_of(AVCodecID id) {
  if (id == AV_CODEC_ID_H264) return Syntax::kH264;
  if (id == AV_CODEC_ID_HEVC) return Syntax::kHevc;
  if (id == AV_CODEC_ID_VP9) return Syntax::kVp9;
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(id);
  const bool intra_only =
      descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
  return intra_only ? Syntax::kIntraOnly : Syntax::kOther;
}

}  // namespace

/// The stream that FFmpeg reads. Keeps the first storage error, since FFmpeg reports only "I/O
/// error".
struct Demuxer::Input {
  storage::Reader& reader;
  int64_t position = 0;
  std::optional<Error> error;
  AVIOContext* context = nullptr;

  explicit Input(storage::Reader& from) : reader(from) {
    const auto size = static_cast<int>(from.request_size());
    context = avio_alloc_context(static_cast<unsigned char*>(av_malloc(static_cast<size_t>(size))),
                                 size, 0, this, &Input::read, nullptr, &Input::seek);
  }
  ~Input() {
    av_freep(&context->buffer);
    avio_context_free(&context);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  static int read(void* opaque, uint8_t* buffer, int size) {
    auto& self = *static_cast<Input*>(opaque);
    const auto count = self.reader.read_at(
        self.position, {reinterpret_cast<std::byte*>(buffer), static_cast<size_t>(size)});
    if (!count) {
      self.error = count.error();
      return AVERROR(EIO);
    }
    if (*count == 0) return AVERROR_EOF;
    self.position += static_cast<int64_t>(*count);
    return static_cast<int>(*count);
  }
  static int64_t seek(void* opaque, int64_t offset, int whence) {
    auto& self = *static_cast<Input*>(opaque);
    if (whence == AVSEEK_SIZE) return self.reader.size();
    if (whence == SEEK_CUR) offset += self.position;
    if (whence == SEEK_END) offset += self.reader.size();
    if (offset < 0) return AVERROR(EINVAL);
    return self.position = offset;
  }
};

Demuxer::~Demuxer() {
  // Closes the format context before the input that it reads.
  avformat_close_input(&format_);
}

Result<std::unique_ptr<Demuxer>> Demuxer::open(storage::Reader& reader) {
  configure_library();
  if (reader.size() == 0) return fail(ErrorCode::kCorrupt, "the file is empty, want a video");
  std::unique_ptr<Demuxer> demuxer(new Demuxer);
  demuxer->input_ = std::make_unique<Input>(reader);
  Input& input = *demuxer->input_;
  demuxer->format_ = avformat_alloc_context();
  AVFormatContext*& format = demuxer->format_;
  format->pb = input.context;
  format->flags |= AVFMT_FLAG_CUSTOM_IO;
  format->probesize = kProbeBytes;
  format->max_streams = 64;
  int error = avformat_open_input(&format, nullptr, nullptr, nullptr);
  if (error >= 0 && needs_stream_probe(format->iformat->name)) {
    error = avformat_find_stream_info(format, nullptr);
  }
  if (input.error) return std::unexpected(*input.error);
  if (error < 0) return fail(ErrorCode::kCorrupt, "not readable as video: {}", av_text(error));
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    AVStream* stream = format->streams[i];
    const bool cover = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    const bool video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !cover;
    if (video && demuxer->stream_ == nullptr)
      demuxer->stream_ = stream;
    else
      stream->discard = AVDISCARD_ALL;
  }
  LIDO_TRY(demuxer->check_stream());
  const AVCodecParameters& codec = *demuxer->stream_->codecpar;
  demuxer->configure(bytes_of(codec.extradata, codec.extradata_size));
  return demuxer;
}

Result<void> Demuxer::check_stream() const {
  if (stream_ == nullptr) return fail(ErrorCode::kCorrupt, "no video stream");
  const AVCodecParameters& codec = *stream_->codecpar;
  const bool encrypted_tag = codec.codec_tag == MKTAG('e', 'n', 'c', 'v');
  if (encrypted_tag ||
      av_stream_get_side_data(stream_, AV_PKT_DATA_ENCRYPTION_INIT_INFO, nullptr)) {
    return fail(ErrorCode::kCorrupt, "the video is encrypted");
  }
  if (codec.codec_id == AV_CODEC_ID_NONE) {
    return fail(ErrorCode::kCorrupt, "the video stream is of an unknown codec");
  }
  if (int64_t{codec.width} * codec.height > kMaxPixels || codec.width < 0 || codec.height < 0) {
    return fail(ErrorCode::kCorrupt, "frames of {}x{}, want {} pixels at most", codec.width,
                codec.height, kMaxPixels);
  }
  const AVRational base = stream_->time_base;
  if (base.num <= 0 || base.den <= 0) {
    return fail(ErrorCode::kCorrupt, "time base {}/{}, want both above 0", base.num, base.den);
  }
  return {};
}

Result<UniquePacket> Demuxer::next() {
  UniquePacket packet(av_packet_alloc());
  for (;;) {
    const int error = av_read_frame(format_, packet.get());
    if (input_->error) return std::unexpected(*input_->error);
    if (error == AVERROR_EOF) return nullptr;
    if (error == AVERROR(EAGAIN)) continue;
    if (error < 0)
      return fail(ErrorCode::kCorrupt, "the file is cut off or broken: {}", av_text(error));
    if (packet->stream_index != stream_->index) {
      av_packet_unref(packet.get());
      continue;
    }
    if (av_packet_get_side_data(packet.get(), AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr) {
      return fail(ErrorCode::kCorrupt, "the video is encrypted");
    }
    for (const int64_t ticks : {packet->pts, packet->dts}) {
      if (ticks != AV_NOPTS_VALUE && (ticks > kMaxTicks || ticks < -kMaxTicks))
        return fail(ErrorCode::kCorrupt, "a timestamp is {} ticks, want {} at most", ticks,
                    kMaxTicks);
    }
    return packet;
  }
}

Result<void> Demuxer::seek(const RandomAccess& point) {
  const bool by_byte = point.position >= 0 && seeks_by_byte(format_->iformat->name);
  const int64_t target = by_byte ? point.position : point.dts != kNoPts ? point.dts : point.pts;
  const int flags = by_byte ? AVSEEK_FLAG_BYTE : AVSEEK_FLAG_BACKWARD;
  const int error = av_seek_frame(format_, stream_->index, target, flags);
  if (input_->error) return std::unexpected(*input_->error);
  if (error < 0) return fail(ErrorCode::kCorrupt, "cannot seek to {}: {}", target, av_text(error));
  return {};
}

void Demuxer::configure(std::span<const std::byte> extradata) {
  fact_reader_ =
      FactReader(framing_of(syntax_of(stream_->codecpar->codec_id), extradata), extradata);
}

PacketFacts Demuxer::facts(const AVPacket& packet) {
  size_t size = 0;
  const uint8_t* extradata = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (extradata != nullptr) configure(bytes_of(extradata, static_cast<int>(size)));
  PacketFacts facts =
      fact_reader_.read(bytes_of(packet.data, packet.size), (packet.flags & AV_PKT_FLAG_KEY) != 0);
  // The decoder must receive this packet, whether its frame is wanted or not.
  if (extradata != nullptr) facts.unplannable = true;
  return facts;
}

bool Demuxer::has_full_index() const {
  return lists_every_packet(format_->iformat->name) &&
         avformat_index_get_entries_count(stream_) > 0;
}

bool Demuxer::is_timed() const { return carries_timestamps(format_->iformat->name); }

}  // namespace lido::media
