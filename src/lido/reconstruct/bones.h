// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// Two joints that stay as far apart as they are, whatever a person does.
struct Bone {
  size_t a, b;  ///< Indices into kJointNames.
};

/// Trunk, arms and legs. Trunk and hips bend a little, as kBend_m has it.
inline constexpr std::array<Bone, 12> kBones = {{{5, 6},
                                                 {11, 12},
                                                 {5, 11},
                                                 {6, 12},
                                                 {5, 7},
                                                 {6, 8},
                                                 {7, 9},
                                                 {8, 10},
                                                 {11, 13},
                                                 {12, 14},
                                                 {13, 15},
                                                 {14, 16}}};

/// Standard deviation of the distance of two joints of a person who moves, which is not constant.
inline constexpr double kBend_m = 0.02;

/// Lengths of one person's bones, from their joints at many moments. Deterministic.
class BoneLengths {
 public:
  /// Adds a moment's triangulated joints; those that were not found count for nothing.
  void add(const std::array<Joint, kJoints>& joints);

  /// Length of a bone, metres.
  /// @param bone  Index into kBones.
  /// @return Nothing before it is known to 3 cm.
  std::optional<double> length_m(size_t bone) const;
  /// Standard deviation of length_m(), metres; infinite before the first moment.
  double sigma_m(size_t bone) const;

 private:
  /// Weighted sum of squared lengths. Errors of joints make a squared length larger on average, by
  /// the trace of their covariances, which is subtracted.
  struct Sum {
    double weight = 0, squares = 0;
  };
  std::array<Sum, kBones.size()> sums_{};
};

}  // namespace lido::reconstruct
