// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// A C3D file of one person's joints: metres, in the pool's axes (z up), little-endian floats.
/// Moments without a joint have NaN and the residual -1, by which C3D marks an invalid point.
///
/// Source: The C3D File Format, a technical user guide, Motion Lab Systems 2020.
class C3dFile {
 public:
  /// Adds a moment. Moments ascend; those left out are written without joints.
  void add(int64_t moment, const std::array<Joint, kJoints>& joints);
  /// Returns the bytes of the file. Frames are counted from 1, the first moment that was added.
  std::string finish(double rate_hz) const;

 private:
  int64_t next_ = 0;
  int64_t frames_ = 0;
  std::vector<float> data_;  ///< x, y, z, residual of each joint of each frame.
};

}  // namespace lido::reconstruct
