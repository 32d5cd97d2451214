// SPDX-License-Identifier: Apache-2.0
#include "lido/media/tracks.h"

#include <algorithm>
#include <tuple>

#include "lido/base/result.h"

namespace lido::media {
namespace {

bool is_video(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
}

}  // namespace

size_t choose_track(std::span<const VideoTrack> tracks) {
  const auto most = std::ranges::max(tracks, {}, &VideoTrack::packets).packets;
  const auto rank = [&](const VideoTrack& track) {
    const bool moves = !track.is_still && track.packets * 10 >= most;
    return std::tuple(moves, track.is_default, track.pixels);
  };
  // The first of equals.
  return static_cast<size_t>(std::ranges::max_element(tracks, {}, rank) - tracks.begin());
}

std::vector<VideoTrack> video_tracks(const AVFormatContext& format) {
  std::vector<VideoTrack> tracks;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& stream = *format.streams[i];
    if (!is_video(stream)) continue;
    const AVCodecParameters& codec = *stream.codecpar;
    constexpr int kStill = AV_DISPOSITION_TIMED_THUMBNAILS | AV_DISPOSITION_STILL_IMAGE;
    tracks.push_back({.index = static_cast<int>(i),
                      .pixels = int64_t{std::max(codec.width, 0)} * std::max(codec.height, 0),
                      .packets = avformat_index_get_entries_count(&stream),
                      .is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0,
                      .is_still = (stream.disposition & kStill) != 0});
  }
  return tracks;
}

std::string describe_others(const AVFormatContext& format, int chosen) {
  std::string text;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& stream = *format.streams[i];
    if (!is_video(stream) || static_cast<int>(i) == chosen) continue;
    text += fmt::format("{}#{} {} {}x{}", text.empty() ? "" : ", ", i,
                        avcodec_get_name(stream.codecpar->codec_id), stream.codecpar->width,
                        stream.codecpar->height);
  }
  return text;
}

}  // namespace lido::media
