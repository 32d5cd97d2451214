// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::dataset {

inline constexpr std::array<const char*, 3> kSplits = {"train", "val", "test"};

/// Shares of train, val and test; they sum to 1.
using SplitShares = std::array<double, 3>;

/// Reads "80/10/10" (any three numbers, 0 or more, not all 0).
Result<SplitShares> parse_split(std::string_view text);

/// The split of a group (or a site): drawn from its name alone, so that it never changes when
/// others come or go.
std::string_view split_of(std::string_view group, const SplitShares& shares, uint64_t seed);

}  // namespace lido::dataset
