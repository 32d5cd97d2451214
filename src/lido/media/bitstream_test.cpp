// SPDX-License-Identifier: Apache-2.0
// Packets are written by hand from the standards' syntax tables.
#include "lido/media/bitstream.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::media {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

PacketFacts read_facts(const Framing& framing, std::span<const std::byte> packet,
                       bool container_keyframe) {
  return FactReader(framing, {}).read(packet, container_keyframe);
}

constexpr Framing kH264Annexb{Syntax::kH264, 0};
constexpr Framing kH264Mp4{Syntax::kH264, 4};
constexpr Framing kHevcAnnexb{Syntax::kHevc, 0};

TEST(ReadFacts, H264IdrResets) {
  const auto facts = read_facts(kH264Annexb, bytes({0, 0, 0, 1, 0x65, 0x88, 0x84}), false);
  EXPECT_TRUE(facts.random_access && facts.resets && facts.referenced);
}

TEST(ReadFacts, H264NonReferenceSliceInEveryFraming) {
  EXPECT_FALSE(read_facts(kH264Annexb, bytes({0, 0, 1, 0x01, 0x9a, 0x02}), false).referenced);
  EXPECT_FALSE(read_facts(kH264Mp4, bytes({0, 0, 0, 3, 0x01, 0x9a, 0x02}), false).referenced);
}

TEST(ReadFacts, H264PictureIsReferencedWhenAnySliceIs) {
  // A PAFF picture: the first field is referred to, the second is not.
  EXPECT_TRUE(
      read_facts(kH264Annexb, bytes({0, 0, 1, 0x41, 0x9a, 0, 0, 1, 0x01, 0x9a}), false).referenced);
  EXPECT_TRUE(
      read_facts(kH264Annexb, bytes({0, 0, 1, 0x01, 0x9a, 0, 0, 1, 0x41, 0x9a}), false).referenced);
}

TEST(ReadFacts, H264IdrFieldFollowedByItsPFieldResets) {
  EXPECT_TRUE(
      read_facts(kH264Annexb, bytes({0, 0, 1, 0x65, 0x88, 0, 0, 1, 0x41, 0x9a}), true).resets);
  EXPECT_FALSE(
      read_facts(kH264Annexb, bytes({0, 0, 1, 0x41, 0x9a, 0, 0, 1, 0x65, 0x88}), true).resets);
}

TEST(ReadFacts, H264RecoveryPointIsRandomAccessButResetsNothing) {
  // SEI type 6, size 1: recovery_frame_cnt 0 (1), exact_match 1, broken_link 0, then an I slice.
  const auto clean =
      read_facts(kH264Annexb, bytes({0, 0, 1, 0x06, 6, 1, 0xc4, 0x80, 0, 0, 1, 0x41, 0x88}), true);
  EXPECT_TRUE(clean.random_access);
  EXPECT_FALSE(clean.resets);
  // recovery_frame_cnt 1 (010): gradual refresh, pictures are exact only later.
  const auto gradual =
      read_facts(kH264Annexb, bytes({0, 0, 1, 0x06, 6, 1, 0x54, 0x80, 0, 0, 1, 0x41, 0x88}), true);
  EXPECT_FALSE(gradual.random_access);
}

TEST(ReadFacts, ContainersWordIsNotTakenForH264) {
  EXPECT_FALSE(read_facts(kH264Annexb, bytes({0, 0, 1, 0x41, 0x9a}), true).random_access);
}

TEST(ReadFacts, H264BrokenLengthsAreNotPlanned) {
  EXPECT_TRUE(read_facts(kH264Mp4, bytes({0, 0, 0, 99, 0x65, 0x88}), true).unplannable);
}

TEST(ReadFacts, H264PrefixTellsTheTemporalLayer) {
  const auto layered = [](int svc_flags, int layer) {
    return read_facts(
        kH264Annexb,
        bytes({0, 0, 1, 0x4e, svc_flags, 0x80, layer << 5 | 7, 0x20, 0, 0, 1, 0x41, 0x9a}), false);
  };
  EXPECT_EQ(layered(0x80, 2).temporal_id, 2);
  EXPECT_TRUE(layered(0x80, 2).referenced);
  EXPECT_EQ(layered(0, 2).temporal_id, 0) << "an MVC prefix says something else";
}

TEST(ReadFacts, HevcLayersAndLeadingPictures) {
  const auto trail_n = read_facts(kHevcAnnexb, bytes({0, 0, 1, 0 << 1, 3, 0x80}), false);
  EXPECT_FALSE(trail_n.referenced);
  EXPECT_EQ(trail_n.temporal_id, 2);
  EXPECT_TRUE(read_facts(kHevcAnnexb, bytes({0, 0, 1, 9 << 1, 1, 0x80}), false).needs_previous);
  EXPECT_FALSE(read_facts(kHevcAnnexb, bytes({0, 0, 1, 7 << 1, 1, 0x80}), false).needs_previous)
      << "RADL";
  const auto cra = read_facts(kHevcAnnexb, bytes({0, 0, 1, 21 << 1, 1, 0x80}), false);
  EXPECT_TRUE(cra.random_access && cra.resets && !cra.unplannable);
  EXPECT_TRUE(read_facts(kHevcAnnexb, bytes({0, 0, 1, 21 << 1, 1, 0xc0}), false).unplannable)
      << "no_output_of_prior_pics_flag";
}

TEST(ReadFacts, HevcTellsNoSourcesWithoutParameterSets) {
  const auto facts = read_facts(kHevcAnnexb, bytes({0, 0, 1, 20 << 1, 1, 0xaf, 0x08}), false);
  EXPECT_TRUE(facts.random_access);
  EXPECT_FALSE(facts.prediction);
}

// Motion vectors of the frame before are used by frames that are not error resilient (VP9
// specification 7.2, UsePrevFrameMvs), so it cannot be left out before one.
TEST(FactReader, Vp9FramesThatContinueOneThatRefreshesNothing) {
  FactReader reader(Framing{Syntax::kVp9, 0}, {});
  EXPECT_FALSE(reader.read(bytes({0x87, 0x00, 0x00}), false).referenced);
  EXPECT_FALSE(reader.read(bytes({0x87, 0x00, 0x00}), false).unplannable) << "error resilient";
  EXPECT_TRUE(reader.read(bytes({0x86, 0x00, 0x00}), false).unplannable);
  EXPECT_FALSE(reader.read(bytes({0x86, 0x00, 0x00}), false).unplannable);
  reader.read(bytes({0x87, 0x00, 0x00}), false);
  reader.forget();
  EXPECT_FALSE(reader.read(bytes({0x86, 0x00, 0x00}), false).unplannable) << "after a seek";
}

TEST(ReadFacts, Vp9FramesThatRefreshNothing) {
  const Framing vp9{Syntax::kVp9, 0};
  // marker 10, profile 00, show_existing 0, frame_type 1, show 1, error_resilient 0; reset (2),
  // refresh (8) ...
  EXPECT_FALSE(read_facts(vp9, bytes({0x86, 0x00, 0x00}), false).random_access);
  EXPECT_FALSE(read_facts(vp9, bytes({0x87, 0x00, 0x00}), false).referenced)
      << "error resilient, refresh 0";
  EXPECT_TRUE(read_facts(vp9, bytes({0x87, 0x10, 0x00}), false).referenced) << "refreshes one slot";
  EXPECT_TRUE(read_facts(vp9, bytes({0x86, 0x00, 0x00}), false).referenced)
      << "the next frame continues its motion vectors and probabilities";
  EXPECT_TRUE(read_facts(vp9, bytes({0x82, 0x49, 0x83}), false).resets) << "key frame";
}

}  // namespace
}  // namespace lido::media
