// SPDX-License-Identifier: Apache-2.0
// Headers are written by hand from the syntax tables of ITU-T H.264 (08/2021), 7.3. The expected
// losses follow from the meaning of frame_num in 7.4.3.
#include "lido/media/h264.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::media::h264 {
namespace {

using Nal = std::vector<std::byte>;

class BitWriter {
 public:
  BitWriter& u(int count, uint32_t value) {
    for (int i = count - 1; i >= 0; --i) bits_.push_back((value >> i & 1) != 0);
    return *this;
  }
  BitWriter& ue(uint32_t value) {
    int length = 0;
    while ((value + 1) >> (length + 1) != 0) ++length;
    return u(length, 0).u(length + 1, value + 1);
  }
  /// A NAL unit: header, payload and stop bit. The payloads here need no emulation prevention.
  Nal nal(uint32_t type, uint32_t ref_idc) const {
    std::vector<bool> bits = bits_;
    bits.push_back(true);
    while (bits.size() % 8 != 0) bits.push_back(false);
    Nal out = {static_cast<std::byte>(ref_idc << 5 | type)};
    for (size_t i = 0; i < bits.size(); i += 8) {
      unsigned value = 0;
      for (size_t j = 0; j < 8; ++j) value = value << 1 | (bits[i + j] ? 1U : 0U);
      out.push_back(static_cast<std::byte>(value));
    }
    return out;
  }

 private:
  std::vector<bool> bits_;
};

/// Baseline profile, frames only, picture order of type 2, frame_num of four bits.
Nal sequence_set(bool allows_gaps = false) {
  return BitWriter()
      .u(8, 66)  // profile_idc
      .u(16, 30)
      .ue(0)  // seq_parameter_set_id
      .ue(0)  // log2_max_frame_num_minus4
      .ue(2)  // pic_order_cnt_type
      .ue(1)  // max_num_ref_frames
      .u(1, allows_gaps ? 1 : 0)
      .ue(9)    // width in macroblocks, less one
      .ue(9)    // height
      .u(1, 1)  // frame_mbs_only_flag
      .nal(7, 3);
}

Nal picture_set(uint32_t slice_groups = 1) {
  BitWriter writer;
  writer.ue(0).ue(0).u(2, 0).ue(slice_groups - 1);
  return writer.ue(0).ue(0).u(3, 0).ue(0).ue(0).ue(0).u(3, 0).nal(8, 3);
}

Nal idr() { return BitWriter().ue(0).ue(7).ue(0).u(4, 0).ue(0).u(2, 0).nal(5, 3); }

/// A P slice that is a reference, unless `ref_idc` is 0.
/// @param reset  Memory management operation 5: the picture counts as number 0 afterwards.
Nal slice(uint32_t number, uint32_t ref_idc = 2, bool reset = false) {
  BitWriter writer;
  writer.ue(0).ue(5).ue(0).u(4, number);
  writer.u(1, 0).u(1, 0);  // no other lengths of lists, no changes of lists
  if (ref_idc > 0 && reset) writer.u(1, 1).ue(5).ue(0);
  if (ref_idc > 0 && !reset) writer.u(1, 0);
  return writer.ue(0).nal(1, ref_idc);
}

class FrameCounterTest : public testing::Test {
 protected:
  FrameCounterTest() {
    counter_.store_parameter_set(sequence_set());
    counter_.store_parameter_set(picture_set());
    EXPECT_FALSE(counter_.misses_pictures(idr()));
  }
  FrameCounter counter_;
};

TEST_F(FrameCounterTest, AGapInTheNumbersIsALoss) {
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
  EXPECT_FALSE(counter_.misses_pictures(slice(2)));
  EXPECT_TRUE(counter_.misses_pictures(slice(4)));
  EXPECT_FALSE(counter_.misses_pictures(slice(5))) << "one gap is one loss";
}

TEST_F(FrameCounterTest, NumbersWrapAtTheirBits) {
  for (uint32_t number = 1; number <= 16; ++number)
    EXPECT_FALSE(counter_.misses_pictures(slice(number % 16))) << number;
  EXPECT_TRUE(counter_.misses_pictures(slice(2)));
}

TEST_F(FrameCounterTest, OnlyReferencesCount) {
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(counter_.misses_pictures(slice(2, 0)));
  EXPECT_FALSE(counter_.misses_pictures(slice(2)));
  EXPECT_TRUE(counter_.misses_pictures(slice(4, 0))) << "number 3 is lost before it";
}

TEST_F(FrameCounterTest, AnIdrPictureStartsAnew) {
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
  EXPECT_FALSE(counter_.misses_pictures(idr()));
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
  EXPECT_FALSE(counter_.misses_pictures(idr()));
  EXPECT_TRUE(counter_.misses_pictures(slice(2)));
}

TEST_F(FrameCounterTest, OperationFiveStartsAnew) {
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
  EXPECT_FALSE(counter_.misses_pictures(slice(2, 2, true)));
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
}

TEST_F(FrameCounterTest, AfterASeekNothingIsMissing) {
  EXPECT_FALSE(counter_.misses_pictures(slice(1)));
  counter_.forget();
  EXPECT_FALSE(counter_.misses_pictures(slice(9)));
  EXPECT_TRUE(counter_.misses_pictures(slice(11)));
}

TEST_F(FrameCounterTest, InDoubtNothingIsMissing) {
  counter_.store_parameter_set(sequence_set(true));
  EXPECT_FALSE(counter_.misses_pictures(slice(9))) << "the stream allows gaps";
  counter_.store_parameter_set(sequence_set());
  counter_.store_parameter_set(picture_set(2));
  EXPECT_FALSE(counter_.misses_pictures(slice(1))) << "slice groups";
  EXPECT_FALSE(counter_.misses_pictures(slice(9)));
  FrameCounter without_sets;
  EXPECT_FALSE(without_sets.misses_pictures(slice(1)));
  EXPECT_FALSE(without_sets.misses_pictures(slice(9)));
}

TEST(FrameCounter, ReadsAConfigurationRecord) {
  std::vector<std::byte> record(5);  // version, profile, compatibility, level, length size
  const auto add = [&](uint32_t count, const Nal& set) {
    record.push_back(static_cast<std::byte>(count));
    record.push_back(static_cast<std::byte>(set.size() >> 8));
    record.push_back(static_cast<std::byte>(set.size() & 255));
    record.insert(record.end(), set.begin(), set.end());
  };
  add(0xe1, sequence_set());  // three reserved bits, one set
  add(1, picture_set());
  for (size_t length = 0; length <= record.size(); ++length) {
    FrameCounter counter;
    counter.store_configuration(std::span(record).first(length));
    counter.misses_pictures(idr());
    EXPECT_EQ(counter.misses_pictures(slice(2)), length == record.size()) << length;
  }
}

}  // namespace
}  // namespace lido::media::h264
