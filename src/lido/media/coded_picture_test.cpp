// SPDX-License-Identifier: Apache-2.0
// Packets are written by hand from the formats' syntax tables; damage_test compares clips of
// FFmpeg's encoders.
#include "lido/media/coded_picture.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::media {
namespace {

bool is_intra_packet(PictureSyntax syntax, std::initializer_list<int> values) {
  std::vector<std::byte> packet;
  for (const int value : values) packet.push_back(static_cast<std::byte>(value));
  return is_intra(syntax, packet);
}

TEST(IsIntra, ReadsStartCodesOfMpeg) {
  using enum PictureSyntax;
  // temporal_reference (10), picture_coding_type (3).
  EXPECT_TRUE(is_intra_packet(kMpeg12, {0, 0, 1, 0xb8, 0, 8, 0, 0x40, 0, 0, 1, 0, 0, 0x0f, 0xff}));
  EXPECT_FALSE(is_intra_packet(kMpeg12, {0, 0, 1, 0, 0, 0x57, 0xff}));
  EXPECT_FALSE(is_intra_packet(kMpeg12, {0, 0, 1, 0xb3, 8, 0x0f, 0xff}));
  EXPECT_TRUE(is_intra_packet(kMpeg4, {0, 0, 1, 0xb3, 0, 0x10, 7, 0, 0, 1, 0xb6, 0x10}));
  EXPECT_FALSE(is_intra_packet(kMpeg4, {0, 0, 1, 0xb6, 0x50}));
  EXPECT_FALSE(is_intra_packet(kMpeg4, {0, 0, 1, 0xb6}));
}

TEST(IsIntra, ReadsH263WithAndWithoutItsExtension) {
  using enum PictureSyntax;
  // Start code (22), number (8), 1 0 0 0 0, format 010 (QCIF), then the type: 0 intra, 1 inter.
  EXPECT_TRUE(is_intra_packet(kH263, {0, 0, 0x80, 0x02, 0x08, 0}));
  EXPECT_FALSE(is_intra_packet(kH263, {0, 0, 0x80, 0x02, 0x0a, 0}));
  // Format 111, UFEP 001, OPPTYPE (18), then three bits of type.
  EXPECT_TRUE(is_intra_packet(kH263, {0, 0, 0x80, 0x02, 0x1c, 0x80, 0, 0x00, 0x08}));
  EXPECT_FALSE(is_intra_packet(kH263, {0, 0, 0x80, 0x02, 0x1c, 0x80, 0, 0x10, 0x08}));
  // UFEP 000: the type follows at once.
  EXPECT_FALSE(is_intra_packet(kH263, {0, 0, 0x80, 0x02, 0x1c, 0x10, 0, 0}));
  EXPECT_FALSE(is_intra_packet(kH263, {0, 0, 0x40, 0x02, 0x08, 0}));
}

TEST(IsIntra, ReadsFlv1OfEverySize) {
  using enum PictureSyntax;
  // Start code (17), version (5), number (8), size 010, type.
  EXPECT_TRUE(is_intra_packet(kFlv1, {0, 0, 0x84, 0x01, 0x00, 0}));
  EXPECT_FALSE(is_intra_packet(kFlv1, {0, 0, 0x84, 0x01, 0x20, 0}));
  // Size 000: 8 bits each; size 001: 16 bits each.
  EXPECT_FALSE(is_intra_packet(kFlv1, {0, 0, 0x84, 0x00, 0x50, 0x30, 0x20, 0}));
  EXPECT_TRUE(is_intra_packet(kFlv1, {0, 0, 0x84, 0x00, 0x50, 0x30, 0x00, 0}));
  EXPECT_FALSE(is_intra_packet(kFlv1, {0, 0, 0x84, 0x00, 0x80, 0x50, 0, 0x30, 0x20, 0}));
}

TEST(IsIntra, ReadsTheFirstBits) {
  using enum PictureSyntax;
  EXPECT_TRUE(is_intra_packet(kMsMpeg4, {0x3f}));
  EXPECT_FALSE(is_intra_packet(kMsMpeg4, {0x40}));
  EXPECT_TRUE(is_intra_packet(kWmv2, {0x7f}));
  EXPECT_FALSE(is_intra_packet(kWmv2, {0x80}));
  EXPECT_TRUE(is_intra_packet(kVp8, {0x50}));
  EXPECT_FALSE(is_intra_packet(kVp8, {0x51}));
  EXPECT_TRUE(is_intra_packet(kTheora, {0x20}));
  EXPECT_FALSE(is_intra_packet(kTheora, {0x60}));
  EXPECT_FALSE(is_intra_packet(kTheora, {}));
}

TEST(IsIntra, FindsTheFirstFrameOfAnAv1TemporalUnit) {
  using enum PictureSyntax;
  // Temporal delimiter, sequence header of 2 bytes, frame: show_existing 0, type 00, show 1.
  EXPECT_TRUE(is_intra_packet(kAv1, {0x12, 0, 0x0a, 2, 0, 0, 0x32, 1, 0x10}));
  EXPECT_FALSE(is_intra_packet(kAv1, {0x12, 0, 0x32, 1, 0x30}));
  EXPECT_FALSE(is_intra_packet(kAv1, {0x12, 0, 0x32, 1, 0x00})) << "not shown";
  EXPECT_FALSE(is_intra_packet(kAv1, {0x12, 0, 0x32, 9, 0x10})) << "longer than the packet";
  EXPECT_TRUE(is_intra_packet(kAv1, {0x12, 0, 0x30, 0x10})) << "without a length";
}

}  // namespace
}  // namespace lido::media
