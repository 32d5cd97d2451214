// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/observe.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <random>

namespace lido::scene {
namespace {

TEST(Observe, EverySamplingTimeIsOwnedByOneSpan) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> cuts = {0};
    while (cuts.back() < 500) cuts.push_back(cuts.back() + 1 + random() % 90);
    int64_t next = 0;
    for (size_t i = 0; i < cuts.size(); ++i) {
      const int64_t end = i + 1 < cuts.size() ? cuts[i + 1] : INT64_MAX;
      const OwnedBlocks owned = blocks_of_span(cuts[i], end);
      ASSERT_EQ(owned.begin, next);
      ASSERT_LE(owned.begin, owned.end);
      // The frames that influence the first block are in the span.
      ASSERT_TRUE(owned.begin == 0 || owned.begin - kLookBack >= cuts[i]);
      ASSERT_EQ(owned.begin % kBlock, 0);
      next = owned.end;
    }
    ASSERT_EQ(next, INT64_MAX);
  }
}

/// Frames of a still pool in which a dark square moves; and the observer's view of them.
class Observing : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = LIDO_TEST_MODELS "/nanodet";
    ASSERT_TRUE(std::filesystem::exists(folder)) << "no " << folder << "; ./dev test fetches it";
    detector_.emplace(Detector::make(infer::read_bundle(folder).value(), {}).value());
  }

  /// One grey frame at tick k, with tiles that give the view its structure.
  media::Frame frame(int64_t k) {
    auto& pixels = pixels_.emplace_back(640 * 360);
    for (size_t y = 0; y < 360; ++y) {
      for (size_t x = 0; x < 640; ++x)
        pixels[y * 640 + x] = static_cast<uint8_t>((x / 40 * 7 + y / 40 * 13) % 5 * 30 + 60);
    }
    for (size_t y = 200; y < 240; ++y) {
      for (size_t x = 0; x < 40; ++x) pixels[y * 640 + x + 20 * static_cast<size_t>(k % 16)] = 10;
    }
    media::Frame frame{.width = 640, .height = 360, .full_range = true, .grey = true};
    frame.planes[0] = {reinterpret_cast<const std::byte*>(pixels.data()), 640};
    return frame;
  }

  std::vector<Observation> observe(int64_t first_k, int64_t end_k, const OwnedBlocks& owned) {
    std::vector<int64_t> seen;
    Observer observer(*detector_, detector_->open_session().value(), owned,
                      [&](const media::Frame&, std::span<const Observation> recent) {
                        seen.push_back(recent.back().k);
                        return Result<void>();
                      });
    for (int64_t k = first_k; k < end_k; ++k)
      EXPECT_TRUE(observer.push(k, k + 1, k == 0, frame(k)));
    EXPECT_TRUE(observer.finish());
    for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], owned.begin + int64_t(i));
    thumbnails_ = observer.take_thumbnails();
    return observer.take_observations();
  }

  std::optional<Detector> detector_;
  std::deque<std::vector<uint8_t>> pixels_;
  std::vector<Thumbnail> thumbnails_;
};

TEST_F(Observing, ADividedClipGivesWhatTheWholeClipGives) {
  constexpr int64_t kFrames = 48;
  const auto whole = observe(0, kFrames, {});
  ASSERT_EQ(std::ssize(whole), kFrames);
  const OwnedBlocks first = blocks_of_span(0, 20), second = blocks_of_span(20, INT64_MAX);
  auto parts = observe(0, first.end + 1, first);
  ASSERT_EQ(std::ssize(parts), first.end + 1) << "one more, for its registration";
  const auto rest = observe(20, kFrames, second);
  for (const Observation& one : rest) {
    const Observation& wanted = whole[static_cast<size_t>(one.k)];
    // The span before has the registration of the first frame.
    const auto& registration = one.k == second.begin ? parts.back().registration : one.registration;
    ASSERT_EQ(registration.has_value(), wanted.registration.has_value()) << one.k;
    if (registration) {
      EXPECT_EQ(registration->reference_from_frame, wanted.registration->reference_from_frame);
      EXPECT_EQ(registration->reference_k, wanted.registration->reference_k);
    }
    EXPECT_EQ(one.moving, wanted.moving) << one.k;
    EXPECT_EQ(one.quality.change, wanted.quality.change) << one.k;
  }
}

TEST_F(Observing, ProposesWhatMovesWithoutADetection) {
  const auto all = observe(0, 16, {});
  int found = 0;
  for (const Observation& one : all) {
    const Box square{20.0 * static_cast<double>(one.k % 16), 200, 40, 40};
    for (const Box& box : one.moving) found += intersection(box, square) > 800 ? 1 : 0;
  }
  EXPECT_GT(found, 8) << "of 16: in most frames";
  // A thumbnail every fourth tick, from 2 on.
  ASSERT_EQ(thumbnails_.size(), 4U);
  EXPECT_EQ(thumbnails_[1].k, 6);
  EXPECT_EQ(thumbnails_[1].image.width, 480);
}

}  // namespace
}  // namespace lido::scene
