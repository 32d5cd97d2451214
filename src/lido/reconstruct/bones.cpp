// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/bones.h"

#include <cmath>
#include <limits>

namespace lido::reconstruct {

void BoneLengths::add(const std::array<Joint, kJoints>& joints) {
  for (size_t i = 0; i < kBones.size(); ++i) {
    const Joint &a = joints[kBones[i].a], &b = joints[kBones[i].b];
    if (!a.is_found() || !b.is_found()) continue;
    const geometry::Vector3 between = a.point_in_world - b.point_in_world;
    const Eigen::Matrix3d noise = a.covariance + b.covariance;
    // Variance of the squared length of a bone of usual length: of Gaussian errors, and of joints
    // that are no points. With the length found, bones that seem short would weigh more.
    constexpr double kUsual_m = 0.35;
    const double variance = 4 * kUsual_m * kUsual_m * (noise.trace() / 3 + kBend_m * kBend_m) +
                            2 * (noise * noise).trace();
    if (!(variance > 0) || !std::isfinite(variance)) continue;
    sums_[i].weight += 1 / variance;
    sums_[i].squares += (between.squaredNorm() - noise.trace()) / variance;
  }
}

double BoneLengths::sigma_m(size_t bone) const {
  const Sum& sum = sums_[bone];
  if (!(sum.squares > 0)) return std::numeric_limits<double>::infinity();
  return 1 / (2 * std::sqrt(sum.squares / sum.weight) * std::sqrt(sum.weight));
}

std::optional<double> BoneLengths::length_m(size_t bone) const {
  constexpr double kMaxSigma_m = 0.03;
  if (!(sigma_m(bone) < kMaxSigma_m)) return std::nullopt;
  return std::sqrt(sums_[bone].squares / sums_[bone].weight);
}

}  // namespace lido::reconstruct
