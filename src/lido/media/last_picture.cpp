// SPDX-License-Identifier: Apache-2.0
#include "lido/media/last_picture.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "lido/media/loss.h"

namespace lido::media {
namespace {

/// More pictures than any decoder reorders, and enough to know their step.
constexpr size_t kMaxNumbers = 64;
constexpr size_t kMinNumbers = 8;
/// More bytes than a decoder reads ahead of a decision.
constexpr int kBytesBehind = 64;

/// How a picture is decoded that may not be all there.
struct Surroundings {
  int memory = 0;  ///< Byte of memory that no picture was written to.
  int behind = 0;  ///< Byte that follows the packet; 0 for none.
};

std::vector<int32_t> sorted(const std::deque<int32_t>& numbers) {
  std::vector<int32_t> all(numbers.begin(), numbers.end());
  std::ranges::sort(all);
  return all;
}

int get_filled_buffer(AVCodecContext* context, AVFrame* frame, int flags) {
  const int error = avcodec_default_get_buffer2(context, frame, flags);
  if (error < 0) return error;
  for (const AVBufferRef* buffer : frame->buf) {
    if (buffer != nullptr)
      std::memset(buffer->data, static_cast<const Surroundings*>(context->opaque)->memory,
                  buffer->size);
  }
  return error;
}

/// Copies a packet, with bytes behind it. @return Null when memory runs out.
UniquePacket copy_with(const AVPacket& packet, int behind) {
  UniquePacket copy(av_packet_alloc());
  if (av_new_packet(copy.get(), packet.size + kBytesBehind) < 0) return nullptr;
  std::memcpy(copy->data, packet.data, static_cast<size_t>(packet.size));
  std::memset(copy->data + packet.size, behind, kBytesBehind);
  return copy;
}

/// Decodes packets. @return The picture of the last one; null after any error.
UniqueFrame decode_last(const AVStream& stream, std::span<const UniquePacket> packets,
                        Surroundings around) {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (codec == nullptr || packets.empty()) return nullptr;
  const UniqueCodec context(avcodec_alloc_context3(codec));
  if (avcodec_parameters_to_context(context.get(), stream.codecpar) < 0) return nullptr;
  context->thread_count = 1;
  context->opaque = &around;
  context->get_buffer2 = get_filled_buffer;
  if (avcodec_open2(context.get(), codec, nullptr) < 0) return nullptr;
  UniqueFrame last;
  for (size_t i = 0; i <= packets.size(); ++i) {
    UniquePacket packet;
    if (i < packets.size()) {
      const bool extend = i + 1 == packets.size() && around.behind != 0;
      packet.reset(extend ? copy_with(*packets[i], around.behind).release()
                          : av_packet_clone(packets[i].get()));
      if (packet == nullptr) return nullptr;
      packet->pts = packet->dts = static_cast<int64_t>(i);
    }
    if (avcodec_send_packet(context.get(), packet.get()) < 0) return nullptr;
    for (;;) {
      UniqueFrame frame(av_frame_alloc());
      if (avcodec_receive_frame(context.get(), frame.get()) < 0) break;
      if (frame->pts + 1 == std::ssize(packets)) last = std::move(frame);
    }
  }
  return last;
}

bool are_equal(const AVFrame& a, const AVFrame& b) {
  const auto format = static_cast<AVPixelFormat>(a.format);
  const AVPixFmtDescriptor* described = av_pix_fmt_desc_get(format);
  if (described == nullptr || a.format != b.format || a.width != b.width || a.height != b.height)
    return false;
  for (int plane = 0; plane < av_pix_fmt_count_planes(format); ++plane) {
    const int bytes = av_image_get_linesize(format, a.width, plane);
    const bool is_chroma = plane == 1 || plane == 2;
    const int rows = is_chroma ? -((-a.height) >> described->log2_chroma_h) : a.height;
    for (int row = 0; row < rows; ++row) {
      const uint8_t* line = a.data[plane] + ptrdiff_t{row} * a.linesize[plane];
      const uint8_t* other = b.data[plane] + ptrdiff_t{row} * b.linesize[plane];
      if (bytes < 0 || std::memcmp(line, other, static_cast<size_t>(bytes)) != 0) return false;
    }
  }
  return true;
}

}  // namespace

void NumberedPictures::push(int32_t number, bool restarts) {
  if (restarts) numbers_.clear();
  numbers_.push_back(number);
  if (numbers_.size() > kMaxNumbers) numbers_.pop_front();
  if (numbers_.size() < kMinNumbers) return;
  const std::vector<int32_t> all = sorted(numbers_);
  std::vector<int64_t> steps;
  for (size_t i = 1; i < all.size(); ++i) steps.push_back(ticks_between(all[i - 1], all[i]));
  step_ = median_step(std::move(steps));
}

size_t NumberedPictures::after_missing(int depth) const {
  if (step_ <= 0) return 0;
  const std::vector<int32_t> all = sorted(numbers_);
  // Pictures further from the end were shown before this one was decoded.
  const size_t held = std::min(all.size(), static_cast<size_t>(std::max(depth, 0)) + 1);
  for (size_t i = all.size() - held + 1; i < all.size(); ++i) {
    if (skips_frame(ticks_between(all[i - 1], all[i]), step_)) return all.size() - i;
  }
  return 0;
}

size_t NumberedPictures::from_last() const {
  return static_cast<size_t>(std::ranges::count_if(
      numbers_, [this](int32_t number) { return number >= numbers_.back(); }));
}

PictureNumberReader::PictureNumberReader(const AVStream& stream) {
  const AVCodecID codec = stream.codecpar->codec_id;
  if (codec != AV_CODEC_ID_H264 && codec != AV_CODEC_ID_HEVC) return;
  context_.reset(avcodec_alloc_context3(nullptr));
  if (avcodec_parameters_to_context(context_.get(), stream.codecpar) < 0) return;
  parser_.reset(av_parser_init(codec));
  if (parser_ != nullptr) parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
}

std::optional<int32_t> PictureNumberReader::read(const AVPacket& packet) {
  if (parser_ == nullptr) return std::nullopt;
  uint8_t* data = nullptr;
  int size = 0;
  constexpr int kNone = INT32_MIN;
  parser_->output_picture_number = kNone;
  av_parser_parse2(parser_.get(), context_.get(), &data, &size, packet.data, packet.size,
                   packet.pts, packet.dts, packet.pos);
  const int number = parser_->output_picture_number;
  return number == kNone ? std::nullopt : std::optional(number);
}

bool is_last_whole(const AVStream& stream, std::span<const UniquePacket> packets) {
  // A decoder of arithmetic codes takes the likely way where zeros follow, else the unlikely one.
  const UniqueFrame as_is = decode_last(stream, packets, {.memory = 0x55});
  if (as_is == nullptr) return false;
  const UniqueFrame other = decode_last(stream, packets, {.memory = 0xaa, .behind = 0xff});
  return other != nullptr && are_equal(*as_is, *other);
}

}  // namespace lido::media
