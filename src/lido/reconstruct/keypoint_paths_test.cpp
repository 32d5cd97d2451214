// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/keypoint_paths.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

/// A person whose keypoints are on a ring around (x, y), all seen.
PersonView ring(double x, double y) {
  PersonView view{.camera = 2};
  for (size_t i = 0; i < kJoints; ++i) {
    const double angle = 2 * M_PI * static_cast<double>(i) / kJoints;
    view.keypoints[i] = {{x + 30 * std::cos(angle), y + 30 * std::sin(angle)}, 2};
  }
  return view;
}

TEST(KeypointPaths, KeepPeopleApart) {
  std::vector<PoseFrame> frames;
  for (int k = 0; k < 10; ++k) {
    PoseFrame frame{.time_s = 0.1 * k};
    frame.people = {ring(100 + 5 * k, 100), ring(300 - 5 * k, 130)};
    // The order in a file has no meaning.
    if (k % 2 == 1) std::swap(frame.people[0], frame.people[1]);
    frames.push_back(frame);
  }
  const auto paths = follow_keypoints(frames);
  ASSERT_EQ(paths.size(), 2u);
  for (const KeypointPath& path : paths) {
    EXPECT_EQ(path.size(), 10u);
    const auto view = path.at(0.45);
    ASSERT_TRUE(view);
    const double x = view->view.keypoints[0].pixel.x();
    EXPECT_TRUE(std::abs(x - 152.5) < 1e-9 || std::abs(x - 307.5) < 1e-9) << x;
    EXPECT_NEAR(view->speed_px_s(), 50, 1e-6);
  }
}

TEST(KeypointPaths, FollowASwingBetweenFrames) {
  // 10 frames a second of a swing of 1 Hz: the error of a cubic with central slopes is below 1% of
  // its radius, and a straight line's is 4.9%, 1 - cos(0.1 pi).
  KeypointPath path;
  for (int k = 0; k <= 20; ++k) path.add(0.1 * k, ring(40 * std::sin(2 * M_PI * 0.1 * k), 0));
  for (const double time_s : {0.25, 0.33, 0.71, 1.05}) {
    const auto view = path.at(time_s);
    ASSERT_TRUE(view);
    EXPECT_NEAR(view->view.keypoints[0].pixel.x(), 30 + 40 * std::sin(2 * M_PI * time_s), 0.4);
    // Mean motion over 0.4 s, to 0.3 px a second for each 0.06 px of error.
    const auto x = [](double at_s) { return 40 * std::sin(2 * M_PI * at_s); };
    EXPECT_NEAR(view->velocity_px_s[0].x(), (x(time_s + 0.2) - x(time_s - 0.2)) / 0.4, 2);
  }
  EXPECT_FALSE(path.at(0.19));
  EXPECT_FALSE(path.at(1.81));
}

TEST(KeypointPaths, EndInALongGap) {
  std::vector<PoseFrame> frames;
  for (const double time_s : {0.0, 0.1, 0.2, 0.9, 1.0})
    frames.push_back({.time_s = time_s, .people = {ring(100, 100)}});
  const auto paths = follow_keypoints(frames);
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0].last_s(), 0.2);
  EXPECT_EQ(paths[1].first_s(), 0.9);
}

TEST(KeypointPaths, LeaveOutKeypointsThatAFrameLacks) {
  KeypointPath path;
  for (int k = 0; k <= 10; ++k) {
    PersonView view = ring(10 * k, 0);
    if (k == 5) view.keypoints[3].sigma_px = 0;
    path.add(0.1 * k, view);
  }
  const auto view = path.at(0.45);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->view.keypoints[3].is_seen());
  EXPECT_NEAR(view->view.keypoints[4].pixel.x() - ring(0, 0).keypoints[4].pixel.x(), 45, 1e-9);
  // Its motion at 0.3 s needs the frame at 0.5 s.
  EXPECT_FALSE(path.at(0.3)->view.keypoints[3].is_seen());
  EXPECT_TRUE(path.at(0.25)->view.keypoints[4].is_seen());
}

}  // namespace
}  // namespace lido::reconstruct
