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

/// Splits a file into the packets of its first video stream. Decodes nothing. Not thread-safe.
class Demuxer {
 public:
  /// Reads the header of a file.
  /// @param reader  Must outlive the demuxer.
  /// @return kCorrupt when FFmpeg cannot open the file, there is no video stream, it is encrypted,
  ///         or its frames are larger than 8K; kUnavailable from storage.
  static Result<std::unique_ptr<Demuxer>> open(storage::Reader& reader);
  ~Demuxer();

  /// Returns the next packet of the video stream; null at the end.
  /// @return kCorrupt when the file is cut off or its structure is broken; kUnavailable from
  /// storage.
  Result<UniquePacket> next();

  /// Moves to a random access point at or before `point`; next() returns it.
  /// @return kCorrupt when FFmpeg cannot seek; kUnavailable from storage.
  Result<void> seek(const RandomAccess& point);

  const AVStream& stream() const { return *stream_; }
  const AVFormatContext& format() const { return *format_; }
  Rational time_base() const { return {stream_->time_base.num, stream_->time_base.den}; }
  /// Reads a packet's facts. Call once per packet in the order of next(); only a random access
  /// point may be read again.
  PacketFacts facts(const AVPacket& packet);

  /// Returns whether the container lists every packet (MP4, MOV), so that the times of packets
  /// skipped by a seek are known.
  bool has_full_index() const;
  /// Returns whether packets of this container have presentation times.
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
