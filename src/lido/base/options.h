// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
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

/// Types of fields that JSON and flags hold as text; parse() reads what to_string() wrote.
template <typename T>
concept TextField = std::is_same_v<T, Rational> || std::is_same_v<T, SampleRate>;

/// Parses a text field.
/// @return kInvalidArgument when the text is not of T's form.
template <TextField T>
Result<T> parse(std::string_view text) {
  if constexpr (std::is_same_v<T, Rational>)
    return parse_rational(text);
  else
    return parse_sample_rate(text);
}

/// A number's range, both ends inclusive.
struct Within {
  double min;
  double max;
};

/// The values a string field may take.
struct OneOf {
  std::vector<std::string_view> values;
};

/// The range of a field that takes every value of its type.
struct Anything {};

namespace options_detail {

template <typename T>
std::string violation(std::string_view name, const T& value, const Within& range) {
  if (static_cast<double>(value) >= range.min && static_cast<double>(value) <= range.max) return {};
  return fmt::format("{} is {}, want {:g} to {:g}", name, value, range.min, range.max);
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

/// Returns whether a field of type T can hold the JSON value.
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

/// Returns the name of a field's type for error messages.
template <typename T>
std::string_view type_name() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_integral_v<T>) return "a whole number";
  if constexpr (std::is_floating_point_v<T>) return "a number";
  return "text";
}

}  // namespace options_detail

/// Checks every field of an options struct against its range. Thread-safe.
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

/// Returns the options as a JSON object in the order of fields(), rates as text.
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

/// Reads options written by to_json(). Fields that are absent keep their defaults.
/// @return kInvalidArgument for an unknown name, a wrong type or a value out of range.
template <typename Options>
Result<Options> from_json(const nlohmann::ordered_json& json) {
  Options options;
  std::string message;
  std::set<std::string, std::less<>> names;
  if (!json.is_object())
    return fail(ErrorCode::kInvalidArgument, "options are {}, want a JSON object",
                json.type_name());
  Options::fields(options, [&](std::string_view name, auto& value, const auto&, std::string_view) {
    const auto found = json.find(*names.emplace(name).first);
    if (found == json.end() || !message.empty()) return;
    using Field = std::decay_t<decltype(value)>;
    if constexpr (TextField<Field>) {
      const auto parsed = found->is_string() ? parse<Field>(found->template get<std::string>())
                                             : fail(ErrorCode::kInvalidArgument,
                                                    "{} is {}, want text", name, found->dump());
      if (parsed)
        value = *parsed;
      else
        message = parsed.error().message;
    } else if (options_detail::fits<Field>(*found)) {
      value = found->template get<Field>();
    } else {
      message =
          fmt::format("{} is {}, want {}", name, found->dump(), options_detail::type_name<Field>());
    }
  });
  for (const auto& [name, value] : json.items()) {
    if (message.empty() && !names.contains(name))
      message = fmt::format("{} is no known option", name);
  }
  if (!message.empty()) return fail(ErrorCode::kInvalidArgument, "{}", message);
  LIDO_TRY(validate(options));
  return options;
}

}  // namespace lido
