// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lido/synth/film/frame_truth.h"
#include "lido/synth/testing.h"
#include "lido/synth/world/random_pool.h"

namespace lido::synth {
namespace {

using geometry::Point;
using testing::behaviours;
using testing::bodies;
using testing::person_of_age;

/// A basin of 9 x 5 m without things, seen by one camera through a mirror-like surface.
class RendererTest : public ::testing::Test {
 protected:
  void SetUp() override {
    (void)random_pool(random_);
    scenery_ = random_scenery(random_, pool_);
    scenery_.things.clear();
    camera_.name = "cam1";
    camera_.k = {-0.08, 0, 0, 0, 0};
    Random of_light(1);
    light_ = light_named("cloudy", of_light);
    auto made = Renderer::make(bodies(), pool_, scenery_, camera_);
    ASSERT_TRUE(made) << made.error().message;
    renderer_.emplace(std::move(*made));
  }
  Render draw(const SimulatedCamera& camera, const std::vector<Subject>& subjects,
              int64_t frame = 0, uint64_t seed = 1) {
    return renderer_->draw({.camera = camera,
                            .time_s = 1,
                            .frame = frame,
                            .seed = seed,
                            .water = mirror_,
                            .turbidity = 0.05,
                            .light = light_},
                           subjects);
  }

  Pool pool_{.kind = "rectangle",
             .outline = {{0, 0}, {9, 0}, {9, 5}, {0, 5}},
             .shallow_m = 1.1,
             .deep_m = 1.6,
             .deck_m = 3,
             .freeboard_m = 0.1,
             .ways_in = {{0, 2}},
             .gate = {-2, 2}};
  Random random_{21};
  Scenery scenery_;
  SimulatedCamera camera_{geometry::look_at({-2, -2, 3.5}, {3.5, 2, 0}, 75, 640, 360)};
  Light light_;
  Water mirror_{0, Random(1)};
  std::optional<Renderer> renderer_;
};

/// A person posed in or beside the basin.
struct PosedPerson {
  Appearance appearance;
  Figure figure;
  PlacedBody placed;
  bool wet = false;
  Subject subject() const { return {&figure, &placed, &appearance, wet, 0}; }
};

PosedPerson random_posed_person(Random& random, const Pool& pool, int number) {
  PosedPerson posed;
  const Person person = person_of_age(random.between(2, 70), random.chance(0.5));
  posed.appearance = random_appearance(random, person);
  posed.figure = bodies().figure(person, posed.appearance.build);
  posed.wet = number % 2 == 0;
  const bool dives = number % 4 == 0;
  const char* behaviour = !posed.wet ? "standing" : dives ? "swimming_under_water" : "treading";
  const Point at = posed.wet ? Point{random.between(2.5, 5.5), random.between(2, 3.5)}
                             : Point{random.between(1, 6), -1.2};
  const double mouth_m = !posed.wet ? 0 : dives ? -0.7 : 0.06;
  const Moment moment{
      .state = testing::state_in(behaviour, at, mouth_m, random.between(0, 6), posed.wet)};
  posed.placed = place_body(bodies(), behaviours(), pool, posed.figure, moment, 1);
  return posed;
}

/// Pixels of an image, one byte each, rows from the top.
using Mask = std::vector<uint8_t>;

/// Signed area of a triangle, doubled.
double area(const Eigen::Vector2d& a, const Eigen::Vector2d& b, const Eigen::Vector2d& c) {
  return (b.x() - a.x()) * (c.y() - a.y()) - (c.x() - a.x()) * (b.y() - a.y());
}

/// Sets the pixels whose centres are in a triangle.
void fill(Mask& mask, int width, const std::array<Eigen::Vector2d, 3>& corner) {
  const double size = area(corner[0], corner[1], corner[2]);
  const auto [left, right] = std::minmax({corner[0].x(), corner[1].x(), corner[2].x()});
  const auto [top, bottom] = std::minmax({corner[0].y(), corner[1].y(), corner[2].y()});
  for (int y = static_cast<int>(top); y <= static_cast<int>(bottom); ++y) {
    for (int x = static_cast<int>(left); x <= static_cast<int>(right); ++x) {
      const Eigen::Vector2d centre(x + 0.5, y + 0.5);
      bool inside = true;
      for (size_t i = 0; i < 3; ++i)
        inside &= area(corner[i], corner[(i + 1) % 3], centre) * size >= 0;
      if (inside) mask[static_cast<size_t>(y * width + x)] = 1;
    }
  }
}

/// The mesh that is drawn, projected corner by corner and filled; empty when a part of the person
/// is outside the image.
Mask projected_body(const SimulatedCamera& camera, const PosedPerson& posed) {
  const double away = (posed.placed.in_scene.translation() - camera.position).norm();
  const Mesh mesh = camera.fy * posed.figure.face[0].y() / away > 260 ? Mesh::kNear : Mesh::kFar;
  std::vector<Eigen::Vector3f> points;
  skin(bodies().topology(mesh), posed.figure.vertices[static_cast<size_t>(mesh)],
       posed.placed.posed, posed.placed.in_scene, points);
  std::vector<Eigen::Vector2d> pixels;
  for (const auto& point : points) {
    const auto pixel = camera.project_through_water(point.cast<double>());
    if (!pixel || !camera.contains(*pixel)) return {};
    pixels.push_back(*pixel);
  }
  Mask mask(static_cast<size_t>(camera.width * camera.height));
  for (const auto& [a, b, c] : bodies().topology(mesh).triangles)
    fill(mask, camera.width, {pixels[a], pixels[b], pixels[c]});
  return mask;
}

/// Number of pixels of a mask that have no pixel of the other within one pixel.
int64_t strays(const Mask& mask, const Mask& other, int width) {
  const int height = static_cast<int>(std::ssize(mask)) / width;
  int64_t count = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (mask[static_cast<size_t>(y * width + x)] == 0) continue;
      bool near = false;
      for (int row = std::max(0, y - 1); row <= std::min(height - 1, y + 1); ++row) {
        for (int column = std::max(0, x - 1); column <= std::min(width - 1, x + 1); ++column)
          near |= other[static_cast<size_t>(row * width + column)] != 0;
      }
      count += near ? 0 : 1;
    }
  }
  return count;
}

/// Mean of absolute differences between two images, of 255.
double difference(const Render& a, const Render& b) {
  double sum = 0;
  for (size_t i = 0; i < a.image.rgb.size(); ++i)
    sum += std::abs(int{a.image.rgb[i]} - int{b.image.rgb[i]});
  return sum / static_cast<double>(a.image.rgb.size());
}

/// Expects that a person's mask and projected body agree to a pixel. Under water the tip of a
/// finger may be lost: three pixels of one swimmer, among 24 people.
void expect_alike(const Mask& mask, const Mask& body, int width, bool under_water) {
  constexpr double kMaxLostShare = 0.005;
  const auto size = static_cast<double>(std::ranges::count(body, 1));
  const auto lost = static_cast<double>(strays(body, mask, width));
  EXPECT_LE(lost, under_water ? kMaxLostShare * size : 0) << "of " << size;
  EXPECT_EQ(strays(mask, body, width), 0);
}

// Equal calls give equal bytes, too.
TEST_F(RendererTest, DrawsPeopleWhereTheTruthHasThem) {
  int swimming = 0, standing = 0;
  for (int i = 0; i < 24; ++i) {
    const PosedPerson posed = random_posed_person(random_, pool_, i);
    const Mask body = projected_body(camera_, posed);
    if (body.empty()) continue;
    const Render render = draw(camera_, {posed.subject()}, i);
    SCOPED_TRACE(i);
    expect_alike(render.subject_of_pixel, body, camera_.width, posed.wet);
    EXPECT_EQ(render.image.rgb, draw(camera_, {posed.subject()}, i).image.rgb);
    ++(posed.wet ? swimming : standing);
  }
  EXPECT_GE(swimming, 6);
  EXPECT_GE(standing, 6);
}

TEST_F(RendererTest, DrawsPeopleWhereTheTruthHasThemInAFisheye) {
  camera_.lens = geometry::Lens::kFisheye;
  camera_.k = {-0.03, 0.01, 0, 0, 0};
  renderer_.reset();  // A thread has one renderer at a time.
  auto made = Renderer::make(bodies(), pool_, scenery_, camera_);
  ASSERT_TRUE(made) << made.error().message;
  renderer_.emplace(std::move(*made));
  int checked = 0;
  for (int i = 0; i < 12; ++i) {
    const PosedPerson posed = random_posed_person(random_, pool_, i);
    const Mask body = projected_body(camera_, posed);
    if (body.empty()) continue;
    const Render render = draw(camera_, {posed.subject()}, i);
    SCOPED_TRACE(i);
    expect_alike(render.subject_of_pixel, body, camera_.width, posed.wet);
    ++checked;
  }
  EXPECT_GE(checked, 8);
}

TEST_F(RendererTest, DrawsPeopleWhereTheTruthHasThemUnderWater) {
  renderer_.reset();
  camera_ = SimulatedCamera{geometry::look_at({0.3, 1, -0.6}, {4, 2.7, -0.8}, 90, 640, 360)};
  camera_.port_m = 0.05;
  auto made = Renderer::make(bodies(), pool_, scenery_, camera_);
  ASSERT_TRUE(made) << made.error().message;
  renderer_.emplace(std::move(*made));
  int checked = 0;
  for (int i = 0; i < 48; i += 4) {  // those who dive
    const PosedPerson posed = random_posed_person(random_, pool_, i);
    const Mask body = projected_body(camera_, posed);
    if (body.empty()) continue;
    SCOPED_TRACE(i);
    const Render render = draw(camera_, {posed.subject()}, i);
    expect_alike(render.subject_of_pixel, body, camera_.width, true);
    ++checked;
  }
  EXPECT_GE(checked, 4);
}

TEST_F(RendererTest, DrawsParticlesThatAreNobody) {
  SimulatedCamera quiet = camera_;
  quiet.noise = 0;
  const PosedPerson posed = random_posed_person(random_, pool_, 1);
  const std::vector<Particle> mist = {
      {posed.placed.in_scene.translation() + Vector3(0, 0, 1), 0.3, 0.9, Particle::Kind::kMist}};
  const auto with = [&](std::span<const Particle> particles) {
    return renderer_->draw({.camera = quiet,
                            .time_s = 1,
                            .water = mirror_,
                            .turbidity = 0.05,
                            .light = light_,
                            .particles = particles},
                           {posed.subject()});
  };
  const Render clear = with({}), misty = with(mist);
  EXPECT_GT(difference(clear, misty), 0.01);
  EXPECT_EQ(clear.subject_of_pixel, misty.subject_of_pixel);
}

TEST_F(RendererTest, HidesPeopleBehindOthers) {
  const PosedPerson front = random_posed_person(random_, pool_, 1);
  const Render alone = draw(camera_, {front.subject()});
  // A second copy of the same body adds no pixels of its own where the first is drawn.
  const Render both = draw(camera_, {front.subject(), front.subject()});
  const auto parts = visible_parts(both, 2);
  EXPECT_EQ(parts[0].pixels + parts[1].pixels, visible_parts(alone, 1)[0].pixels);
}

double brightness(const Render& render) {
  double sum = 0;
  for (const uint8_t value : render.image.rgb) sum += value;
  return sum / static_cast<double>(render.image.rgb.size());
}

TEST_F(RendererTest, SeedsNoiseByFilmCameraAndFrame) {
  SimulatedCamera noisy = camera_;
  noisy.noise = 0.1;
  const Render first = draw(noisy, {}, 1, 1);
  EXPECT_EQ(difference(first, draw(noisy, {}, 1, 1)), 0);
  EXPECT_GT(difference(first, draw(noisy, {}, 2, 1)), 1);
  EXPECT_GT(difference(first, draw(noisy, {}, 1, 2)), 1);
  SimulatedCamera other = noisy;
  other.name = "cam2";
  EXPECT_GT(difference(first, draw(other, {}, 1, 1)), 1);
  // Without noise, neither matters.
  noisy.noise = other.noise = 0;
  EXPECT_EQ(difference(draw(noisy, {}, 1, 1), draw(other, {}, 2, 2)), 0);
}

TEST_F(RendererTest, FollowsExposureAndInfrared) {
  SimulatedCamera dark = camera_, bright = camera_;
  dark.exposure = 0.3, bright.exposure = 3;
  EXPECT_LT(brightness(draw(dark, {})), brightness(draw(camera_, {})));
  EXPECT_GT(brightness(draw(bright, {})), brightness(draw(camera_, {})));
  Random random(1);
  light_ = light_named("infrared", random);
  SimulatedCamera quiet = camera_;
  quiet.noise = 0;
  const Render grey = draw(quiet, {});
  for (size_t i = 0; i < grey.image.rgb.size(); i += 3) {
    ASSERT_EQ(grey.image.rgb[i], grey.image.rgb[i + 1]);
    ASSERT_EQ(grey.image.rgb[i], grey.image.rgb[i + 2]);
  }
}

}  // namespace
}  // namespace lido::synth
