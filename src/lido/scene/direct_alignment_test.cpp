// SPDX-License-Identifier: Apache-2.0
// Truth: simulated scenes, whose images are exact for any motion.
#include "lido/scene/direct_alignment.h"

#include <gtest/gtest.h>

#include "lido/scene/blob_scene.h"

namespace lido::scene {
namespace {

/// A camera that moved by `frame_from_scene`, in pixels from the left edge of the left pixel.
GrayFrame look(const BlobScene& scene, const Homography& frame_from_scene, int seed,
               double gain = 0) {
  return gray_frame(scene.image(inverse(frame_from_scene), seed, gain));
}

Homography shift(double x, double y) { return {{1, 0, x, 0, 1, y, 0, 0, 1}}; }

/// A homography between pixel edges as one between pixel centres, as fits have it.
MotionFit as_fit(const Homography& h) {
  const cv::Matx33d centre_from_edge(1, 0, -0.5, 0, 1, -0.5, 0, 0, 1);
  return {.target_from_source = centre_from_edge * cv::Matx33d(h.m.data()) * centre_from_edge.inv(),
          .inliers = 7};
}

double error_px(const MotionFit& fit, const Homography& truth) {
  const cv::Matx33d wanted = as_fit(truth).target_from_source;
  double error = 0;
  for (const cv::Point2d& p :
       {cv::Point2d(0, 0), cv::Point2d(kSceneWidth, 0), cv::Point2d(kSceneWidth, kSceneHeight)})
    error = std::max(error, cv::norm(project(fit.target_from_source, p) - project(wanted, p)));
  return error;
}

TEST(DirectAlignment, RefinesAShiftToAFewHundredthsOfAPixel) {
  const BlobScene scene(1);
  const GrayFrame source = look(scene, {}, 1);
  const Homography truth = shift(3.3, -2.1);
  const GrayFrame target = look(scene, truth, 2);
  const auto fit = refine_alignment(source, target, as_fit(shift(2.5, -1.5)), 0, 4);
  ASSERT_TRUE(fit);
  EXPECT_LT(error_px(*fit, truth), 0.1);
  EXPECT_EQ(fit->inliers, 7) << "of the start";
}

TEST(DirectAlignment, RefinesAHomographyUnderAChangeOfLight) {
  const BlobScene scene(2);
  const Homography truth{{1.004, 0.002, 2, -0.002, 1.003, -1, 3e-6, -2e-6, 1}};
  const auto fit = refine_alignment(look(scene, {}, 1), look(scene, truth, 2, /*gain=*/20),
                                    as_fit(shift(2, -1)));
  ASSERT_TRUE(fit);
  const double error = error_px(*fit, truth);
  EXPECT_LT(error, 0.3);
  EXPECT_LT(error, 6 * worst_corner(*fit, {kSceneWidth, kSceneHeight}) + 0.02)
      << "the error is within its own estimate";
}

TEST(DirectAlignment, GivesUpOnAFlatImageAndOnAnotherScene) {
  const GrayFrame scene = look(BlobScene(3), {}, 1);
  const GrayFrame flat = gray_frame(
      {kSceneWidth, kSceneHeight, std::vector<uint8_t>(kSceneWidth * kSceneHeight, 110)});
  EXPECT_FALSE(refine_alignment(flat, scene, {}));
  EXPECT_FALSE(select_alignment(scene, look(BlobScene(4), {}, 2), {{}}));
}

TEST(DirectAlignment, SelectsTheRightOneOfWrongGuesses) {
  const BlobScene scene(5);
  const Homography truth = shift(31, 18);
  const auto fit = select_alignment(
      look(scene, {}, 1), look(scene, truth, 2),
      {as_fit(shift(-60, 10)), as_fit({}), as_fit(shift(40, 10)), as_fit(shift(41, 10))});
  ASSERT_TRUE(fit);
  EXPECT_LT(error_px(*fit, truth), 0.2);
  EXPECT_EQ(fit->inliers, 0);
}

TEST(DirectAlignment, ACameraAtRestIsExactlyAtRest) {
  const BlobScene scene(6);
  const auto fit = select_alignment(look(scene, {}, 1), look(scene, {}, 2), {as_fit(shift(2, 1))});
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->target_from_source, cv::Matx33d::eye());
}

TEST(DirectAlignment, TheSameViewLooksAlikeInOtherLightAndAnotherViewDoesNot) {
  const BlobScene scene(7);
  const GrayFrame source = look(scene, {}, 1);
  EXPECT_TRUE(looks_alike(source, look(scene, shift(1, 1), 2, /*gain=*/30)));
  EXPECT_FALSE(looks_alike(source, look(BlobScene(8), {}, 2)));
  // A person before the camera hides the view, which is then assumed to be the same.
  GrayFrame hidden = look(BlobScene(8), {}, 2);
  hidden.moving = {{0, 0, kSceneWidth, kSceneHeight}};
  EXPECT_TRUE(looks_alike(source, hidden));
}

TEST(DirectAlignment, APointIsMovingInsideABoxUpToItsRightEdge) {
  const std::vector<Box> moving = {{10, 20, 5, 5}};
  EXPECT_TRUE(is_moving(moving, {10, 20}));
  EXPECT_FALSE(is_moving(moving, {15, 20}));
  EXPECT_FALSE(is_moving(moving, {12, 25}));
}

}  // namespace
}  // namespace lido::scene
