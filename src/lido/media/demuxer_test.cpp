// SPDX-License-Identifier: Apache-2.0
// FFmpeg's ffprobe lists the packets.
#include "lido/media/demuxer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "lido/storage/memory_reader.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

struct ListedPacket {
  int64_t pts;
  int size;
  bool operator==(const ListedPacket&) const = default;
};

std::string path(const char* name) { return fmt::format("{}/{}", LIDO_TEST_CLIPS, name); }

std::vector<ListedPacket> ffprobes_packets(const char* name) {
  const std::string command = fmt::format(
      "ffprobe -v error -select_streams v:0 -show_entries packet=pts,size -of csv=p=0 '{}'",
      path(name));
  std::vector<ListedPacket> packets;
  FILE* pipe = popen(command.c_str(), "r");
  char line[256];
  while (fgets(line, sizeof line, pipe) != nullptr) {
    char pts[32];
    int size = 0;
    if (std::sscanf(line, "%31[^,],%d", pts, &size) != 2) continue;
    const auto number = [](const char* text) { return text[0] == 'N' ? kNoPts : std::atoll(text); };
    packets.push_back({number(pts), size});
  }
  pclose(pipe);
  return packets;
}

TEST(Demuxer, GivesThePacketsThatFfprobeLists) {
  for (const char* name : {"h264_b.mp4", "hevc_b.mkv", "h264_b.ts", "vp9.webm", "with_sound.mp4",
                           "mjpeg.avi", "edit_list_cut.mp4"}) {
    const auto expected = ffprobes_packets(name);
    ASSERT_FALSE(expected.empty()) << name;
    const auto reader = *storage::open_reader(path(name));
    const auto demuxer = *Demuxer::open(*reader);
    std::vector<ListedPacket> packets;
    for (UniquePacket packet = *demuxer->next(); packet; packet = *demuxer->next())
      packets.push_back({packet->pts, packet->size});
    EXPECT_EQ(packets, expected) << name;
  }
}

TEST(Demuxer, SeeksToARandomAccessPointAtOrBeforeATime) {
  for (const char* name : {"h264_b.mp4", "hevc_b.mkv", "h264_b.ts"}) {
    const auto reader = *storage::open_reader(path(name));
    const auto demuxer = *Demuxer::open(*reader);
    std::vector<RandomAccess> points;
    for (UniquePacket packet = *demuxer->next(); packet; packet = *demuxer->next()) {
      if (demuxer->facts(*packet).random_access)
        points.push_back({packet->pts, packet->dts, packet->pos});
    }
    ASSERT_GE(points.size(), 3U) << name;
    for (size_t i : {points.size() - 1, size_t{1}, size_t{0}}) {
      ASSERT_TRUE(demuxer->seek(points[i])) << name;
      const UniquePacket packet = *demuxer->next();
      ASSERT_NE(packet, nullptr) << name;
      EXPECT_LE(packet->pts, points[i].pts) << name;
      EXPECT_TRUE(demuxer->facts(*packet).random_access) << name;
    }
  }
}

TEST(Demuxer, KnowsWhatTheContainerOffers) {
  const auto opened = [](const char* name, const auto& check) {
    const auto reader = *storage::open_reader(path(name));
    check(**Demuxer::open(*reader));
  };
  opened("h264_b.mp4", [](const Demuxer& demuxer) {
    EXPECT_TRUE(demuxer.has_full_index());
    EXPECT_TRUE(demuxer.is_timed());
    EXPECT_EQ(demuxer.stream().codecpar->width, 320);
  });
  opened("h264_b.ts", [](const Demuxer& demuxer) {
    EXPECT_FALSE(demuxer.has_full_index());
    EXPECT_EQ(demuxer.time_base(), (Rational{1, 90000}));
  });
  opened("h264_b.h264", [](const Demuxer& demuxer) { EXPECT_FALSE(demuxer.is_timed()); });
}

std::string refusal(std::string_view bytes) {
  storage::MemoryReader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
  const auto demuxer = Demuxer::open(reader);
  if (demuxer) return "opened";
  EXPECT_EQ(demuxer.error().code, ErrorCode::kCorrupt);
  return demuxer.error().message;
}

TEST(Demuxer, RefusesWhatIsNoVideo) {
  EXPECT_EQ(refusal(""), "the file is empty, want a video");
  const std::string wave = std::string(
                               "RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0"
                               "\x80\x3e\0\0\2\0\x10\0data\0\x10\0\0",
                               44) +
                           std::string(4096, '\0');
  EXPECT_EQ(refusal(wave), "no video stream");
}

/// Fails as a network does, from some byte on.
class FailingReader final : public storage::Reader {
 public:
  FailingReader(std::unique_ptr<storage::Reader> reader, int64_t limit)
      : reader_(std::move(reader)), limit_(limit) {}
  int64_t size() const override { return reader_->size(); }
  size_t request_size() const override { return 4096; }
  Result<size_t> read_at(int64_t offset, std::span<std::byte> into) override {
    if (offset + std::ssize(into) > limit_) return fail(ErrorCode::kUnavailable, "no network");
    return reader_->read_at(offset, into);
  }

 private:
  std::unique_ptr<storage::Reader> reader_;
  int64_t limit_;
};

TEST(Demuxer, ReturnsTheErrorOfStorageAndNotFfmpegs) {
  FailingReader at_once(*storage::open_reader(path("h264_b.ts")), 0);
  EXPECT_EQ(Demuxer::open(at_once).error().message, "no network");
  FailingReader later(*storage::open_reader(path("mjpeg.avi")), 1 << 20);
  const auto demuxer = Demuxer::open(later);
  Result<UniquePacket> packet = nullptr;
  if (demuxer) {
    do packet = (*demuxer)->next();
    while (packet && *packet);
  }
  const Error error = demuxer ? packet.error() : demuxer.error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "no network");
}

}  // namespace
}  // namespace lido::media
