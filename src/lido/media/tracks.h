// SPDX-License-Identifier: Apache-2.0
// Private to this room: shows FFmpeg types.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lido/media/libav.h"

namespace lido::media {

/// A video stream of a file.
struct VideoTrack {
  int index = 0;        ///< FFmpeg's index of the stream.
  int64_t pixels = 0;   ///< Pixels of one frame; 0 when unknown.
  int64_t packets = 0;  ///< Packets in the file, or in a beginning that all share.
  bool is_default = false;
  bool is_still = false;  ///< The container marks the track as a cover, thumbnails or a still.
};

/// Returns the position of the track that a player shows.
///
/// Stills, and tracks with less than a tenth of the packets of another, count only where there is
/// no other. Among the rest, a default track comes first, then the one with the largest frames,
/// then the first. Pure.
///
/// @param tracks  N >= 1.
size_t choose_track(std::span<const VideoTrack> tracks);

/// Lists a file's video streams, with `packets` as its index or header gives them. Covers are left
/// out.
std::vector<VideoTrack> video_tracks(const AVFormatContext& format);

/// Describes all video tracks but one: "#0 mjpeg 160x90, #2 h264 640x360"; empty when there is no
/// other.
std::string describe_others(const AVFormatContext& format, int chosen);

}  // namespace lido::media
