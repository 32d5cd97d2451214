// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/motion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace lido::scene {
namespace {

constexpr int kWidth = 640, kHeight = 360;

/// A scene of smooth blobs, known at every real position: pictures of it need no resampling.
class BlobScene {
 public:
  explicit BlobScene(int seed, int blobs = 500) {
    std::mt19937 random(static_cast<uint32_t>(seed));
    std::uniform_real_distribution<double> at(-200, 1000), size(2, 7), height(-70, 70);
    for (int i = 0; i < blobs; ++i)
      blobs_.push_back({at(random), at(random), size(random), height(random)});
  }
  media::GreyImage picture(const Homography& scene_from_frame, int seed) const {
    std::mt19937 random(static_cast<uint32_t>(seed));
    std::normal_distribution<double> noise(0, 2);
    media::GreyImage image{kWidth, kHeight, std::vector<uint8_t>(kWidth * kHeight)};
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        const Point p = apply(scene_from_frame, Point{x + 0.5, y + 0.5});
        double value = 110 + noise(random);
        for (const Blob& blob : blobs_) {
          const double dx = (p.x - blob.x) / blob.size, dy = (p.y - blob.y) / blob.size;
          const double square = dx * dx + dy * dy;
          if (square < 12) value += blob.height * std::exp(-square / 2);
        }
        image.grey[static_cast<size_t>(y * kWidth + x)] =
            static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
    return image;
  }

 private:
  struct Blob {
    double x, y, size, height;
  };
  std::vector<Blob> blobs_;
};

constexpr media::Geometry kPlain{kWidth, kHeight};

double farthest_corner(const Homography& a, const Homography& b) {
  double most = 0;
  for (const Point& p :
       {Point{0, 0}, Point{kWidth, 0}, Point{kWidth, kHeight}, Point{0, kHeight}}) {
    const Point pa = apply(a, p), pb = apply(b, p);
    most = std::max(most, std::hypot(pa.x - pb.x, pa.y - pb.y));
  }
  return most;
}

TEST(Motion, FindsKnownHomographiesAndKnowsItsError) {
  const BlobScene scene(1);
  MotionEstimator estimator;
  EXPECT_FALSE(estimator.push(0, true, scene.picture({}, 1), kPlain, {}));
  const std::vector<Homography> moves = {{{1, 0, 3.3, 0, 1, -2.1, 0, 0, 1}},
                                         {{1.01, 0.004, 6, -0.004, 1.01, 1.5, 0, 0, 1}},
                                         {{1.02, 0.01, -9, -0.008, 0.99, 12, 8e-6, -5e-6, 1}},
                                         {{1, 0, 31, 0, 1, 18, 0, 0, 1}}};
  for (size_t i = 0; i < moves.size(); ++i) {
    const auto k = static_cast<int64_t>(i) + 1;
    const auto found = estimator.push(k, false, scene.picture(moves[i], int(i) + 2), kPlain, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->reference_k, 0);
    const double error = farthest_corner(found->reference_from_frame, moves[i]);
    EXPECT_LT(error, 0.3) << i;
    double variance = 0;
    for (size_t j = 0; j < 8; ++j) variance = std::max(variance, found->covariance[9 * j]);
    EXPECT_LT(error, 6 * std::sqrt(variance) + 0.02) << i;
  }
}

TEST(Motion, SomebodyWhoMovesIsNotTheCamera) {
  const BlobScene scene(2), somebody(3, 900);
  MotionEstimator estimator;
  for (int k = 0; k < 4; ++k) {
    media::GreyImage image = scene.picture({}, k);
    const auto other = somebody.picture({{1, 0, 9.0 * k, 0, 1, 0, 0, 0, 1}}, k);
    for (int y = 100; y < 300; ++y)
      std::copy_n(&other.grey[static_cast<size_t>(y * kWidth + 200)], 220,
                  &image.grey[static_cast<size_t>(y * kWidth + 200)]);
    const auto found = estimator.push(k, k == 0, image, kPlain, {});
    if (k == 0) continue;
    ASSERT_TRUE(found);
    EXPECT_LT(farthest_corner(found->reference_from_frame, {}), 0.3);
  }
}

TEST(Motion, AnotherViewIsNoMotion) {
  MotionEstimator estimator;
  (void)estimator.push(0, true, BlobScene(4).picture({}, 1), kPlain, {});
  EXPECT_FALSE(estimator.push(1, false, BlobScene(5).picture({}, 2), kPlain, {}));
}

TEST(Motion, ReducingIsWhatTheConverterDoes) {
  // A bright corner tells every orientation from the others.
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

Registration at(int64_t reference_k, double x, double y, double scale = 1, double sd = 0.02) {
  Registration registration{reference_k, {{scale, 0, x, 0, scale, y, 0, 0, 1}}};
  for (size_t i = 0; i < 8; ++i) registration.covariance[9 * i] = sd * sd;
  registration.inliers = 100;
  return registration;
}

std::vector<std::string_view> classes(const std::vector<MotionStep>& steps) {
  std::vector<std::string_view> names;
  for (const ViewMotion& motion : follow_motion(steps, 4, 1920, 1080))
    names.push_back(name_of(motion.motion));
  return names;
}

TEST(Motion, AStillCameraStaysStillForAnHour) {
  std::mt19937 random(6);
  std::normal_distribution<double> noise(0, 0.05);
  std::vector<MotionStep> steps = {{.k = 0}};
  for (int64_t k = 1; k < 4 * 3600; ++k)
    steps.push_back({k, at((k - 1) / 16 * 16, noise(random), noise(random), 1, 0.05)});
  const auto motions = follow_motion(steps, 4, 1920, 1080);
  for (const ViewMotion& motion : motions) ASSERT_EQ(motion.motion, MotionClass::kStill);
  EXPECT_EQ(motions.back().view_from_frame, Homography{});
}

TEST(Motion, MovesHaveTheNamesAPersonGivesThem) {
  std::vector<MotionStep> pan = {{.k = 0}}, zoom = pan, shake = pan, tilt = pan;
  for (int64_t k = 1; k < 6; ++k) {
    const double n = static_cast<double>(k);
    pan.push_back({k, at(0, 12 * n, n)});
    tilt.push_back({k, at(0, 0, -9 * n)});
    const double scale = 1 + 0.01 * n;
    zoom.push_back({k, at(0, 960 * (1 - scale), 540 * (1 - scale), scale)});
    shake.push_back({k, at(0, k % 2 == 0 ? 0 : 8, k % 2 == 0 ? 0 : 5)});
  }
  EXPECT_EQ(classes(pan)[3], "pan");
  EXPECT_EQ(classes(tilt)[3], "tilt");
  EXPECT_EQ(classes(zoom)[3], "zoom");
  EXPECT_EQ(classes(shake)[3], "shake");
}

TEST(Motion, ACameraThatSwaysInAHandIsNotOneThatTurns) {
  // Two seconds to one side, two to the other; and one that turns for good at the same speed.
  std::vector<MotionStep> sway = {{.k = 0}}, patrol = sway;
  for (int64_t k = 1; k < 80; ++k) {
    const double t = static_cast<double>(k) / 4;
    sway.push_back({k, at(0, 30 * std::sin(std::numbers::pi * t / 2), 0)});
    patrol.push_back({k, at(0, 24 * t, 0)});
  }
  for (size_t k = 10; k < 70; ++k) {
    EXPECT_NE(classes(sway)[k], "pan") << k;
    EXPECT_EQ(classes(patrol)[k], "pan") << k;
  }
  EXPECT_EQ(classes(sway)[40], "shake");
}

TEST(Motion, ACutBeginsANewView) {
  const std::vector<MotionStep> steps = {{.k = 0},
                                         {1, at(0, 0, 0)},
                                         {.k = 2},
                                         {3, at(2, 5, 0)},
                                         {.k = 4, .registration = at(3, 0, 0), .after_cut = true},
                                         {.k = 5, .featureless = true}};
  const auto motions = follow_motion(steps, 4, 1920, 1080);
  EXPECT_EQ(classes(steps),
            (std::vector<std::string_view>{"still", "still", "cut", "pan", "cut", "unknown"}));
  EXPECT_EQ(motions[1].view, 0);
  EXPECT_EQ(motions[3].view, 1);
  EXPECT_EQ(motions[4].view, 2);
  EXPECT_NEAR(motions[3].view_from_frame.m[2], 5, 1e-9);
}

}  // namespace
}  // namespace lido::scene
