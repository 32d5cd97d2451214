// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lido/dataset/removal.h"

namespace lido::dataset {

/// Counts what a removal takes out of a scene folder, in `records` by their position.
/// @return Whether it takes out anything; kNotFound or kCorrupt for a broken folder.
Result<bool> count_in_scene(storage::Store& store, const std::string& folder,
                            const Removal& removal, std::vector<Forgotten>& records);

/// Writes a scene folder again under another name, without what the removal takes out: rows, views,
/// and the plates that used frames of its clips. The caller removes the old folder.
Result<void> rewrite_scene(storage::Store& store, const std::string& from, const std::string& to,
                           const Removal& removal);

/// Returns the name under which a generation writes a scene folder again: "scenes/g000001-f000002".
std::string rewritten_scene(const std::string& folder, int generation);

}  // namespace lido::dataset
