// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::cluster {

/// Checks a YAML document against a JSON Schema, and names the first line that breaks the schema.
///
/// Checks what a document contains, merged over its defaults: unknown keys, types, ranges,
/// patterns, required keys. Does not check `anyOf`. A null value counts as absent, and removes a
/// default. The `title` of a schema with `pattern`, `format` or `not` is the error's "want".
/// Supports the keywords that deploy/helm/lido/values.schema.json uses, and the format "cidr".
/// Pure, so safe from any thread.
///
/// @param text  YAML; an empty document is valid.
/// @param file  File name for errors.
/// @param schema  JSON Schema, draft 7.
/// @param defaults  YAML that the document is merged over, for `required`; empty for none.
/// @return kInvalidArgument, with file and line, when the text is not YAML or breaks the schema;
///         kCorrupt when the schema uses a keyword that is not supported.
///
/// Source: JSON Schema Validation, draft 7.
Result<void> check_schema(std::string_view text, const std::string& file,
                          const nlohmann::json& schema, std::string_view defaults = "");

}  // namespace lido::cluster
