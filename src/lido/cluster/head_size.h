// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lido::cluster {

/// Worker pods that a head of the chart's default size serves. More want a large head.
inline constexpr int kMaxWorkersOfSmallHead = 300;
/// Least size of a large head.
inline constexpr double kLargeHeadCpu = 8;
inline constexpr double kLargeHead_gib = 16;

}  // namespace lido::cluster
