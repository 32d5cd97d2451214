// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido {

/// Checks YAML text for what every reader refuses.
///
/// A key that a map has twice: some readers take the first value, kubectl and Helm the last.
/// Aliases that hold themselves, or that stand for far more nodes than the text has: reading those
/// could take time and memory without end, and kubectl refuses them too.
/// Several merge keys (`<<`) in one map are valid. Linear in the text. Pure, so safe from any
/// thread.
///
/// @param text  Any number of documents; empty ones do not count.
/// @param file  Name for error messages.
/// @param max_documents  1 or more.
/// @return kInvalidArgument with file and line, also when the text is not YAML.
Result<void> check_yaml_text(std::string_view text, const std::string& file, int max_documents);

}  // namespace lido
