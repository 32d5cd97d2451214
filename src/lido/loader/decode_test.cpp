// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lido/loader/test_dataset.h"

namespace lido::loader {
namespace {

class DecodeSample : public testing::Test {
 protected:
  DecodeSample() : dataset_(data_.open()) {
    EXPECT_TRUE(dataset_.visit<dataset::SampleRow>(1, [&](dataset::SampleRow& row) {
      if (row.sample == TestDataset::key(0, 3)) row_ = row;
      return Result<void>();
    }));
    bytes_ = *dataset_.read_sample(row_);
    pixels_.resize(shape_.bytes());
  }
  Result<void> decode(const std::optional<AugmentSeed>& seed) {
    return decoder_.decode(row_, std::as_bytes(std::span(bytes_)), shape_, seed, pixels_);
  }

  TestDataset data_{1, 5};
  dataset::Dataset dataset_;
  dataset::SampleRow row_;
  std::string bytes_;
  Shape shape_{TestDataset::kFrames, TestDataset::kHeight, TestDataset::kWidth};
  std::vector<uint8_t> pixels_;
  SampleDecoder decoder_{std::vector<std::string>{"left_hand", "right_hand"}};
};

TEST_F(DecodeSample, GivesTheStoredPixels) {
  EXPECT_EQ(*decoder_.shape_of(std::as_bytes(std::span(bytes_))), shape_);
  ASSERT_TRUE(decode(std::nullopt));
  for (int frame = 0; frame < TestDataset::kFrames; ++frame) {
    for (size_t i = 0; i < shape_.frame_bytes(); ++i) {
      ASSERT_NEAR(pixels_[static_cast<size_t>(frame) * shape_.frame_bytes() + i],
                  TestDataset::grey(3, frame), 1);
    }
  }
  EXPECT_EQ(row_.boxes, (std::vector<double>{1, 2, 3, 4, 2, 2, 3, 4}));
}

TEST_F(DecodeSample, AugmentsAsTheDatasetDoes) {
  const auto stored = *dataset_.read_frames(row_);
  const auto drawn =
      dataset::draw_augmentation({}, 5, 2, row_.group, row_.sample, shape_.width, shape_.height);
  ASSERT_TRUE(decode(AugmentSeed{5, 2}));
  for (size_t frame = 0; frame < stored.size(); ++frame) {
    const auto wanted = dataset::augment(stored[frame], drawn, static_cast<int>(frame));
    const auto got = std::span(pixels_).subspan(frame * shape_.frame_bytes(), shape_.frame_bytes());
    EXPECT_TRUE(std::ranges::equal(got, wanted.rgb));
  }
  const Box moved = dataset::augment(Box{2, 2, 3, 4}, drawn, shape_.width, shape_.height);
  EXPECT_EQ(row_.boxes[4], moved.x);
  EXPECT_EQ(row_.boxes[7], moved.height);
}

TEST_F(DecodeSample, MovesBoxesWithoutFramesToo) {
  const auto wanted = [&] {
    dataset::SampleRow row = row_;
    std::vector<uint8_t> pixels(shape_.bytes());
    EXPECT_TRUE(
        decoder_.decode(row, std::as_bytes(std::span(bytes_)), shape_, AugmentSeed{5, 2}, pixels));
    return row.boxes;
  }();
  ASSERT_TRUE(
      decoder_.decode(row_, std::as_bytes(std::span(bytes_)), shape_, AugmentSeed{5, 2}, {}));
  EXPECT_EQ(row_.boxes, wanted);
}

TEST_F(DecodeSample, MovesKeypointsAndSwapsSidesInAMirror) {
  const std::vector<double> stored = {1, 2, 0.5, 3, 4, 0.75, 5, 6, 1, NAN, NAN, NAN};
  bool was_mirrored = false, was_not = false;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const auto drawn = dataset::draw_augmentation({}, 5, epoch, row_.group, row_.sample,
                                                  shape_.width, shape_.height);
    row_.keypoints = stored;
    ASSERT_TRUE(decode(AugmentSeed{5, epoch}));
    const auto left = dataset::augment({1, 2}, drawn), right = dataset::augment({3, 4}, drawn);
    (drawn.mirrored ? was_mirrored : was_not) = true;
    EXPECT_EQ(row_.keypoints[0], drawn.mirrored ? right[0] : left[0]);
    EXPECT_EQ(row_.keypoints[4], drawn.mirrored ? left[1] : right[1]);
    EXPECT_EQ(row_.keypoints[5], drawn.mirrored ? 0.5 : 0.75);
    EXPECT_TRUE(std::isnan(row_.keypoints[drawn.mirrored ? 6 : 9]));
  }
  EXPECT_TRUE(was_mirrored && was_not);
}

TEST_F(DecodeSample, RefusesChangedBytes) {
  bytes_[600] = static_cast<char>(bytes_[600] ^ 1);
  const auto result = decode(std::nullopt);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(result.error().message, "the checksum differs from the manifest");
}

TEST_F(DecodeSample, RefusesFramesOfAnotherShape) {
  shape_.width = 32;
  pixels_.resize(shape_.bytes());
  const auto size = decode(std::nullopt);
  ASSERT_FALSE(size);
  EXPECT_NE(size.error().message.find("16x8 pixels, want 32x8"), std::string::npos);
  shape_ = {3, TestDataset::kHeight, TestDataset::kWidth};
  pixels_.resize(shape_.bytes());
  const auto frames = decode(std::nullopt);
  ASSERT_FALSE(frames);
  EXPECT_EQ(frames.error().message, "2 frames, want 3 as in the first sample");
}

}  // namespace
}  // namespace lido::loader
