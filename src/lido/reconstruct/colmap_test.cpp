// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "lido/reconstruct/camera_files.h"

namespace lido::reconstruct {
namespace {

// The examples of COLMAP's documentation of its text format.
constexpr std::string_view kColmapCameras = R"(# Camera list with one line of data per camera:
#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]
# Number of cameras: 3
1 SIMPLE_PINHOLE 3072 2304 2559.81 1536 1152
2 PINHOLE 3072 2304 2560.56 2560.56 1536 1152
3 SIMPLE_RADIAL 3072 2304 2559.69 1536 1152 -0.0218531
)";
constexpr std::string_view kColmapImages = R"(# Image list with two lines of data per image:
1 0.851773 0.0165051 0.503764 -0.142941 -0.737434 1.02973 3.74354 1 P1180141.JPG
2362.39 248.498 58396 1784.7 268.254 59027 1784.7 268.254 -1
2 0.851773 0.0165051 0.503764 -0.142941 -0.737434 1.02973 3.74354 3 day/P1180142.JPG

)";

TEST(Colmap, ReadsTheExamplesOfItsDocumentation) {
  const auto cameras = read_colmap(kColmapCameras, kColmapImages, "model");
  ASSERT_TRUE(cameras) << cameras.error().message;
  ASSERT_EQ(cameras->size(), 2U);
  const geometry::Camera &first = cameras->at(0).camera, &second = cameras->at(1).camera;
  EXPECT_EQ(first.name, "p1180141");
  EXPECT_EQ(first.fx, 2559.81);
  EXPECT_EQ(first.cx, 1536) << "COLMAP counts from the corner of the first pixel";
  EXPECT_EQ(second.name, "p1180142");
  EXPECT_EQ(second.k[0], -0.0218531);
  // numpy, by the formula of a unit quaternion's rotation matrix, and -R^T t.
  EXPECT_NEAR(first.cam_from_world(0, 1), 0.26013593, 1e-7);
  EXPECT_NEAR(first.cam_from_world(2, 0), -0.86290369, 1e-7);
  EXPECT_LT((first.position - geometry::Vector3(3.79694677, -0.36138094, -1.0348157)).norm(), 1e-7);
}

TEST(Colmap, RefusalsNameFileAndLine) {
  const auto message = [](std::string_view cameras, std::string_view images) {
    const auto read = read_colmap(cameras, images, "m");
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(message("1 FOV 10 10 1 2 3 4 5\n", ""),
            "m/cameras.txt:1: want a camera model that Lido has, not FOV: SIMPLE_PINHOLE, PINHOLE, "
            "SIMPLE_RADIAL, RADIAL, OPENCV, FULL_OPENCV or OPENCV_FISHEYE");
  EXPECT_EQ(message("# a\n1 PINHOLE 10 10 5 5 5\n", ""),
            "m/cameras.txt:2: want 4 parameters of PINHOLE");
  EXPECT_EQ(message("1 PINHOLE 10 1e9 5 5 5 5\n", ""),
            "m/cameras.txt:1: want width and height of 2 to 16384 pixels");
  EXPECT_EQ(message("1 FULL_OPENCV 10 10 5 5 5 5 0 0 0 0 0 0.1 0 0\n", ""),
            "m/cameras.txt:1: want k4, k5 and k6 of 0: Lido has k1, k2, p1, p2, k3");
  EXPECT_EQ(message(kColmapCameras, "1 1 0 0 0 0 0 0 9 a.png\n\n"),
            "m/images.txt:1: want a camera of cameras.txt, not 9");
  EXPECT_EQ(message(kColmapCameras, "1 2 0 0 0 0 0 0 1 a.png\n\n"),
            "m/images.txt:1: want a quaternion of length 1");
  EXPECT_EQ(message(kColmapCameras, "1 1 0 0 0\n"),
            "m/images.txt:1: want IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME");
  EXPECT_EQ(message(kColmapCameras, "# none\n"), "m/images.txt: no image");
}

}  // namespace
}  // namespace lido::reconstruct
