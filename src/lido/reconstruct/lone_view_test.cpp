// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/lone_view.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

using geometry::Vector3;

std::array<Joint, kJoints> joints_of(const StickPerson& person, double sigma_m) {
  std::array<Joint, kJoints> out;
  for (size_t i = 0; i < kJoints; ++i)
    out[i] = {person[i], Eigen::Matrix3d::Identity() * sigma_m * sigma_m, {0}};
  return out;
}

/// View of a person by one camera, without noise.
PersonView view_of(const geometry::Camera& camera, const StickPerson& person) {
  PersonView view;
  for (size_t i = 0; i < kJoints; ++i) view.keypoints[i] = {*camera.project(person[i]), 2};
  return view;
}

TEST(LoneView, KnowsASecondBoxAroundAPerson) {
  const auto camera = six_cameras()[1];
  const StickPerson person = Walker{{12, 4, 0}, {1, 0, 0}}.at(0);
  const PersonView view = view_of(camera, person);
  PersonView other = view;
  for (auto& one : other.keypoints) one.pixel.x() += 5;
  EXPECT_TRUE(is_second_box(other, view));
  EXPECT_FALSE(is_second_box(view_of(camera, Walker{{13, 4, 0}, {1, 0, 0}}.at(0)), view));
  other.camera = 1;
  EXPECT_FALSE(is_second_box(other, view));
}

TEST(LoneView, KnowsWhereTheWaterReflectsAPerson) {
  const auto camera = six_cameras()[1];
  const StickPerson person = Walker{{12, 12.6, 0.1}, {1, 0, 0}}.at(0);
  StickPerson mirrored = person;
  for (Vector3& joint : mirrored) joint.z() = -joint.z();
  const auto joints = joints_of(person, 0.02);
  EXPECT_TRUE(is_reflection(camera, view_of(camera, mirrored), joints));
  EXPECT_FALSE(is_reflection(camera, view_of(camera, person), joints));
  EXPECT_TRUE(is_upside_down(joints_of(mirrored, 0.02)));
  EXPECT_FALSE(is_upside_down(joints));
}

TEST(LoneView, KnowsWhichCamerasShouldSeeAPerson) {
  const auto cameras = six_cameras();
  const auto middle = joints_of(Walker{{12.5, 6, -1.2}, {1, 0, 0}}.at(0), 0.1);
  EXPECT_TRUE(looks_at(cameras[1], middle));
  EXPECT_FALSE(looks_at(cameras[1], joints_of(Walker{{12.5, -4, 0}, {1, 0, 0}}.at(0), 0.1)));
  // Too far away to be seen.
  EXPECT_FALSE(looks_at(cameras[1], joints_of(Walker{{12.5, 60, 0}, {1, 0, 0}}.at(0), 0.1)));
}

TEST(LoneView, ComparesPlacesByTheirCovariances) {
  const auto one = joints_of(Walker{{12, 6, 0}, {1, 0, 0}}.at(0), 0.05);
  const StickPerson away = Walker{{13.5, 6, 0}, {1, 0, 0}}.at(0);
  EXPECT_FALSE(are_near(one, joints_of(away, 0.05)));
  EXPECT_TRUE(are_near(one, joints_of(away, 1)));
}

}  // namespace
}  // namespace lido::reconstruct
