// SPDX-License-Identifier: Apache-2.0
// Headers are written by hand from the syntax tables of ITU-T H.265 (08/2021), 7.3. The
// references of a picture follow from 8.3.2 and 8.3.4, worked out on paper.
#include "lido/media/hevc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace lido::media::hevc {
namespace {

using Bits = std::vector<bool>;
using Nal = std::vector<std::byte>;

class BitWriter {
 public:
  BitWriter& u(int count, uint32_t value) {
    for (int i = count - 1; i >= 0; --i) bits_.push_back((value >> i & 1) != 0);
    return *this;
  }
  BitWriter& flag(bool value) { return u(1, value ? 1 : 0); }
  BitWriter& ue(uint32_t value) {
    int length = 0;
    while ((value + 1) >> (length + 1) != 0) ++length;
    return u(length, 0).u(length + 1, value + 1);
  }
  /// A NAL unit of layer 0: header, payload and stop bit, with emulation prevention.
  Nal nal(uint32_t type, int temporal_id = 0) const {
    Bits bits = bits_;
    bits.push_back(true);
    while (bits.size() % 8 != 0) bits.push_back(false);
    Nal out = {static_cast<std::byte>(type << 1), static_cast<std::byte>(temporal_id + 1)};
    int zeros = 0;
    for (size_t i = 0; i < bits.size(); i += 8) {
      unsigned value = 0;
      for (size_t j = 0; j < 8; ++j) value = value << 1 | (bits[i + j] ? 1U : 0U);
      if (zeros >= 2 && value <= 3) {
        out.push_back(std::byte{3});
        zeros = 0;
      }
      out.push_back(static_cast<std::byte>(value));
      zeros = value == 0 ? zeros + 1 : 0;
    }
    return out;
  }

 private:
  Bits bits_;
};

constexpr uint32_t kTrailR = 1, kRasl = 8, kBla = 16, kIdr = 19, kCra = 21, kSps = 33, kPps = 34;
constexpr uint32_t kB = 0, kP = 1, kI = 2;

struct Stream {
  int number_bits = 8;
  uint32_t profile = 1;
  uint32_t chroma = 1;
  bool long_term = false;
  bool lists_modified = false;
  uint32_t width = 64;  ///< Pixels; one coding tree block of 64.
  std::function<void(BitWriter&)> sets = [](BitWriter& w) { w.ue(0); };
};

Nal sequence_parameters(const Stream& stream) {
  BitWriter w;
  w.u(4, 0).u(3, 0).flag(true);                                        // ids, one layer
  w.u(3, 0).u(5, stream.profile).u(32, 0).u(32, 0).u(16, 0).u(8, 93);  // profile, level
  w.ue(0).ue(stream.chroma).ue(stream.width).ue(64).flag(false);
  w.ue(0).ue(0).ue(static_cast<uint32_t>(stream.number_bits - 4));
  w.flag(true).ue(4).ue(2).ue(0);                    // sub-layer ordering
  w.ue(0).ue(3).ue(0).ue(3).ue(0).ue(0);             // block sizes: 8 to 64
  w.flag(false).flag(false).flag(true).flag(false);  // scaling lists, AMP, SAO, PCM
  stream.sets(w);
  w.flag(stream.long_term);
  if (stream.long_term) w.ue(0);
  w.flag(false).flag(false).flag(false).flag(false);
  return w.nal(kSps);
}

Nal picture_parameters(const Stream& stream) {
  BitWriter w;
  w.ue(0).ue(0).flag(false).flag(false).u(3, 0).flag(false).flag(false);
  w.ue(0).ue(0).ue(0);  // one entry in each list by default
  w.flag(false).flag(false).flag(false).ue(0).ue(0).u(4, 0).flag(false).flag(false);
  w.flag(false).flag(false).flag(false).flag(stream.lists_modified);
  w.ue(0).flag(false).flag(false);
  return w.nal(kPps);
}

/// A slice's own reference set: distances to pictures before and after, each used.
void own_set(BitWriter& w, bool others_known, std::vector<uint32_t> before,
             std::vector<uint32_t> after) {
  if (others_known) w.flag(false);
  w.ue(static_cast<uint32_t>(before.size())).ue(static_cast<uint32_t>(after.size()));
  for (const auto& distances : {before, after}) {
    uint32_t last = 0;
    for (const uint32_t distance : distances) w.ue(distance - last - 1).flag(true), last = distance;
  }
}

struct Slice {
  uint32_t type = kP;
  uint32_t low = 0;  ///< slice_pic_order_cnt_lsb.
  std::vector<uint32_t> before, after;
  std::vector<uint32_t> active;  ///< Lengths of the lists; empty: as in the parameter set.
  bool first = true;
  uint32_t address = 0;
};

Nal slice(const Slice& s, uint32_t nal_type = kTrailR, int number_bits = 8, int temporal_id = 0) {
  BitWriter w;
  w.flag(s.first);
  if (nal_type >= 16 && nal_type <= 23) w.flag(false);
  w.ue(0);
  if (!s.first) w.u(1, s.address);
  w.ue(s.type);
  if (nal_type != kIdr) {
    w.u(number_bits, s.low).flag(false);
    own_set(w, false, s.before, s.after);
    w.flag(true).flag(true);  // SAO
  } else {
    w.flag(true).flag(true);
  }
  if (s.type != kI) {
    w.flag(!s.active.empty());
    for (const uint32_t length : s.active) w.ue(length - 1);
  }
  w.u(16, 0xaaaa);
  return w.nal(nal_type, temporal_id);
}

Nal idr() { return slice({.type = kI}, kIdr); }

class Reading : public testing::Test {
 protected:
  void start(const Stream& stream) {
    headers = Headers();
    headers.store_parameter_set(sequence_parameters(stream));
    headers.store_parameter_set(picture_parameters(stream));
  }
  std::optional<Prediction> read(const std::vector<Nal>& slices) {
    std::vector<std::span<const std::byte>> spans(slices.begin(), slices.end());
    return headers.read_picture(spans);
  }
  Headers headers;
};

std::vector<int32_t> sources(const std::optional<Prediction>& prediction) {
  if (!prediction) return {-9999};
  std::vector<int32_t> numbers(prediction->sources().begin(), prediction->sources().end());
  std::ranges::sort(numbers);
  return numbers;
}

using Numbers = std::vector<int32_t>;

TEST(NalHeader, HasTypeLayerAndTemporalId) {
  const Nal nal = {std::byte{0x43}, std::byte{0x1b}, std::byte{0}};  // 0 100001 1 | 00011 011
  EXPECT_EQ(nal_type(nal), 33U);
  EXPECT_EQ(layer(nal), 35U);
  EXPECT_EQ(temporal_id(nal), 2);
  EXPECT_TRUE(is_random_access(16) && is_random_access(21) && !is_random_access(9));
  EXPECT_TRUE(is_skipped_leading(8) && is_skipped_leading(9) && !is_skipped_leading(7));
  EXPECT_TRUE(is_sub_layer_non_reference(0) && !is_sub_layer_non_reference(1));
}

TEST_F(Reading, AnIdrPictureIsZeroAndDependsOnNothing) {
  start({});
  const auto prediction = read({idr()});
  ASSERT_TRUE(prediction);
  EXPECT_EQ(prediction->number, 0);
  EXPECT_TRUE(prediction->sources().empty());
  EXPECT_TRUE(prediction->anchors);
  EXPECT_EQ(prediction->reach, 128) << "half of 256";
}

TEST_F(Reading, ListsAreAsLongAsTheirHeadersSay) {
  start({});
  read({idr()});
  const std::vector<uint32_t> before = {1, 2, 4};
  EXPECT_EQ(sources(read({slice({.low = 5, .before = before})})), Numbers{4}) << "by default one";
  EXPECT_EQ(sources(read({slice({.low = 5, .before = before, .active = {2}})})), (Numbers{3, 4}));
  EXPECT_EQ(sources(read({slice({.low = 5, .before = before, .active = {3}})})),
            (Numbers{1, 3, 4}));
}

TEST_F(Reading, BPicturesHaveTwoListsInOppositeOrder) {
  start({});
  read({idr()});
  const Slice b = {.type = kB, .low = 10, .before = {2, 6}, .after = {3, 6}, .active = {1, 1}};
  EXPECT_EQ(sources(read({slice(b)})), (Numbers{8, 13}));
  Slice longer = b;
  longer.active = {3, 1};  // 8, 4, 13 and 13
  EXPECT_EQ(sources(read({slice(longer)})), (Numbers{4, 8, 13}));
}

TEST_F(Reading, ModifiedListsMayHoldAnyPictureOfTheSet) {
  start({.lists_modified = true});
  read({idr()});
  EXPECT_EQ(sources(read({slice({.low = 5, .before = {1, 2, 4}})})), (Numbers{1, 3, 4}));
}

TEST_F(Reading, NumbersContinueWhenTheirLowerBitsWrap) {
  start({.number_bits = 4});
  read({slice({.type = kI}, kIdr, 4)});
  int32_t last = 0;
  for (const int32_t number : {7, 14, 18, 25, 32}) {
    const auto low = static_cast<uint32_t>(number % 16);
    const auto step = static_cast<uint32_t>(number - last);
    const auto prediction = read({slice({.low = low, .before = {step}}, kTrailR, 4)});
    ASSERT_TRUE(prediction);
    EXPECT_EQ(prediction->number, number);
    EXPECT_EQ(sources(prediction), Numbers{last});
    EXPECT_EQ(prediction->reach, 8);
    last = number;
  }
}

TEST_F(Reading, OnlyTheLowestLayersReferencesAnchor) {
  start({});
  EXPECT_TRUE(read({idr()})->anchors);
  EXPECT_FALSE(read({slice({.low = 3, .before = {3}}, kTrailR, 8, /*temporal_id=*/1)})->anchors);
  EXPECT_FALSE(read({slice({.low = 3, .before = {3}}, /*TRAIL_N=*/0)})->anchors);
  EXPECT_FALSE(read({slice({.low = 3, .before = {3}}, kRasl)})->anchors);
  EXPECT_TRUE(read({slice({.low = 3, .before = {3}})})->anchors);
}

// Set 0 is {-1, -3; +2}. Set 1 is predicted from it, moved by -1 (equations 7-61 and 7-62): what
// was +2 is +1, what were -1 and -3 are -2 and -4, and the other picture itself is -1.
TEST_F(Reading, SetsArePredictedFromSets) {
  const auto sets = [](BitWriter& w) {
    w.ue(2);
    own_set(w, false, {1, 3}, {2});
    w.flag(true).flag(true).ue(0);  // predicted, moved by -1
    w.flag(true);                   // -1 - 1: used
    w.flag(false).flag(false);      // -3 - 1: dropped
    w.flag(true);                   // +2 - 1: used
    w.flag(false).flag(true);       // -1: kept, not used
  };
  start({.sets = sets});
  read({idr()});
  BitWriter w;
  w.flag(true).ue(0).ue(kB).u(8, 10).flag(true).u(1, 1);  // set 1 of two
  w.flag(true).flag(true).flag(true).ue(3).ue(3).u(16, 0xaaaa);
  EXPECT_EQ(sources(read({w.nal(kTrailR)})), (Numbers{8, 11}));
}

TEST_F(Reading, EverySliceOfAPictureCounts) {
  start({.width = 128});
  read({idr()});
  const Slice left = {.low = 9, .before = {1}};
  const Slice right = {.low = 9, .before = {1, 5}, .active = {2}, .first = false, .address = 1};
  EXPECT_EQ(sources(read({slice(left), slice(right)})), (Numbers{4, 8}));
}

TEST_F(Reading, ParameterSetsComeFromTheConfigurationRecordToo) {
  headers = Headers();
  std::vector<std::byte> record(22, std::byte{0});
  record.push_back(std::byte{2});  // arrays
  const auto append_array = [&](const Nal& nal) {
    record.insert(record.end(), {std::byte{0}, std::byte{0}, std::byte{1}});
    record.push_back(static_cast<std::byte>(nal.size() >> 8));
    record.push_back(static_cast<std::byte>(nal.size() & 255));
    record.insert(record.end(), nal.begin(), nal.end());
  };
  append_array(sequence_parameters({}));
  append_array(picture_parameters({}));
  headers.store_configuration(record);
  EXPECT_TRUE(read({idr()}));
  for (size_t size = 0; size < record.size(); ++size)
    headers.store_configuration(std::span(record).first(size));  // any length is safe
}

TEST_F(Reading, InDoubtThereIsNoAnswer) {
  const Slice p = {.low = 3, .before = {3}};
  start({});
  EXPECT_FALSE(read({slice(p)})) << "no random access point before";
  read({idr()});
  EXPECT_TRUE(read({slice(p)}));
  EXPECT_FALSE(read({slice({.type = kI}, kBla)})) << "a broken link";
  EXPECT_FALSE(read({slice(p)})) << "after it";
  read({idr()});
  EXPECT_FALSE(read({slice({.low = 3})})) << "a P picture without a source";
  start({.profile = 9});
  EXPECT_FALSE(read({idr()})) << "screen content";
  headers = Headers();
  EXPECT_FALSE(read({idr()})) << "no parameter sets";
  start({});
  read({idr()});
  Nal cut = slice({.low = 3, .before = {3}});
  cut.resize(4);
  EXPECT_FALSE(read({cut})) << "a header that is cut off";
}

TEST_F(Reading, ACraPictureStartsNumbersAtItsOwnLowerBits) {
  start({});
  const auto prediction = read({slice({.type = kI, .low = 77}, kCra)});
  ASSERT_TRUE(prediction);
  EXPECT_EQ(prediction->number, 77);
  EXPECT_EQ(sources(read({slice({.low = 78, .before = {1}})})), Numbers{77});
}

TEST_F(Reading, LongTermReferencesAreNotFollowed) {
  start({.long_term = true});
  read({idr()});
  const auto with_long_term = [](uint32_t count) {
    BitWriter w;
    w.flag(true).ue(0).ue(kP).u(8, 4).flag(false);
    own_set(w, false, {4}, {});
    w.ue(count);
    for (uint32_t i = 0; i < count; ++i) w.u(8, 0).flag(true).flag(false);
    w.flag(true).flag(true).flag(false).u(16, 0xaaaa);
    return w.nal(kTrailR);
  };
  EXPECT_EQ(sources(read({with_long_term(0)})), Numbers{0});
  EXPECT_FALSE(read({with_long_term(1)}));
}

}  // namespace
}  // namespace lido::media::hevc
