// SPDX-License-Identifier: Apache-2.0
// Files are written by hand: ISO/IEC 14496-12 (boxes), RFC 8794 (EBML), RIFF.
#include "lido/media/container.h"

#include <gtest/gtest.h>

#include <string>

#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

constexpr const char* kMp4 = "mov,mp4,m4a,3gp,3g2,mj2";
constexpr const char* kMatroska = "matroska,webm";

Result<void> check(std::string_view file, std::string_view format) {
  storage::MemoryReader reader(std::as_bytes(std::span(file.data(), file.size())));
  return check_not_cut_off(reader, format);
}

std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}

std::string box(const char* type, size_t payload) {
  return big_endian(payload + 8, 4) + type + std::string(payload, 'x');
}

TEST(CheckNotCutOff, FollowsMp4BoxesToTheEnd) {
  const std::string file = box("ftyp", 16) + box("mdat", 500) + box("moov", 100);
  EXPECT_TRUE(check(file, kMp4));
  for (const size_t size : {file.size() - 1, file.size() - 100, size_t{60}}) {
    const auto cut = check(std::string_view(file).substr(0, size), kMp4);
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  }
  const auto cut = check(std::string_view(file).substr(0, 600), kMp4);
  EXPECT_EQ(cut.error().message,
            "the file is cut off in its moov box: 600 bytes, want 640 or more");
}

TEST(CheckNotCutOff, ReadsMp4BoxesOf64BitsAndOfOpenLength) {
  const std::string large =
      box("ftyp", 8) + big_endian(1, 4) + "mdat" + big_endian(16 + 300, 8) + std::string(300, 'x');
  EXPECT_TRUE(check(large, kMp4));
  EXPECT_FALSE(check(std::string_view(large).substr(0, large.size() - 1), kMp4));
  EXPECT_TRUE(check(box("ftyp", 8) + big_endian(0, 4) + "mdat" + "until the end", kMp4));
  EXPECT_TRUE(check(box("ftyp", 8) + big_endian(3, 4) + "what", kMp4)) << "no box: not judged here";
  EXPECT_TRUE(check("", kMp4));
}

TEST(CheckNotCutOff, TakesBytesBehindTheLastBoxForNoCut) {
  const std::string file = box("ftyp", 16) + box("mdat", 500) + box("moov", 100);
  EXPECT_TRUE(check(file + "\xcd\x38\x01\x02r8\xf5\xe6 rest", kMp4));
  EXPECT_TRUE(check(file + std::string(5000, '\0'), kMp4));
  EXPECT_FALSE(check(file + "\x01\x38\x01\x02moof rest", kMp4)) << "a box that is cut off";
}

/// A packet of a transport stream: with or without an adaptation field.
std::string transport_packet(int program_id, bool stuffed) {
  std::string packet = "\x47";
  packet += static_cast<char>(program_id >> 8);
  packet += static_cast<char>(program_id & 255);
  packet += static_cast<char>(stuffed ? 0x30 : 0x10);
  if (stuffed) packet += std::string("\x09\0", 2);
  packet.resize(188, 'x');
  return packet;
}

TEST(EndsInFullPacket, LooksForStuffingInTheLastPacketOfTheProgram) {
  const auto is_full = [](const std::string& file) {
    storage::MemoryReader reader(std::as_bytes(std::span(file.data(), file.size())));
    return *ends_in_full_packet(reader, 0x102);
  };
  std::string file = "rest";
  for (int i = 0; i < 6; ++i) file += transport_packet(0x102, false);
  EXPECT_TRUE(is_full(file));
  EXPECT_TRUE(is_full(file + transport_packet(0x11, true))) << "another program";
  EXPECT_TRUE(is_full(file + transport_packet(0x102, true).substr(0, 100))) << "half a packet";
  EXPECT_FALSE(is_full(file + transport_packet(0x102, true)));
  std::string clock = transport_packet(0x102, true);
  clock[5] = 0x10;
  EXPECT_FALSE(is_full(file + clock)) << "two bytes behind the clock";
  clock[4] = 7;
  EXPECT_TRUE(is_full(file + clock)) << "nothing but the clock";
  EXPECT_FALSE(is_full(""));
  EXPECT_FALSE(is_full(std::string(5000, 'x')));
}

TEST(CheckNotCutOff, ReadsTheSizeOfARiffFile) {
  const auto riff = [](uint32_t declared, size_t size) {
    std::string file = "RIFF";
    for (int i = 0; i < 4; ++i) file += static_cast<char>(declared >> (8 * i) & 255);
    return file + std::string(size, 'x');
  };
  EXPECT_TRUE(check(riff(1000, 1000), "avi"));
  EXPECT_FALSE(check(riff(1000, 999), "avi"));
  EXPECT_TRUE(check(riff(0, 999), "avi")) << "written as a stream: no size";
  EXPECT_TRUE(check(riff(0xffffffff, 999), "avi"));
}

TEST(CheckNotCutOff, ReadsTheSizeOfAMatroskaSegment) {
  const std::string header = big_endian(0x1a45dfa3, 4) + "\x84" + "head";
  const auto segment = [&](const std::string& length, size_t size) {
    return header + big_endian(0x18538067, 4) + length + std::string(size, 'x');
  };
  const std::string of_300 = big_endian(0x4000 | 300, 2);  // two bytes
  EXPECT_TRUE(check(segment(of_300, 300), kMatroska));
  EXPECT_FALSE(check(segment(of_300, 299), kMatroska));
  const std::string of_300_in_8 = big_endian(uint64_t{1} << 56 | 300, 8);
  EXPECT_TRUE(check(segment(of_300_in_8, 300), kMatroska));
  EXPECT_FALSE(check(segment(of_300_in_8, 10), kMatroska));
  EXPECT_TRUE(check(segment("\xff", 10), kMatroska)) << "unknown length";
  EXPECT_TRUE(check("no EBML at all", kMatroska));
}

TEST(CheckNotCutOff, JudgesNoOtherFormat) { EXPECT_TRUE(check("anything", "mpegts")); }

TEST(ElementsFollow, FromABlockToALaterOne) {
  const auto element = [](std::string_view id, const std::string& payload) {
    return std::string(id) + big_endian(0x4000 + payload.size(), 2) + payload;
  };
  const std::string block = element("\xa3", std::string(50, 'v'));
  const std::string group = element(
      "\xa0", element("\xa1", std::string(20, 'v')) + element("\x9b", std::string(1, '\x28')));
  const std::string time = element("\xe7", std::string(2, '\x01'));
  const std::string cluster = element("\x1f\x43\xb6\x75", time + block + group + block);
  const std::string file = block + group + element("\xec", std::string(300, '\0')) + cluster;
  const auto follow = [](const std::string& bytes, size_t end, size_t data) {
    storage::MemoryReader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
    return *elements_follow(reader, static_cast<int64_t>(end), static_cast<int64_t>(data));
  };
  const size_t last = file.size() - 50, in_group = block.size() + 2 + 1 + 2 + 1;
  EXPECT_TRUE(follow(file, block.size(), last)) << "over a group, free space and a cluster";
  EXPECT_TRUE(follow(file, block.size(), in_group));
  EXPECT_TRUE(follow(file, in_group + 20, last)) << "the group's other elements";
  EXPECT_FALSE(follow(file, block.size(), last - 1)) << "within an element";
  for (const size_t lost : {block.size() + 2, block.size() + group.size() + 100}) {
    std::string damaged = file;
    damaged.erase(lost, 40);
    EXPECT_FALSE(follow(damaged, block.size(), last - 40)) << lost;
    damaged = file;
    damaged.replace(lost, 200, 200, '\0');
    if (lost < block.size() + group.size()) {
      EXPECT_FALSE(follow(damaged, block.size(), last)) << lost;
    }
  }
}

TEST(Container, KnowsWhatEachFormatOffers) {
  EXPECT_TRUE(lists_every_packet(kMp4));
  EXPECT_FALSE(lists_every_packet(kMatroska));
  EXPECT_FALSE(needs_stream_probe(kMp4));
  EXPECT_TRUE(needs_stream_probe("mpegts"));
  EXPECT_TRUE(seeks_by_byte("mpegts"));
  EXPECT_FALSE(seeks_by_byte(kMatroska));
  EXPECT_FALSE(carries_timestamps("h264"));
  EXPECT_TRUE(seeks_by_byte("h264")) << "without times there is nothing else to seek by";
  EXPECT_TRUE(carries_timestamps("avi"));
  EXPECT_TRUE(counts_packets("avi"));
  EXPECT_FALSE(counts_packets(kMatroska));
  EXPECT_TRUE(times_pages("ogg"));
  EXPECT_FALSE(times_pages("avi"));
  EXPECT_TRUE(times_blocks(kMatroska));
  EXPECT_FALSE(times_blocks("flv"));
  EXPECT_TRUE(begins_at_zero(kMatroska));
  EXPECT_FALSE(begins_at_zero("mpegts")) << "the clock of a broadcast";
  EXPECT_FALSE(carries_timestamps("mpjpeg"));
}

}  // namespace
}  // namespace lido::media
