// SPDX-License-Identifier: Apache-2.0
// Streams are written by hand, by ISO/IEC 13818-1 and the specification of ASF.
#include "lido/media/missing_bytes.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

/// A pack header of MPEG-2 with some stuffing, or of MPEG-1.
std::string pack(bool mpeg2, int stuffing = 0) {
  const std::string start = bytes({0, 0, 1, 0xba});
  if (!mpeg2) return start + bytes({0x21}) + std::string(7, 'c');
  return start + bytes({0x44}) + std::string(8, 'c') + bytes({0xf8 | stuffing}) +
         std::string(static_cast<size_t>(stuffing), '\xff');
}
std::string pes(int size) {
  return bytes({0, 0, 1, 0xe0, size >> 8, size & 255}) +
         std::string(static_cast<size_t>(size), 'v');
}

bool follow(const std::string& file, int64_t from, int64_t to) {
  storage::MemoryReader reader(std::as_bytes(std::span(file)));
  return *packs_follow(reader, from, to);
}

TEST(PacksFollow, FromOneToAnother) {
  for (const bool mpeg2 : {true, false}) {
    const std::string file = pes(900) + pack(mpeg2) + pes(20) + pes(0) + pack(mpeg2, mpeg2 ? 3 : 0);
    const auto size = std::ssize(file);
    EXPECT_TRUE(follow(file + pes(5), 0, size));
    EXPECT_TRUE(follow(file, 906, 906)) << "the same one";
    EXPECT_FALSE(follow(file + pes(5), 0, size - 3)) << "inside a header";
    EXPECT_FALSE(follow(file + std::string(40, '\0') + pes(5), 0, size + 40));
    EXPECT_FALSE(follow(file, 0, size + 40)) << "the file ends";
    std::string hit = file;
    hit.replace(880, 30, 30, '\0');
    EXPECT_FALSE(follow(hit, 0, size));
  }
  EXPECT_TRUE(follow(bytes({0, 0, 1, 0xb9}) + pack(true), 0, 4)) << "an end code";
}

TEST(DataPacketsFollow, UntilOneBeginsOtherwise) {
  std::string file;
  for (int i = 0; i < 6; ++i) file += bytes({0x82, 0, 0}) + std::string(97, 'a');
  const auto follow_to = [](const std::string& data, int64_t to) {
    storage::MemoryReader reader(std::as_bytes(std::span(data)));
    return *data_packets_follow(reader, 100, 0, to);
  };
  EXPECT_TRUE(follow_to(file, 500));
  std::string hit = file;
  hit.replace(250, 60, 60, '\0');
  EXPECT_FALSE(follow_to(hit, 500));
  EXPECT_FALSE(follow_to(hit, 300));
  EXPECT_TRUE(follow_to(hit, 200)) << "the packets before it";
  hit[0] = 'x';
  EXPECT_TRUE(follow_to(hit, 500)) << "a file without correction data";
}

std::string transport_packet(int id, int counter) {
  return bytes({0x47, id >> 8, id & 255, 0x10 | counter}) + std::string(184, 't');
}

class Joined : public testing::Test {
 protected:
  static std::string recording(int first_counter) {
    std::string file = transport_packet(17, first_counter) + transport_packet(0, first_counter) +
                       transport_packet(4096, 0);
    for (int i = 0; i < 20; ++i) file += transport_packet(256, i & 15);
    return file;
  }
  static bool begins(const std::string& file, size_t packet) {
    storage::MemoryReader reader(std::as_bytes(std::span(file)));
    return *begins_recording(reader, 256, static_cast<int64_t>(packet) * 188);
  }
};

TEST_F(Joined, RecordingsBeginAsTheFileDoes) {
  const std::string file = recording(0) + recording(0);
  EXPECT_TRUE(begins(file, 23 + 3));
  EXPECT_FALSE(begins(file, 3)) << "the file's own beginning";
  EXPECT_FALSE(begins(file, 23 + 4));
  EXPECT_FALSE(begins(recording(0) + recording(5), 23 + 3)) << "tables of one recording, later";
  std::string hit = file;
  hit.replace(22 * 188, 188, 188, '\0');
  EXPECT_FALSE(begins(hit, 23 + 3)) << "bytes before it are lost";
  EXPECT_FALSE(begins(std::string(9000, '\0'), 26));
}

}  // namespace
}  // namespace lido::media
