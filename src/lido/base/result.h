// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace lido {

/// Kind of a failure, by what the caller can do about it.
enum class ErrorCode {
  kInvalidArgument,  ///< Fix the call: a value, a flag, a combination.
  kNotFound,         ///< The named file, object or program does not exist.
  kUnavailable,      ///< Try again: the network, the disk or a server failed for now.
  kCorrupt,          ///< The bytes are broken; another attempt gives the same error.
  kDegenerate,       ///< The input is well-formed but has no usable answer.
  kCancelled,        ///< The caller requested a stop.
};

/// Returns the code's name in lower case, as in reports and JSON ("corrupt"). Thread-safe.
const char* name_of(ErrorCode code);

/// A failure.
struct Error {
  ErrorCode code;
  std::string message;  ///< One line: "<culprit>: <what is wrong>, got V, want W. <What to do.>"
};

/// A value, or the error that prevented it.
template <typename T>
using Result = std::expected<T, Error>;

/// Makes the error result of a function.
///
///     return fail(ErrorCode::kNotFound, "{}: no such file", path);
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// Returns an error with "<culprit>: " prepended to its message, and the code unchanged.
[[nodiscard]] std::unexpected<Error> with_context(std::string_view culprit, const Error& error);

}  // namespace lido

/// Evaluates to the value of a Result. Returns its error from the enclosing function otherwise.
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
