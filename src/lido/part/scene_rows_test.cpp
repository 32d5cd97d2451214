// SPDX-License-Identifier: Apache-2.0
#include "lido/part/scene_rows.h"

#include <gtest/gtest.h>

namespace lido::part {
namespace {

constexpr double kFps = 4;
const std::vector<std::string> kClasses = {"person", "ball"};

TEST(SceneRows, AnObjectHasTheNameOfItsClass) {
  scene::Followed followed;
  followed.objects = {{6, {1, 2, 3, 4}, 0.5F, 1, 9}, {6, {5, 6, 7, 8}, 0, -1, 0}};
  const SceneRows rows = scene_rows(followed, "/a.mp4", kFps, kClasses);
  ASSERT_EQ(rows.objects.size(), 2U);
  EXPECT_EQ(rows.objects[0].clip, "/a.mp4");
  EXPECT_EQ(rows.objects[0].class_name, "ball");
  EXPECT_EQ(rows.objects[0].source, "detector");
  EXPECT_EQ(rows.objects[0].time_s, 1.5);
  EXPECT_EQ(rows.objects[0].track, 9);
  EXPECT_EQ(rows.objects[1].class_name, "");
  EXPECT_EQ(rows.objects[1].source, "motion");
}

TEST(SceneRows, TimesAreSecondsAfterTheFirstFrame) {
  scene::Followed followed;
  followed.tracks = {{.track = 1, .class_id = 0, .first_k = 4, .last_k = 10, .sightings = 5}};
  const SceneRows rows = scene_rows(followed, "/a.mp4", kFps, kClasses);
  ASSERT_EQ(rows.tracks.size(), 1U);
  EXPECT_EQ(rows.tracks[0].start_s, 1);
  EXPECT_EQ(rows.tracks[0].end_s, 2.5);
  EXPECT_EQ(rows.tracks[0].sightings, 5);
}

TEST(SceneRows, APoseHasTheNamesOfItsKeypointsAndTheirMeanScore) {
  scene::Followed followed;
  followed.poses = {{6, 3, false, {{1, 2, 3, 4}, {{10, 20, 0.25F}, {30, 40, 0.75F}}}}};
  const SceneRows rows = scene_rows(followed, "/a.mp4", kFps, kClasses, {"nose", "tail"});
  ASSERT_EQ(rows.poses.size(), 1U);
  const dataset::PoseRow& row = rows.poses[0];
  EXPECT_EQ(row.time_s, 1.5);
  EXPECT_EQ(row.track, 3);
  EXPECT_FALSE(row.seen);
  EXPECT_EQ((std::vector{row.x, row.y, row.width, row.height}), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(row.score, 0.5);
  EXPECT_EQ(row.names, "nose,tail");
  EXPECT_EQ(row.keypoints, (std::vector<double>{10, 20, 0.25, 30, 40, 0.75}));
}

TEST(SceneRows, ACovarianceIsItsUpperTriangle) {
  scene::Followed followed;
  followed.motions.resize(2);
  followed.motions[1].registration.emplace();
  auto& covariance = followed.motions[1].registration->covariance;
  for (size_t i = 0; i < covariance.size(); ++i) covariance[i] = static_cast<double>(i);
  const SceneRows rows = scene_rows(followed, "/a.mp4", kFps, kClasses);
  EXPECT_TRUE(rows.motions[0].covariance.empty());
  const auto& triangle = rows.motions[1].covariance;
  ASSERT_EQ(triangle.size(), 36U);  // 8 + 7 + ... + 1
  EXPECT_EQ(triangle[7], 7);
  EXPECT_EQ(triangle[8], 9);  // row 1 begins on the diagonal
  EXPECT_EQ(triangle[35], 63);
}

}  // namespace
}  // namespace lido::part
