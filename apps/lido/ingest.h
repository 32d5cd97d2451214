// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli.h"
#include "cluster_job.h"

namespace lido::cli {

/// @param from_files  Flags that a lido.toml gave, which an existing dataset's options override.
/// @param connect     For --on k8s: and https://; null in a program without clusters' commands.
void add_ingest(CLI::App& app, int& exit, const std::vector<std::string>& from_files,
                ConnectJob connect);

}  // namespace lido::cli
