// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::dataset {

/// Names of the splits, in the order of SplitShares.
inline constexpr std::array<const char*, 3> kSplits = {"train", "val", "test"};

/// Shares of train, val and test, each 0 to 1; their sum is 1.
using SplitShares = std::array<double, 3>;

/// Parses "80/10/10": three numbers, 0 or more, not all 0. Pure. @return kInvalidArgument.
Result<SplitShares> parse_split(std::string_view text);

/// Returns the split of a group or a site. It depends on the name, the shares and the seed only, so
/// that it never changes when other groups are added. Pure.
std::string_view split_of(std::string_view group, const SplitShares& shares, uint64_t seed);

}  // namespace lido::dataset
