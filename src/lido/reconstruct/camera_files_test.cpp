// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/camera_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/base/test_folder.h"
#include "lido/reconstruct/calibration_files.h"
#include "lido/reconstruct/test_board.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Vector3;

/// A camera of Pose2Sim's demo in its form.
constexpr std::string_view kPose2Sim = R"([cam_01]
name = "cam_01"
size = [ 1088.0, 1920.0]
matrix = [ [ 1681.24, 0.0, 540.69], [ 0.0, 1681.24, 972.86], [ 0.0, 0.0, 1.0]]
distortions = [ -0.0014, -0.0012, -0.0001, 0.0002]
rotation = [ 1.5707963267948966, 0.0, 0.0]
translation = [ 1.0, 2.0, 3.0]
fisheye = false

[metadata]
adjusted = false
error = 0.0
)";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  return out.replace(out.find(from), from.size(), to);
}

void expect_equal(const Camera& read, const Camera& wanted) {
  EXPECT_EQ(read.name, wanted.name);
  EXPECT_EQ(read.width, wanted.width);
  EXPECT_EQ(read.height, wanted.height);
  EXPECT_NEAR(read.fx, wanted.fx, 1e-5);
  EXPECT_NEAR(read.cy, wanted.cy, 1e-5);
  EXPECT_EQ(read.lens, wanted.lens);
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(read.k[i], wanted.k[i], 1e-7) << i;
  EXPECT_LT((read.position - wanted.position).norm(), 1e-6);
  EXPECT_LT((read.cam_from_world - wanted.cam_from_world).norm(), 1e-7);
}

/// Cameras of both lenses.
std::vector<Camera> lenses() {
  auto cameras = test_cameras(3);
  cameras[1].lens = geometry::Lens::kFisheye;
  cameras[1].k = {0.03, -0.004, 0.001, -0.0002, 0};
  cameras[2].k = {-0.2, 0.05, 0.001, -0.002, 0.004};
  return cameras;
}

TEST(CameraFiles, ReadsPose2Sim) {
  const auto cameras = read_camera_toml(kPose2Sim, "Calib.toml");
  ASSERT_TRUE(cameras) << cameras.error().message;
  ASSERT_EQ(cameras->size(), 1U);
  const Camera& camera = cameras->front().camera;
  EXPECT_EQ(camera.name, "cam_01");
  EXPECT_EQ(camera.width, 1088);
  EXPECT_EQ(camera.height, 1920);
  EXPECT_DOUBLE_EQ(camera.cx, 541.19) << "OpenCV counts from the middle of the first pixel";
  EXPECT_EQ(camera.k, (std::array{-0.0014, -0.0012, -0.0001, 0.0002, 0.0}));
  // A quarter turn about x: y becomes z. The point (0, 0, 0) is at the translation.
  Eigen::Matrix3d turn;
  turn << 1, 0, 0, 0, 0, -1, 0, 1, 0;
  EXPECT_LT((camera.cam_from_world - turn).norm(), 1e-12);
  EXPECT_LT((camera.cam_from_world * (Vector3::Zero() - camera.position) - Vector3(1, 2, 3)).norm(),
            1e-12);
}

TEST(CameraFiles, RefusalsNameLineCameraAndKey) {
  const auto message = [](std::string_view from, std::string_view to) {
    const auto read = read_camera_toml(replaced(kPose2Sim, from, to), "c.toml");
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(message("[ 1088.0, 1920.0]", "[ 1088.0 ]"),
            "c.toml:3: size of camera cam_01, want 2 numbers");
  EXPECT_EQ(message("1088.0", "0"),
            "c.toml:3: size of camera cam_01, want width and height of 2 to 16384 pixels");
  EXPECT_EQ(message("translation", "shift"),
            "c.toml:1: translation of camera cam_01 is missing, want 3 numbers");
  EXPECT_EQ(message("[ 0.0, 1681.24", "[ 0.5, 1681.24").substr(0, 38),
            "c.toml:4: matrix of camera cam_01, wan");
  EXPECT_EQ(message("0.0002]", "0.0002, 0, 0.3]"),
            "c.toml:5: distortions of camera cam_01, want k1, k2, p1, p2, k3");
  EXPECT_EQ(message("1.5707963267948966", "nan"),
            "c.toml:6: rotation of camera cam_01, want 3 numbers");
  EXPECT_EQ(message("[cam_01]", "[cam_01").substr(0, 17), "c.toml:1: no TOML");
  EXPECT_EQ(message("matrix", "lens").substr(0, 17), "c.toml: no camera");
}

TEST(CameraFiles, EachFormatGivesItsOwnCamerasBack) {
  const auto cameras = lenses();
  const auto toml = read_camera_toml(to_toml(cameras, 0.5), "c.toml");
  const auto model = to_colmap(cameras);
  const auto colmap = read_colmap(model.cameras, model.images, "model");
  ASSERT_TRUE(toml) << toml.error().message;
  ASSERT_TRUE(colmap) << colmap.error().message;
  ASSERT_EQ(toml->size(), 3U);
  ASSERT_EQ(colmap->size(), 3U);
  for (size_t i = 0; i < cameras.size(); ++i) {
    expect_equal(toml->at(i).camera, cameras[i]);
    expect_equal(colmap->at(i).camera, cameras[i]);
    const auto opencv = read_opencv_camera(to_opencv(cameras[i]), "c.yaml", "other");
    ASSERT_TRUE(opencv) << opencv.error().message;
    EXPECT_TRUE(opencv->front().has_pose);
    expect_equal(opencv->front().camera, cameras[i]);
  }
}

TEST(CameraFiles, ReadsALensOfRos) {
  const auto read = read_opencv_camera(
      "image_width: 640\nimage_height: 480\ncamera_name: Narrow Stereo\n"
      "camera_matrix:\n  rows: 3\n  cols: 3\n  data: [400., 0., 320.5, 0., 401., 240.5, 0, 0, 1]\n"
      "distortion_model: plumb_bob\n"
      "distortion_coefficients:\n  rows: 1\n  cols: 5\n  data: [0.1, -0.2, 0, 0, 0]\n",
      "narrow.yaml", "narrow");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->front().has_pose);
  EXPECT_EQ(read->front().camera.name, "narrow-stereo");
  EXPECT_EQ(read->front().camera.cx, 321);
  EXPECT_EQ(read->front().camera.k[1], -0.2);
}

TEST(CameraFiles, RefusesWhatIsNoRotation) {
  std::string text = to_opencv(lenses()[0]);
  text = replaced(text, "rvec", "rotation");
  const auto turned = read_opencv_camera(text, "c.yaml", "c");
  ASSERT_TRUE(turned) << "a vector under another name: " << turned.error().message;
  const size_t data = text.find("data", text.find("rotation"));
  text.replace(data, text.find('\n', data) - data, "data: [1, 0, 0, 0, 1, 0, 0, 0, -1]");
  const auto mirrored = read_opencv_camera(text, "c.yaml", "c");
  ASSERT_FALSE(mirrored);
  EXPECT_NE(mirrored.error().message.find("want a rotation matrix"), std::string::npos)
      << mirrored.error().message;
}

TEST(CameraFiles, FindsTheFormatByTheName) {
  const TestFolder folder;
  std::ofstream(folder / "a.toml") << kPose2Sim;
  std::ofstream(folder / "Left Cam.yaml") << replaced(to_opencv(lenses()[0]), "camera_name", "x");
  EXPECT_EQ(read_cameras((folder / "a.toml").string())->at(0).camera.name, "cam_01");
  EXPECT_EQ(read_cameras((folder / "Left Cam.yaml").string())->at(0).camera.name, "left-cam");
  const auto none = read_cameras(folder.string());
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("cameras.txt and images.txt"), std::string::npos);
  const auto model = to_colmap(lenses());
  std::ofstream(folder / "cameras.txt") << model.cameras;
  std::ofstream(folder / "images.txt") << model.images;
  EXPECT_EQ(read_cameras(folder.string())->size(), 3U);
  EXPECT_EQ(read_cameras((folder / "b.toml").string()).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lido::reconstruct
