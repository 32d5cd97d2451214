// SPDX-License-Identifier: Apache-2.0
#include "lido/base/result.h"

namespace lido {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kDegenerate:
      return "degenerate";
    case ErrorCode::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::unexpected<Error> with_context(std::string_view culprit, const Error& error) {
  return std::unexpected(Error{error.code, fmt::format("{}: {}", culprit, error.message)});
}

}  // namespace lido
