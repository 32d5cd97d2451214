// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lido::dataset {

/// Name of a column in an earlier format, as the last argument of a line in columns(). Tables are
/// read by either name and written by the present one.
struct FormerName {
  const char* name;
};

/// Marks a column that tables of earlier versions lack, as the last argument of a line in
/// columns(): there, the field keeps its default value.
struct AddedColumn {};

}  // namespace lido::dataset
