// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/camera.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "lido/geometry/refraction.h"

namespace lido::geometry {
namespace {

const Pool kPool{.outline = {{0, 0}, {8, 0}, {8, 4}, {0, 4}}, .freeboard_m = 0.2};

Result<Camera> read(const std::string& lines) {
  return read_camera(*Yaml::parse("at: [-1, -1, 3]\nlooks_at: [4, 2, 0]\n" + lines, "c.yaml"),
                     kPool, 1);
}

std::string message(const Result<Camera>& result) {
  return result ? "read" : result.error().message;
}

TEST(Camera, SeesItsTargetInTheMiddle) {
  const Camera camera = look_at({1, 2, 4}, {5, 7, 0}, 80, 640, 360);
  const auto pixel = camera.project({5, 7, 0});
  ASSERT_TRUE(pixel);
  EXPECT_NEAR(pixel->x(), 320, 1e-9);
  EXPECT_NEAR(pixel->y(), 180, 1e-9);
  EXPECT_LT(camera.project({5, 7, 1})->y(), 180);  // higher points are nearer the top
  EXPECT_FALSE(camera.project({1, 2, 10}));        // behind the camera
  // A point right of the line from camera to target is right in the image.
  EXPECT_GT(camera.project({6, 6, 0})->x(), 320);
}

TEST(Camera, SeesAsWideAsAsked) {
  const Camera camera = look_at({1, 2, 4}, {5, 7, 0}, 80, 640, 360);
  // A ray 40 degrees to the side ends at the image's edge.
  const Vector3 aside =
      camera.cam_from_world.transpose() * Vector3(std::tan(40 * M_PI / 180), 0, 1);
  EXPECT_NEAR(camera.project(camera.position + aside)->x(), 640, 1e-9);
  const auto fisheye = read("lens: fisheye\ndegrees: 120\n");
  ASSERT_TRUE(fisheye) << message(fisheye);
  const Vector3 wide =
      fisheye->cam_from_world.transpose() * Vector3(std::sin(M_PI / 3), 0, std::cos(M_PI / 3));
  EXPECT_NEAR(fisheye->project(fisheye->position + wide)->x(), 640, 1e-9);
}

TEST(Camera, ShowsWhereTheImageDoesNotFoldBack) {
  // The bound that most calls end with, against the radius at eight steps.
  std::mt19937_64 engine(11);
  std::uniform_real_distribution<> wide(-0.4, 0.3), narrow(-0.05, 0.05), at(0, 1.4);
  int shown = 0, folded = 0;
  for (int i = 0; i < 4000; ++i) {
    Camera camera;
    camera.lens = i % 2 == 0 ? Lens::kBrown : Lens::kFisheye;
    camera.k = {wide(engine), wide(engine), narrow(engine), narrow(engine), narrow(engine)};
    const double field = at(engine);
    bool folds = false;
    double before = 0;
    for (int step = 1; step <= 8; ++step) {
      const double now = camera.distorted_radius(field * step / 8);
      folds = folds || now < before;
      before = now;
    }
    const double tangent = camera.lens == Lens::kBrown ? field : std::tan(field);
    EXPECT_EQ(camera.shows({tangent, 0, 1}), !folds) << i;
    (folds ? folded : shown) += 1;
  }
  EXPECT_GT(shown, 1000);
  EXPECT_GT(folded, 100);
}

TEST(Camera, HasARotationWithoutMirroring) {
  std::mt19937_64 engine(4);
  std::uniform_real_distribution<> at(-8, 8), up(0.5, 6);
  for (int i = 0; i < 200; ++i) {
    const Camera camera =
        look_at({at(engine), at(engine), up(engine)}, {at(engine), at(engine), 0}, 70, 640, 360);
    const Eigen::Matrix3d& r = camera.cam_from_world;
    EXPECT_NEAR((r * r.transpose() - Eigen::Matrix3d::Identity()).norm(), 0, 1e-12);
    EXPECT_NEAR(r.determinant(), 1, 1e-12);
    EXPECT_NEAR(r(0, 2), 0, 1e-12);  // upright: the horizon is level
    EXPECT_LT(r(1, 2), 0);           // y points down
  }
}

// make_lenses.py writes the pixels of OpenCV.
TEST(Camera, HasTheLensesOfOpenCv) {
  std::ifstream file(LIDO_TEST_LENSES);
  std::string line;
  std::getline(file, line);
  ASSERT_EQ(line, "lens,k1,k2,k3,k4,k5,x,y,z,u,v");
  int points = 0;
  for (; std::getline(file, line); ++points) {
    std::istringstream row(line);
    std::string lens, cell;
    std::getline(row, lens, ',');
    std::vector<double> values;
    while (std::getline(row, cell, ',')) values.push_back(std::stod(cell));
    ASSERT_EQ(values.size(), 10U) << line;
    Camera camera;
    camera.fx = 410, camera.fy = 405, camera.cx = 322, camera.cy = 178;
    camera.position = Vector3::Zero();
    camera.lens = lens == "fisheye" ? Lens::kFisheye : Lens::kBrown;
    std::copy_n(values.begin(), camera.k.size(), camera.k.begin());
    const auto pixel = camera.project({values[5], values[6], values[7]});
    ASSERT_TRUE(pixel) << line;
    EXPECT_NEAR(pixel->x(), values[8], 1e-4) << line;
    EXPECT_NEAR(pixel->y(), values[9], 1e-4) << line;
  }
  EXPECT_EQ(points, 4 * 12 + 4 * 15);
}

TEST(Camera, EndsItsFieldWhereTheLensWouldFoldBack) {
  Camera camera;
  EXPECT_DOUBLE_EQ(camera.max_field(), 4);  // a pinhole never folds back
  // r (1 - 0.1 r^2) stops growing at r = sqrt(1 / 0.3).
  camera.k = {-0.1, 0, 0, 0, 0};
  EXPECT_NEAR(camera.max_field(), std::sqrt(1 / 0.3), 0.011);
  // t (1 - 0.2 t^2) stops growing at t = sqrt(1 / 0.6).
  camera.lens = Lens::kFisheye;
  camera.k = {-0.2, 0, 0, 0, 0};
  EXPECT_NEAR(camera.max_field(), std::sqrt(1 / 0.6), 0.011);
}

TEST(Camera, HasItsFarthestCornerAcrossFromThePrincipalPoint) {
  // 3 and 4 focal lengths to the right and up.
  const Camera camera{.width = 400, .height = 600, .fx = 100, .fy = 110, .cx = 100, .cy = 440};
  EXPECT_DOUBLE_EQ(camera.corner_radius(), 5);
}

TEST(Camera, ShowsNothingOutsideItsField) {
  Camera camera;
  camera.position = Vector3::Zero();
  camera.k = {-0.1, 0, 0, 0, 0};
  EXPECT_TRUE(camera.project({1.6, 0, 1}));
  EXPECT_FALSE(camera.project({3.6, 0, 1}));
}

TEST(Camera, ContainsThePixelsOfItsImage) {
  const Camera camera{.width = 640, .height = 360};
  EXPECT_TRUE(camera.contains({0, 0}));
  EXPECT_TRUE(camera.contains({639.9, 359.9}));
  EXPECT_FALSE(camera.contains({640, 100}));
  EXPECT_FALSE(camera.contains({-0.1, 100}));
  EXPECT_FALSE(camera.contains({100, 360}));
}

TEST(Camera, SeesThroughWaterWhereTheRayLeavesIt) {
  const Camera camera = look_at({-2, -2, 3}, {4, 2, 0}, 80, 640, 360);
  const Vector3 below(4, 2, -1.5);
  EXPECT_EQ(*camera.project_through_water(below),
            *camera.project(refract_at_flat_surface(camera.position, below)));
  // Points over water are seen straight, and nothing jumps at the surface.
  EXPECT_EQ(*camera.project_through_water({4, 2, 0.5}), *camera.project({4, 2, 0.5}));
  const auto over = camera.project_through_water({4, 2, 1e-7});
  const auto under = camera.project_through_water({4, 2, -1e-7});
  EXPECT_NEAR((*over - *under).norm(), 0, 1e-4);
  // Water lifts things optically: the sunken point appears above its straight projection.
  EXPECT_LT(camera.project_through_water(below)->y(), camera.project(below)->y());
}

TEST(Camera, IsReadWithDefaults) {
  const auto camera = read("");
  ASSERT_TRUE(camera) << message(camera);
  EXPECT_EQ(camera->name, "cam1");
  EXPECT_EQ(camera->width, 640);
  EXPECT_EQ(camera->fps, 25);
  EXPECT_NEAR(camera->fx, 320 / std::tan(40 * M_PI / 180), 1e-9);
  // A simulated sensor's keys belong to the file, but not to this room.
  EXPECT_TRUE(read("noise: 0.1\nfaults: [{kind: cover, at_s: 1, for_s: 2}]\n"));
}

TEST(Camera, RefusesWhatNoCameraCanBe) {
  EXPECT_EQ(message(read("width: 641\n")), "c.yaml:3: width is 641, want an even number");
  EXPECT_EQ(message(read("k: [-0.6]\n")),
            "c.yaml:3: k is a list, want a lens that does not fold back inside the image");
  EXPECT_EQ(message(read("name: Cam 1\n")),
            "c.yaml:3: name is Cam 1, want a name of lower-case letters, digits, _ and -");
  for (const char* bad : {"degrees: 170\n", "lens: square\n", "fps: 0\n", "colour: red\n",
                          "k: [1, 2, 3, 4, 5, 6]\n", "height: 99\n"})
    EXPECT_NE(message(read(bad)).find("c.yaml:3: "), std::string::npos) << bad;
}

TEST(Camera, RefusesAPlaceWhereNoCameraCanHang) {
  const auto at = [](const std::string& lines) {
    return message(read_camera(*Yaml::parse(lines, "c.yaml"), kPool, 1));
  };
  EXPECT_EQ(at("at: [4, 2, 0.1]\nlooks_at: [4, 3, 0]\n"),
            "c.yaml:1: at is a list, want a camera at least 0.2 m above the water, or 0.05 m under "
            "it");
  EXPECT_EQ(at("at: [4, 2, -3]\nlooks_at: [4, 3, 0]\n"),
            "c.yaml:1: at is a list, want a camera over the basin's floor");
  EXPECT_EQ(at("at: [-1, 2, -1]\nlooks_at: [4, 3, 0]\n"),
            "c.yaml:1: at is a list, want a camera that is not in the wall or under the deck");
  EXPECT_EQ(at("at: [-1, 2, 0.25]\nlooks_at: [4, 3, 0]\n"),
            "c.yaml:1: at is a list, want a camera that is not in the wall or under the deck");
  EXPECT_EQ(at("at: [4, 2, 3]\nlooks_at: [4, 2, 0]\n"),
            "c.yaml:2: looks_at is a list, want a point that is not straight under the camera");
  EXPECT_EQ(at("at: [4, 2]\nlooks_at: [4, 3, 0]\n"),
            "c.yaml:1: at is a list, want three numbers, metres: [x, y, z]");
}

TEST(Camera, SeesThroughAFlatPortBySnellsLaw) {
  Camera camera = look_at({1, 1, -1}, {5, 1.5, -1.2}, 70, 640, 360);
  camera.port_m = 0.05;
  for (const Vector3& below : {Vector3(5, 2, -1.4), Vector3(3, 0.2, -0.1), Vector3(1.5, 1.3, -1)}) {
    const auto pixel = camera.project_through_water(below);
    ASSERT_TRUE(pixel);
    // The ray of the pixel in air, from the optical centre to the port.
    const Vector3 ray((pixel->x() - 320) / camera.fx, (pixel->y() - 180) / camera.fy, 1);
    const Vector3 on = camera.port_m * ray;
    const Vector3 rest = camera.cam_from_world * (below - camera.position) - on;
    const double sine_air = ray.head<2>().norm() / ray.norm(),
                 sine_water = rest.head<2>().norm() / rest.norm();
    EXPECT_NEAR(sine_air, kWaterRefractiveIndex * sine_water, 1e-9);
    EXPECT_NEAR(ray.x() * rest.y() - ray.y() * rest.x(), 0, 1e-9);  // in one plane with the axis
  }
  // Behind the port there is nothing, and a point on the axis stays there.
  EXPECT_FALSE(camera.project_through_water({0, 1, -1}));
  EXPECT_NEAR((*camera.project_through_water({5, 1.5, -1.2}) - Eigen::Vector2d(320, 180)).norm(), 0,
              1e-9);
}

// A diver's rule: behind a flat port, things appear at 3/4 of their distance.
TEST(Camera, MagnifiesUnderWater) {
  Camera camera = look_at({1, 1, -1}, {5, 1, -1}, 70, 640, 360);
  camera.port_m = 1e-3;
  const double seen_px = camera.project_through_water({5, 0.98, -1})->x() - 320;
  EXPECT_NEAR(seen_px, 1.333 * camera.fx * 0.02 / 4, 0.01);
}

TEST(Camera, RollsClockwise) {
  const auto camera = read("roll_deg: 90\n");
  ASSERT_TRUE(camera) << message(camera);
  // The top of the image turns to its right.
  const Vector3 above =
      camera->position + 5 * camera->cam_from_world.row(2).transpose() + Vector3::UnitZ();
  EXPECT_GT(camera->project(above)->x(), 330);
}

TEST(Camera, IsReadByItsMatrix) {
  const auto camera = [](const std::string& lines) {
    return read_camera(*Yaml::parse("intrinsics: [400, 410, 310, 170]\n" + lines, "c.yaml"), kPool,
                       1);
  };
  const std::string rows = "cam_from_world: [[1, 0, 0, -4], [0, -1, 0, 2], [0, 0, -1, 3]]\n";
  const auto read = camera(rows +
                           "distortion: {model: opencv_fisheye, k1: 0.01, k4: -0.001}\n"
                           "clock: {offset_s: 1, drift_ppm: 20, reference: noon}\n");
  ASSERT_TRUE(read) << message(read);
  EXPECT_NEAR((read->position - Vector3(4, 2, 3)).norm(), 0, 1e-12);  // looks straight down
  EXPECT_EQ(read->fy, 410);
  EXPECT_EQ(read->cx, 310);
  EXPECT_EQ(read->lens, Lens::kFisheye);
  EXPECT_EQ(read->k, (std::array<double, 5>{0.01, 0, 0, -0.001, 0}));
  EXPECT_EQ(read->clock.reference, "noon");
  for (const std::string& bad :
       {std::string("cam_from_world: [[1, 0, 0, -4], [0, 1, 0, 2], [0, 0, -1, 3]]\n"),  // mirrored
        std::string("cam_from_world: [[2, 0, 0, -4], [0, -1, 0, 2], [0, 0, -1, 3]]\n"),
        rows + "at: [1, 1, 3]\n", rows + "degrees: 80\n",
        rows + "distortion: {model: opencv_fisheye, p1: 0.1}\n", rows + "port_m: 0.1\n",
        rows + "distortion: {model: opencv_brown}\nk: [0.1]\n",
        rows + "clock: {offset_s: 1}\nclock_drift_ppm: 20\n"})
    EXPECT_FALSE(camera(bad)) << bad;
}

TEST(Camera, IsReadBackAsWritten) {
  for (const char* lines : {"name: deck\nk: [-0.08, 0.01, 0.001, -0.001, 0.002]\nfps: 12.5\n",
                            "roll_deg: 3\nclock_offset_s: 1.5\nclock_drift_ppm: -20\n",
                            "lens: fisheye\ndegrees: 120\nk: [0.01, -0.002]\nheight: 480\n"}) {
    const auto camera = read(lines);
    ASSERT_TRUE(camera) << message(camera);
    const Yaml text = *Yaml::parse("cameras:\n" + to_yaml(*camera), "c");
    const auto again = read_camera(text["cameras"].list()->front(), kPool, 1);
    ASSERT_TRUE(again) << message(again);
    EXPECT_NEAR((again->cam_from_world - camera->cam_from_world).norm(), 0, 1e-9);
    EXPECT_NEAR(again->fx, camera->fx, 1e-6);
    EXPECT_EQ(again->lens, camera->lens);
    EXPECT_EQ(again->k, camera->k);
    EXPECT_EQ(again->name, camera->name);
    EXPECT_EQ(again->height, camera->height);
    EXPECT_NEAR((again->position - camera->position).norm(), 0, 1e-12);
    EXPECT_EQ(again->clock.offset_s, camera->clock.offset_s);
    EXPECT_EQ(again->clock.drift_ppm, camera->clock.drift_ppm);
  }
}

}  // namespace
}  // namespace lido::geometry
