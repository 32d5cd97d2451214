// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "lido/cluster/check.h"

namespace lido::cluster {

Result<double> parse_quantity(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 14> kUnits = {{{"Ki", 0x1p10},
                                                                           {"Mi", 0x1p20},
                                                                           {"Gi", 0x1p30},
                                                                           {"Ti", 0x1p40},
                                                                           {"Pi", 0x1p50},
                                                                           {"Ei", 0x1p60},
                                                                           {"m", 1e-3},
                                                                           {"k", 1e3},
                                                                           {"M", 1e6},
                                                                           {"G", 1e9},
                                                                           {"T", 1e12},
                                                                           {"P", 1e15},
                                                                           {"E", 1e18},
                                                                           {"", 1}}};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const auto found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
  if (error != std::errc() || found == kUnits.end() || !std::isfinite(value)) {
    return fail(ErrorCode::kInvalidArgument,
                "quantity is \"{}\", want a number like 500m, 2 or 4Gi", text);
  }
  return value * found->second;
}

}  // namespace lido::cluster
