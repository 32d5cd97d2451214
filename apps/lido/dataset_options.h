// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "lido/base/result.h"
#include "lido/part/options.h"

namespace lido::cli {

/// The options of a run into a dataset: those given, and for the rest those that the dataset was
/// made with.
/// @param asked      Options as the command line has them.
/// @param not_given  Names of the fields that an existing dataset decides.
/// @return `asked` where there is no dataset yet; kCorrupt for a dataset whose options do not
/// parse;
///         kUnavailable when the store cannot be read.
Result<part::SampleOptions> options_of_dataset(const std::string& uri,
                                               const part::SampleOptions& asked,
                                               std::span<const std::string> not_given);

/// Options with some fields taken from a dataset's identity, the options in its lido.json.
/// Fields that the identity does not have stay as asked.
Result<part::SampleOptions> with_identity(const part::SampleOptions& asked,
                                          const nlohmann::ordered_json& identity,
                                          std::span<const std::string> not_given);

}  // namespace lido::cli
