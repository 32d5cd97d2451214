// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/person_samples.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

constexpr int32_t kPerson = 0, kBall = 1;
const dataset::WindowOptions kWindows = {.window = 4, .stride = 2};

bool is_person(int32_t id) { return id == kPerson; }

Box box_at(int64_t k, double left) { return {left + static_cast<double>(k), 10, 20, 40}; }

/// Something that is seen at every k from first to last, with a cutout each time.
void add(ClipScene& scene, scene::Followed& followed, int64_t track, int32_t id, int64_t first,
         int64_t last, double left) {
  for (int64_t k = first; k <= last; ++k) {
    followed.objects.push_back(
        {.k = k, .box = box_at(k, left), .score = 1, .class_id = id, .track = track});
    scene.cutouts.emplace(k, PlacedImage{0, {.k = k, .box = box_at(k, left)}});
  }
}

std::vector<std::pair<int64_t, int64_t>> starts(const std::vector<PersonWindow>& windows) {
  std::vector<std::pair<int64_t, int64_t>> starts;
  for (const PersonWindow& window : windows) starts.emplace_back(window.start_k, window.track);
  return starts;
}

using Starts = std::vector<std::pair<int64_t, int64_t>>;

TEST(CutWindows, StartAtMultiplesOfTheStrideAndCoverTheEnds) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 1, 8, 0);
  // Windows of 4 in [1, 8] at even times: [2, 6) and [4, 8); and at the ends [1, 5) and [5, 9).
  const auto windows = cut_windows(scene, followed, kWindows, 3, is_person);
  EXPECT_EQ(starts(windows), (Starts{{1, 1}, {2, 1}, {4, 1}, {5, 1}}));
  ASSERT_EQ(windows[1].frames.size(), 4U);
  EXPECT_EQ(windows[1].frames[0].box, box_at(2, 0));
  EXPECT_EQ(windows[1].frames[3].cutout->image.k, 5);
  EXPECT_EQ(windows[1].repeated, 0);
}

TEST(CutWindows, ComeByTimeThenByTrack) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 2, kPerson, 0, 3, 0);
  add(scene, followed, 1, kPerson, 0, 5, 500);
  EXPECT_EQ(starts(cut_windows(scene, followed, kWindows, 3, is_person)),
            (Starts{{0, 1}, {0, 2}, {2, 1}}));
}

TEST(CutWindows, ShowOnlyPeopleOnTracks) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kBall, 0, 9, 0);
  add(scene, followed, 0, kPerson, 0, 9, 500);
  EXPECT_TRUE(cut_windows(scene, followed, kWindows, 3, is_person).empty());
}

TEST(CutWindows, AMissingCutoutCutsTheTrack) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 9, 0);
  scene.cutouts.erase(4);
  // [0, 4) and [5, 10), whose first window starts with it.
  EXPECT_EQ(starts(cut_windows(scene, followed, kWindows, 3, is_person)),
            (Starts{{0, 1}, {5, 1}, {6, 1}}));
}

TEST(CutWindows, ACutoutElsewhereIsNotThePerson) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 3, 0);
  scene.cutouts.erase(2);
  scene.cutouts.emplace(2, PlacedImage{0, {.k = 2, .box = box_at(2, 15)}});  // IoU 5/35
  // Two short stretches, at 0 and 1, and at 3: each repeats its last frame.
  const auto windows = cut_windows(scene, followed, kWindows, 3, is_person);
  EXPECT_EQ(starts(windows), (Starts{{0, 1}, {3, 1}}));
  EXPECT_EQ(windows[0].repeated, 2);
  EXPECT_EQ(windows[0].frames[3].cutout->image.k, 1);
  EXPECT_EQ(windows[1].repeated, 3);
}

TEST(CutWindows, AFrameHasThePoseOfItsTrack) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 3, 0);
  followed.poses = {{.k = 1, .track = 2}, {.k = 2, .track = 1}};
  const auto windows = cut_windows(scene, followed, kWindows, 3, is_person);
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].frames[1].pose, nullptr) << "that one is of another track";
  EXPECT_EQ(windows[0].frames[2].pose, &followed.poses[1].pose);
}

TEST(CutWindows, TheBestMatchIsTaken) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 3, 0);
  scene.cutouts.emplace(1, PlacedImage{7, {.k = 1, .box = box_at(1, 5)}});  // IoU 15/25
  const auto windows = cut_windows(scene, followed, kWindows, 3, is_person);
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].frames[1].cutout->span, 0U);
}

/// Takes the sighting and the cutout at k away.
void hide(ClipScene& scene, scene::Followed& followed, int64_t k) {
  std::erase_if(followed.objects, [&](const scene::SeenObject& seen) { return seen.k == k; });
  scene.cutouts.erase(k);
}

TEST(CutWindows, AGapIsFilledAndMarked) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 7, 0);
  hide(scene, followed, 2);
  // The place where the person was expected: a square around the box.
  const Box expected = box_at(2, 1);
  scene.cutouts.emplace(2, PlacedImage{0, {.k = 2, .box = expected}});
  hide(scene, followed, 5);
  const auto windows = cut_windows(scene, followed, kWindows, 3, is_person);
  EXPECT_EQ(starts(windows), (Starts{{0, 1}, {2, 1}, {4, 1}}));
  const PersonFrame& filled = windows[0].frames[2];
  EXPECT_FALSE(filled.seen);
  EXPECT_EQ(filled.box, box_at(2, 0)) << "between the boxes before and after";
  EXPECT_EQ(filled.cutout->image.box, expected);
  EXPECT_TRUE(windows[0].frames[1].seen);
  const PersonFrame& repeated = windows[2].frames[1];
  EXPECT_FALSE(repeated.seen);
  EXPECT_EQ(repeated.cutout->image.k, 4) << "without pixels, the image before is repeated";
  EXPECT_EQ(repeated.box, box_at(4, 0)) << "with its own box";
}

TEST(CutWindows, ACutoutThatCoversTheBoxFillsAGap) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 3, 0);
  hide(scene, followed, 2);
  // Expected 25 pixels beside the person: no IoU, but a wide square of pixels.
  scene.cutouts.emplace(
      2, PlacedImage{0, {.k = 2, .box = box_at(2, 25), .geometry = {100, 100, 1, 1, 30, 20}}});
  const auto windows = cut_windows(scene, followed, kWindows, 3, is_person);
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].frames[2].cutout->image.k, 2);
}

TEST(CutWindows, WhatMovedInWaterHasWindowsOfItsOwn) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 7, 0);
  std::swap(followed.moving.emplace_back(), followed.objects);
  EXPECT_TRUE(cut_windows(scene, followed, kWindows, 3, is_person).empty());
  const auto windows = cut_moving_windows(scene, followed, kWindows, 3);
  EXPECT_EQ(starts(windows), (Starts{{0, 1}, {2, 1}, {4, 1}}));
  for (const PersonWindow& window : windows) EXPECT_TRUE(window.is_motion);
  EXPECT_EQ(windows[1].frames[0].box, box_at(2, 0));
}

TEST(CutWindows, ALongGapCutsTheTrack) {
  ClipScene scene;
  scene::Followed followed;
  add(scene, followed, 1, kPerson, 0, 9, 0);
  for (const int64_t k : {4, 5}) hide(scene, followed, k);
  EXPECT_EQ(starts(cut_windows(scene, followed, kWindows, 1, is_person)), (Starts{{0, 1}, {6, 1}}));
  EXPECT_EQ(starts(cut_windows(scene, followed, kWindows, 2, is_person)),
            (Starts{{0, 1}, {2, 1}, {4, 1}, {6, 1}}));
}

}  // namespace
}  // namespace lido::ingest
