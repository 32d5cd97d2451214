// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/labels.h"

namespace lido::dataset {

/// The labels that a dataset knows, by task.
using Vocabulary = std::map<std::string, std::set<std::string>>;

/// Parses "behaviour=drowning,swimming;age=child,adult"; empty text has no labels. Pure.
/// @return kInvalidArgument that quotes the part that does not parse.
Result<Vocabulary> parse_vocabulary(std::string_view text);

/// Adds the labels of "behaviour=drowning,swimming" to a vocabulary; empty text adds none.
/// @return kInvalidArgument as parse_vocabulary.
Result<void> extend(Vocabulary& vocabulary, std::string_view classes);

/// Checks that the vocabulary has all labels. An empty vocabulary takes all labels instead.
/// @return kInvalidArgument that names the first unknown task or label and what to do.
Result<void> check_vocabulary(const std::vector<Label>& labels, Vocabulary& vocabulary);

}  // namespace lido::dataset
