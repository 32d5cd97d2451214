// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "lido/base/options.h"
#include "lido/base/yaml.h"

namespace lido::model {

/// Reads a value of an option of type T from YAML. @return kInvalidArgument with file and line.
template <typename T, typename Range>
Result<T> read_option(const Yaml& node, const Range& range) {
  constexpr int64_t kMaxWhole = int64_t{1} << 53;
  if constexpr (std::is_same_v<T, bool>) {
    return node.boolean();
  } else if constexpr (std::is_integral_v<T>) {
    const auto min = static_cast<int64_t>(range.min), max = static_cast<int64_t>(range.max);
    return node.integer(min, std::min(max, kMaxWhole));
  } else if constexpr (std::is_floating_point_v<T>) {
    return node.number(range.min, range.max);
  } else if constexpr (std::is_same_v<Range, OneOf>) {
    return node.choice(range.values);
  } else {
    return node.text();
  }
}

}  // namespace lido::model
