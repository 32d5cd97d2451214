// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include "lido/base/result.h"

namespace lido::python {

/// Throws LidoUnavailable, for what may work another time, or LidoError.
[[noreturn]] inline void refuse(const Error& error) {
  namespace nb = nanobind;
  const nb::gil_scoped_acquire acquire;
  const bool passes = error.code == ErrorCode::kUnavailable;
  const nb::object type =
      nb::module_::import_("lido._core").attr(passes ? "LidoUnavailable" : "LidoError");
  PyErr_SetString(type.ptr(), error.message.c_str());
  throw nb::python_error();
}

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result) refuse(result.error());
  return std::move(*result);
}

inline void check(const Result<void>& result) {
  if (!result) refuse(result.error());
}

}  // namespace lido::python
