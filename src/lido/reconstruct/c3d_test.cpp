// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/c3d.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace lido::reconstruct {
namespace {

/// Little-endian words of a file, as the C3D user guide numbers them.
int word_at(const std::string& bytes, size_t offset) {
  return static_cast<uint8_t>(bytes[offset]) | static_cast<uint8_t>(bytes[offset + 1]) << 8;
}

float float_at(const std::string& bytes, size_t offset) {
  const auto low = static_cast<uint32_t>(word_at(bytes, offset));
  const auto high = static_cast<uint32_t>(word_at(bytes, offset + 2));
  return std::bit_cast<float>(low | high << 16);
}

std::array<Joint, kJoints> joints_at(double x) {
  std::array<Joint, kJoints> joints;
  for (size_t i = 0; i < kJoints; ++i) {
    joints[i].point_in_world = {x + static_cast<double>(i), 2, -0.5};
    if (i != 3) joints[i].cameras = {0, 1};  // no left ear
  }
  return joints;
}

/// Offset of a parameter's data, which follow its name, offset, type and sizes.
size_t data_of(const std::string& bytes, const std::string& name) {
  const size_t at = bytes.find(name, 512) + name.size();
  return at + 4 + static_cast<size_t>(bytes[at + 3]);
}

TEST(C3d, HasTheUserGuidesHeaderParametersAndFrames) {
  C3dFile file;
  file.add(5, joints_at(5));
  file.add(6, joints_at(6));
  file.add(9, joints_at(9));
  const std::string bytes = file.finish(12.5);
  // Header: parameters in block 2, the mark, 17 points, frames 1 to 5, scale -1 for floats, rate.
  EXPECT_EQ(bytes[0], 2);
  EXPECT_EQ(bytes[1], 0x50);
  EXPECT_EQ(word_at(bytes, 2), 17);
  EXPECT_EQ(word_at(bytes, 4), 0);
  EXPECT_EQ(word_at(bytes, 6), 1);
  EXPECT_EQ(word_at(bytes, 8), 5);
  EXPECT_EQ(float_at(bytes, 12), -1);
  EXPECT_EQ(float_at(bytes, 20), 12.5F);
  // Parameters of an Intel file.
  EXPECT_EQ(bytes[513], 0x50);
  EXPECT_EQ(bytes[515], 84);
  const auto data_block = static_cast<size_t>(word_at(bytes, 16));
  EXPECT_EQ(data_block, 2 + static_cast<size_t>(bytes[514]));
  EXPECT_EQ(word_at(bytes, data_of(bytes, "DATA_START")), static_cast<int>(data_block));
  EXPECT_EQ(word_at(bytes, data_of(bytes, "FRAMES")), 5);
  EXPECT_EQ(bytes[data_of(bytes, "UNITS")], 'm');
  EXPECT_EQ(bytes.substr(data_of(bytes, "LABELS"), 28), "nose          left_eye      ");
  // Frames of x, y, z, residual; moments 7 and 8 without the person.
  const size_t frame = 17 * 16, data = (data_block - 1) * 512;
  ASSERT_GE(bytes.size(), data + 5 * frame);
  EXPECT_EQ(bytes.size() % 512, 0U);
  EXPECT_EQ(float_at(bytes, data + frame + 2 * 16), 8);
  EXPECT_EQ(float_at(bytes, data + frame + 2 * 16 + 8), -0.5F);
  EXPECT_EQ(float_at(bytes, data + frame + 2 * 16 + 12), 0);
  EXPECT_EQ(float_at(bytes, data + 4 * frame), 9);
  for (const size_t missing : {data + 3 * 16, data + 2 * frame, data + 3 * frame + 16 * 16}) {
    EXPECT_TRUE(std::isnan(float_at(bytes, missing)));
    EXPECT_EQ(float_at(bytes, missing + 12), -1);
  }
}

TEST(C3d, HasLongRecordings) {
  // An hour and 51 minutes at 10 moments a second do not fit into 16 bits.
  C3dFile file;
  file.add(0, joints_at(0));
  file.add(66'600, joints_at(1));
  const std::string bytes = file.finish(10);
  EXPECT_EQ(word_at(bytes, 8), 65535);
  const size_t end = data_of(bytes, "ACTUAL_END_FIELD");
  EXPECT_EQ(word_at(bytes, end) + (word_at(bytes, end + 2) << 16), 66'601);
}

}  // namespace
}  // namespace lido::reconstruct
