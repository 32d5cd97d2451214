// SPDX-License-Identifier: Apache-2.0
#include "lido/base/rational.h"

#include <charconv>
#include <numeric>

namespace lido {
namespace {

constexpr int64_t kMaxTerm = 1'000'000'000;

constexpr std::string_view kAuto = "auto";
/// Rate of "auto": a window of 16 frames spans two seconds.
constexpr Rational kAutomaticFps{8, 1};

std::unexpected<Error> refuse(std::string_view text, std::string_view other_forms = "") {
  return fail(
      ErrorCode::kInvalidArgument,
      "\"{}\" is not a rate, want a number above 0 and up to 1000, like 4, 29.97 or 30000/1001{}",
      text, other_forms);
}

bool read_digits(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && text[0] != '-' &&
         text[0] != '+' && value <= kMaxTerm;
}

}  // namespace

Result<Rational> parse_rational(std::string_view text) {
  Rational value;
  const size_t slash = text.find('/');
  const size_t point = text.find('.');
  if (slash != std::string_view::npos) {
    if (slash == 0 || slash + 1 == text.size() || !read_digits(text.substr(0, slash), value.num) ||
        !read_digits(text.substr(slash + 1), value.den)) {
      return refuse(text);
    }
  } else if (point != std::string_view::npos) {
    std::string digits(text);
    digits.erase(point, 1);
    const size_t decimals = text.size() - point - 1;
    if (digits.empty() || decimals > 8 || !read_digits(digits, value.num)) return refuse(text);
    for (size_t i = 0; i < decimals; ++i) value.den *= 10;
  } else if (text.empty() || !read_digits(text, value.num)) {
    return refuse(text);
  }
  if (value.num <= 0 || value.den <= 0 || value.num > 1000 * value.den) return refuse(text);
  const int64_t divisor = std::gcd(value.num, value.den);
  return Rational{value.num / divisor, value.den / divisor};
}

std::string to_string(const Rational& value) {
  return value.den == 1 ? fmt::format("{}", value.num) : fmt::format("{}/{}", value.num, value.den);
}

Result<SampleRate> parse_sample_rate(std::string_view text) {
  if (text == kAuto) return SampleRate{kAutomaticFps, true};
  const bool automatic = text.starts_with(kAuto) && text.substr(kAuto.size()).starts_with(':');
  const auto rate = parse_rational(automatic ? text.substr(kAuto.size() + 1) : text);
  if (!rate) return refuse(text, ", auto or auto:8");
  return SampleRate{*rate, automatic};
}

std::string to_string(const SampleRate& value) {
  return value.automatic ? fmt::format("{}:{}", kAuto, to_string(value.rate))
                         : to_string(value.rate);
}

}  // namespace lido
