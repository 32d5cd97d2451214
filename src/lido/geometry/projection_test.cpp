// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/projection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

namespace lido::geometry {
namespace {

using Jacobian2 = Eigen::Matrix<double, 2, Eigen::Dynamic>;

/// A lens and numbers of one row of lenses.csv or jacobians.csv: five coefficients, a point in the
/// camera's frame, and what OpenCV computed.
struct OpenCvRow {
  Camera camera;
  Vector3 point;
  std::vector<double> computed;
};

std::vector<OpenCvRow> opencv_rows(const char* path) {
  std::ifstream file(path);
  std::vector<OpenCvRow> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream text(line);
    std::string lens, cell;
    std::getline(text, lens, ',');
    std::vector<double> values;
    while (std::getline(text, cell, ',')) values.push_back(std::stod(cell));
    OpenCvRow row{.point = {values[5], values[6], values[7]},
                  .computed = {values.begin() + 8, values.end()}};
    row.camera.fx = 410, row.camera.fy = 405, row.camera.cx = 322, row.camera.cy = 178;
    row.camera.position = Vector3::Zero();
    row.camera.lens = lens == "fisheye" ? Lens::kFisheye : Lens::kBrown;
    std::copy_n(values.begin(), row.camera.k.size(), row.camera.k.begin());
    rows.push_back(row);
  }
  return rows;
}

/// Cameras over and under water, with both lenses.
class ProjectionTest : public ::testing::Test {
 protected:
  double between(double low, double high) {
    return std::uniform_real_distribution<>(low, high)(engine_);
  }
  Vector3 random_point(double low_z, double high_z) {
    return {between(0, 25), between(0, 12), between(low_z, high_z)};
  }
  Camera random_camera(bool under_water) {
    const double z = under_water ? between(-1.5, -0.3) : between(1, 7);
    const Vector3 at(between(-3, 28), between(-3, 15), z);
    Camera camera = look_at(at, random_point(-2, 0), 70, 1280, 720);
    roll(camera, between(-0.2, 0.2));
    camera.cx += between(-20, 20), camera.fy *= between(0.98, 1.02);
    camera.lens = between(0, 1) < 0.5 ? Lens::kBrown : Lens::kFisheye;
    camera.k = {between(-0.1, 0.05), between(-0.01, 0.02), between(-2e-3, 2e-3),
                between(-2e-3, 2e-3), between(-2e-3, 2e-3)};
    camera.port_m = between(0.02, 0.1);
    camera.water_index = between(1.32, 1.35);
    return camera;
  }
  /// Calls `check` with cameras and points that they show inside their image.
  void for_many(const std::function<void(const Camera&, const Vector3&)>& check) {
    int checked = 0;
    for (int i = 0; checked < 600 && i < 100000; ++i) {
      const bool under_water = i % 3 == 0;
      const Camera camera = random_camera(under_water);
      const Vector3 point =
          under_water || i % 3 == 1 ? random_point(-3, -0.05) : random_point(0.05, 2);
      const auto pixel = camera.project_through_water(point);
      if (!pixel || !camera.contains(*pixel)) continue;
      check(camera, point);
      ++checked;
    }
    EXPECT_EQ(checked, 600);
  }

 private:
  std::mt19937_64 engine_{11};
};

/// Central differences of a camera's pixel, by parameters that `change` applies.
Jacobian2 numeric(const Camera& camera, const Vector3& point, Eigen::Index parameters,
                  const std::function<void(Camera&, Vector3&, Eigen::Index, double)>& change) {
  constexpr double kStep = 1e-5;
  Jacobian2 out(2, parameters);
  for (Eigen::Index i = 0; i < parameters; ++i) {
    Eigen::Vector2d pixels[2];
    for (const int side : {0, 1}) {
      Camera changed = camera;
      Vector3 moved = point;
      change(changed, moved, i, side == 0 ? -kStep : kStep);
      pixels[side] = *changed.project_through_water(moved);
    }
    out.col(i) = (pixels[1] - pixels[0]) / (2 * kStep);
  }
  return out;
}

/// Compares to 1e-5 of the largest derivative. Pixels are exact to 1e-9, so that their differences
/// are to 1e-9 / 2e-5.
void expect_near(const Jacobian2& analytic, const Jacobian2& truth, const char* name) {
  const double tolerance = 5e-5 + 1e-5 * truth.cwiseAbs().maxCoeff();
  EXPECT_LT((analytic - truth).cwiseAbs().maxCoeff(), tolerance) << name << "\n"
                                                                 << analytic << "\nwant\n"
                                                                 << truth;
}

// make_jacobians.py writes OpenCV's derivatives.
TEST(Projection, HasTheDerivativesOfOpenCv) {
  const auto rows = opencv_rows(LIDO_TEST_JACOBIANS);
  ASSERT_EQ(rows.size(), 4U * 9 + 4 * 12);
  for (const OpenCvRow& row : rows) {
    const auto projection = differentiate(row.camera, row.point);
    ASSERT_TRUE(projection);
    Jacobian2 truth(2, 15);
    for (Eigen::Index i = 0; i < 30; ++i) truth(i / 15, i % 15) = row.computed[size_t(i)];
    expect_near(projection->by_rotation, truth.middleCols(0, 3), "by_rotation");
    expect_near(projection->by_point, truth.middleCols(3, 3), "by_point");
    expect_near(projection->by_position, -truth.middleCols(3, 3), "by_position");
    expect_near(projection->by_intrinsics, truth.middleCols(6, 4), "by_intrinsics");
    expect_near(projection->by_distortion, truth.middleCols(10, 5), "by_distortion");
  }
}

TEST_F(ProjectionTest, HasThePixelOfThePlainProjection) {
  for_many([](const Camera& camera, const Vector3& point) {
    const auto projection = differentiate(camera, point);
    ASSERT_TRUE(projection);
    EXPECT_LT((projection->pixel - *camera.project_through_water(point)).norm(), 1e-7);
    const auto by_point = differentiate_by_point(camera, point);
    ASSERT_TRUE(by_point);
    EXPECT_LT((by_point->pixel - projection->pixel).norm(), 1e-10);
    EXPECT_LT((by_point->by_point - projection->by_point).norm(),
              1e-12 * projection->by_point.norm());
  });
}

TEST_F(ProjectionTest, HasTheDerivativesOfDifferences) {
  for_many([](const Camera& camera, const Vector3& point) {
    const auto projection = differentiate(camera, point);
    ASSERT_TRUE(projection);
    expect_near(projection->by_point,
                numeric(camera, point, 3,
                        [](Camera&, Vector3& p, Eigen::Index i, double by) { p[i] += by; }),
                "by_point");
    expect_near(
        projection->by_position,
        numeric(camera, point, 3,
                [](Camera& c, Vector3&, Eigen::Index i, double by) { c.position[i] += by; }),
        "by_position");
    expect_near(projection->by_rotation,
                numeric(camera, point, 3,
                        [](Camera& c, Vector3&, Eigen::Index i, double by) {
                          c.cam_from_world =
                              Eigen::AngleAxisd(by, Vector3::Unit(i)) * c.cam_from_world;
                        }),
                "by_rotation");
    expect_near(projection->by_intrinsics,
                numeric(camera, point, 4,
                        [](Camera& c, Vector3&, Eigen::Index i, double by) {
                          *std::array{&c.fx, &c.fy, &c.cx, &c.cy}[size_t(i)] += by;
                        }),
                "by_intrinsics");
    expect_near(
        projection->by_distortion,
        numeric(camera, point, 5,
                [](Camera& c, Vector3&, Eigen::Index i, double by) { c.k[size_t(i)] += by; }),
        "by_distortion");
    expect_near(projection->by_index,
                numeric(camera, point, 1,
                        [](Camera& c, Vector3&, Eigen::Index, double by) { c.water_index += by; }),
                "by_index");
    // Water that rises is water at rest with camera and point lowered.
    expect_near(projection->by_level(),
                numeric(camera, point, 1,
                        [](Camera& c, Vector3& p, Eigen::Index, double by) {
                          p.z() -= by, c.position.z() -= by;
                        }),
                "by_level");
  });
}

TEST_F(ProjectionTest, KnowsNoWaterInAir) {
  for_many([](const Camera& camera, const Vector3& point) {
    const auto in_air = differentiate_in_air(camera, point);
    const auto pixel = camera.project(point);
    ASSERT_EQ(in_air.has_value(), pixel.has_value());
    if (!pixel) return;
    EXPECT_LT((in_air->pixel - *pixel).norm(), 1e-9);
    Camera high = camera;
    high.position.z() += 100;
    const auto same = differentiate(high, point + Vector3(0, 0, 100));
    ASSERT_TRUE(same);
    EXPECT_LT((in_air->by_position - same->by_position).norm(), 1e-6 * in_air->by_position.norm());
    EXPECT_LT((in_air->by_rotation - same->by_rotation).norm(), 1e-6 * in_air->by_rotation.norm());
  });
}

TEST(Projection, GivesNothingWhereTheCameraShowsNothing) {
  const Camera camera = look_at({0, 0, 3}, {5, 0, 0}, 70, 640, 360);
  EXPECT_FALSE(differentiate(camera, {-5, 0, 3}));
  Camera diver = look_at({0, 0, -1}, {5, 0, -1}, 70, 640, 360);
  EXPECT_FALSE(differentiate(diver, {0.01, 0, -1}));  // between lens and port
  Camera barrel = camera;
  barrel.k = {-0.1, 0, 0, 0, 0};
  EXPECT_FALSE(differentiate(barrel, {1, 8, 3}));  // where the lens folds back
  EXPECT_FALSE(differentiate_by_point(camera, {-5, 0, 3}));
  EXPECT_FALSE(differentiate_by_point(diver, {0.01, 0, -1}));
  EXPECT_FALSE(differentiate_by_point(barrel, {1, 8, 3}));
}

// lenses.csv has pixels of OpenCV: the way back must lead to the points they were made from.
TEST(Unproject, UndoesTheLensesOfOpenCv) {
  const auto rows = opencv_rows(LIDO_TEST_LENSES);
  ASSERT_FALSE(rows.empty());
  for (const OpenCvRow& row : rows) {
    const auto ray = unproject(row.camera, {row.computed[0], row.computed[1]});
    ASSERT_TRUE(ray) << row.point.transpose();
    // The file's pixels have ten digits.
    EXPECT_LT(ray->cross(row.point.normalized()).norm(), 1e-8) << row.point.transpose();
    EXPECT_NEAR(ray->norm(), 1, 1e-12);
  }
}

TEST(Unproject, GivesNothingOutsideTheField) {
  Camera camera;
  camera.k = {-0.1, 0, 0, 0, 0};
  // r (1 - 0.1 r^2) is at most 1.217, at r = 1.826.
  EXPECT_TRUE(unproject(camera, {320 + 500 * 1.21, 180}));
  EXPECT_FALSE(unproject(camera, {320 + 500 * 1.22, 180}));
  camera.lens = Lens::kFisheye;
  EXPECT_FALSE(unproject(camera, {320 + 500 * 1.6, 180}));
  EXPECT_FALSE(unproject(camera, {NAN, 180}));
}

TEST_F(ProjectionTest, IsInvertedBySightLines) {
  for_many([](const Camera& camera, const Vector3& point) {
    const auto line = sight_line(camera, *camera.project_through_water(point));
    ASSERT_TRUE(line);
    EXPECT_EQ(line->in_air.has_value(), !camera.is_under_water());
    const Ray& ray = point.z() < 0 ? line->in_water.value() : line->in_air.value();
    EXPECT_NEAR(ray.direction.norm(), 1, 1e-12);
    // The point is on the ray, ahead of its origin.
    const Vector3 way = point - ray.origin;
    EXPECT_LT(way.cross(ray.direction).norm(), 1e-8 * (1 + way.norm()));
    EXPECT_GT(way.dot(ray.direction), 0);
  });
}

TEST_F(ProjectionTest, FindsThePointAtAHeight) {
  for_many([](const Camera& camera, const Vector3& point) {
    const auto line = sight_line(camera, *camera.project_through_water(point));
    ASSERT_TRUE(line);
    // A level line of sight meets a height nowhere in particular.
    const Ray& ray = point.z() < 0 ? line->in_water.value() : line->in_air.value();
    if (std::abs(ray.direction.z()) < 1e-3) return;
    const auto found = point_at_height(*line, point.z());
    ASSERT_TRUE(found);
    EXPECT_LT((*found - point).norm(), 1e-5);
  });
}

TEST(SightLine, HasNoPointBehindTheCamera) {
  const Camera camera = look_at({0, 0, 3}, {5, 0, 3.5}, 70, 640, 360);
  const auto line = sight_line(camera, {320, 180});
  ASSERT_TRUE(line);
  EXPECT_FALSE(line->in_water);  // looks up
  EXPECT_TRUE(point_at_height(*line, 4));
  EXPECT_FALSE(point_at_height(*line, 2));
  EXPECT_FALSE(point_at_height(*line, -1));
}

}  // namespace
}  // namespace lido::geometry
