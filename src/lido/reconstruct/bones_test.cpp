// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/bones.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "lido/reconstruct/people_tracker.h"
#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

using geometry::Vector3;

TEST(BoneLengths, AreThoseOfThePersonWhateverTheNoise) {
  // Noise of 8 cm makes a forearm of 26 cm longer by 4 cm on average.
  const StickPerson person = standing_person();
  constexpr double kNoise_m = 0.08;
  constexpr size_t kForearm = 6;
  const double true_m = (person[7] - person[9]).norm();
  std::mt19937_64 engine(3);
  std::normal_distribution<> noise(0, kNoise_m);
  BoneLengths bones;
  double naive_m = 0;
  constexpr int kMoments = 4000;
  EXPECT_FALSE(bones.length_m(kForearm));
  for (int moment = 0; moment < kMoments; ++moment) {
    std::array<Joint, kJoints> joints;
    for (size_t i = 0; i < kJoints; ++i) {
      const Vector3 off(noise(engine), noise(engine), noise(engine));
      joints[i] = {person[i] + off, Eigen::Matrix3d::Identity() * kNoise_m * kNoise_m, {0, 1}};
    }
    naive_m += (joints[7].point_in_world - joints[9].point_in_world).norm() / kMoments;
    bones.add(joints);
  }
  EXPECT_GT(naive_m, true_m + 0.03);
  ASSERT_TRUE(bones.length_m(kForearm));
  EXPECT_LT(bones.sigma_m(kForearm), 0.004);
  EXPECT_NEAR(*bones.length_m(kForearm), true_m, 0.01);
}

TEST(BoneLengths, AreNotKnownFromAFewBadMoments) {
  std::array<Joint, kJoints> joints;
  const StickPerson person = standing_person();
  for (size_t i = 0; i < kJoints; ++i)
    joints[i] = {person[i], Eigen::Matrix3d::Identity() * 0.01, {0, 1}};
  BoneLengths bones;
  for (int moment = 0; moment < 3; ++moment) bones.add(joints);
  EXPECT_FALSE(bones.length_m(6));
  // Without the wrist there is no forearm.
  joints[9].cameras.clear();
  for (int moment = 0; moment < 1000; ++moment) bones.add(joints);
  EXPECT_FALSE(bones.length_m(6));
  EXPECT_TRUE(bones.length_m(7));
}

// Without held lengths, they vary by 41 mm here.
TEST(BoneLengths, StayConstantInTracks) {
  auto cameras = six_cameras();
  cameras.pop_back();
  PeopleTracker tracker(cameras, test_space());
  NoisySight sight(1, 2);
  std::map<std::pair<int64_t, size_t>, std::vector<double>> lengths;
  for (int moment = 0; moment < 100; ++moment) {
    std::vector<StickPerson> people;
    for (const Walker& one : rows_of_walkers(4)) people.push_back(one.at(moment / 10.0));
    for (const auto& person : tracker.push(moment / 10.0, see(cameras, people, sight).views)) {
      for (size_t i = 0; i < kBones.size() && moment >= 20; ++i) {
        const Joint &a = person.joints[kBones[i].a], &b = person.joints[kBones[i].b];
        if (a.is_found() && b.is_found())
          lengths[{person.id, i}].push_back((a.point_in_world - b.point_in_world).norm());
      }
    }
  }
  ASSERT_EQ(lengths.size(), 4 * kBones.size());
  double deviation_m = 0;
  for (const auto& [bone, all] : lengths) {
    double mean = 0, squares = 0;
    for (const double one : all) mean += one / static_cast<double>(all.size());
    for (const double one : all) squares += (one - mean) * (one - mean);
    deviation_m += std::sqrt(squares / static_cast<double>(all.size())) / 48;
  }
  EXPECT_LT(deviation_m, 0.02);
}

}  // namespace
}  // namespace lido::reconstruct
