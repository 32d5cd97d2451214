// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "command.h"

namespace lido::cli {

/// Finds the first command or flag that does not exist.
/// @param arguments  Words after the program's name, flags with dashes in place of underscores.
/// @return A message that names the word and the nearest ones; empty when all words exist.
std::optional<std::string> misspelled(const Command& program,
                                      std::span<const std::string> arguments);

/// Number of letters to insert, remove, replace, or swap with a neighbour to get from one word to
/// the other (optimal string alignment). O(len(a) len(b)).
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidates nearest to a word, at most three; empty when none is near.
std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace lido::cli
