// SPDX-License-Identifier: Apache-2.0
#include "lido/base/counted.h"

#include <fmt/format.h>

namespace lido {

std::string human_count(int64_t count) {
  const auto magnitude = static_cast<uint64_t>(count);
  const std::string digits = std::to_string(count < 0 ? 0 - magnitude : magnitude);
  std::string text(count < 0 ? "-" : "");
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

std::string counted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", human_count(count), noun, count == 1 ? "" : "s");
}

std::string counted(int64_t count, std::string_view one, std::string_view several) {
  return fmt::format("{} {}", human_count(count), count == 1 ? one : several);
}

}  // namespace lido
