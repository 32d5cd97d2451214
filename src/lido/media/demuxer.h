// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/media/bitstream.h"
#include "lido/media/coded_picture.h"
#include "lido/media/decoder.h"
#include "lido/media/frame.h"
#include "lido/media/libav.h"
#include "lido/media/mp4_fragments.h"
#include "lido/media/probe.h"
#include "lido/media/tracks.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// Splits a file into the packets of the video track that a player shows (choose_track()). Decodes
/// nothing. Not thread-safe.
class Demuxer {
 public:
  /// Reads the header of a file.
  /// @param reader  Must outlive the demuxer.
  /// @return kCorrupt when FFmpeg cannot open the file (see explain_unreadable()), there is no
  /// video stream, it is encrypted,
  ///         or its frames are larger than 8K; kUnavailable from storage.
  static Result<std::unique_ptr<Demuxer>> open(storage::Reader& reader);
  ~Demuxer();

  /// Returns the seconds between frames by the header; num is 0 when it gives none.
  Rational frame_interval() const;
  /// Returns the next packet of the video stream; null at the end.
  /// @return kCorrupt when the file is cut off or its structure is broken; kUnavailable from
  /// storage.
  Result<UniquePacket> next();

  /// Facts of the next packets do not depend on those of the packets before.
  void forget();
  /// Moves to a random access point at or before `point`; next() returns it.
  /// @return kCorrupt when FFmpeg cannot seek; kUnavailable from storage.
  Result<void> seek(const RandomAccess& point);

  /// Returns whether reading that starts at a point finds it again. Moves the position.
  /// @return kUnavailable from storage.
  Result<bool> finds_again(const RandomAccess& point);
  /// Reads the first packets of the clip: `count`, or those before the end or a fault. Does not
  /// move the position. Reads no more than the first time.
  /// @return kUnavailable from storage.
  Result<std::span<const UniquePacket>> first_packets(size_t count);
  /// Returns whether FFmpeg logged an error about the file while it looked for the packet after
  /// those whose facts() were read: what stands there cannot be read.
  bool met_errors() const { return met_errors_; }
  /// Returns elements_follow() of this file; true in other containers than Matroska.
  /// @param end   Position and size of the first packet, added.
  /// @param data  Position of the later one.
  Result<bool> elements_follow(int64_t end, int64_t data) const;
  /// Returns whether the packets of ASF at two positions may stand in one file, where all have one
  /// size. True in other containers, and for -1.
  bool is_aligned(int64_t position, int64_t other) const;
  /// Returns whether nothing but packets stands between two packets of ASF or of a program stream.
  /// True in other containers, and for -1.
  /// @return kUnavailable from storage.
  Result<bool> packets_follow(int64_t position, int64_t later) const;
  /// Returns whether a packet of a transport stream is the first of another recording.
  /// @return kUnavailable from storage.
  Result<bool> begins_recording(const AVPacket& packet) const;
  const mpeg2::PictureCounter& counted_pictures() const { return fact_reader_.counted_pictures(); }
  /// Returns the duration of the clip by the container's header, seconds; 0 without one.
  double declared_s() const;
  /// Returns the PTS at which a clip began whose first frames cannot be read, ticks; kNoPts where
  /// nothing is missing, or the container's times may begin anywhere. Known once facts() has read
  /// the first random access point of the file.
  int64_t lost_start_pts() const { return lost_start_pts_; }
  /// Returns whether neither the container nor the decoder shows that the last packet is cut off:
  /// HEVC in a transport stream or in none.
  bool hides_cuts() const;
  /// Returns whether the last packet may be cut off, in a stream that hides it.
  /// @return kUnavailable from storage.
  Result<bool> may_end_inside_packet();

  const AVStream& stream() const { return *stream_; }
  const AVFormatContext& format() const { return *format_; }
  Rational time_base() const { return {stream_->time_base.num, stream_->time_base.den}; }
  /// Reads a packet's facts. Call once per packet in the order of next(). A key frame of the
  /// container is a random access point only where the codec's own header, or a decoder that gets
  /// this packet alone, shows an intra picture.
  PacketFacts facts(const AVPacket& packet);

  /// Returns whether the container lists every packet (MP4, MOV), so that the times of packets
  /// skipped by a seek are known.
  bool has_full_index() const;
  /// Compares the file's size with what its structure declares, as check_not_cut_off().
  Result<void> check_complete();
  /// Describes the video tracks that are not read: "#0 mjpeg 160x90"; empty when there is none.
  std::string other_tracks() const;
  /// Returns whether packets of this container have presentation times.
  bool is_timed() const;
  /// Returns media::times_pages() of this container.
  bool times_pages() const;
  /// Returns the PTS at which the last frame ends by the container; kNoPts where it has none that
  /// counts frames.
  int64_t end_pts() const;
  /// Returns whether each packet has a timestamp that was stored with it. In AVI, times count
  /// packets.
  bool times_every_packet() const;

 private:
  struct Input;
  Demuxer() = default;
  Result<void> open_format(storage::Reader& reader, int64_t end);
  Result<void> choose_stream(storage::Reader& reader);
  Result<void> count_packets(std::vector<VideoTrack>& tracks);
  Result<void> check_stream() const;
  void configure(std::span<const std::byte> extradata);
  bool starts_decoding(const AVPacket& packet);
  void look_at_beginning(const AVPacket& packet, const PacketFacts& facts);
  Result<void> recount(AVPacket& packet);
  Result<bool> index_fits();
  Result<void> restore_negative_time(AVPacket& packet);
  Result<bool> follows_chunks(const AVPacket& packet);
  int read_noting_errors(AVPacket& packet);
  Result<bool> bridge_holes();
  bool is_new(const AVPacket& packet);

  std::unique_ptr<Input> input_;
  AVFormatContext* format_ = nullptr;
  AVStream* stream_ = nullptr;
  FactReader fact_reader_;
  Framing framing_;
  std::optional<PictureSyntax> picture_syntax_;  ///< Empty where no picture header is read.
  std::unique_ptr<Decoder>
      checker_;                  ///< Decodes key frames of other codecs; null before the first.
  bool at_start_ = true;         ///< No packet was read yet.
  bool is_beginning_ = true;     ///< Nor a random access point.
  bool lost_beginning_ = false;  ///< Errors were met before that point.
  int64_t lost_start_pts_ = kNoPts;
  int64_t uncounted_ = 0;    ///< Chunks of AVI that FFmpeg did not find and so did not count.
  bool met_errors_ = false;  ///< FFmpeg logged some behind the last packet.
  /// Stretches of a fragmented MP4 file that FFmpeg sees as free space.
  std::vector<FragmentHole> holes_;
  bool looked_for_holes_ = false;
  int64_t last_position_ = -1;   ///< Position of the last packet, bytes.
  int64_t resumes_behind_ = -1;  ///< Packets up to this byte were returned before.
  /// Where FFmpeg met errors in packets that it read ahead and did not return yet, bytes.
  std::vector<int64_t> probing_errors_;
  bool skips_packets_ = false;  ///< Some of them stood before the last packet.
  bool has_index_ = false;      ///< The file has one, read with the header.
  /// End of the last packet of AVI, bytes; -1 where nothing was read, kNoPts behind missing bytes.
  int64_t chunks_end_ = -1;
  std::optional<bool> index_fits_;  ///< Empty before it was looked at.
  /// Entry of the index that is the last packet; -1 where none is.
  int index_entry_ = -1;
  /// First entry of the index that is not before the last packet in the file.
  int next_entry_ = 0;
  std::vector<UniquePacket> first_packets_;
  RandomAccess first_;  ///< The first packet of the stream, if it was read.
};

}  // namespace lido::media
