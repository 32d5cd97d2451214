// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli.h"

namespace lido::cli {

/// A small file, or standard input for "-".
Result<std::string> read_text(const std::string& file);

/// Where a part of Lido's own files lies: beside this program, as built and as packaged.
/// @return kNotFound.
Result<std::string> shared_file(const std::string& name);

void add_cluster_lifecycle(CLI::App& cluster, int& exit);
void add_cluster_price(CLI::App& cluster, int& exit);
void add_cluster_simulate(CLI::App& cluster, int& exit);

}  // namespace lido::cli
