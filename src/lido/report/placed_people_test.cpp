// SPDX-License-Identifier: Apache-2.0
#include "lido/report/placed_people.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/dataset/table.h"
#include "lido/report/test_people.h"

namespace lido::report {
namespace {

class PeopleOfATable : public testing::Test {
 protected:
  void SetUp() override { store_ = *storage::open_store(folder_.string()); }
  void write(const std::vector<dataset::JointRow>& rows) {
    ASSERT_TRUE(dataset::write_table(*store_, "tracks3d.parquet", rows));
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  Timing timing_{100, 10, 50};
};

TEST_F(PeopleOfATable, AreThoseOfTheMoment) {
  write({row_at(100.2, 1, "nose", {1, 2, 3}), row_at(100.2, 1, "left_eye", {1, 2, 3.1}),
         row_at(100.2, 4, "nose", {5, 6, -1}), row_at(100.3, 4, "nose", {5, 6.1, -1}),
         row_at(100.7, 1, "nose", {2, 2, 3})});
  auto people = PlacedPeople::open(*store_, timing_);
  ASSERT_TRUE(people) << people.error().message;
  EXPECT_EQ(people->next_moment(), 2);
  EXPECT_TRUE(people->at(0)->empty());
  const auto two = *people->at(2);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].id, 1);
  ASSERT_EQ(two[0].joints.size(), 2U);
  EXPECT_EQ(two[0].joints[1].name, "left_eye");
  EXPECT_EQ(two[0].joints[1].point_in_world, geometry::Vector3(1, 2, 3.1));
  EXPECT_TRUE(two[0].joints[1].is_seen_by("b"));
  EXPECT_FALSE(two[0].joints[1].is_seen_by("c"));
  EXPECT_EQ(two[1].id, 4);
  EXPECT_TRUE(two[1].joints[0].is_under_water());
  // A moment that is left out loses its people, and no other.
  EXPECT_TRUE(people->at(5)->empty());
  EXPECT_EQ(people->next_moment(), 7);
  EXPECT_EQ(people->at(7)->size(), 1U);
  EXPECT_TRUE(people->at(8)->empty());
  EXPECT_FALSE(people->next_moment());
}

TEST_F(PeopleOfATable, NamesARowThatIsNowhere) {
  write({row_at(100.2, 1, "nose", {1, NAN, 3})});
  auto people = PlacedPeople::open(*store_, timing_);
  ASSERT_TRUE(people) << people.error().message;
  const auto read = people->at(2);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message,
            "tracks3d.parquet: a row at 100.2 s has the place 1, nan, 3 m, want numbers");
}

TEST(PlacedPerson, IsWhereTheTrunkIs) {
  PlacedPerson person{7,
                      {joint_at("left_hip", {1, 2, 0}), joint_at("right_shoulder", {3, 4, 1}),
                       joint_at("left_wrist", {90, 90, 9})}};
  EXPECT_EQ(person.middle(), geometry::Vector3(2, 3, 0.5));
  person.joints.erase(person.joints.begin(), person.joints.begin() + 2);
  EXPECT_EQ(person.middle(), geometry::Vector3(90, 90, 9));
}

TEST(PlacedPerson, StatesItsDepthUnderWaterAlone) {
  PlacedPerson person{7, {joint_at("left_knee", {0, 0, -2})}};
  EXPECT_FALSE(person.head_depth_m());
  EXPECT_EQ(label_of(person), "7");
  person.joints.push_back(joint_at("left_shoulder", {0, 0, -1}));
  EXPECT_EQ(label_of(person), "7  1.0 m deep");
  // The head counts for more than shoulders.
  person.joints.push_back(joint_at("nose", {0, 0, -0.5}));
  person.joints.push_back(joint_at("left_ear", {0, 0, -0.7}));
  EXPECT_EQ(label_of(person), "7  0.6 m deep");
  person.joints.push_back(joint_at("right_ear", {0, 0, 1.3}));
  EXPECT_EQ(label_of(person), "7");
}

TEST(PlacedJoint, HasItsLargestDeviation) {
  PlacedJoint joint = joint_at("nose", {0, 0, 0});
  // 3, 4 turned by 45 degrees about z.
  joint.covariance << 12.5, 3.5, 0, 3.5, 12.5, 0, 0, 0, 1;
  EXPECT_NEAR(joint.max_sigma_m(), 4, 1e-12);
}

}  // namespace
}  // namespace lido::report
