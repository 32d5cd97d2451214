// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/bundle.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_board.h"

namespace lido::reconstruct {
namespace {

/// The bundle of the test's cameras and views, with the true values.
BundleProblem true_bundle(int moments, double sigma_px) {
  BundleProblem bundle{.cameras = test_cameras(3),
                       .delays_s = {0, 0, 0},
                       .corners = test_board().corner_positions()};
  const auto views = test_views(bundle.cameras, bundle.delays_s, moments, 10, sigma_px);
  for (int moment = 0; moment < moments; ++moment) bundle.boards.push_back(board_at(moment / 10.0));
  for (size_t i = 0; i < views.size(); ++i) {
    for (size_t moment = 0; moment < views[i].views.size(); ++moment) {
      for (const BoardCorner& one : views[i].views[moment])
        bundle.sightings.push_back({.camera = i,
                                    .moment = moment,
                                    .corner = static_cast<size_t>(one.id),
                                    .pixel = one.pixel});
    }
  }
  return bundle;
}

BundleProblem disturbed(BundleProblem bundle) {
  for (size_t i = 0; i < bundle.cameras.size(); ++i) {
    geometry::Camera& camera = bundle.cameras[i];
    camera.fx *= 1.03, camera.fy *= 0.98, camera.cx += 12, camera.k = {};
    if (i == 0) continue;
    camera.position += geometry::Vector3(0.05, -0.04, 0.03);
    camera.cam_from_world =
        Eigen::AngleAxisd(0.04, geometry::Vector3(1, 2, -1).normalized()) * camera.cam_from_world;
  }
  for (BoardPose& board : bundle.boards) board.position += geometry::Vector3(0.02, 0.03, -0.05);
  return bundle;
}

TEST(BundleProblem, ReturnsFromADisturbedStartToTheTruth) {
  const BundleProblem truth = true_bundle(40, 0);
  const auto adjusted = adjust(disturbed(truth));
  ASSERT_TRUE(adjusted) << adjusted.error().message;
  EXPECT_LT(adjusted->rms_px, 1e-4);
  for (size_t i = 0; i < 3; ++i) {
    const geometry::Camera &found = adjusted->bundle.cameras[i], &wanted = truth.cameras[i];
    EXPECT_NEAR(found.fx, wanted.fx, 1e-2);
    EXPECT_NEAR(found.cy, wanted.cy, 1e-2);
    EXPECT_NEAR(found.k[0], wanted.k[0], 1e-4);
    EXPECT_LT((found.position - wanted.position).norm(), 1e-5);
    EXPECT_LT((found.cam_from_world - wanted.cam_from_world).norm(), 1e-5);
  }
}

// Over many noises the errors must be as large as the deviations that adjust() states: their
// normalised squares have mean 1. 3 x 14 free values are not independent, so 10 runs have about 2/3
// of 140 degrees of freedom: 0.7 to 1.3 is more than two deviations.
TEST(BundleProblem, StatesItsErrorsHonestly) {
  const BundleProblem truth = true_bundle(25, 0);
  std::mt19937_64 engine(3);
  std::normal_distribution<> noise(0, 0.4);
  double sum = 0;
  int count = 0;
  for (int run = 0; run < 10; ++run) {
    BundleProblem noisy = truth;
    for (CornerSighting& one : noisy.sightings)
      one.pixel += Eigen::Vector2d(noise(engine), noise(engine));
    // Without outliers a wide loss is that of least squares.
    const auto adjusted = adjust(noisy, {.loss_scale_px = 100});
    ASSERT_TRUE(adjusted) << adjusted.error().message;
    for (Eigen::Index i = 1; i < 3; ++i) {
      const auto row = adjusted->camera_sigmas.row(i);
      const geometry::Camera& found = adjusted->bundle.cameras[static_cast<size_t>(i)];
      const geometry::Camera& wanted = truth.cameras[static_cast<size_t>(i)];
      for (Eigen::Index axis = 0; axis < 3; ++axis) {
        const double error = found.position[axis] - wanted.position[axis];
        sum += std::pow(error / row[kPosition + axis], 2);
        ++count;
      }
      sum += std::pow((found.fx - wanted.fx) / row[kIntrinsics], 2);
      sum += std::pow((found.k[0] - wanted.k[0]) / row[kDistortion], 2);
      count += 2;
    }
    EXPECT_EQ(adjusted->camera_sigmas.row(0).head(6).norm(), 0);  // the first camera stays
  }
  EXPECT_NEAR(sum / count, 1, 0.5);
}

TEST(BundleProblem, CountsOutliersLittle) {
  const BundleProblem truth = true_bundle(30, 0.2);
  BundleProblem wrong = truth;
  for (size_t i = 0; i < wrong.sightings.size(); i += 50)
    wrong.sightings[i].pixel += Eigen::Vector2d(30, 20);
  const auto robust = adjust(wrong, {.loss_scale_px = 0.5}),
             plain = adjust(wrong, {.loss_scale_px = 1000});
  ASSERT_TRUE(robust && plain);
  const auto error = [&](const AdjustedBundle& one) {
    return (one.bundle.cameras[1].position - truth.cameras[1].position).norm();
  };
  EXPECT_LT(error(*robust), 0.5 * error(*plain));
}

TEST(BundleProblem, RefusesTooFewSightings) {
  BundleProblem bundle = true_bundle(2, 0);
  bundle.sightings.resize(10);
  const auto adjusted = adjust(bundle);
  ASSERT_FALSE(adjusted);
  EXPECT_EQ(adjusted.error().message,
            "10 corners of boards give 20 equations, want more than 42 unknowns");
}

TEST(BundleProblem, RefusesAStartBehindACamera) {
  BundleProblem bundle = true_bundle(10, 0);
  bundle.boards[3].position.z() = -2;
  const auto adjusted = adjust(bundle);
  ASSERT_FALSE(adjusted);
  EXPECT_EQ(adjusted.error().code, ErrorCode::kDegenerate);
}

}  // namespace
}  // namespace lido::reconstruct
