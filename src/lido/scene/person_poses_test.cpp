// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/person_poses.h"

#include <gtest/gtest.h>

namespace lido::scene {
namespace {

class PersonPoses : public testing::Test {
 protected:
  void SetUp() override {
    const auto bundle = infer::read_bundle(LIDO_TEST_MODELS "/nanodet");
    ASSERT_TRUE(bundle) << bundle.error().message << "; ./dev test fetches it";
    detector_.emplace(Detector::make(*bundle, {}).value());
  }
  std::optional<Detector> detector_;
};

constexpr int32_t kPerson = 0, kBicycle = 1;

Box box_at(double x) { return {x, 10, 20, 40}; }
Pose pose_of(double x) { return {box_at(x), {{static_cast<float>(x), 30, 0.9F}}}; }

TEST_F(PersonPoses, PeopleAreLookedAtWhateverTheirScore) {
  Observation before{.k = 0};
  before.found = {{box_at(0), 0.9F, kPerson}};
  Observation now{.k = 1};
  now.found = {
      {box_at(300), 0.16F, kPerson}, {box_at(500), 0.9F, kBicycle}, {box_at(600), 0.8F, kPerson}};
  const std::vector recent = {before, now};
  // The certain person, the faint one, and where one was a tick ago.
  EXPECT_EQ(pose_boxes(recent, *detector_),
            (std::vector<Box>{box_at(600), box_at(300), box_at(0)}));
}

TEST_F(PersonPoses, ATrackHasThePoseOfItsDetections) {
  std::vector<Observation> observations(1);
  observations[0].found = {{box_at(0), 0.9F, kPerson}, {box_at(8), 0.9F, kPerson}};
  observations[0].poses = {pose_of(0), pose_of(8)};
  const std::vector<SeenObject> objects = {{0, box_at(8), 0.9F, kPerson, 1},
                                           {0, box_at(0), 0.9F, kPerson, 2}};
  const auto poses = poses_along(observations, objects, *detector_);
  ASSERT_EQ(poses.size(), 2U);
  EXPECT_EQ(poses[0].track, 1);
  EXPECT_EQ(poses[0].pose, pose_of(8)) << "although the other one overlaps";
  EXPECT_EQ(poses[1].pose, pose_of(0));
  EXPECT_TRUE(poses[0].seen && poses[1].seen);
}

TEST_F(PersonPoses, AGapHasThePoseAtTheExpectedPlace) {
  std::vector<Observation> observations;
  for (int64_t k = 0; k < 4; ++k) observations.push_back({.k = k});
  observations[0].found = observations[3].found = {{box_at(0), 0.9F, kPerson}};
  observations[0].poses = observations[3].poses = {pose_of(0)};
  observations[1].poses = {pose_of(1)};
  // Another person who stands in the way is no substitute.
  observations[2].found = {{box_at(2), 0.9F, kPerson}};
  observations[2].poses = {pose_of(2)};
  const std::vector<SeenObject> objects = {{0, box_at(0), 0.9F, kPerson, 7},
                                           {2, box_at(2), 0.9F, kPerson, 0},
                                           {3, box_at(0), 0.9F, kPerson, 7}};
  const auto poses = poses_along(observations, objects, *detector_);
  ASSERT_EQ(poses.size(), 3U);
  EXPECT_EQ(poses[1].k, 1);
  EXPECT_FALSE(poses[1].seen);
  EXPECT_EQ(poses[1].pose, pose_of(1));
  EXPECT_EQ(poses[2].k, 3);
}

TEST_F(PersonPoses, OtherObjectsHaveNone) {
  std::vector<Observation> observations(1);
  observations[0].poses = {pose_of(0)};
  const std::vector<SeenObject> objects = {{0, box_at(0), 0.9F, kBicycle, 1}};
  EXPECT_TRUE(poses_along(observations, objects, *detector_).empty());
}

}  // namespace
}  // namespace lido::scene
