// SPDX-License-Identifier: Apache-2.0
#include "lido/media/demuxer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

#include "lido/media/container.h"
#include "lido/media/lost_bytes.h"
#include "lido/media/missing_bytes.h"
#include "lido/media/mp4_boxes.h"
#include "lido/media/tracks.h"
#include "lido/media/unreadable.h"

namespace lido::media {
namespace {

/// 8K, which takes 50 MB per frame. A larger size means a broken or hostile header.
constexpr int64_t kMaxPixels = int64_t{7680} * 4320;
/// Sums and differences of a few timestamps up to here do not overflow.
constexpr int64_t kMaxTicks = int64_t{1} << 59;
/// Maximum number of bytes read to recognise a format and its streams.
constexpr int64_t kProbeBytes = 4 << 20;
constexpr int64_t kChunkHeader_bytes = 8;  ///< Header of a chunk of AVI.
// Limits of reading ahead to choose among several video tracks.
constexpr int kMaxCountedPackets = 2000;
constexpr int64_t kMaxCountedBytes = 16 << 20;

std::span<const std::byte> bytes_of(const uint8_t* data, int size) {
  return {reinterpret_cast<const std::byte*>(data), static_cast<size_t>(std::max(size, 0))};
}

Syntax syntax_of(AVCodecID id) {
  if (id == AV_CODEC_ID_H264) return Syntax::kH264;
  if (id == AV_CODEC_ID_HEVC) return Syntax::kHevc;
  if (id == AV_CODEC_ID_VP9) return Syntax::kVp9;
  if (id == AV_CODEC_ID_MPEG1VIDEO || id == AV_CODEC_ID_MPEG2VIDEO) return Syntax::kMpeg2;
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(id);
  const bool intra_only =
      descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
  return intra_only ? Syntax::kIntraOnly : Syntax::kOther;
}

std::optional<PictureSyntax> picture_syntax_of(AVCodecID id) {
  using enum PictureSyntax;
  constexpr std::array kSyntaxes = {std::pair{AV_CODEC_ID_MPEG1VIDEO, kMpeg12},
                                    std::pair{AV_CODEC_ID_MPEG2VIDEO, kMpeg12},
                                    std::pair{AV_CODEC_ID_MPEG4, kMpeg4},
                                    std::pair{AV_CODEC_ID_H263, kH263},
                                    std::pair{AV_CODEC_ID_H263P, kH263},
                                    std::pair{AV_CODEC_ID_FLV1, kFlv1},
                                    std::pair{AV_CODEC_ID_MSMPEG4V2, kMsMpeg4},
                                    std::pair{AV_CODEC_ID_MSMPEG4V3, kMsMpeg4},
                                    std::pair{AV_CODEC_ID_WMV1, kMsMpeg4},
                                    std::pair{AV_CODEC_ID_WMV2, kWmv2},
                                    std::pair{AV_CODEC_ID_VP8, kVp8},
                                    std::pair{AV_CODEC_ID_THEORA, kTheora},
                                    std::pair{AV_CODEC_ID_AV1, kAv1}};
  const auto* const found =
      std::ranges::find(kSyntaxes, id, &std::pair<AVCodecID, PictureSyntax>::first);
  if (found == kSyntaxes.end()) return std::nullopt;
  return found->second;
}

ZeroRules zero_rules_of(AVCodecID id) {
  using enum ZeroRules;
  constexpr std::array kStarts = {AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO,
                                  AV_CODEC_ID_MPEG4};
  // Theora's codes may be all zeros: flat frames are.
  constexpr std::array kOthers = {AV_CODEC_ID_VP8,       AV_CODEC_ID_VP9,       AV_CODEC_ID_AV1,
                                  AV_CODEC_ID_MSMPEG4V2, AV_CODEC_ID_MSMPEG4V3, AV_CODEC_ID_WMV1,
                                  AV_CODEC_ID_WMV2,      AV_CODEC_ID_FLV1,      AV_CODEC_ID_H263,
                                  AV_CODEC_ID_H263P};
  if (id == AV_CODEC_ID_H264) return kH264;
  if (id == AV_CODEC_ID_HEVC) return kHevc;
  if (std::ranges::find(kStarts, id) != kStarts.end()) return kStartCodes;
  return std::ranges::find(kOthers, id) != kOthers.end() ? kDense : kUnknown;
}

/// Returns whether FFmpeg's reader of a format gives this error at the end of a whole file.
bool ends_with(std::string_view format, int error) {
  if (error == AVERROR(EPERM)) return true;  // GXF
  return format == "mpjpeg" && error == AVERROR_INVALIDDATA;
}

}  // namespace

/// The stream that FFmpeg reads. Keeps the first storage error, since FFmpeg reports only "I/O
/// error".
struct Demuxer::Input {
  storage::Reader& reader;
  int64_t end;  ///< Bytes from here on are hidden from FFmpeg.
  int64_t position = 0;
  std::optional<Error> error;
  std::span<const FragmentHole> holes;  ///< FFmpeg sees free space there.
  AVIOContext* context = nullptr;

  Input(storage::Reader& from, int64_t limit, std::span<const FragmentHole> free)
      : reader(from), end(limit), holes(free) {
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
    const auto wanted = std::min<int64_t>(size, self.end - self.position);
    if (wanted <= 0) return AVERROR_EOF;
    const auto count = self.reader.read_at(
        self.position, {reinterpret_cast<std::byte*>(buffer), static_cast<size_t>(wanted)});
    if (!count) {
      self.error = count.error();
      return AVERROR(EIO);
    }
    if (*count == 0) return AVERROR_EOF;
    self.cover(self.position, {buffer, *count});
    self.position += static_cast<int64_t>(*count);
    return static_cast<int>(*count);
  }
  /// Writes the headers of free space over the beginnings of holes.
  void cover(int64_t at, std::span<uint8_t> bytes) const {
    for (const FragmentHole& hole : holes) {
      // A length of 64 bits takes 16 bytes; a shorter hole takes the short form.
      const auto length = static_cast<uint64_t>(hole.end - hole.begin);
      const bool is_long = length > UINT32_MAX;
      std::array<uint8_t, 16> header = {0, 0, 0, 1, 'f', 'r', 'e', 'e'};
      const size_t first = is_long ? 8 : 0, digits = is_long ? 8 : 4;
      for (size_t i = 0; i < digits; ++i)
        header[first + i] = static_cast<uint8_t>(length >> (8 * (digits - 1 - i)));
      for (size_t i = 0; i < (is_long ? 16U : 8U); ++i) {
        const int64_t place = hole.begin + static_cast<int64_t>(i) - at;
        if (place >= 0 && place < std::ssize(bytes)) bytes[static_cast<size_t>(place)] = header[i];
      }
    }
  }
  static int64_t seek(void* opaque, int64_t offset, int whence) {
    auto& self = *static_cast<Input*>(opaque);
    if (whence == AVSEEK_SIZE) return self.end;
    if (whence == SEEK_CUR) offset += self.position;
    if (whence == SEEK_END) offset += self.end;
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
  LIDO_TRY(demuxer->open_format(reader, reader.size()));
  LIDO_TRY(demuxer->choose_stream(reader));
  LIDO_TRY(demuxer->check_stream());
  const AVCodecParameters& codec = *demuxer->stream_->codecpar;
  demuxer->configure(bytes_of(codec.extradata, codec.extradata_size));
  return demuxer;
}

/// Reads the header, from the beginning of the file. @param end  Bytes of the file that count.
Result<void> Demuxer::open_format(storage::Reader& reader, int64_t end) {
  avformat_close_input(&format_);
  probing_errors_.clear();
  input_ = std::make_unique<Input>(reader, end, holes_);
  format_ = avformat_alloc_context();
  format_->pb = input_->context;
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  format_->probesize = kProbeBytes;
  format_->max_streams = 64;
  int error = avformat_open_input(&format_, nullptr, nullptr, nullptr);
  has_index_ = false;
  for (unsigned i = 0; error >= 0 && i < format_->nb_streams; ++i)
    has_index_ = has_index_ || avformat_index_get_entries_count(format_->streams[i]) > 0;
  if (error >= 0 && needs_stream_probe(format_->iformat->name)) {
    // FFmpeg reads packets ahead here, which av_read_frame() returns later.
    const LoggedErrors logged(*format_);
    error = avformat_find_stream_info(format_, nullptr);
    probing_errors_.assign(logged.positions().begin(), logged.positions().end());
  }
  if (input_->error) return std::unexpected(*input_->error);
  if (error >= 0) return {};
  // FFmpeg opens no file that ends inside the header of a fragment; the fragments before are whole.
  const int64_t whole = end == reader.size() ? LIDO_TRY(start_of_cut_fragment(reader)) : -1;
  if (whole > 0) return open_format(reader, whole);
  return std::unexpected(explain_unreadable(reader, av_text(error)));
}

Result<void> Demuxer::choose_stream(storage::Reader& reader) {
  std::vector<VideoTrack> tracks = video_tracks(*format_);
  if (tracks.size() > 1 && !lists_every_packet(format_->iformat->name)) {
    LIDO_TRY(count_packets(tracks));
    LIDO_TRY(open_format(reader, input_->end));
  }
  for (unsigned i = 0; i < format_->nb_streams; ++i) format_->streams[i]->discard = AVDISCARD_ALL;
  if (tracks.empty()) return {};
  stream_ = format_->streams[tracks[choose_track(tracks)].index];
  stream_->discard = AVDISCARD_DEFAULT;
  return {};
}

/// Counts the packets of each track at the beginning of the file.
Result<void> Demuxer::count_packets(std::vector<VideoTrack>& tracks) {
  for (VideoTrack& track : tracks) track.packets = 0;
  const UniquePacket packet(av_packet_alloc());
  int64_t bytes = 0;
  for (int i = 0; i < kMaxCountedPackets && bytes < kMaxCountedBytes; ++i) {
    const int error = av_read_frame(format_, packet.get());
    if (input_->error) return std::unexpected(*input_->error);
    if (error < 0 && error != AVERROR(EAGAIN)) return {};
    bytes += packet->size;
    for (VideoTrack& track : tracks) track.packets += packet->stream_index == track.index ? 1 : 0;
    av_packet_unref(packet.get());
  }
  return {};
}

std::string Demuxer::other_tracks() const { return describe_others(*format_, stream_->index); }

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

/// Reads a packet as av_read_frame(), and notes whether an error was logged before its end.
int Demuxer::read_noting_errors(AVPacket& packet) {
  const LoggedErrors logged(*format_);
  const int error = av_read_frame(format_, &packet);
  const auto is_behind = [&](int64_t position) {
    return error >= 0 && packet.pos >= 0 && position > packet.pos;
  };
  const auto before = std::erase_if(probing_errors_, std::not_fn(is_behind));
  met_errors_ = met_errors_ || before > 0 || !logged.positions().empty();
  return error;
}

Result<UniquePacket> Demuxer::next() {
  UniquePacket packet(av_packet_alloc());
  for (;;) {
    const int error = read_noting_errors(*packet);
    if (input_->error) return std::unexpected(*input_->error);
    if (error < 0 && error != AVERROR(EAGAIN) && LIDO_TRY(bridge_holes())) continue;
    const bool is_last = avio_feof(format_->pb) != 0;
    if (error == AVERROR_EOF || (is_last && ends_with(format_->iformat->name, error))) {
      const bool skips_rest =
          !holes_.empty() && last_position_ >= 0 && holes_.back().end > last_position_;
      if (!skips_rest) return nullptr;
      return fail(ErrorCode::kCorrupt, "the file's fragments are missing or damaged up to its end");
    }
    if (error == AVERROR(EAGAIN)) continue;
    if (error == AVERROR(EPERM))
      return fail(ErrorCode::kCorrupt, "the file is cut off or broken: no packet where one begins");
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
    if (!is_new(*packet)) {
      av_packet_unref(packet.get());
      continue;
    }
    LIDO_TRY(recount(*packet));
    LIDO_TRY(restore_negative_time(*packet));
    if (std::exchange(at_start_, false)) first_ = {packet->pts, packet->dts, packet->pos};
    return packet;
  }
}

/// Reads a fragmented MP4 file again behind a fragment whose header is damaged, at which FFmpeg
/// ends.
/// @return Whether there is such a fragment, and whole ones behind it.
Result<bool> Demuxer::bridge_holes() {
  if (!lists_every_packet(format_->iformat->name) || std::exchange(looked_for_holes_, true))
    return false;
  holes_ = LIDO_TRY(find_fragment_holes(input_->reader));
  if (holes_.empty()) return false;
  storage::Reader& reader = input_->reader;
  LIDO_TRY(open_format(reader, input_->end));
  LIDO_TRY(choose_stream(reader));
  LIDO_TRY(check_stream());
  resumes_behind_ = last_position_;
  return true;
}

/// Returns whether a packet was not read before a file was opened again. Notes whether it follows a
/// hole.
bool Demuxer::is_new(const AVPacket& packet) {
  if (packet.pos <= resumes_behind_ && resumes_behind_ >= 0) return false;
  resumes_behind_ = -1;
  for (const FragmentHole& hole : holes_) {
    const bool crosses = last_position_ >= 0 && last_position_ < hole.begin;
    skips_packets_ = skips_packets_ || (crosses && packet.pos >= hole.end);
  }
  last_position_ = packet.pos;
  return true;
}

/// Corrects the time of a packet of AVI. FFmpeg counts the chunks that it finds; where some are
/// damaged, the index shows which one this is.
Result<void> Demuxer::recount(AVPacket& packet) {
  if (!counts_packets(format_->iformat->name) || packet.dts == AV_NOPTS_VALUE) return {};
  const int64_t counted = packet.dts + uncounted_;
  const int flags = AVSEEK_FLAG_ANY | AVSEEK_FLAG_BACKWARD;
  // The search never goes back, so that a false index costs one pass.
  int number = std::max(av_index_search_timestamp(stream_, counted, flags), next_entry_);
  const AVIndexEntry* entry = avformat_index_get_entry(stream_, number);
  while (entry != nullptr && entry->pos + kChunkHeader_bytes < packet.pos)
    entry = avformat_index_get_entry(stream_, ++number);
  next_entry_ = number;
  const bool found = entry != nullptr && entry->pos + kChunkHeader_bytes == packet.pos;
  if (!found && entry != nullptr && packet.pos >= 0 && LIDO_TRY(index_fits()))
    return fail(ErrorCode::kCorrupt, "the file's index has no packet at byte {}", packet.pos);
  if (!has_index_ && packet.pos >= 0) {
    chunks_end_ = LIDO_TRY(follows_chunks(packet)) ? packet.pos + packet.size : kNoPts;
    if (chunks_end_ == kNoPts)
      return fail(ErrorCode::kCorrupt, "bytes before byte {} are missing or damaged", packet.pos);
  }
  index_entry_ = found ? number : -1;
  skips_packets_ = skips_packets_ || (found && entry->timestamp > counted);
  if (found && entry->timestamp > counted) uncounted_ += entry->timestamp - counted;
  packet.dts += uncounted_;
  if (packet.pts != AV_NOPTS_VALUE) packet.pts += uncounted_;
  return {};
}

/// Sets the time of a packet of Matroska that is before 0, which FFmpeg leaves out. A cluster's
/// time is never negative: that of its block is.
Result<void> Demuxer::restore_negative_time(AVPacket& packet) {
  const bool lacks_time = packet.pts == AV_NOPTS_VALUE && packet.dts == AV_NOPTS_VALUE;
  if (!lacks_time || packet.pos < 0 || !times_blocks(format_->iformat->name)) return {};
  std::array<std::byte, 3> block{};  // number of the track, and 16 bits of time
  if (LIDO_TRY(input_->reader.read_at(packet.pos, block)) < block.size()) return {};
  const auto time = static_cast<int16_t>(big_endian(std::span(block).last(2)));
  const bool short_number = (block[0] & std::byte{0x80}) != std::byte{0};
  if (short_number && time < 0) packet.pts = time;
  return {};
}

/// Returns whether chunks of AVI fill the bytes between the last packet and this one. Without an
/// index, nothing else shows that some are missing, and later packets then count too few.
Result<bool> Demuxer::follows_chunks(const AVPacket& packet) {
  constexpr int kMaxChunks = 10'000;
  if (chunks_end_ == kNoPts) return false;
  const int64_t to = packet.pos - kChunkHeader_bytes;
  int64_t at = chunks_end_ < 0 ? to : chunks_end_ + chunks_end_ % 2;
  for (int i = 0; i < kMaxChunks && at < to; ++i) {
    std::array<std::byte, kChunkHeader_bytes> header{};
    if (LIDO_TRY(input_->reader.read_at(at, header)) < header.size()) return false;
    const auto is_name = [](std::byte one) {
      return std::isalnum(std::to_integer<int>(one)) != 0 || one == std::byte{' '};
    };
    if (!std::ranges::all_of(std::span(header).first(4), is_name)) return false;
    const std::string_view name(reinterpret_cast<const char*>(header.data()), 4);
    std::reverse(header.begin() + 4, header.end());
    const auto size = static_cast<int64_t>(big_endian(std::span(header).last(4)));
    const bool holds_chunks = name == "LIST" || name == "RIFF";
    at += kChunkHeader_bytes + (holds_chunks ? 4 : size + size % 2);
  }
  return at == to;
}

/// Returns whether the index of an AVI file has the first packet where it is.
Result<bool> Demuxer::index_fits() {
  if (!index_fits_) {
    const auto first = LIDO_TRY(first_packets(1));
    const AVIndexEntry* entry = avformat_index_get_entry(stream_, 0);
    index_fits_ =
        !first.empty() && entry != nullptr && entry->pos + kChunkHeader_bytes == first[0]->pos;
  }
  return *index_fits_;
}

void Demuxer::forget() { fact_reader_.forget(); }

Result<void> Demuxer::seek(const RandomAccess& point) {
  forget();
  at_start_ = is_beginning_ = false;
  uncounted_ = 0;
  chunks_end_ = std::min<int64_t>(chunks_end_, -1);  // stays behind missing bytes
  skips_packets_ = false;
  met_errors_ = false;
  probing_errors_.clear();
  last_position_ = resumes_behind_ = -1;
  index_entry_ = -1;
  next_entry_ = 0;
  const bool by_byte = point.position >= 0 && seeks_by_byte(format_->iformat->name);
  const int64_t target = by_byte ? point.position : point.dts != kNoPts ? point.dts : point.pts;
  const int flags = by_byte ? AVSEEK_FLAG_BYTE : AVSEEK_FLAG_BACKWARD;
  const int error = av_seek_frame(format_, stream_->index, target, flags);
  if (input_->error) return std::unexpected(*input_->error);
  if (error < 0) return fail(ErrorCode::kCorrupt, "cannot seek to {}: {}", target, av_text(error));
  return {};
}

void Demuxer::configure(std::span<const std::byte> extradata) {
  const AVCodecID codec = stream_->codecpar->codec_id;
  framing_ = framing_of(syntax_of(codec), extradata);
  fact_reader_ = FactReader(framing_, extradata);
  picture_syntax_ = picture_syntax_of(codec);
}

/// Returns whether a key frame by the container is an intra picture.
bool Demuxer::starts_decoding(const AVPacket& packet) {
  if (framing_.syntax != Syntax::kMpeg2 && framing_.syntax != Syntax::kOther) return true;
  if (picture_syntax_) return is_intra(*picture_syntax_, bytes_of(packet.data, packet.size));
  if (first_ == RandomAccess{}) {
    const auto first = first_packets(1);
    if (first && !first->empty())
      first_ = {first->front()->pts, first->front()->dts, first->front()->pos};
  }
  if (first_ == RandomAccess{packet.pts, packet.dts, packet.pos}) return true;
  if (!checker_) {
    auto opened = Decoder::open(*stream_);
    if (!opened) return false;
    checker_ = std::move(*opened);
  }
  return shows_intra_frame(*checker_, packet);
}

PacketFacts Demuxer::facts(const AVPacket& packet) {
  size_t size = 0;
  const uint8_t* extradata = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (extradata != nullptr) configure(bytes_of(extradata, static_cast<int>(size)));
  PacketFacts facts =
      fact_reader_.read(bytes_of(packet.data, packet.size), (packet.flags & AV_PKT_FLAG_KEY) != 0);
  facts.random_access = facts.random_access && starts_decoding(packet);
  facts.resets = facts.resets && facts.random_access;
  facts.skips_packets = std::exchange(skips_packets_, false);
  facts.after_errors = std::exchange(met_errors_, false);
  facts.zeros = find_zeros(zero_rules_of(stream_->codecpar->codec_id),
                           bytes_of(packet.data, packet.size), framing_.nal_length_size);
  if (is_beginning_) look_at_beginning(packet, facts);
  // The decoder must receive this packet, whether its frame is wanted or not.
  if (extradata != nullptr) facts.unplannable = true;
  return facts;
}

/// Finds out whether the first frames of the file cannot be read.
void Demuxer::look_at_beginning(const AVPacket& packet, const PacketFacts& facts) {
  lost_beginning_ = lost_beginning_ || facts.after_errors;
  if (!facts.random_access) return;
  is_beginning_ = false;
  const bool lost = lost_beginning_ && begins_at_zero(format_->iformat->name);
  if (lost && packet.pts != AV_NOPTS_VALUE && packet.pts > 0) lost_start_pts_ = 0;
}

Result<bool> Demuxer::elements_follow(int64_t end, int64_t data) const {
  if (!times_blocks(format_->iformat->name)) return true;
  // A block's data begins with its track, time and flags, which are no part of the packet.
  constexpr int64_t kBlockHeader_bytes = 4;
  return media::elements_follow(input_->reader, end + kBlockHeader_bytes, data);
}

bool Demuxer::is_aligned(int64_t position, int64_t other) const {
  const bool is_known = position >= 0 && other >= 0 && format_->packet_size > 0;
  const bool has_one_size = std::string_view(format_->iformat->name) == "asf";
  return !is_known || !has_one_size || (other - position) % format_->packet_size == 0;
}

Result<bool> Demuxer::packets_follow(int64_t position, int64_t later) const {
  if (position < 0 || later < 0) return true;
  const std::string_view name = format_->iformat->name;
  if (name == "mpeg") return packs_follow(input_->reader, position, later);
  if (name != "asf") return true;
  return data_packets_follow(input_->reader, format_->packet_size, position, later);
}

Result<bool> Demuxer::begins_recording(const AVPacket& packet) const {
  if (std::string_view(format_->iformat->name) != "mpegts" || packet.pos < 0) return false;
  return media::begins_recording(input_->reader, stream_->id, packet.pos);
}

double Demuxer::declared_s() const {
  const AVRational base = stream_->time_base;
  const double stream_s = static_cast<double>(stream_->duration) * av_q2d(base);
  if (stream_s > 0) return stream_s;
  const bool guessed = format_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  const double format_s = static_cast<double>(format_->duration) / AV_TIME_BASE;
  return guessed || format_s <= 0 ? 0 : format_s;
}

bool Demuxer::has_full_index() const {
  return lists_every_packet(format_->iformat->name) &&
         avformat_index_get_entries_count(stream_) > 0;
}

Rational Demuxer::frame_interval() const {
  for (const AVRational rate : {stream_->r_frame_rate, stream_->avg_frame_rate}) {
    if (rate.num > 0 && rate.den > 0) return {rate.den, rate.num};
  }
  return {0, 1};
}

bool Demuxer::times_every_packet() const {
  return is_timed() && !counts_packets(format_->iformat->name);
}

Result<void> Demuxer::check_complete() {
  LIDO_TRY(check_not_cut_off(input_->reader, format_->iformat->name));
  const bool skips_last =
      index_entry_ >= 0 && index_entry_ + 1 < avformat_index_get_entries_count(stream_);
  if (skips_last)
    return fail(ErrorCode::kCorrupt,
                "the last packets are missing or damaged, by the file's index");
  return {};
}

Result<bool> Demuxer::finds_again(const RandomAccess& point) {
  const auto found = seek(point);
  if (!found && found.error().code != ErrorCode::kCorrupt) return std::unexpected(found.error());
  if (!found) return false;
  for (;;) {
    const auto packet = next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    if (!packet || *packet == nullptr) return false;
    if (!facts(**packet).random_access) continue;
    if ((*packet)->pts == point.pts) return true;
    if ((*packet)->pts == AV_NOPTS_VALUE || (*packet)->pts > point.pts) return false;
  }
}

Result<std::span<const UniquePacket>> Demuxer::first_packets(size_t count) {
  if (first_packets_.size() >= count) return std::span(first_packets_).first(count);
  first_packets_.clear();
  const auto beginning = Demuxer::open(input_->reader);
  if (!beginning && beginning.error().code != ErrorCode::kCorrupt)
    return std::unexpected(beginning.error());
  while (beginning && first_packets_.size() < count) {
    auto packet = (*beginning)->next();
    if (!packet && packet.error().code != ErrorCode::kCorrupt)
      return std::unexpected(packet.error());
    if (!packet || *packet == nullptr) break;
    first_packets_.push_back(std::move(*packet));
  }
  return std::span<const UniquePacket>(first_packets_);
}

bool Demuxer::hides_cuts() const {
  const std::string_view name = format_->iformat->name;
  return stream_->codecpar->codec_id == AV_CODEC_ID_HEVC && (name == "mpegts" || name == "hevc");
}

Result<bool> Demuxer::may_end_inside_packet() {
  if (!hides_cuts()) return false;
  return !is_timed() || LIDO_TRY(ends_in_full_packet(input_->reader, stream_->id));
}

bool Demuxer::times_pages() const { return media::times_pages(format_->iformat->name); }

int64_t Demuxer::end_pts() const {
  const bool counts = times_pages() && stream_->codecpar->codec_id == AV_CODEC_ID_THEORA;
  const bool is_known =
      stream_->start_time != AV_NOPTS_VALUE && stream_->duration != AV_NOPTS_VALUE;
  return counts && is_known ? stream_->start_time + stream_->duration : kNoPts;
}

bool Demuxer::is_timed() const { return carries_timestamps(format_->iformat->name); }

}  // namespace lido::media
