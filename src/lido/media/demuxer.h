// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/media/bitstream.h"
#include "lido/media/frame.h"
#include "lido/media/libav.h"
#include "lido/media/probe.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// Splits a file into the packets of its first video stream. Does no decoding. Not thread-safe.
class Demuxer {
 public:
  /// @param reader  Must outlive the demuxer.
  /// @return kCorrupt for what FFmpeg cannot open, no video stream, encrypted or absurdly large
  /// pictures.
  static Result<std::unique_ptr<Demuxer>> open(storage::Reader& reader);
  ~Demuxer();

  /// The next packet of the video stream; empty at the end.
  /// @return kCorrupt when the file breaks off or its structure is broken.
  Result<UniquePacket> next();

  /// Makes the next packet a random access point at or before `point`.
  Result<void> seek(const RandomAccess& point);

  const AVStream& stream() const { return *stream_; }
  const AVFormatContext& format() const { return *format_; }
  Rational time_base() const { return {stream_->time_base.num, stream_->time_base.den}; }
  /// Of packets in the order in which next() gave them; of a random access point again and again.
  PacketFacts facts(const AVPacket& packet);

  /// The container lists every packet (MP4, MOV, AVI), so one can jump and know what was passed
  /// over.
  bool has_full_index() const;
  /// Packets of this container carry presentation times.
  bool is_timed() const;

 private:
  struct Input;
  Demuxer() = default;
  Result<void> check_stream() const;
  void configure(std::span<const std::byte> extradata);

  std::unique_ptr<Input> input_;
  AVFormatContext* format_ = nullptr;
  AVStream* stream_ = nullptr;
  FactReader fact_reader_;
};

}  // namespace lido::media
