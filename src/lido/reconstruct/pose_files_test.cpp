// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/base/result.h"
#include "lido/base/test_folder.h"

namespace lido::reconstruct {
namespace {

const geometry::Camera kCamera{.name = "deck", .fps = 10};

/// 17 keypoints at (10 i, 20 i); the second hidden, the third not seen.
std::string keypoints() {
  std::string text;
  for (int i = 0; i < 17; ++i)
    text += fmt::format("{}{}, {}, {}", i == 0 ? "" : ", ", 10 * i, 20 * i,
                        i == 1 ? 1 : (i == 2 ? 0 : 2));
  return text;
}

std::string coco() {
  return "{\"images\": [{\"id\": 5}, {\"id\": 3}, {\"id\": 9, \"date_captured_s\": 0.35}], "
         "\"annotations\": [{\"image_id\": 3, \"keypoints\": [" +
         keypoints() + "]}]}";
}

Result<std::vector<PoseFrame>> read(const std::string& text) {
  return read_coco(text, "deck.json", kCamera, 4, 1.5);
}

TEST(PoseFiles, ReadsCoco) {
  const auto frames = read(coco());
  ASSERT_TRUE(frames) << frames.error().message;
  ASSERT_EQ(frames->size(), 3U);
  // By time: frames 3 and 5 at 10 a second, and one with a time of its own between.
  EXPECT_NEAR((*frames)[0].time_s, 0.3, 1e-12);
  EXPECT_NEAR((*frames)[1].time_s, 0.35, 1e-12);
  EXPECT_NEAR((*frames)[2].time_s, 0.5, 1e-12);
  ASSERT_EQ((*frames)[0].people.size(), 1U);
  const PersonView& person = (*frames)[0].people[0];
  EXPECT_EQ(person.camera, 4U);
  EXPECT_EQ(person.keypoints[4].pixel, Eigen::Vector2d(40, 80));
  EXPECT_EQ(person.keypoints[4].sigma_px, 1.5);
  EXPECT_EQ(person.keypoints[1].sigma_px, 3);
  EXPECT_FALSE(person.keypoints[2].is_seen());
}

TEST(PoseFiles, TakesTimesByTheCamerasClock) {
  // A clock that is 0.25 s ahead and 100 ppm fast reads 0.25 + 10 * 1.0001 at 10 s.
  geometry::Camera camera = kCamera;
  camera.clock = {.offset_s = 0.25, .drift_ppm = 100};
  const auto frames = read_coco(
      "{\"images\": [{\"id\": 1, \"date_captured_s\": 10.251}, {\"id\": 5}], "
      "\"annotations\": []}",
      "deck.json", camera, 0, 1);
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_NEAR((*frames)[0].time_s, (0.5 - 0.25) / 1.0001, 1e-12);
  EXPECT_NEAR((*frames)[1].time_s, 10, 1e-12);
}

TEST(PoseFiles, NamesTheFileAndWhatItWants) {
  const auto refused = [](const std::string& text) {
    const auto frames = read(text);
    return frames ? "read" : frames.error().message;
  };
  const std::string wants_lists =
      "deck.json: want a COCO file with lists `images` and `annotations`";
  EXPECT_EQ(refused("not json"), wants_lists);
  EXPECT_EQ(refused("[]"), wants_lists);
  EXPECT_EQ(refused("{\"images\": [], \"annotations\": 3}"), wants_lists);
  EXPECT_EQ(refused("{\"images\": [{}], \"annotations\": []}"),
            "deck.json: want images with a number `id`");
  EXPECT_EQ(refused("{\"images\": [{\"id\": 1}], \"annotations\": [{\"image_id\": 2}]}"),
            "deck.json: want annotations whose `image_id` is that of an image");
  EXPECT_EQ(refused("{\"images\": [{\"id\": 1}], \"annotations\": [{\"image_id\": 1, "
                    "\"keypoints\": [1, 2, 3]}]}"),
            "deck.json: want annotations with `keypoints`: 17 times x, y, visibility");
  EXPECT_EQ(refused("{\"images\": [{\"id\": 1e300}], \"annotations\": []}"),
            "deck.json: a frame is at 1e+299 s, want less than 1e+12 s");
}

TEST(PoseFiles, FindsTheFilesOfCameras) {
  const TestFolder folder;
  std::filesystem::create_directories(folder / "coco");
  geometry::Site site;
  site.cameras = {{.name = "a", .fps = 10}, {.name = "b"}, {.name = "c", .fps = 10}};
  const auto none = read_poses(folder.string(), site, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(none.error().message,
            folder.string() +
                ": no keypoints of the site's cameras, want a dataset with poses, or "
                "NAME/poses.parquet, NAME.json of COCO's format or truth/NAME.parquet for a, b, c");
  std::ofstream(folder / "a.json") << coco();
  std::ofstream(folder / "coco/c.json") << coco();
  const auto found = read_poses(folder.string(), site, {.sigma_px = 2});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)[0].size(), 3U);
  EXPECT_TRUE((*found)[1].empty());
  EXPECT_EQ((*found)[2][0].people[0].camera, 2U);
}

}  // namespace
}  // namespace lido::reconstruct
