// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/one_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numbers>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

using geometry::Vector3;

/// The pool of test_pool.h with its deck.
geometry::Pool pool_of_cameras() {
  geometry::Pool pool;
  pool.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}};
  pool.shallow_m = 1.1, pool.deep_m = 2.0, pool.deck_m = 6, pool.freeboard_m = 0.1;
  return pool;
}

enum class Place : uint8_t { kDeck, kWading, kTreading, kLying };

/// A person of a stature that people in pools have: a third are children of 1.15 to 1.6 m, the rest
/// adults of 1.69 +- 0.10 m.
class Crowd {
 public:
  explicit Crowd(uint64_t seed) : sight(seed, 2), engine_(seed + 1) {}

  NoisySight sight;

  double normal(double sigma) { return std::normal_distribution<>(0, sigma)(engine_); }

  StickPerson person(Place place, const geometry::Pool& pool) {
    const bool is_child = sight.between(0, 1) < 1.0 / 3;
    stature_m = is_child ? sight.between(1.15, 1.6) : 1.69 + normal(0.10);
    StickPerson joints = standing_person();
    const double phase = sight.between(0, 6.28), stride_m = sight.between(0, 0.25);
    for (size_t i = 9; i < kJoints; ++i) {
      const double side = i % 2 == 1 ? 1 : -1;
      if (i <= 10) joints[i].x() += 0.15 * side * std::sin(phase);
      // The foot that swings is up to 12 cm high.
      if (i >= 13) joints[i].x() += side * stride_m * std::sin(phase) * (i >= 15 ? 1 : 0.5);
      if (i >= 15) joints[i].z() += 0.12 * std::max(0.0, side * std::cos(phase)) * 4 * stride_m;
    }
    const double lean_x = normal(0.06), lean_y = normal(0.06);
    const Eigen::AngleAxisd turn(sight.between(0, 6.28), Vector3::UnitZ());
    for (Vector3& joint : joints) {
      joint.head<2>() += joint.z() * Eigen::Vector2d(lean_x, lean_y);
      joint = turn * (joint * stature_m / 1.7);
    }
    if (place == Place::kLying) lay(joints);
    const Vector3 to = place_at(place, joints, pool);
    for (Vector3& joint : joints) joint += to;
    return joints;
  }

  double stature_m = 0;

 private:
  /// Turns a person into the horizontal, face down.
  void lay(StickPerson& joints) {
    const Eigen::AngleAxisd fall(std::numbers::pi / 2, Vector3::UnitY());
    const Eigen::AngleAxisd turn(sight.between(0, 6.28), Vector3::UnitZ());
    for (Vector3& joint : joints) joint = turn * (fall * joint);
  }

  Vector3 place_at(Place place, const StickPerson& joints, const geometry::Pool& pool) {
    Vector3 at(sight.between(3, 22), sight.between(2, 10), 0);
    if (place == Place::kDeck) {
      at.y() = sight.between(0, 1) < 0.5 ? sight.between(-1, -0.3) : sight.between(12.8, 13.5);
      at.z() = pool.freeboard_m;
    } else if (place == Place::kWading) {
      at.x() = sight.between(3, 8);
      at.z() = -pool.basin_m(at.x());
    } else if (place == Place::kTreading) {
      at.z() = 0.15 + normal(0.1) - joints[0].z();
    } else {
      at.z() = -0.10 + normal(0.1) - (joints[11].z() + joints[12].z()) / 2;
    }
    return at;
  }

  std::mt19937_64 engine_;
};

/// A person whom one camera sees, with the truth.
struct Sample {
  geometry::Camera camera;
  PersonView view;
  StickPerson truth;
  double stature_m;
};

/// People seen by one of the six cameras from 4 to 16 m away, with 14 keypoints or more.
std::vector<Sample> samples_of(Place place, int count, uint64_t seed) {
  const auto cameras = six_cameras();
  const auto pool = pool_of_cameras();
  Crowd crowd(seed);
  std::vector<Sample> out;
  while (std::ssize(out) < count) {
    const StickPerson person = crowd.person(place, pool);
    const SeenPeople seen = see(cameras, {person}, crowd.sight);
    std::vector<PersonView> usable;
    for (const PersonView& one : seen.views) {
      const double far_m = (person[11] - cameras[one.camera].position).norm();
      const auto keypoints = std::ranges::count_if(one.keypoints, &MeasuredKeypoint::is_seen);
      if (keypoints >= 14 && far_m > 4 && far_m < 16) usable.push_back(one);
    }
    if (usable.empty()) continue;
    const auto chosen =
        static_cast<size_t>(crowd.sight.between(0, 0.999 * static_cast<double>(usable.size())));
    out.push_back({cameras[usable[chosen].camera], usable[chosen], person, crowd.stature_m});
  }
  return out;
}

struct Score {
  double nees = 0;  ///< Mean normalised error squared a degree of freedom: 1 is expected.
  double error_m = 0;
  double sigma_m = 0;
  int placed = 0;
};

/// Scores one joint of each sample, a different one each time, since the joints of a person have
/// correlated errors.
Score score(std::span<const Sample> samples, bool is_size_known) {
  Score out;
  std::vector<double> errors;
  size_t joint = 0;
  for (const Sample& one : samples) {
    BodySize size = usual_size();
    if (is_size_known) {
      const double scale = one.stature_m / 1.7;
      size = {0.5 * scale, 0.4 * scale, 0.42 * scale, 0.02};
    }
    const auto found = place_from_one_view(one.camera, one.view, pool_of_cameras(), size);
    joint = (joint + 5) % kJoints;
    if (!found || !(*found)[joint].is_found()) continue;
    const Vector3 error = (*found)[joint].point_in_world - one.truth[joint];
    ++out.placed;
    out.nees += error.dot((*found)[joint].covariance.inverse() * error) / 3;
    out.sigma_m += std::sqrt((*found)[joint].covariance.trace());
    errors.push_back(error.norm());
  }
  out.nees /= out.placed;
  out.sigma_m /= out.placed;
  std::ranges::sort(errors);
  out.error_m = errors[errors.size() / 2];
  return out;
}

/// Half the width of the band that holds 95% of mean normalised errors of points of three
/// coordinates: chi-square with 3 N degrees of freedom, which is nearly Gaussian.
double half_band(int points) { return 1.96 * std::sqrt(2.0 / (3 * points)); }

// The joint of a person whose other joints two cameras found; the wrist's two places are both real.
TEST(OneView, PlacesAJointAtItsBonesLength) {
  const auto cameras = six_cameras();
  Crowd crowd(4);
  double nees = 0;
  constexpr int kCount = 300;
  int count = 0;
  while (count < kCount) {
    const StickPerson truth = crowd.person(Place::kDeck, pool_of_cameras());
    if (truth[9].y() < 12) continue;  // under the camera
    ++count;
    BoneLengths bones;
    std::array<Joint, kJoints> joints;
    for (size_t joint = 0; joint < kJoints; ++joint)
      joints[joint] = {truth[joint], Eigen::Matrix3d::Identity() * 1e-4, {0, 1}};
    for (int moment = 0; moment < 300; ++moment) bones.add(joints);
    // An elbow as triangulation finds it: 2 cm off.
    joints[9] = {};
    for (Eigen::Index axis = 0; axis < 3; ++axis)
      joints[7].point_in_world[axis] += crowd.normal(0.02);
    joints[7].covariance = Eigen::Matrix3d::Identity() * 4e-4;
    const auto& camera = cameras[1];
    PersonView view{.camera = 1};
    const auto pixel = camera.project(truth[9]);
    ASSERT_TRUE(pixel);
    view.keypoints[9] = {*pixel + Eigen::Vector2d(crowd.normal(2), crowd.normal(2)), 2};
    const auto found = place_joint(camera, view, 9, joints, bones, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->cameras, std::vector<size_t>{1});
    const Vector3 error = found->point_in_world - truth[9];
    EXPECT_LT(error.norm(), 0.8);
    nees += error.dot(found->covariance.inverse() * error) / 3 / kCount;
  }
  fmt::print("wrist of one camera: nees {:.2f}\n", nees);
  // The lengths are exact here, and the deviation allows for joints that bend.
  EXPECT_GT(nees, 0.5);
  EXPECT_LT(nees, 1 + half_band(kCount));
}

TEST(OneView, JoinsIndependentEstimates) {
  Joint measured, expected;
  measured.cameras = expected.cameras = {0};
  measured.covariance = Vector3(4, 0.01, 0.01).asDiagonal();
  expected.covariance = Vector3(1, 1, 1).asDiagonal();
  expected.point_in_world = {1, 0, 0};
  const Joint both = fuse(measured, expected);
  // (4 * 1 + 1 * 0) / (4 + 1), and 4 * 1 / (4 + 1).
  EXPECT_NEAR(both.point_in_world.x(), 0.8, 1e-12);
  EXPECT_NEAR(both.covariance(0, 0), 0.8, 1e-12);
  EXPECT_NEAR(both.covariance(1, 1), 0.01 / 1.01, 1e-12);
  expected.point_in_world = {0, 0, 6};
  EXPECT_EQ(fuse(measured, expected).point_in_world, measured.point_in_world);
}

TEST(OneView, NeedsMoreThanAHead) {
  PersonView view;
  for (size_t i = 0; i < 3; ++i) view.keypoints[i] = {{600, 100}, 2};
  // A head over the horizon: neither floor nor surface nor size.
  const auto camera = geometry::look_at({12, -3, 2}, {12, 6, 2}, 60, 1280, 720);
  EXPECT_FALSE(place_from_one_view(camera, view, pool_of_cameras(), usual_size()));
}

TEST(OneView, StatesHowUncertainAPlaceIs) {
  for (const bool is_size_known : {false, true}) {
    std::vector<Sample> all;
    for (const Place place : {Place::kDeck, Place::kWading, Place::kTreading, Place::kLying}) {
      const auto samples = samples_of(place, 150, 5000 + static_cast<uint64_t>(place));
      const Score found = score(samples, is_size_known);
      fmt::print("place {}, size known {}: nees {:.2f}, median error {:.2f} m, sigma {:.2f} m\n",
                 static_cast<int>(place), is_size_known, found.nees, found.error_m, found.sigma_m);
      all.insert(all.end(), samples.begin(), samples.end());
    }
    const Score found = score(all, is_size_known);
    fmt::print("all: nees {:.3f} +- {:.3f}\n", found.nees, half_band(found.placed));
    EXPECT_GT(found.placed, 580);
    EXPECT_NEAR(found.nees, 1, half_band(found.placed));
  }
}

}  // namespace
}  // namespace lido::reconstruct
