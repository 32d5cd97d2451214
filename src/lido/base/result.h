// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace lido {

/// What a caller can do about a failure.
enum class ErrorCode {
  kInvalidArgument,  ///< Fix the call: a value, a flag, a combination.
  kNotFound,         ///< The named thing is not there.
  kUnavailable,      ///< Try again: the network, the disk or a server said no for now.
  kCorrupt,          ///< The bytes are broken; trying again gives the same.
  kDegenerate,       ///< The input is well-formed but has no usable answer.
  kCancelled,        ///< Somebody asked to stop.
};

/// The code's name in lower case, as reports and JSON show it ("corrupt").
const char* name_of(ErrorCode code);

/// One line: the culprit, its value, what was wanted.
struct Error {
  ErrorCode code;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::kNotFound, "{}: no such file", path);`
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// The same error with the culprit named in front of it.
[[nodiscard]] std::unexpected<Error> with_context(std::string_view culprit, const Error& error);

}  // namespace lido

/// Value of a Result, or return its error from the enclosing function.
#define LIDO_TRY(...) LIDO_TRY_AS(LIDO_UNIQUE_NAME(__COUNTER__), __VA_ARGS__)
#define LIDO_TRY_AS(name, ...) LIDO_TRY_NAMED(name, __VA_ARGS__)
#define LIDO_TRY_NAMED(name, ...)                               \
  __extension__({                                               \
    auto name = (__VA_ARGS__);                                  \
    if (!name) return std::unexpected(std::move(name).error()); \
    *std::move(name);                                           \
  })
#define LIDO_UNIQUE_NAME(number) LIDO_UNIQUE_NAME_AS(number)
#define LIDO_UNIQUE_NAME_AS(number) lido_result_##number
