// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/moments.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/reconstruct/keypoint_paths.h"

namespace lido::reconstruct {
namespace {

/// A person whose keypoints lie around (100 + speed t, 50).
PersonView runner(double time_s, double speed_px_s, double beside_px = 0) {
  PersonView view;
  for (size_t i = 0; i < kJoints; ++i) {
    const auto at = static_cast<double>(i);
    view.keypoints[i] = {{100 + speed_px_s * time_s + 3 * at, 50 + beside_px + 7 * at}, 2};
  }
  return view;
}

/// Frames of a runner, from `first_s` on.
std::vector<PoseFrame> frames_of(double first_s, double fps, int count, double speed_px_s) {
  std::vector<PoseFrame> frames;
  for (int i = 0; i < count; ++i) {
    const double time_s = first_s + i / fps;
    frames.push_back({time_s, {runner(time_s, speed_px_s)}});
  }
  return frames;
}

const std::vector<geometry::Camera> kCameras(2, {.fps = 25});

TEST(Moments, InterpolatesCamerasThatExposeAtOtherTimes) {
  // The second camera's frames lie between the moments, and are as many.
  Moments moments({frames_of(0, 10, 20, 80), frames_of(0.04, 10, 20, 80)}, kCameras, 10);
  EXPECT_EQ(moments.count(), 20);
  for (int64_t moment = 0; moment < 20; ++moment) {
    const auto views = moments.at(moment);
    ASSERT_EQ(views.size(), 2U) << moment;
    for (const PersonView& view : views) {
      // Before the second camera's first frame there is nothing to go by but that.
      const bool is_early = moment == 0 && &view == &views[1];
      const double time_s = is_early ? 0.04 : moments.time_s(moment);
      EXPECT_NEAR(view.keypoints[0].pixel.x(), 100 + 80 * time_s, 1e-9) << moment;
      EXPECT_DOUBLE_EQ(view.keypoints[0].sigma_px, 2);
    }
    EXPECT_EQ(moments.after(moment), moment + 1);
  }
}

TEST(Moments, FollowsACurveBetweenFrames) {
  // x = 100 + 40 t^2, which a cubic meets and a straight line misses by 40 * 0.1^2 = 0.4.
  std::vector<PoseFrame> frames;
  for (int i = 0; i < 10; ++i) {
    const double time_s = 0.2 * i;
    frames.push_back({time_s, {runner(time_s, 40 * time_s)}});
  }
  Moments moments({frames, {}}, kCameras, 10);
  static_cast<void>(moments.at(4));
  const auto views = moments.at(5);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_NEAR(views[0].keypoints[3].pixel.x(), 100 + 40 * 0.25 + 9, 1e-9);
  // Five frames a second for ten moments: each frame counts half as much.
  EXPECT_NEAR(views[0].keypoints[3].sigma_px, 2 * std::sqrt(2 - 0.01), 1e-9);
}

TEST(Moments, LeavesOutAPersonBetweenFramesWhoIsNotFoundAgain) {
  auto frames = frames_of(0, 10, 10, 0);
  frames[4].people.push_back(runner(0, 0, 300));
  Moments moments({frames_of(0.05, 10, 10, 0), frames}, kCameras, 10);
  // Moment 4 is frame 4 of the second camera, and between two frames of the first.
  EXPECT_EQ(moments.at(4).size(), 3U);
  EXPECT_EQ(moments.at(5).size(), 2U);
  // Frames that are all between moments: the person is of the nearest moment alone.
  for (PoseFrame& one : frames) one.time_s += 0.06;
  Moments between({frames_of(0, 10, 10, 0), frames}, kCameras, 10);
  EXPECT_EQ(between.at(4).size(), 2U);
  EXPECT_EQ(between.at(5).size(), 3U);
  EXPECT_EQ(between.at(6).size(), 2U);
}

TEST(Moments, KnowsPeopleByTheirTracks) {
  // Two who change places between frames: by distance they would be mixed up.
  PoseFrame first{0, {runner(0, 0), runner(0, 0, 20)}};
  PoseFrame second{0.1, {runner(0, 0, 20), runner(0, 0)}};
  for (size_t i = 0; i < 2; ++i)
    first.people[i].track = second.people[i].track = static_cast<int64_t>(i) + 1;
  EXPECT_EQ(find_again(first, second), (std::vector<std::optional<size_t>>{0, 1}));
  second.people[0].track = second.people[1].track = 0;
  EXPECT_EQ(find_again(first, second), (std::vector<std::optional<size_t>>{1, 0}));
  second.people[1].track = 7;
  EXPECT_EQ(find_again(first, second), (std::vector<std::optional<size_t>>{std::nullopt, 0}));
}

TEST(Moments, SkipsHoursWithoutFrames) {
  auto frames = frames_of(0, 10, 3, 0);
  frames.push_back({1e9, {runner(0, 0)}});
  Moments moments({frames, {}}, kCameras, 10);
  EXPECT_EQ(moments.count(), 10'000'000'001);
  int64_t moment = 0;
  size_t calls = 0, views = 0;
  for (; moment < moments.count(); moment = moments.after(moment), ++calls)
    views += moments.at(moment).size();
  EXPECT_LT(calls, 10U);
  EXPECT_EQ(views, 4U);
}

TEST(Moments, HasNoneWithoutFrames) { EXPECT_EQ(Moments({{}, {}}, kCameras, 10).count(), 0); }

}  // namespace
}  // namespace lido::reconstruct
