// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/motion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/scene/blob_scene.h"

namespace lido::scene {
namespace {

constexpr media::Geometry kPlain{kSceneWidth, kSceneHeight};

TEST(Motion, FindsKnownHomographiesAndKnowsItsError) {
  const BlobScene scene(1);
  MotionEstimator estimator;
  EXPECT_FALSE(estimator.push(0, true, scene.image({}, 1), kPlain, {}));
  const std::vector<Homography> moves = {{{1, 0, 3.3, 0, 1, -2.1, 0, 0, 1}},
                                         {{1.01, 0.004, 6, -0.004, 1.01, 1.5, 0, 0, 1}},
                                         {{1.02, 0.01, -9, -0.008, 0.99, 12, 8e-6, -5e-6, 1}},
                                         {{1, 0, 31, 0, 1, 18, 0, 0, 1}}};
  for (size_t i = 0; i < moves.size(); ++i) {
    const auto k = static_cast<int64_t>(i) + 1;
    const auto found = estimator.push(k, false, scene.image(moves[i], int(i) + 2), kPlain, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->reference_k, 0);
    const double error = max_corner_distance(found->reference_from_frame, moves[i]);
    EXPECT_LT(error, 0.3) << i;
    double variance = 0;
    for (size_t j = 0; j < 8; ++j) variance = std::max(variance, found->covariance[9 * j]);
    EXPECT_LT(error, 6 * std::sqrt(variance) + 0.02) << i;
  }
}

TEST(Motion, APersonWhoMovesIsNotTheCamera) {
  const BlobScene scene(2), person(3, 900);
  MotionEstimator estimator;
  for (int k = 0; k < 4; ++k) {
    media::GreyImage image = scene.image({}, k);
    const auto other = person.image({{1, 0, 9.0 * k, 0, 1, 0, 0, 0, 1}}, k);
    for (int y = 100; y < 300; ++y)
      std::copy_n(&other.grey[static_cast<size_t>(y * kSceneWidth + 200)], 220,
                  &image.grey[static_cast<size_t>(y * kSceneWidth + 200)]);
    const auto found = estimator.push(k, k == 0, image, kPlain, {});
    if (k == 0) continue;
    ASSERT_TRUE(found);
    EXPECT_LT(max_corner_distance(found->reference_from_frame, {}), 0.3);
  }
}

TEST(Motion, AnotherViewIsNoMotion) {
  MotionEstimator estimator;
  (void)estimator.push(0, true, BlobScene(4).image({}, 1), kPlain, {});
  EXPECT_FALSE(estimator.push(1, false, BlobScene(5).image({}, 2), kPlain, {}));
}

TEST(Motion, ReducingIsWhatTheConverterDoes) {
  // A bright corner makes every orientation differ from the others.
  std::vector<uint8_t> luma(1200 * 800, 60);
  for (int y = 0; y < 200; ++y)
    std::fill_n(&luma[static_cast<size_t>(1200 * y)], 300, uint8_t{200});
  for (int turns = 0; turns < 4; ++turns) {
    for (const bool mirrored : {false, true}) {
      media::Frame frame{.width = 1200, .height = 800, .grey = true};
      frame.planes[0] = {reinterpret_cast<const std::byte*>(luma.data()), 1200};
      frame.orientation = {turns, mirrored};
      const auto geometry = MotionEstimator::geometry_for(frame);
      media::Converter converter;
      const auto wanted = converter.convert_grey(frame, geometry);
      const auto found = MotionEstimator::reduce(frame, geometry, converter);
      ASSERT_EQ(found.width, wanted.width);
      ASSERT_EQ(found.grey.size(), wanted.grey.size());
      int different = 0;
      for (size_t i = 0; i < wanted.grey.size(); ++i)
        different += std::abs(found.grey[i] - wanted.grey[i]) > 2 ? 1 : 0;
      EXPECT_LT(different, 3000) << turns << mirrored;
    }
  }
}

}  // namespace
}  // namespace lido::scene
