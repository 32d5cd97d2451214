// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/follow.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

namespace lido::scene {
namespace {

TEST(Follow, GapsAreFilledOnAStraightLine) {
  const std::vector<SeenObject> sightings = {
      {0, {0, 0, 10, 20}}, {4, {8, 4, 18, 20}}, {9, {0, 0, 10, 20}}};
  const auto boxes = boxes_along(sightings, 3);
  ASSERT_EQ(boxes.size(), 6U);  // the second gap is too wide
  EXPECT_EQ(boxes[1].k, 1);
  EXPECT_FALSE(boxes[1].seen);
  EXPECT_EQ(boxes[1].box, (Box{2, 1, 12, 20}));
  EXPECT_EQ(boxes[5].k, 9);
}

class FollowClip : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = LIDO_TEST_MODELS "/nanodet";
    ASSERT_TRUE(std::filesystem::exists(folder)) << "no " << folder << "; ./dev test fetches it";
    detector_.emplace(Detector::make(infer::read_bundle(folder).value(), {}).value());
  }

  /// A person whose box has its left top corner at (x, y), 40 x 100 pixels.
  static Detection person(double x, double y, float score = 0.8F) {
    return {{x, y, 40, 100}, score, 0};
  }
  /// A frame of a still camera.
  static Observation frame(int64_t k, std::vector<Detection> found) {
    Observation observation{.k = k, .found = std::move(found)};
    observation.quality = {.mean = 110, .structure = 40, .detail = 0.6F, .change = 20};
    if (k > 0) observation.registration = Registration{.reference_k = k - 1, .inliers = 100};
    return observation;
  }

  Followed follow_clip(const std::vector<Observation>& clip) const {
    return follow({clip, {}, 4, 1920, 1080}, *detector_, {});
  }

  std::optional<Detector> detector_;
};

TEST_F(FollowClip, APersonWhoWalksHasOneTrackOfKnownLength) {
  std::vector<Observation> clip;
  for (int64_t k = 0; k < 11; ++k) clip.push_back(frame(k, {person(10.0 * double(k), 50)}));
  const Followed followed = follow_clip(clip);
  ASSERT_EQ(followed.tracks.size(), 1U);
  const TrackSummary& track = followed.tracks[0];
  EXPECT_EQ(track.first_k, 0) << "the first sighting belongs to the track too";
  EXPECT_EQ(track.last_k, 10);
  EXPECT_EQ(track.sightings, 11);
  EXPECT_NEAR(track.mean_score, 0.8, 1e-6);
  EXPECT_NEAR(track.path_length, 10 * 10.0 / 100, 1e-9) << "ten steps, in heights of the box";
  EXPECT_EQ(followed.objects.size(), 11U);
  EXPECT_EQ(followed.motions.size(), 11U);
  EXPECT_TRUE(followed.faults.empty());
}

TEST_F(FollowClip, ThePathOfAStandingPersonUnderAPanIsShort) {
  std::vector<Observation> clip;
  for (int64_t k = 0; k < 11; ++k) {
    clip.push_back(frame(k, {person(800 - 20.0 * double(k), 50)}));
    if (k > 0) clip.back().registration->reference_from_frame.m[2] = 20;
  }
  const Followed followed = follow_clip(clip);
  ASSERT_EQ(followed.tracks.size(), 1U);
  EXPECT_LT(followed.tracks[0].path_length, 0.01);
  EXPECT_EQ(followed.motions[5].motion.motion, MotionClass::kPan);
}

TEST_F(FollowClip, ATrackEndsWhereTheBackgroundShowsThePost) {
  // A person walks up to a post, whose faint boxes never end, and is not seen again.
  const Box post{150, 50, 40, 100};
  media::GreyImage view{640, 360, std::vector<uint8_t>(640 * 360, 150)};
  for (int y = int(post.y); y < int(post.bottom()); ++y)
    for (int x = int(post.x) + 10; x < int(post.right()) - 10; ++x)
      view.grey[static_cast<size_t>(y * 640 + x)] = 30;
  std::vector<Observation> clip;
  std::vector<GreyThumbnail> thumbnails;
  for (int64_t k = 0; k < 80; ++k) {
    clip.push_back(frame(k, {{post, 0.25F, 0}}));
    clip.back().looks = {{.moved = 0, .patch = patch_of(view, post)}};
    if (k < 14) {
      clip.back().found.push_back(person(10.0 * double(k), 50));
      clip.back().looks.push_back({.moved = 0.6F, .patch = {}});
    }
    if (k % 4 == 2) thumbnails.push_back({k, view});
  }
  const auto last_k = [&](std::span<const GreyThumbnail> of_clip) {
    const auto followed = follow({clip, of_clip, 4, 640, 360}, *detector_, {});
    EXPECT_EQ(followed.tracks.size(), 1U);
    return followed.tracks[0].last_k;
  };
  EXPECT_EQ(last_k(thumbnails), 13);
  EXPECT_EQ(last_k({}), 79) << "without a background, the faint boxes carry the track";
}

TEST_F(FollowClip, LowScoresWithoutATrackAreDropped) {
  const std::vector<Observation> clip = {frame(0, {person(10, 10, 0.2F)}),
                                         frame(1, {person(10, 10, 0.2F)})};
  EXPECT_TRUE(follow_clip(clip).objects.empty());
}

std::vector<Box> boxes_of(const Observation& one) {
  std::vector<Box> boxes;
  for (const Detection& found : one.found) boxes.push_back(found.box);
  return boxes;
}

TEST_F(FollowClip, CutsOutFaintPeopleAndWhereAPersonWasAMomentAgo) {
  // Certain at k = 0, faint at k = 1, then unseen.
  const std::vector<Observation> recent = {frame(0, {person(100, 50)}),
                                           frame(1, {person(100, 50, 0.2F)}), frame(2, {}),
                                           frame(3, {}), frame(4, {})};
  const auto at = [&](size_t n) { return cutouts(std::span(recent).first(n), *detector_, 2); };
  for (const size_t n : {1U, 2U}) EXPECT_EQ(at(n), boxes_of(recent[n - 1]));
  for (const size_t n : {3U, 4U}) EXPECT_EQ(at(n), boxes_of(recent[1]));
  EXPECT_TRUE(at(5).empty()) << "three ticks after the last sighting";
}

TEST_F(FollowClip, CutsOutAFaintPersonWhoWasNeverCertain) {
  // A drowning person's boxes stay faint for many frames; the track may use any of them.
  std::vector<Observation> recent;
  for (int64_t k = 0; k < 16; ++k) recent.push_back(frame(k, {person(300, 50, 0.16F)}));
  EXPECT_EQ(cutouts(recent, *detector_, 8), boxes_of(recent.back()));
  recent.push_back(frame(16, {}));
  EXPECT_EQ(cutouts(recent, *detector_, 8), boxes_of(recent.front())) << "expected, seen often";
  const std::vector<Observation> once = {frame(0, {person(300, 50, 0.16F)}), frame(1, {})};
  EXPECT_TRUE(cutouts(once, *detector_, 8).empty()) << "one faint box is noise";
}

TEST_F(FollowClip, APersonWhoSwimsOnIsExpectedFurtherOn) {
  std::vector<Observation> recent;
  for (int64_t k = 0; k < 10; ++k) recent.push_back(frame(k, {person(10.0 * double(k), 50)}));
  EXPECT_EQ(cutouts(recent, *detector_, 8).size(), 1U) << "none where the person was before";
  recent.push_back(frame(10, {}));
  const auto boxes = cutouts(recent, *detector_, 8);
  ASSERT_EQ(boxes.size(), 1U);
  EXPECT_NEAR(boxes[0].x, 100, 2) << "ten pixels a tick";
}

TEST_F(FollowClip, TwoBoxesOfOnePersonGiveOneCutout) {
  const std::vector<Observation> recent = {frame(0, {person(100, 50, 0.3F), person(104, 50)})};
  EXPECT_EQ(cutouts(recent, *detector_, 8), std::vector<Box>{recent[0].found[1].box});
}

TEST_F(FollowClip, CutoutsFollowACameraThatMoves) {
  // Both are registered with frame 0; the second sees everything 30 pixels further left.
  std::vector<Observation> recent = {frame(1, {person(100, 50)}), frame(2, {})};
  for (auto& one : recent) one.registration->reference_k = 0;
  recent[1].registration->reference_from_frame.m[2] = 30;
  const auto boxes = cutouts(recent, *detector_, 8);
  ASSERT_EQ(boxes.size(), 1U);
  EXPECT_NEAR(boxes[0].x, 70, 1e-9);
  EXPECT_NEAR(boxes[0].width, 40, 1e-9);
}

TEST_F(FollowClip, CutoutsDoNotDependOnMotionFromOtherBlocks) {
  // A span that begins with tick 16 does not know how the camera moved up to there.
  std::vector<Observation> recent = {frame(15, {person(100, 50)}), frame(16, {})};
  recent[1].registration->reference_from_frame.m[2] = 30;
  const auto boxes = cutouts(recent, *detector_, 8);
  recent[1].registration.reset();
  EXPECT_EQ(cutouts(recent, *detector_, 8), boxes);
}

}  // namespace
}  // namespace lido::scene
