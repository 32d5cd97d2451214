// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lido/base/json_integer.h"
#include "lido/base/rational.h"
#include "lido/base/result.h"

namespace lido {

// An options struct lists each field once:
//
//   static void fields(auto& self, auto&& visit) {
//     visit("window", self.window, Within{1, 1024}, "Frames in one sample");
//   }
//
// That list feeds the command-line flag, the JSON form and the range check.

/// A field that is written as text: parse reads what to_string wrote.
template <typename T>
concept TextField = std::is_same_v<T, Rational> || std::is_same_v<T, SampleRate>;

template <TextField T>
Result<T> parse(std::string_view text) {
  if constexpr (std::is_same_v<T, Rational>)
    return parse_rational(text);
  else
    return parse_sample_rate(text);
}

/// A number's inclusive range.
struct Within {
  double least;
  double most;
};

/// The values a string field may take.
struct OneOf {
  std::vector<std::string_view> values;
};

/// Any value of the field's type.
struct Anything {};

namespace options_detail {

template <typename T>
std::string violation(std::string_view name, const T& value, const Within& range) {
  if (static_cast<double>(value) >= range.least && static_cast<double>(value) <= range.most)
    return {};
  return fmt::format("{} is {}, want {:g} to {:g}", name, value, range.least, range.most);
}
inline std::string violation(std::string_view name, const std::string& value, const OneOf& choice) {
  for (const std::string_view allowed : choice.values) {
    if (value == allowed) return {};
  }
  return fmt::format("{} is \"{}\", want one of: {}", name, value, fmt::join(choice.values, ", "));
}
template <typename T>
std::string violation(std::string_view, const T&, const Anything&) {
  return {};
}

/// Whether a field of type T can take the value.
template <typename T>
bool fits(const nlohmann::ordered_json& json) {
  if constexpr (std::is_same_v<T, bool>) {
    return json.is_boolean();
  } else if constexpr (std::is_integral_v<T>) {
    return json_integer<T>(json).has_value();
  } else if constexpr (std::is_floating_point_v<T>) {
    return json.is_number();
  } else {
    return json.is_string();
  }
}

}  // namespace options_detail

/// Checks every field of an options struct against its range.
/// @return kInvalidArgument that names the first field out of range, its value and the range.
template <typename Options>
Result<void> validate(const Options& options) {
  std::string message;
  Options::fields(
      options, [&](std::string_view name, const auto& value, const auto& range, std::string_view) {
        if (message.empty()) message = options_detail::violation(name, value, range);
      });
  if (!message.empty()) return fail(ErrorCode::kInvalidArgument, "{}", message);
  return {};
}

/// The options as a JSON object, rates as text.
template <typename Options>
nlohmann::ordered_json to_json(const Options& options) {
  nlohmann::ordered_json json;
  Options::fields(options,
                  [&](std::string_view name, const auto& value, const auto&, std::string_view) {
                    if constexpr (TextField<std::decay_t<decltype(value)>>) {
                      json[std::string(name)] = to_string(value);
                    } else {
                      json[std::string(name)] = value;
                    }
                  });
  return json;
}

/// Reads what to_json wrote; unknown names and wrong types are refused.
template <typename Options>
Result<Options> from_json(const nlohmann::ordered_json& json) {
  Options options;
  std::string message;
  size_t known = 0;
  if (!json.is_object()) return fail(ErrorCode::kInvalidArgument, "options are no JSON object");
  Options::fields(options, [&](std::string_view name, auto& value, const auto&, std::string_view) {
    const auto found = json.find(std::string(name));
    if (found == json.end()) return;
    ++known;
    using Field = std::decay_t<decltype(value)>;
    if constexpr (TextField<Field>) {
      const auto parsed = found->is_string()
                              ? parse<Field>(found->template get<std::string>())
                              : fail(ErrorCode::kInvalidArgument, "{} is no text", name);
      if (parsed)
        value = *parsed;
      else
        message = parsed.error().message;
    } else if (options_detail::fits<Field>(*found)) {
      value = found->template get<Field>();
    } else {
      message = fmt::format("{} is {}, which is not of the right type", name, found->dump());
    }
  });
  if (message.empty() && known != json.size()) message = "options hold a name that is not known";
  if (!message.empty()) return fail(ErrorCode::kInvalidArgument, "{}", message);
  LIDO_TRY(validate(options));
  return options;
}

}  // namespace lido
