// SPDX-License-Identifier: Apache-2.0
// Packets are written by hand. hole_test.cpp writes zeros into real clips.
#include "lido/media/lost_bytes.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <tuple>

namespace lido::media {
namespace {

using enum ZeroRules;

Zeros find(ZeroRules rules, const std::string& packet, int length_size = 0) {
  return find_zeros(rules, std::as_bytes(std::span(packet)), length_size);
}
std::string zeros(size_t count) { return std::string(count, '\0'); }
/// A NAL unit behind its length of four bytes.
std::string unit(const std::string& bytes) {
  return zeros(3) + std::string(1, static_cast<char>(bytes.size())) + bytes;
}

TEST(FindZeros, FindsThreeInASliceOfH264AndHevc) {
  for (const auto& [rules, slice, other] :
       {std::tuple{kH264, 'e', 'f'}, std::tuple{kHevc, '\x26', '\x4e'}}) {
    const std::string hit = "ab" + zeros(3) + "cd";
    EXPECT_TRUE(find(rules, unit(slice + hit), 4).in_data);
    EXPECT_TRUE(find(rules, unit("") + unit(slice + hit), 4).in_data);
    EXPECT_FALSE(find(rules, unit(other + hit), 4).in_data) << "a maker's own data";
    EXPECT_FALSE(find(rules, unit(slice + ("ab" + zeros(2) + "\3cd")), 4).in_data);
    EXPECT_FALSE(find(rules, unit(slice + ("ab" + zeros(9))), 4).in_data) << "padding";
    EXPECT_TRUE(find(rules, zeros(3) + "\1" + slice + hit).in_data);
    EXPECT_FALSE(find(rules, zeros(9) + "\1" + slice + "abcd" + zeros(9)).in_data);
  }
}

TEST(FindZeros, TakesThoseBeforeAStartCodeForPadding) {
  const std::string start = zeros(2) + "\1";
  EXPECT_FALSE(find(kStartCodes, start + "\xb3 abc" + zeros(500) + start + "cde").in_data);
  EXPECT_TRUE(find(kStartCodes, start + "\xb3 abc" + zeros(3) + "cde").in_data);
  EXPECT_FALSE(find(kStartCodes, start + "\xb3 abc" + zeros(2) + "cde").in_data);
  EXPECT_FALSE(find(kStartCodes, start + "\xb3 abc" + zeros(700)).in_data);
}

TEST(FindZeros, TakesOnlyLongRunsForALossElsewhere) {
  EXPECT_FALSE(find(kDense, "abc" + zeros(63) + "d").in_data);
  EXPECT_TRUE(find(kDense, "abc" + zeros(64) + "d").in_data);
  EXPECT_TRUE(find(kDense, "ab" + zeros(129) + "d").in_data);
  EXPECT_FALSE(find(kDense, "abc" + zeros(640)).in_data) << "padding";
  EXPECT_TRUE(find(kDense, zeros(16) + "abc").in_data) << "no header begins so";
  EXPECT_FALSE(find(kDense, zeros(15) + "abc").in_data);
}

TEST(FindZeros, TakesNoPacketOfZerosForAFrame) {
  for (const ZeroRules rules : {kH264, kHevc, kStartCodes, kDense}) {
    EXPECT_TRUE(find(rules, zeros(16), 4).in_data);
    EXPECT_FALSE(find(rules, zeros(4), 4).in_data) << "a frame that is left out";
    EXPECT_FALSE(find(rules, "", 4).in_data);
  }
  EXPECT_FALSE(find(kUnknown, zeros(500) + "a").in_data);
}

TEST(FindZeros, SeesThoseAtTheEnd) {
  EXPECT_TRUE(find(kDense, "abc" + zeros(16)).at_end);
  EXPECT_FALSE(find(kDense, "abc" + zeros(15)).at_end);
  EXPECT_TRUE(find(kH264, zeros(16), 4).at_end);
}

}  // namespace
}  // namespace lido::media
