// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks: people made of sticks, who walk, wade and dive before known cameras.
#pragma once

#include <cmath>
#include <vector>

#include "lido/reconstruct/people.h"
#include "lido/reconstruct/test_pool.h"

namespace lido::reconstruct {

using StickPerson = std::array<geometry::Vector3, kJoints>;

/// Joints of a person of 1.7 m who faces along x, feet at the origin: x ahead, y left, z up.
inline StickPerson standing_person() {
  return {{{0.10, 0.00, 1.55},
           {0.08, 0.03, 1.60},
           {0.08, -0.03, 1.60},
           {0.00, 0.07, 1.58},
           {0.00, -0.07, 1.58},
           {0.00, 0.18, 1.40},
           {0.00, -0.18, 1.40},
           {0.02, 0.25, 1.10},
           {0.02, -0.25, 1.10},
           {0.15, 0.25, 0.88},
           {0.15, -0.25, 0.88},
           {0.00, 0.12, 0.90},
           {0.00, -0.12, 0.90},
           {0.02, 0.12, 0.50},
           {0.02, -0.12, 0.50},
           {0.00, 0.12, 0.08},
           {0.00, -0.12, 0.08}}};
}

/// A person on a straight way, upright or lying on the front.
struct Walker {
  geometry::Vector3 start;  ///< Place of the feet, or of the hips when lying.
  geometry::Vector3 speed_mps;
  bool lying = false;

  StickPerson at(double time_s) const {
    StickPerson joints = standing_person();
    const double heading = std::atan2(speed_mps.y(), speed_mps.x());
    const Eigen::AngleAxisd turn(heading, geometry::Vector3::UnitZ());
    for (size_t i = 0; i < kJoints; ++i) {
      geometry::Vector3 p = joints[i];
      // Wrists swing.
      if (i == 9 || i == 10) p.x() += 0.15 * std::sin(6 * time_s + (i == 9 ? 0 : M_PI));
      if (lying) p = geometry::Vector3(p.z() - 0.9, p.y(), -p.x());
      joints[i] = turn * p + start + time_s * speed_mps;
    }
    return joints;
  }
};

/// Walkers in rows, 2 m apart or more, in equal poses, who go all ways.
inline std::vector<Walker> rows_of_walkers(int count) {
  std::vector<Walker> walkers;
  for (int i = 0; i < count; ++i) {
    const double angle = 2.4 * i;
    walkers.push_back({{2 + 2.5 * (i % 8), 1.5 + 2 * (i / 8), -1.2},
                       {0.3 * std::cos(angle), 0.3 * std::sin(angle), 0}});
  }
  return walkers;
}

/// Views of people by all cameras that have most of their joints in the image, with noise. The
/// person of view i is owners[i].
struct SeenPeople {
  std::vector<PersonView> views;
  std::vector<size_t> owners;
};

inline SeenPeople see(const std::vector<geometry::Camera>& cameras,
                      const std::vector<StickPerson>& people, NoisySight& sight) {
  SeenPeople out;
  std::vector<std::vector<PersonView>> of_camera(cameras.size(),
                                                 std::vector<PersonView>(people.size()));
  std::vector<std::vector<int>> counts(cameras.size(), std::vector<int>(people.size()));
  for (size_t person = 0; person < people.size(); ++person) {
    for (size_t joint = 0; joint < kJoints; ++joint) {
      for (const Sighting& one : sight.of(cameras, people[person][joint])) {
        of_camera[one.camera][person].keypoints[joint] = {one.pixel, one.sigma_px};
        ++counts[one.camera][person];
      }
    }
  }
  for (size_t camera = 0; camera < cameras.size(); ++camera) {
    for (size_t person = 0; person < people.size(); ++person) {
      if (counts[camera][person] < 9) continue;
      of_camera[camera][person].camera = camera;
      out.views.push_back(of_camera[camera][person]);
      out.owners.push_back(person);
    }
  }
  return out;
}

/// The space of the test's pool and its deck.
inline Space test_space() { return {{-3, -3, -2.3}, {28, 15.5, 2.6}}; }

}  // namespace lido::reconstruct
