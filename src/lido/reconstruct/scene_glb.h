// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lido/base/result.h"
#include "lido/geometry/site.h"
#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// A pool, its cameras and people in motion as one binary glTF file: metres, y up (x, z, -y of the
/// pool's axes). A node for each joint of each person; a joint that was not found stands where its
/// nearest found neighbour is, and a person who was not found is scaled to nothing.
///
/// Source: glTF 2.0 Specification, Khronos Group 2021.
class SceneGlb {
 public:
  /// Adds a person at a moment. Moments of one person ascend.
  void add(int64_t person, int64_t moment, const std::array<Joint, kJoints>& joints);
  /// Returns the bytes of the file, whose time 0 is moment 0.
  /// @return kInvalidArgument above 4 GiB, the format's limit.
  Result<std::string> finish(const geometry::Site& site, double rate_hz) const;

 private:
  struct Motion {
    std::vector<int64_t> moments;
    std::vector<float> positions;  ///< x, y, z of each joint at each moment, in the file's axes.
  };
  std::map<int64_t, Motion> people_;
};

}  // namespace lido::reconstruct
